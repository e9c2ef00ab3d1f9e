"""A finding with the source it speaks of, carets under it, and its fix as a diff."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint.diagnostics import Edit, Fix, Safety, apply
from uvlint.reports import printable
from uvlint.reports.concise import failure, title
from uvlint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uvlint.diagnostics import Diagnostic, FileEdit
    from uvlint.reports import Pieces
    from uvlint.run import Result
    from uvlint.source import Source

AROUND = 2
"""Lines of context above and below."""

MOST = 8
"""Of a longer finding, or a longer run of lines in a fix, the middle is left out."""


def report(results: Iterable[Result], *, unsafe: bool) -> Pieces:
    for result in results:
        for diagnostic in result.diagnostics:
            yield from _finding(result, diagnostic, unsafe=unsafe)
            yield "\n", ""
        for error in result.errors:
            yield from failure(printable(result.path), error)
            yield "\n", ""


def _finding(result: Result, diagnostic: Diagnostic, *, unsafe: bool) -> Pieces:
    source, fix = result.source, diagnostic.fix
    yield from title(diagnostic, unsafe=unsafe)
    first, column = source.position(diagnostic.span.start)
    last = source.line(max(diagnostic.span.start, diagnostic.span.end - 1))
    total = len(source.line_starts) - (not source.text[source.line_starts[-1] :])
    top, bottom = max(1, first - AROUND), max(last, min(total, last + AROUND))
    width = len(str(bottom + AROUND))
    yield f"\n{' ' * width}", ""
    yield "--> ", "gutter"
    yield f"{printable(result.path)}:{first}:{column}\n", ""
    yield from _gutter(width)
    number = top
    while number <= bottom:
        if first + MOST // 2 <= number <= last - MOST // 2 and last - first > MOST:
            number = last - MOST // 2 + 1
            yield f"{'.' * width}\n", "gutter"
        text = source[source.line_span(number)]
        yield from _gutter(width, str(number), shown(text))
        if first <= number <= last:
            yield from _carets(source, diagnostic.span, number, width)
        number += 1
    if not fix or diagnostic.help:
        yield from _gutter(width)
    if diagnostic.help:
        yield from _labelled("help", diagnostic.help)
    if fix:
        yield from _labelled("help", fix.title)
        if fix.edits:
            yield from _fix(source, fix, width)
        for one in fix.files:
            yield from _beside(one, width)
        if fix.safety is Safety.UNSAFE:
            yield from _labelled("note", f"This is an unsafe fix: {fix.note}" if fix.note else "This is an unsafe fix")


def _labelled(label: str, text: str) -> Pieces:
    yield label, label
    yield f": {printable(text)}\n", "bold" if label == "help" else ""


def _gutter(width: int, label: str = "", text: str = "", *, sign: str = "|", style: str = "") -> Pieces:
    yield f"{label:<{width}} {sign}", style or "gutter"
    yield f" {text}\n" if text else "\n", style


def _carets(source: Source, span: Span, number: int, width: int) -> Pieces:
    line = source.line_span(number)
    text = source[line]
    start = max(span.start, line.start) - line.start
    end = min(span.end, line.end) - line.start
    if start > len(text) or (span.start < line.start and not text.strip()):
        return
    if span.start < line.start:
        start = len(text) - len(text.lstrip())
    blank = columns(text[:start])
    yield from _gutter_caret(width, blank, max(1, columns(text[:end]) - blank))


def _gutter_caret(width: int, blank: int, carets: int) -> Pieces:
    yield f"{'':<{width}} |", "gutter"
    yield " " * (blank + 1), ""
    yield "^" * carets + "\n", "caret"


def shown(text: str) -> str:
    """A line as it is printed: tabs as four blanks, nothing that a terminal would act on."""
    return printable(text.replace("\t", "    "))


def columns(text: str) -> int:
    """How many columns of a terminal the text takes up as `shown()`."""
    text = shown(text)
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # noqa: PLC0415

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


# The fix --------------------------------------------------------------------------------------------------------------


class Hunk(NamedTuple):
    """Whole lines, numbered from 1, and the lines that stand in their place."""

    first: int
    old: list[str]
    new: list[str]


def _fix(source: Source, fix: Fix, width: int) -> Pieces:
    """The changed lines with some around them, numbered as they will be."""
    moved, at = 0, 1
    changes = list(hunks(source, fix.edits))
    total = len(source.line_starts) - (not source.text[source.line_starts[-1] :])
    yield from _gutter(width)
    for index, hunk in enumerate(changes):
        start = max(at, hunk.first - AROUND)
        if index and start > at:
            yield f"{'.' * width}\n", "gutter"
        yield from _lines_of(source, start, hunk.first, moved, width)
        for text in hunk.old:
            yield from _gutter(width, "", shown(text), sign="-", style="removed")
        for number, text in enumerate(hunk.new, hunk.first + moved):
            yield from _gutter(width, str(number), shown(text), sign="+", style="added")
        moved += len(hunk.new) - len(hunk.old)
        end = hunk.first + len(hunk.old)
        at = min(end + AROUND, changes[index + 1].first if index + 1 < len(changes) else total + 1)
        at = max(at, end)
        yield from _lines_of(source, end, at, moved, width)
    yield from _gutter(width)


def _beside(edit: FileEdit, width: int) -> Pieces:
    """What becomes of another file of the build context."""
    from uvlint.reports.diff import near  # noqa: PLC0415 - few fixes change another file
    from uvlint.source import Source  # noqa: PLC0415 - as above

    yield " " * width, ""
    yield "--> ", "gutter"
    yield f"{printable(near(edit.path))}{' (new)' if edit.before is None else ''}\n", ""
    before = Source(edit.before or "", edit.path)
    if before.text:
        yield from _fix(before, Fix("", (Edit(Span(0, len(before.text)), edit.after),)), width)
        return
    yield from _gutter(width)
    for number, text in enumerate(_lines(edit.after.removesuffix("\n")), 1):
        yield from _gutter(width, str(number), shown(text), sign="+", style="added")
    yield from _gutter(width)


def _lines_of(source: Source, start: int, end: int, moved: int, width: int) -> Pieces:
    for number in range(start, end):
        yield from _gutter(width, str(number + moved), shown(source[source.line_span(number)]))


def hunks(source: Source, edits: Iterable[Edit]) -> Iterator[Hunk]:
    """The lines that edits change, in order; lines that stay between them don't count."""
    groups: list[tuple[int, int, list[Edit]]] = []
    for edit in sorted(set(edits)):
        first, last = source.line(edit.span.start), source.line(edit.span.end)
        if groups and first <= groups[-1][1] + 1:
            start, end, members = groups[-1]
            groups[-1] = (start, max(end, last), [*members, edit])
        else:
            groups.append((first, last, [edit]))
    for first, last, members in groups:
        start, end = source.line_starts[first - 1], source.line_span(last).end
        moved = [Edit(Span(edit.span.start - start, edit.span.end - start), edit.text) for edit in members]
        text = source.text[start:end]
        yield from _changes(first, _lines(text), _lines(apply(text, moved)))


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n")]


def _changes(first: int, old: list[str], new: list[str]) -> Iterator[Hunk]:
    from difflib import SequenceMatcher  # noqa: PLC0415

    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield Hunk(first + a, old[a:b], new[c:d])
