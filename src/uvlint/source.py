"""Text with places.

A `Span` is a half-open range of the *decoded* text of a `Source`, and nothing else in uvlint names a position. A
`Cooked` text is what Docker (or a shell) hands on after joining continuations, dropping comment lines, stripping heredoc
tabs or unquoting JSON: each of its characters still knows its place in the `Source`.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Span(NamedTuple):
    """A half-open range `[start, end)` of characters of a `Source`'s text."""

    start: int
    end: int

    def touches(self, other: Span) -> bool:
        """Whether the two overlap or stand directly beside each other."""
        return self.start <= other.end and other.start <= self.end

    def covers(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end


class Position(NamedTuple):
    """A place for people: both numbers count from 1, columns count characters."""

    line: int
    column: int


class Source:
    """A file's text, decoded so that any bytes come back as they were.

    UTF-8 with surrogate escapes, no newline translation; a byte-order mark stays in the text.
    """

    __slots__ = ("_starts", "path", "text")

    def __init__(self, text: str, path: str = "-") -> None:
        self.text = text
        self.path = path
        self._starts: list[int] | None = None

    @classmethod
    def decode(cls, data: bytes, path: str = "-") -> Source:
        return cls(data.decode("utf-8", "surrogateescape"), path)

    def encode(self) -> bytes:
        return self.text.encode("utf-8", "surrogateescape")

    @property
    def line_starts(self) -> list[int]:
        """The offset of each line's first character; lines end at `\\n` alone, as in BuildKit."""
        if self._starts is None:
            starts, at = [0], self.text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.text.find("\n", at + 1)
            self._starts = starts
        return self._starts

    @property
    def newline(self) -> str:
        """The line ending the file uses: that of its first line."""
        at = self.text.find("\n")
        return "\r\n" if at > 0 and self.text[at - 1] == "\r" else "\n"

    def line(self, offset: int) -> int:
        """The number, from 1, of the line that holds `offset`."""
        return bisect_right(self.line_starts, offset)

    def position(self, offset: int) -> Position:
        line = self.line(offset)
        return Position(line, offset - self.line_starts[line - 1] + 1)

    def line_span(self, line: int) -> Span:
        """The text of a line (numbered from 1), without its line ending."""
        starts = self.line_starts
        end = starts[line] - 1 if line < len(starts) else len(self.text)
        if end > starts[line - 1] and line < len(starts) and self.text[end - 1] == "\r":
            end -= 1
        return Span(starts[line - 1], end)

    def __getitem__(self, span: Span) -> str:
        return self.text[span.start : span.end]


class Cooked:
    """Text after one or more of Docker's or a shell's readings, each character knowing its place.

    Held as runs: cooked `[at[i], at[i+1])` stands for source `[starts[i], ends[i])`. A run of equal length on both sides
    maps character by character; any other run (an escape such as `\\"`) maps as a whole.

    `special` are the characters that can't be written in this place as they are (a quote inside a JSON string, say):
    `takes()` tells whether a replacement can be written verbatim.
    """

    __slots__ = ("at", "ends", "special", "starts", "text")

    def __init__(self, text: str, at: list[int], starts: list[int], ends: list[int], special: str = "") -> None:
        self.text = text
        self.at = at
        self.starts = starts
        self.ends = ends
        self.special = special

    @classmethod
    def plain(cls, text: str, start: int, special: str = "") -> Cooked:
        """Text that stands in the source as it is, from `start`."""
        return cls(text, [0], [start], [start + len(text)], special)

    @classmethod
    def join(cls, pieces: Iterable[tuple[str, int, int]], special: str = "", *, empty_at: int = 0) -> Cooked:
        """From pieces `(text, source start, source end)` in order; empty pieces are dropped.

        `empty_at` is the place of the whole when every piece is empty.
        """
        texts: list[str] = []
        at: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        length = 0
        for text, start, end in pieces:
            if not text:
                continue
            linear = len(text) == end - start
            if linear and ends and ends[-1] == start and length - at[-1] == ends[-1] - starts[-1]:
                ends[-1] = end
            else:
                at.append(length)
                starts.append(start)
                ends.append(end)
            texts.append(text)
            length += len(text)
        if not at:
            return cls("", [0], [empty_at], [empty_at], special)
        return cls("".join(texts), at, starts, ends, special)

    def __len__(self) -> int:
        return len(self.text)

    def __repr__(self) -> str:
        return f"Cooked({self.text!r})"

    def _run(self, index: int) -> int:
        return bisect_right(self.at, index) - 1 if len(self.at) > 1 else 0

    def _length(self, run: int) -> int:
        return (self.at[run + 1] if run + 1 < len(self.at) else len(self.text)) - self.at[run]

    def place(self, index: int) -> int:
        """The source offset where the character at `index` begins; at the end, where the last one ends."""
        if index >= len(self.text):
            return self.ends[-1]
        run = self._run(index)
        if self._length(run) == self.ends[run] - self.starts[run]:
            return self.starts[run] + index - self.at[run]
        return self.starts[run]

    def span(self, start: int, end: int) -> Span:
        """The source range from the first to the last of the characters `[start, end)`."""
        if start >= end:
            place = self.place(start)
            return Span(place, place)
        run = self._run(end - 1)
        if self._length(run) == self.ends[run] - self.starts[run]:
            return Span(self.place(start), self.starts[run] + end - self.at[run])
        return Span(self.place(start), self.ends[run])

    @property
    def whole(self) -> Span:
        return self.span(0, len(self.text))

    def exact(self, start: int, end: int) -> bool:
        """Whether `[start, end)` stands in the source just so, with nothing in between: fit to be replaced."""
        if start >= end:
            return True
        first, last = self._run(start), self._run(end - 1)
        return first == last and self._length(first) == self.ends[first] - self.starts[first]

    def takes(self, text: str) -> bool:
        """Whether `text` can be written in this place as it is."""
        return not self.special or not any(char in self.special for char in text)

    def pieces(self, start: int, end: int) -> list[tuple[str, int, int]]:
        """`[start, end)` as pieces for `join()`."""
        found = []
        index = start
        while index < end:
            run = self._run(index)
            stop = min(end, self.at[run] + self._length(run))
            text = self.text[index:stop]
            if self._length(run) == self.ends[run] - self.starts[run]:
                place = self.starts[run] + index - self.at[run]
                found.append((text, place, place + len(text)))
            else:
                found.append((text, self.starts[run], self.ends[run]))
            index = stop
        return found

    def slice(self, start: int, end: int, special: str | None = None) -> Cooked:
        return Cooked.join(
            self.pieces(start, end), self.special if special is None else special, empty_at=self.place(start)
        )
