from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import downloads, layering
from uvlint.diagnostics import Diagnostic, Fix
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build


@rule("UVL408")
def project_before_dependencies(build: Build) -> Iterator[Diagnostic]:
    """`uv sync` behind the sources, so that any change of theirs installs all dependencies anew."""
    for one in layering.late(build):
        made = layering.fix(one)
        fix = made if isinstance(made, Fix) else None
        message = "`uv sync` behind the sources installs all dependencies anew with any change"
        yield Diagnostic(downloads.span(one.sync.install), message, fix, help="" if isinstance(made, Fix) else made)
