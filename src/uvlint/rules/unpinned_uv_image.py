from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import references
from uvlint.diagnostics import Diagnostic, Edit, Fix
from uvlint.lazy import regex
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build
    from uvlint.references import Reference

_PUBLISHED = regex(
    r"(?:alpine(?:3\.2[23])?|(?:debian|trixie)(?:-slim)?|python3\.(?:9|1[0-4])-(?:alpine(?:3\.2[23])?|trixie(?:-slim)?))\Z"
)
"""The bases that uv's image is published on."""
_LATEST = frozenset({"", "latest"})


@rule("UVL301")
def unpinned_uv_image(build: Build) -> Iterator[Diagnostic]:
    """uv's image in whatever release is the latest."""
    for one, tag, digest in references.of_uv(build):
        if digest or tag[:1].isdigit() or references.stale(tag):
            continue
        span = one.written.whole
        message = f"uv's image{f' `{tag}`' if tag not in _LATEST else ''} in whatever release is the latest"
        obstacle = _obstacle(build, one, tag)
        if obstacle:
            yield Diagnostic(span, message, help=obstacle)
        else:
            version = build.settings.uv_version
            edit = _pinned(one, tag, version)
            yield Diagnostic(span, message, Fix(f"Name the release {version.partition('@')[0]}", (edit,)))


def _obstacle(build: Build, one: Reference, tag: str) -> str:
    """Why the release can't be written in, "" where it can."""
    if not build.settings.uv_version[:1].isdigit():
        return "the settings name no release of uv"
    if tag not in _LATEST and not _PUBLISHED.match(tag):
        return f"name a release before `{tag}`, if it is published so"
    text = one.written.text
    if "$" in text and (not tag or not text.endswith(f":{tag}")):
        return "name a release in the ARG"
    if not one.written.exact(0, len(text)):
        return "the reference is not written in one piece"
    return ""


def _pinned(one: Reference, tag: str, version: str) -> Edit:
    text = one.written.text
    kept = text.removesuffix(f":{tag}") if tag else text
    wanted = version if tag in _LATEST else f"{version.partition('@')[0]}-{tag}"
    return Edit(one.written.span(len(kept), len(text)), f":{wanted}")
