"""Who still reads a file that the migration makes superfluous: build files, scripts, CI, documentation."""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from uvlint import filesystem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_SKIPPED = frozenset([".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox", ".mypy_cache",
                      ".ruff_cache", ".pytest_cache", "site-packages", "dist", "build"])  # fmt: skip
_IGNORING = re.compile(r"(?:.*\.)?(?:docker|git|container)ignore\Z|CHANGELOG|CHANGES|HISTORY", re.IGNORECASE)
"""Files that name others without reading them."""

_LARGE = 1_000_000
"""Bytes; larger files hold data."""


class Mention(NamedTuple):
    """Where a file names another: its path relative to the project, and the line's number."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


def texts(root: str, top: str) -> Iterator[tuple[str, str]]:
    """The text files of a project's repository, by their paths relative to the project's root."""
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(one for one in folders if one not in _SKIPPED)
        for name in sorted(names):
            place = os.path.join(folder, name)
            try:
                if os.path.islink(place) or os.path.getsize(place) > _LARGE:
                    continue
                data = filesystem.read(place)
            except OSError:
                continue
            if b"\0" not in data[:4000]:
                yield os.path.relpath(place, root).replace(os.sep, "/"), data.decode("utf-8", "surrogateescape")


def staying(root: str, top: str, superfluous: Collection[str], changed: Mapping[str, str]) -> dict[str, list[Mention]]:
    """Which of the superfluous files something still reads, and where; all paths are relative to the root.

    `top` is the root of the repository: files outside of the project count where they name its folder, too. `changed` are
    texts as they will be. Superfluous files don't count, unless they stay themselves.
    """
    known = {**dict(texts(root, top)), **changed}
    for name in [name for name in known if _IGNORING.match(posixpath.basename(name))]:
        del known[name]
    found: dict[str, list[Mention]] = {}
    going = set(superfluous)
    while True:
        stays = {}
        for path in sorted(going):
            where = list(_mentions(path, known, going, os.path.basename(root)))
            if where:
                stays[path] = where
        if not stays:
            return found
        found |= stays
        going -= set(stays)


def _mentions(path: str, known: Mapping[str, str], going: Collection[str], folder: str) -> Iterator[Mention]:
    name = re.compile(rf"^(?P<before>.*?)(?<![\w.-]){re.escape(posixpath.basename(path))}(?![\w-]|\.\w)", re.MULTILINE)
    several = posixpath.basename(path).endswith((".txt", ".in"))
    glob = re.compile(r"requirements[^\s\"']*\*[^\s\"']*\.(?:txt|in)") if several else None
    for other, text in known.items():
        if other in going or (other in {"pyproject.toml", "uv.lock"}):
            continue
        if other.startswith("../") and folder not in text:
            continue
        matches = (one for one in name.finditer(text) if not _is_comment(other, one["before"]))
        match = next(matches, None) or (glob.search(text) if glob is not None else None)
        if match is not None:
            yield Mention(other, text.count("\n", 0, match.start()) + 1)


def _is_comment(path: str, before: str) -> bool:
    """Whether what stands in a line before a name makes it a comment; a compiled file names its source in one."""
    return before.lstrip().startswith("#") and not path.endswith((".txt", ".in", ".md"))


def callers(
    root: str, top: str, programs: Collection[str], changed: Mapping[str, str], going: Collection[str]
) -> list[Mention]:
    """Where the project's other files run a program that no longer knows the project, such as `poetry install`."""
    pattern = re.compile(
        rf"(?<![\w./-])(?:{'|'.join(programs)})[ ]+(?:install|run|shell|sync|export|lock|add|update|build)\b"
    )
    found = []
    for path, text in {**dict(texts(root, top)), **changed}.items():
        match = pattern.search(text) if not path.startswith("../") or os.path.basename(root) in text else None
        if match is not None and path not in going and not _IGNORING.match(posixpath.basename(path)):
            found.append(Mention(path, text.count("\n", 0, match.start()) + 1))
    return found
