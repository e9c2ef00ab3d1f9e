from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import templates
from uvlint.diagnostics import Diagnostic
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build


@rule("UVL000")
def syntax_error(build: Build) -> Iterator[Diagnostic]:
    """What BuildKit refuses to build."""
    mark = templates.mark(build)
    if mark is not None:
        message = "this looks like a template, which Docker builds only once it is filled in"
        yield Diagnostic(mark, message, help="check the Dockerfile that is made of it, and `exclude` this one")
        return
    for problem in templates.problems(build):
        yield Diagnostic(problem.span, problem.message, help=problem.help)
