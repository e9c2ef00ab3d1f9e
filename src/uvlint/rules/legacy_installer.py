from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import installers
from uvlint.diagnostics import Diagnostic
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build


@rule("UVL107")
def legacy_installer(build: Build) -> Iterator[Diagnostic]:
    """`easy_install`, `setup.py install` or `pipx`, where uv installs the same."""
    for one in installers.found(build):
        message = f"`{one.name}` where `{one.instead}` installs the same"
        if isinstance(one.fix, str):
            yield Diagnostic(one.call.span, message, help=one.fix)
        else:
            yield Diagnostic(one.call.span, message, one.fix)
