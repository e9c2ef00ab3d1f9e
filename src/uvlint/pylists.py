"""How a fix writes in a list of Python: `["pip", "install", …]`. Its quotes, layout and comments stay.

As in `edits`, a function returns None where the change can't be written without touching something else.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from uvlint.diagnostics import Edit
from uvlint.python import Element
from uvlint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uvlint.calls import Call
    from uvlint.python import Importing

EXPRESSION = "\0"
"""Marks a word of a fix as an expression of Python, to be written without quotes (see `Call.interpreter`)."""


def quote(call: Call) -> str | None:
    """The quotes that the list's strings have, as the Dockerfile writes them, or others that this place takes."""
    cooked, source = call.command.cooked, call.step.stage.build.dockerfile.source
    for one in _elements(call):
        if one.quote in {"'", '"'} and one.direct:
            raw = source[cooked.span(one.whole[1] - 1, one.whole[1])]
            if call.beside or raw in {"'", '"', "\\'", '\\"'}:
                return raw or one.quote
    return next((one for one in ('"', "'") if cooked.takes(one)), None)


def separator(call: Call) -> str:
    """What the author puts between two elements of the list."""
    words, text = _elements(call), call.command.cooked.text
    gaps = {text[one.whole[1] : other.whole[0]] for one, other in pairwise(words)}
    return "," if "," in gaps and ", " not in gaps else ", "


def replace(call: Call, first: int, last: int, text: str) -> list[Edit] | None:
    """Writes `text` (blank-separated words) for the elements `[first, last)`."""
    words, cooked, new = _elements(call), call.command.cooked, written(call, text)
    if new is None or not _direct(words[first:last]):
        return None
    if call.spawn is not None and call.spawn.form == "module" and first == 0:
        return _outside(call, call.spawn.importing, new) if last == 1 else None
    start, end = words[first].whole[0], words[last - 1].whole[1]
    if _solid(call, start, end) and not _comment(call, start, end):
        return [Edit(cooked.span(start, end), new)]
    if last - first == 1 or not _solid(call, *words[first].whole):
        return None
    rest = [delete(call, index, index + 1) for index in range(first + 1, last)]
    found = [Edit(cooked.span(*words[first].whole), new)]
    for more in rest:
        if more is None:
            return None
        found += more
    return found


def _outside(call: Call, importing: Importing | None, new: str) -> list[Edit] | None:
    """Calls a program where pip's own `main` was called."""
    words, cooked = _elements(call), call.command.cooked
    if importing is None or len(words) < 2 or not words[1].direct:
        return None
    place = words[1].whole[0]
    changes = [(*words[0].whole, importing.callee), *importing.edits]
    if not _solid(call, place, place):
        return None
    found = [Edit(cooked.span(place, place), f"{new}{separator(call)}")]
    for start, end, text in changes:
        plain = text
        if text.endswith("\n") and not _whole_line(call, start):
            plain = f"{text[:-1]}; "
        if not _solid(call, start, end) or not cooked.takes(plain.rstrip("\n")):
            return None
        found.append(Edit(cooked.span(start, end), plain.replace("\n", _newline(call))))
    return found


def _newline(call: Call) -> str:
    if not call.beside:
        return call.step.stage.build.dockerfile.source.newline
    return "\r\n" if "\r\n" in call.command.cooked.text else "\n"


def _whole_line(call: Call, start: int) -> bool:
    """Whether a line of the text begins a line of the Dockerfile, so that another can be put before it."""
    cooked = call.command.cooked
    end = cooked.text.find("\n", start)
    return end >= 0 and cooked.exact(end, end + 1) and (start == 0 or cooked.exact(start - 1, start + 1))


def insert(call: Call, index: int, text: str) -> list[Edit] | None:
    """Writes blank-separated words behind the element at `index`."""
    words, cooked, new = _elements(call), call.command.cooked, written(call, text)
    if new is None or not _direct(words[index : index + 1]) or not _solid(call, *words[index].whole):
        return None
    end = cooked.span(*words[index].whole).end
    return [Edit(Span(end, end), f"{separator(call)}{new}")]


def delete(call: Call, first: int, last: int) -> list[Edit] | None:
    """Deletes the elements `[first, last)` with the comma and the line end before them, or else with those behind them."""
    words, cooked = _elements(call), call.command.cooked
    if first == 0 or not _direct(words[first:last]):
        return None
    ranges = []
    if words[first - 1].direct and not (call.spawn is not None and call.spawn.form == "module" and first == 1):
        ranges.append((words[first - 1].whole[1], words[last - 1].whole[1]))
    if last < len(words) and words[last].direct:
        ranges.append((words[first].whole[0], words[last].whole[0]))
    for start, end in ranges:
        if start <= end and not _comment(call, start, end):
            return [Edit(cooked.span(start, end), "")]
    return None


def written(call: Call, text: str) -> str | None:
    """Blank-separated words as elements of the list."""
    mark = quote(call)
    words = text.split(" ")
    taken = all(call.command.cooked.takes(one.removeprefix(EXPRESSION)) for one in words)
    if mark is None or not taken or any(mark[-1] in one or "\\" in one for one in words):
        return None
    return separator(call).join(one[1:] if one.startswith(EXPRESSION) else f"{mark}{one}{mark}" for one in words)


def _elements(call: Call) -> list[Element]:
    return [one for one in call.words if isinstance(one, Element)]


def _direct(words: Iterable[Element]) -> bool:
    return all(one.direct for one in words)


def _solid(call: Call, start: int, end: int) -> bool:
    """Whether a range of the text stands on one line of the Dockerfile, or just so: nothing of Docker's lies within."""
    cooked = call.command.cooked
    return cooked.exact(start, end) or "\n" not in call.step.stage.build.dockerfile.source[cooked.span(start, end)]


def _comment(call: Call, start: int, end: int) -> bool:
    """Whether a comment stands in a range of the text, outside its strings: Python's own, or one of the Dockerfile."""
    cooked = call.command.cooked
    inside = [one.whole for one in _elements(call) if one.quote]
    marks = [at for at in range(start, end) if cooked.text[at] == "#"]
    if any(not any(low <= at < high for low, high in inside) for at in marks):
        return True
    span = cooked.span(start, end)
    return any(span.covers(one.span) for one in call.step.instruction.comments)
