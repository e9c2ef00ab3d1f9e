from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import plan
from uvlint.diagnostics import Diagnostic
from uvlint.lazy import regex
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build
    from uvlint.plan import Install
    from uvlint.tools.options import Given

_NAME = regex(r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[\w\s,.-]*\])?\s*(?P<rest>[^A-Za-z0-9].*)?\Z")
_ARCHIVE = regex(r"\.(?:whl|zip|tar\.\w+|tgz|txt|toml|in|py)\Z")


@rule("UVL304")
def unpinned_requirement(build: Build) -> Iterator[Diagnostic]:
    """A package is named without a version: each build may install another."""
    for install in plan.installs(build):
        if install.tool not in {"pip", "uv", "uv tool"} or install.given is None or plan.upgrades_pip(install):
            continue
        if install.has("constraint") or "constraint" in install.settings or _frozen_in_time(install):
            continue
        for one in install.requirements:
            name = _unpinned(install, one)
            if name:
                words = install.call.words[one.first : one.last]
                span = install.call.command.cooked.span(words[0].start, words[-1].end)
                yield Diagnostic(
                    span, f"`{name}` is installed in whatever version is the newest", help=f"name one: `{name}==…`"
                )


def _frozen_in_time(install: Install) -> bool:
    return install.has("exclude-newer") or "UV_EXCLUDE_NEWER" in install.call.variables


def _unpinned(install: Install, one: Given) -> str:
    """The name of a package that stands alone, "" for anything else."""
    text = one.value
    if install.tool == "uv tool" and (text in {"install", "run", "upgrade"} or "install" not in install.call.args[:3]):
        return ""
    if text is None or "/" in text or text in {".", ".."} or _ARCHIVE.search(text) or plan.is_uv(text):
        return ""
    match = _NAME.match(text)
    if match is None:
        return ""
    rest = (match["rest"] or "").partition(";")[0].strip()
    return "" if rest else match["name"]
