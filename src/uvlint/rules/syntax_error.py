from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import instructions, templates
from uvlint.diagnostics import Diagnostic
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build
    from uvlint.source import Span
    from uvlint.syntax import Dockerfile


@rule("UVL000")
def syntax_error(build: Build) -> Iterator[Diagnostic]:
    """What BuildKit refuses to build."""
    mark = templates.mark(build)
    if mark is not None:
        message = "this looks like a template, which Docker builds only once it is filled in"
        yield Diagnostic(mark, message, help="check the Dockerfile that is made of it, and `exclude` this one")
        return
    foreign = _foreign(build.dockerfile)
    for problem in templates.problems(build):
        if foreign is None:
            yield Diagnostic(problem.span, problem.message, help=problem.help)
        elif problem.span == foreign:
            yield Diagnostic(
                problem.span, problem.message, help="no line of it is a FROM: if it is no Dockerfile, `exclude` it"
            )


def _foreign(dockerfile: Dockerfile) -> Span | None:
    """The first word of a text that neither begins as a Dockerfile nor has a build stage."""
    found = dockerfile.instructions
    if not found or instructions.known(found[0].keyword) or any(one.keyword == "FROM" for one in found):
        return None
    return found[0].keyword_span
