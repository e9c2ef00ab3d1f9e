"""Comments that silence rules.

    # uvlint: ignore[pip-install, UVL201] why it is meant to be so
    # uvlint: ignore-file[unpinned-uv-image]

The first holds for the instruction that it stands in or directly above, the second for the file; without brackets they
hold for all rules. In a RUN the shell's comments count as well: those of a heredoc, and one at the end of a line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from uvlint.source import Span

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from uvlint.config import RuleLike
    from uvlint.diagnostics import Diagnostic
    from uvlint.source import Source
    from uvlint.syntax import Dockerfile, Instruction

# Compiled where they are used: most files have no such comment.
_IGNORE = r"#[ \t]*uvlint:[ \t]*ignore(?P<file>-file)?(?![\w-])[ \t]*(?:\[(?P<names>[^\]]*)\]|(?!\[))[ \t]*(?P<reason>[^\r\n]*)"
_NAME = r"[^\s,]+"
_IN_SHELL = r"(?m)(?:^|(?<=[ \t]))#[ \t]*uvlint:[^\r\n]*"


class Ignore(NamedTuple):
    """One comment. `scope` is the instruction it speaks of (empty if there is none), or None for the file."""

    span: Span
    names: tuple[tuple[str, Span], ...]
    everything: bool  # no brackets
    scope: Span | None
    reason: str
    shell: bool = False  # part of what the shell is given: maybe no comment but a word with a # in it


class Unused(NamedTuple):
    """What an ignore needn't have said: one name with its place, or (None) all of it."""

    ignore: Ignore
    name: tuple[str, Span] | None
    why: Literal["unused", "unknown"]


def read(dockerfile: Dockerfile) -> list[Ignore]:
    """All of a file's ignores, in order."""
    source = dockerfile.source
    if "uvlint:" not in source.text:
        return []
    scopes: dict[Span, Span] = {}
    for instruction in dockerfile.instructions:
        for comment in (*instruction.above, *instruction.comments):
            scopes[comment.span] = instruction.span
    shells = {place: one.span for one in dockerfile.instructions for place in _in_shell(source, one)}
    scopes |= shells
    places = sorted({comment.span for comment in dockerfile.comments}.union(scopes))
    found = (_ignore(source, place, scopes.get(place, Span(place.end, place.end))) for place in places)
    return [ignore._replace(shell=ignore.span in shells) for ignore in found if ignore]


def _in_shell(source: Source, instruction: Instruction) -> Iterator[Span]:
    """Where the shell of a RUN is given such a comment: Docker's own are not part of what it gets."""
    if (instruction.inner or instruction).keyword != "RUN":
        return
    for match in re.compile(_IN_SHELL).finditer(source.text, *instruction.span):
        place = Span(*match.span())
        if not any(comment.span.covers(place) for comment in instruction.comments):
            yield place


def _ignore(source: Source, comment: Span, scope: Span) -> Ignore | None:
    match = re.compile(_IGNORE).match(source.text, comment.start, comment.end)
    if not match:
        return None
    names = match["names"]
    places = (
        re.compile(_NAME).finditer(source.text, match.start("names"), match.end("names")) if names is not None else ()
    )
    return Ignore(
        span=comment,
        names=tuple((place[0], Span(*place.span())) for place in places),
        everything=names is None,
        scope=None if match["file"] else scope,
        reason=match["reason"].rstrip(),
    )


def apply(
    ignores: Sequence[Ignore],
    diagnostics: Iterable[Diagnostic],
    known: Mapping[str, RuleLike],
    selected: Container[str] | None = None,
) -> tuple[list[Diagnostic], list[Unused]]:
    """What is left of the diagnostics, and which names and comments silenced nothing.

    A diagnostic is silenced if it starts within the scope and its rule is named. Every ignore that names it counts as
    used. `selected` are the names of the rules that ran: of the others nobody can tell whether they would be silenced,
    so their names are not called unused.
    """
    if not ignores:
        return list(diagnostics), []
    codes = {rule.code: name for name, rule in known.items()}
    named = [[codes.get(name, name) for name, _ in ignore.names] for ignore in ignores]
    used: set[tuple[int, str | None]] = set()
    kept = []
    for diagnostic in diagnostics:
        silent = False
        for number, ignore in enumerate(ignores):
            if ignore.scope is not None and not ignore.scope.start <= diagnostic.span.start < ignore.scope.end:
                continue
            if ignore.everything or diagnostic.rule in named[number]:
                used.add((number, None if ignore.everything else diagnostic.rule))
                silent = True
        if not silent:
            kept.append(diagnostic)
    unused = []
    for number, ignore in enumerate(ignores):
        if not ignore.names and (number, None) not in used:
            unused.append(Unused(ignore, None, "unused"))
        for name, place in zip(named[number], ignore.names, strict=True):
            if name not in known:
                unused.append(Unused(ignore, place, "unknown"))
            elif (number, name) not in used and (selected is None or name in selected):
                unused.append(Unused(ignore, place, "unused"))
    return kept, unused


def deletion(source: Source, unused: Unused) -> Span:
    """What to delete: the name with its comma, or the comment's whole line when nothing else is named."""
    ignore, name, _ = unused
    if name is None or len(ignore.names) == 1:
        line = source.line(ignore.span.start)
        starts = source.line_starts
        return Span(starts[line - 1], starts[line] if line < len(starts) else len(source.text))
    index = ignore.names.index(name)
    if index:
        return Span(ignore.names[index - 1][1].end, name[1].end)
    return Span(name[1].start, ignore.names[1][1].start)
