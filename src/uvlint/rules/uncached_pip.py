from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import downloads, mounting
from uvlint.diagnostics import Diagnostic
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build


@rule("UVL202")
def uncached_pip(build: Build) -> Iterator[Diagnostic]:
    """A pip command, of those that stay with pip, whose downloads no later build can reuse: no cache mount."""
    for one, fix in mounting.lacking(build, "pip"):
        yield Diagnostic(
            downloads.span(one), f"`{downloads.name(one)}` without a cache mount downloads everything anew", fix
        )
