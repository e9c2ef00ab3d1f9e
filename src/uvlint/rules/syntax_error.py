from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import instructions
from uvlint.diagnostics import Diagnostic
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build


@rule("UVL000")
def syntax_error(build: Build) -> Iterator[Diagnostic]:
    """What BuildKit refuses to build."""
    dockerfile = build.dockerfile
    for problem in (*dockerfile.problems, *instructions.refused(dockerfile)):
        yield Diagnostic(problem.span, problem.message, help=problem.help)
