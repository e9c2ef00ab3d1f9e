from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import ordering, reorder
from uvlint.diagnostics import Diagnostic
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build


@rule("UVL206")
def copy_before_install(build: Build) -> Iterator[Diagnostic]:
    """Sources copied before dependencies are installed, so that any change installs them again."""
    for found in ordering.early(build):
        instruction = found.copies[0].instruction
        words = " ".join(word.text for word in instruction.words()[:-1])
        message = f"`{words}` is copied before dependencies are installed: any change installs them again"
        fix = reorder.fix(found) if found.last is not None else None
        yield Diagnostic(instruction.args.whole, message, fix, help=found.reason)
