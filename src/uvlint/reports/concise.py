"""One line a finding: `path:line:column: CODE [*] name: message`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint.reports import fixable, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uvlint.diagnostics import Diagnostic
    from uvlint.reports import Pieces
    from uvlint.run import Result


def report(results: Iterable[Result], *, unsafe: bool) -> Pieces:
    for result in results:
        path = printable(result.path)
        for diagnostic in result.diagnostics:
            line, column = result.source.position(diagnostic.span.start)
            yield path, "bold"
            yield f":{line}:{column}: ", ""
            yield from title(diagnostic, unsafe=unsafe)
            yield "\n", ""
        for error in result.errors:
            yield from failure(path, error)


def title(diagnostic: Diagnostic, *, unsafe: bool) -> Pieces:
    """`CODE [*] name: message`"""
    yield diagnostic.code, "code"
    if fixable(diagnostic, unsafe=unsafe):
        yield " [", ""
        yield "*", "fixable"
        yield "]", ""
    yield f" {diagnostic.rule}: ", ""
    yield printable(diagnostic.message), ""


def failure(path: str, error: str) -> Pieces:
    yield path, "bold"
    yield ": ", ""
    yield "error", "code"
    yield f": {printable(error)}\n", ""
