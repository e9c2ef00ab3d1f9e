"""How sources and installs change places: what is written where, with which comments and blank lines."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from uvlint import context
from uvlint.diagnostics import Edit, Fix, Safety
from uvlint.lazy import regex
from uvlint.source import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvlint.model import Step
    from uvlint.ordering import Early
    from uvlint.source import Source

_ABOUT_INSTALLS = regex(r"install|depend|requirement|package|\bpip\b|\buv\b|librar", re.IGNORECASE)
_FUNCTIONAL = regex(r"#\s*(?:check=|hadolint|uvlint:|\w+:\s*ignore)", re.IGNORECASE)
_SHARED_FLAGS = ("chown", "chmod", "link")


def fix(found: Early) -> Fix:
    """Copies what the installs read, and the sources below them."""
    last = found.last
    assert last is not None  # noqa: S101
    source = last.stage.build.dockerfile.source
    newline = source.newline
    head = _above_files(found)
    spans = [_taken(copy, head) for copy in found.copies]
    edits: list[Edit] = []
    end = _line_end(last)
    apart = _blank_before(source, _block(last)) and _blank_at(source, end)
    first = 0
    for index, span in enumerate(spans):
        if index and spans[index - 1].end != span.start:
            first = index
        alone = _blank_before(source, spans[first].start) and _blank_at(source, span.end)
        alone = alone and (index + 1 == len(spans) or spans[index + 1].start != span.end)
        apart = apart or alone
        edits.append(Edit(Span(span.start, _next_line(source, span.end) if alone else span.end), ""))
    if found.files:
        below = newline if source.text[head] == "#" and _blank_before(source, head) else ""
        edits.append(Edit(Span(head, head), "".join(f"{line}{newline}" for line in copying(found)) + below))
    text = newline.join(source[span].rstrip("\r\n") for span in spans)
    gap = newline if apart or text.startswith("#") else ""
    closed = source.text[end - 1 : end] == "\n"
    edits.append(Edit(Span(end, end), f"{gap}{text}{newline}" if closed else f"{newline}{gap}{text}"))
    note = "; ".join(found.notes)
    safety = Safety.UNSAFE if note else Safety.SAFE
    return Fix("Copy the sources below the installs", tuple(sorted(edits)), safety, note)


def above(found: Early, step: Step, lines: list[str]) -> list[Edit]:
    """Writes lines above a step, and below them the sources' COPYs."""
    source = step.stage.build.dockerfile.source
    newline = source.newline
    moved = list(found.copies)
    at = step
    while moved and moved[-1].index == at.index - 1:  # those that stand there already
        at = moved.pop()
    place = _block(at)
    edits: list[Edit] = []
    text = ""
    for copy in moved:
        span = Span(_block(copy), _line_end(copy))
        text += source[span]
        alone = _blank_before(source, span.start) and _blank_at(source, span.end)
        edits.append(Edit(Span(span.start, _next_line(source, span.end) if alone else span.end), ""))
    written = "".join(f"{line}{newline}" for line in lines)
    return sorted([*edits, Edit(Span(place, place), written + text)])


def below(steps: Sequence[Step], last: Step) -> tuple[Edit, ...]:
    """Moves instructions, with the comments above them, below another step of their stage."""
    source = last.stage.build.dockerfile.source
    newline, end = source.newline, _line_end(last)
    taken = [lifted(step) for step in steps]
    text = newline.join(text for _, text in taken)
    gap = newline if text.startswith("#") or (_blank_before(source, _block(last)) and _blank_at(source, end)) else ""
    closed = source.text[end - 1 : end] == "\n"
    put = Edit(Span(end, end), f"{gap}{text}{newline}" if closed else f"{newline}{gap}{text}")
    return tuple(sorted([*(edit for edit, _ in taken), put]))


def lifted(step: Step) -> tuple[Edit, str]:
    """What takes an instruction out, with the comments above it; and its text, without the last line's end."""
    source = step.stage.build.dockerfile.source
    span = Span(_block(step), _line_end(step))
    alone = _blank_before(source, span.start) and _blank_at(source, span.end)
    gone = Span(span.start, _next_line(source, span.end) if alone else span.end)
    return Edit(gone, ""), source[span].rstrip("\r\n")


