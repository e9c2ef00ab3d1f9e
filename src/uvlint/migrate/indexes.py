"""The indexes that a Dockerfile names, and whether the project has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.migrate.locked import Locked
    from uvlint.plan import Install

DEFAULT = regex(r"https?://(?:www\.)?pypi\.(?:org|python\.org)/simple/?\Z")
"""The index that is asked where none is named."""

_USER = regex(r"(?<=://)[^\s/@]*@")


def named(install: Install) -> Iterator[tuple[str, str | None]]:
    """Each index that a command line or a variable names: its meaning and its URL, None where that isn't known."""
    for meaning in ("index", "extra-index", "find-links"):
        for one in install.all(meaning):
            yield meaning, one.value
        if meaning in install.settings:
            value = install.settings[meaning]
            yield from ((meaning, one) for one in value.split()) if value is not None else [(meaning, None)]


def missing(install: Install, project: Locked) -> str:
    """Why the project's lock file can't stand for what the install's indexes hold, "" where it can."""
    known = _bare(project.pyproject)
    for meaning, url in named(install):
        if url is None:
            return f"the URL of its {meaning.replace('extra-', 'extra ')} is not known before the build"
        bare = _bare(url).rstrip("/")
        if not DEFAULT.match(bare) and bare not in known:
            return f"`{bare}` isn't an index of the project: add it as `[[tool.uv.index]]`"
    return ""


def _bare(text: str) -> str:
    """A text's URLs without their users and passwords."""
    return _USER.sub("", text)
