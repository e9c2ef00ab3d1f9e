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
        if problem.span not in foreign:
            yield Diagnostic(problem.span, problem.message, help=problem.help)
        elif problem.span == foreign[0]:
            message = f"{problem.message}, and {len(foreign) - 1} more below it"
            yield Diagnostic(problem.span, message, help="if this is no Dockerfile, `exclude` it")


def _foreign(dockerfile: Dockerfile) -> list[Span]:
    """What a text begins with that is of another kind: the first words of several lines, no instruction among them."""
    known = (instructions.known(one.keyword) for one in dockerfile.instructions)
    count = next((number for number, one in enumerate(known) if one), len(dockerfile.instructions))
    return [one.keyword_span for one in dockerfile.instructions[:count]] if count > 1 else []