def _taken(copy: Step, head: int) -> Span:
    """What moves: a COPY with the comments above it, but for one that speaks of the installs that follow."""
    block = _block(copy)
    return Span(_line_start(copy) if _speaks_of_installs(copy, block, head) else block, _line_end(copy))


def _above_files(found: Early) -> int:
    """Where what the installs read is copied: above the first that reads it."""
    steps = [step for step, _ in found.files]
    return _block(min(steps, key=lambda step: step.index)) if steps else -1


def copying(found: Early) -> list[str]:
    """The instructions that copy what the installs read."""
    groups: dict[tuple[Step, str], list[str]] = {}
    first = min((step for step, _ in found.files), key=lambda step: step.index)
    for _, file in found.files:
        copy = file.step
        assert copy is not None  # noqa: S101
        assert file.origin is not None  # noqa: S101
        groups.setdefault((copy, posixpath.dirname(file.image)), []).append(file.origin)
    written = []
    for (copy, folder), names in groups.items():
        instruction = copy.instruction
        source = copy.stage.build.dockerfile.source
        flags = [source[one.span] for one in instruction.flags if one.name in _SHARED_FLAGS]
        target = _target(copy, folder, same=first.state.workdir == copy.state.workdir, several=len(names) > 1)
        keyword = "copy" if source[instruction.keyword_span].islower() else "COPY"
        written.append(" ".join([keyword, *flags, *names, target]))
    return written


def _target(copy: Step, folder: str, *, same: bool, several: bool) -> str:
    """The folder of the files, written as the sources' COPY writes its own."""
    target = copy.instruction.words()[-1].text
    place = (context.destination(copy) or "/").rstrip("/")
    if not same and not target.startswith(("/", "$")):
        return f"{folder.rstrip('/')}/"
    below = posixpath.relpath(folder, place or "/")
    if below.startswith(".."):
        return f"{folder.rstrip('/')}/"
    if below != ".":
        return f"{target.rstrip('/')}/{below}/"
    if target == ".":
        return "./" if several else "."
    return target if target.endswith("/") else f"{target}/"


def _line_start(step: Step) -> int:
    source = step.stage.build.dockerfile.source
    return source.line_starts[source.line(step.instruction.span.start) - 1]


def _line_end(step: Step) -> int:
    return _next_line(step.stage.build.dockerfile.source, step.instruction.span.end)


def _block(step: Step) -> int:
    """Where an instruction begins with the comments that stand directly above it, or that a tool reads."""
    source = step.stage.build.dockerfile.source
    start = _line_start(step)
    adjacent = True
    for comment in reversed(step.instruction.above):
        line = source.line_starts[source.line(comment.span.start) - 1]
        adjacent = adjacent and source.text[comment.span.end : start].strip(" \t\r") == "\n"
        if adjacent or any(
            _FUNCTIONAL.match(source[one.span])
            for one in step.instruction.above
            if one.span.start <= comment.span.start
        ):
            start = line
    return start


def _speaks_of_installs(copy: Step, block: int, head: int) -> bool:
    """Whether the comment above a COPY is one on the installs that follow."""
    source = copy.stage.build.dockerfile.source
    start = _line_start(copy)
    text = source.text[block:start]
    follows = head in {-1, _line_end(copy)}
    return follows and bool(_ABOUT_INSTALLS.search(text)) and not _FUNCTIONAL.search(text)


def _blank_before(source: Source, start: int) -> bool:
    line = source.line(start)
    return line == 1 or not source[source.line_span(line - 1)].strip()


def _blank_at(source: Source, end: int) -> bool:
    return end >= len(source.text) or not source[source.line_span(source.line(end))].strip()


def _next_line(source: Source, start: int) -> int:
    end = source.text.find("\n", start)
    return len(source.text) if end < 0 else end + 1
