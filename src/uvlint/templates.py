"""Templates that a program fills in before Docker sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from uvlint import instructions
from uvlint.lazy import regex
from uvlint.source import Span

if TYPE_CHECKING:
    from uvlint.arguments import Problem
    from uvlint.model import Build
    from uvlint.syntax import Dockerfile

_MARK = regex(r"\{\{|\{[%#]|<%|\$\{templateOption:")
_SHELL = frozenset({"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"})
"""Instructions whose own text may hold such marks: `docker inspect --format '{{.Id}}'`."""


def problems(build: Build) -> list[Problem]:
    """What BuildKit would refuse."""
    known = build.facts.get("problems")
    if known is None:
        dockerfile = build.dockerfile
        known = build.facts["problems"] = [*dockerfile.problems, *instructions.refused(dockerfile)]
    return cast("list[Problem]", known)


def mark(build: Build) -> Span | None:
    """What first marks a text that BuildKit would refuse as a template."""
    return min(filter(None, (_marked(build.dockerfile, one) for one in problems(build))), default=None)


def _marked(dockerfile: Dockerfile, problem: Problem) -> Span | None:
    source = dockerfile.source
    line = source.line_span(source.line(problem.span.start))
    match = _MARK.search(source[line])
    if match is None or source[line].split(maxsplit=1)[0].upper() in _SHELL:
        return None
    return Span(line.start + match.start(), line.start + match.end())
