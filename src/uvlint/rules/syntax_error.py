from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import instructions
from uvlint.diagnostics import Diagnostic
from uvlint.lazy import regex
from uvlint.rules import rule
from uvlint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.arguments import Problem
    from uvlint.model import Build
    from uvlint.syntax import Dockerfile

_MARK = regex(r"\{\{|\{[%#]|<%|\$\{templateOption:")
_SHELL = frozenset({"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"})
"""Instructions whose own text may hold such marks: `docker inspect --format '{{.Id}}'`."""


@rule("UVL000")
def syntax_error(build: Build) -> Iterator[Diagnostic]:
    """What BuildKit refuses to build."""
    dockerfile = build.dockerfile
    problems = [*dockerfile.problems, *instructions.refused(dockerfile)]
    mark = min(filter(None, (_mark(dockerfile, one) for one in problems)), default=None)
    if mark is not None:
        message = "this looks like a template, which Docker builds only once it is filled in"
        yield Diagnostic(mark, message, help="check the Dockerfile that is made of it, and `exclude` this one")
        return
    for problem in problems:
        yield Diagnostic(problem.span, problem.message, help=problem.help)


def _mark(dockerfile: Dockerfile, problem: Problem) -> Span | None:
    """What marks a template on the line of a problem."""
    source = dockerfile.source
    line = source.line_span(source.line(problem.span.start))
    match = _MARK.search(source[line])
    if match is None or source[line].split(maxsplit=1)[0].upper() in _SHELL:
        return None
    return Span(line.start + match.start(), line.start + match.end())
