"""Path patterns as `.gitignore` writes them: for ignore files, `exclude` and `per-file-ignores` alike.

As in git, the last pattern that matches a path decides; a pattern with a slash at its start or in its middle is tied to
the root, any other matches a name at any depth; `**` crosses folders; a final slash asks for a folder; `!` takes back.
(gitignore(5). The usual library takes 50 ms to import, and asyncio with it.)
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

# Compiled where they are used: an ignore file seldom has any of this.
# `[` … `]` with an optional negation; a `]` that comes first is literal, `\` escapes, `[:alpha:]` is one item.
_CLASS = r"(?s)\[(?P<not>[!^])?(?P<items>\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]"
_ITEM = r"(?s)\[:(\w+):\]|\\(.)|(.)"
_GLOB = frozenset("*?[\\")
_POSIX = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "digit": "0-9",
    "lower": "a-z",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
    "punct": "!-\\/:-@\\[-`{-~",
}


class Pattern(NamedTuple):
    """A line: `literal` text or else a `regex`; `by_name` matches a name at any depth, not a path from the root."""

    literal: str
    regex: re.Pattern[str] | None
    negated: bool
    folders_only: bool
    by_name: bool

    def matches(self, text: str) -> bool:
        return self.regex.fullmatch(text) is not None if self.regex else self.literal == text


class Patterns:
    """Compiled patterns that hold below the folder `root` (absolute); with `anywhere`, those of names elsewhere, too."""

    __slots__ = ("_any", "_literals", "anywhere", "patterns", "root")

    def __init__(self, lines: Iterable[str], root: str, *, anywhere: bool = False) -> None:
        self.anywhere = anywhere
        self.root = root.rstrip(os.sep) or os.sep
        self.patterns = [pattern for line in lines if (pattern := _pattern(line))]
        # What most paths are asked first: does any pattern match a name (True) or a path from the root (False)?
        self._literals = {(pattern.by_name, pattern.literal) for pattern in self.patterns if not pattern.regex}
        self._any = {by_name: _any(self.patterns, by_name=by_name) for by_name in (True, False)}

    def relative(self, path: str) -> str | None:
        """An absolute path from the root on, with forward slashes; None if it is not below the root."""
        prefix = self.root if self.root.endswith(os.sep) else self.root + os.sep
        if not path.startswith(prefix):
            return None
        return path[len(prefix) :].replace(os.sep, "/")

    def verdict(self, path: str, *, folder: bool) -> bool | None:
        """What the patterns say of an absolute path itself: True, False (taken back) or None (nothing)."""
        relative = self.relative(path)
        if relative is None:
            return self._elsewhere(os.path.basename(path), folder=folder)
        return self._verdict(relative, folder=folder)

    def covers(self, path: str, *, folder: bool = False) -> bool:
        """Whether the patterns match an absolute path or a folder that it is in."""
        relative = self.relative(path)
        if not self.patterns:
            return False
        if relative is None:
            parts = path.split(os.sep)
            for one in self.root.split(os.sep):
                if parts[:1] != [one]:
                    break
                parts.pop(0)
            last = len(parts) - 1
            return any(self._elsewhere(one, folder=folder or at < last) for at, one in enumerate(parts))
        at = relative.find("/")
        while at >= 0:
            if self._verdict(relative[:at], folder=True):
                return True
            at = relative.find("/", at + 1)
        return bool(self._verdict(relative, folder=folder))

    def _elsewhere(self, name: str, *, folder: bool) -> bool | None:
        """What the patterns of names say where the root is no folder above."""
        if not (self.anywhere and self._may_match(name, by_name=True)):
            return None
        for pattern in reversed(self.patterns):
            if pattern.by_name and (folder or not pattern.folders_only) and pattern.matches(name):
                return not pattern.negated
        return None

    def _verdict(self, relative: str, *, folder: bool) -> bool | None:
        name = relative.rpartition("/")[2]
        if not (self._may_match(name, by_name=True) or self._may_match(relative, by_name=False)):
            return None
        for pattern in reversed(self.patterns):
            if (folder or not pattern.folders_only) and pattern.matches(name if pattern.by_name else relative):
                return not pattern.negated
        return None

    def _may_match(self, text: str, *, by_name: bool) -> bool:
        any_of_them = self._any[by_name]
        return (by_name, text) in self._literals or (
            any_of_them is not None and any_of_them.fullmatch(text) is not None
        )


def _any(patterns: list[Pattern], *, by_name: bool) -> re.Pattern[str] | None:
    wanted = [f"(?:{p.regex.pattern})" for p in patterns if p.regex and p.by_name is by_name]
    return re.compile("|".join(wanted), re.DOTALL) if wanted else None


def _pattern(line: str) -> Pattern | None:
    """One line; None for a comment, a blank line and what git, too, never matches."""
    line = line.rstrip("\r\n")
    # Trailing blanks don't count unless escaped.
    bare = line.rstrip(" ")
    if bare.endswith("\\") and (len(bare) - len(bare.rstrip("\\"))) % 2 and len(bare) < len(line):
        bare += " "
    if not bare or bare.startswith("#"):
        return None
    negated = bare.startswith("!")
    if negated:
        bare = bare[1:]
    folders_only = bare.endswith("/")
    bare = bare.removesuffix("/")
    by_name = "/" not in bare
    bare = bare.removeprefix("/")
    if _GLOB.isdisjoint(bare):
        return Pattern(bare, None, negated, folders_only, by_name) if bare else None
    regex = _translate(bare)
    try:
        return Pattern("", re.compile(regex, re.DOTALL), negated, folders_only, by_name) if regex else None
    except re.error:
        return None


def _translate(glob: str) -> str:
    """The glob as a regular expression; empty if it can't match anything."""
    pieces, at = [], 0
    if glob.startswith("**/"):
        pieces, at = ["(?:.*/)?"], 3
    while at < len(glob):
        char = glob[at]
        if glob.startswith("/**/", at):
            pieces.append("/(?:.*/)?")
            at += 4
            while glob.startswith("**/", at):
                at += 3
            continue
        if glob[at:] == "/**":
            pieces.append("/.+")
            break
        if char == "*":
            while glob.startswith("*", at + 1):
                at += 1
            pieces.append(".*" if glob == "**" else "[^/]*")
        elif char == "?":
            pieces.append("[^/]")
        elif char == "[":
            found = re.compile(_CLASS).match(glob, at)
            if not found:
                return ""
            items = _items(re.findall(_ITEM, found["items"]))
            if not items:
                return ""
            pieces.append(f"(?!/)[{'^' if found['not'] else ''}{items}]")
            at = found.end() - 1
        elif char == "\\":
            if at + 1 == len(glob):
                return ""
            at += 1
            pieces.append(re.escape(glob[at]))
        else:
            pieces.append(re.escape(char))
        at += 1
    return "".join(pieces)


def _items(found: list[tuple[str, str, str]]) -> str:
    """What stands between brackets, of its items: a class, an escaped character or a plain one each.

    A `-` makes a range of the items at its sides, where they are characters that are in no range yet.
    """
    pieces, before, at = [], "", 0
    while at < len(found):
        posix, escaped, plain = found[at]
        end = "".join(found[at + 1][1:]) if at + 1 < len(found) else ""
        if plain == "-" and before and end:
            pieces.append(f"{re.escape(before)}-{re.escape(end)}" if before <= end else "")
            before, at = "", at + 2
            continue
        before = escaped or plain
        pieces.append(_POSIX.get(posix, "") if posix else re.escape(before))
        at += 1
    return "".join(pieces)
