"""Cutting a range out of an instruction line by line, where comments stand within it or just above."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import syntax
from uvlint.diagnostics import Edit, apply
from uvlint.source import Source, Span

if TYPE_CHECKING:
    from uvlint.model import Step


def around_comments(step: Step, start: int, end: int) -> list[Edit] | None:
    """Deletes `[start, end)` of a RUN's arguments, or of pairs, with the lines that it has for itself; comments stay.

    None where that can't be done, or where the arguments would read otherwise than without the range.
    """
    run = step.instruction if step.instruction.keyword in {"ENV", "ARG", "LABEL"} else step.run
    if run is None or run.json is not None or step.onbuild:
        return None
    dockerfile = step.stage.build.dockerfile
    source = dockerfile.source
    found = _pieces(source, dockerfile.escape, step, run.args.span(start, end))
    if found is None:
        return None
    edits = [Edit(span, "") for span in found]
    after = syntax.parse(Source(apply(source.text, edits))).instructions
    at = dockerfile.instructions.index(step.instruction)
    wanted = [*run.args.text[:start].split(), *run.args.text[end:].split()]
    return edits if len(after) == len(dockerfile.instructions) and after[at].args.text.split() == wanted else None


def _pieces(source: Source, escape: str, step: Step, span: Span) -> list[Span] | None:
    comments = {source.line(one.span.start) for one in step.instruction.comments}
    last = source.line(step.instruction.span.end - 1)
    found: dict[int, Span] = {}
    for line in range(source.line(span.start), source.line(max(span.start, span.end - 1)) + 1):
        whole = source.line_span(line)
        if line in comments or not source[whole].strip():
            continue
        begin, stop, tail = _segment(source, escape, span, line, last)
        ahead = source.text[whole.start : begin].strip()
        behind = source.text[stop : whole.end if tail is None else tail].strip()
        if behind:
            while source.text[stop] in " \t":
                stop += 1
            found[line] = Span(begin, stop)
        elif ahead:
            found[line] = Span(begin, stop if tail is None else tail)
        else:
            found[line] = Span(whole.start, _next(source, line))
            if tail is None and not _unchain(source, escape, found, line, comments):
                return None
    return [found[line] for line in sorted(found)]


def _segment(source: Source, escape: str, span: Span, line: int, last: int) -> tuple[int, int, int | None]:
    """What the range takes of a line, and where the line's continuation stands (None: it has none)."""
    whole = source.line_span(line)
    bare = source[whole].rstrip(" \t")
    tail = whole.start + len(bare) - 1 if line < last and bare.endswith(escape) else None
    stop = min(span.end, whole.end if tail is None else tail)
    return max(span.start, whole.start), stop, tail


def _next(source: Source, line: int) -> int:
    starts = source.line_starts
    return starts[line] if line < len(starts) else len(source.text)


def _unchain(source: Source, escape: str, found: dict[int, Span], line: int, comments: set[int]) -> bool:
    """Takes the continuation from the line that is the last one from now on."""
    earlier = line - 1
    while earlier and (
        earlier in comments
        or not source[source.line_span(earlier)].strip()
        or found.get(earlier) == Span(source.line_span(earlier).start, _next(source, earlier))
    ):
        earlier -= 1
    whole = source.line_span(earlier) if earlier else Span(0, 0)
    bare = source[whole].rstrip(" \t")
    if not bare.endswith(escape):
        return False
    taken = found.get(earlier)
    start = taken.start if taken is not None else whole.start + len(bare) - 1
    while start > whole.start and source.text[start - 1] in " \t":
        start -= 1
    found[earlier] = Span(start, whole.end)
    return True
