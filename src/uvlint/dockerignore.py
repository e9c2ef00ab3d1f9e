"""`.dockerignore`: which files of a build context Docker does not see.

Its patterns are not those of `.gitignore`: each is a path from the context's root, matches whatever is below it as well,
and the last one that matches decides (moby's patternmatcher; Docker's reference, ".dockerignore files").
"""

from __future__ import annotations

import posixpath
import re


class Ignore:
    """The patterns of one file, in order."""

    __slots__ = ("_patterns",)

    def __init__(self, text: str) -> None:
        self._patterns: list[tuple[bool, re.Pattern[str]]] = []
        for line in text.removeprefix("\ufeff").splitlines():
            bare = line.strip()
            if not bare or line.startswith("#"):
                continue
            negated = bare.startswith("!")
            pattern = bare[1:].strip() if negated else bare
            compiled = glob(posixpath.normpath(pattern).lstrip("/")) if pattern else None
            if compiled is not None:
                self._patterns.append((negated, compiled))

    @property
    def excepts(self) -> bool:
        """Whether something in a folder that is left out may be there all the same."""
        return any(negated for negated, _ in self._patterns)

    def hides(self, path: str) -> bool:
        """Whether a path from the root is left out of the context."""
        parts = path.split("/")
        places = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        hidden = False
        for negated, pattern in self._patterns:
            if hidden is negated and any(map(pattern.fullmatch, places)):
                hidden = not negated
        return hidden


def glob(pattern: str) -> re.Pattern[str] | None:
    """A pattern as Docker matches it: `*` and `?` stay within a folder, `**` doesn't; None where it can't match."""
    pieces: list[str] = []
    at, size = 0, len(pattern)
    while at < size:
        char = pattern[at]
        at += 1
        if char == "*" and pattern.startswith("*", at):
            at += 1
            if pattern.startswith("/", at):
                at += 1
            pieces.append(".*" if at >= size else "(?:.*/)?")
        elif char == "*":
            pieces.append("[^/]*")
        elif char == "?":
            pieces.append("[^/]")
        elif char == "\\" and at < size:
            pieces.append(re.escape(pattern[at]))
            at += 1
        elif char == "[":
            end = pattern.find("]", at + 1 + pattern.startswith("^", at))
            if end < 0 or "--" in pattern[at:end]:
                return None
            pieces.append("[" + re.sub(r"[\[&~|]", r"\\\g<0>", pattern[at:end]) + "]")
            at = end + 1
        else:
            pieces.append(re.escape(char))
    try:
        return re.compile("".join(pieces), re.DOTALL)
    except re.error:
        return None
