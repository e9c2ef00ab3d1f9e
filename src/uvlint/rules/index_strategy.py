from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import carrying, downloads, plan, reads, variables
from uvlint.diagnostics import Diagnostic
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build
    from uvlint.plan import Install
    from uvlint.source import Span

_HELP = "`--index-strategy unsafe-best-match` looks at them as pip does; an index for some packages only belongs in pyproject.toml"


@rule("UVL115")
def index_strategy(build: Build) -> Iterator[Diagnostic]:
    """Several indexes, of which uv takes the first that knows a package, where pip takes the newest release of all."""
    for install in plan.installs(build):
        if install.tool != "uv" or install.given is None or install.has("index-strategy") or install.has("no-index"):
            continue
        if carrying.STRATEGY[0] in variables.known(install.call):
            continue
        span = _extra(install)
        if span is not None:
            message = "of several indexes uv takes the first that knows a package, pip the newest release of all"
            yield Diagnostic(span, message, help=_HELP)


def _extra(install: Install) -> Span | None:
    """What names a further index, on the command line, or in a file or variable that it reads."""
    call = install.call
    for one in install.all("extra-index"):
        return call.command.cooked.span(call.words[one.first].start, call.words[one.last - 1].end)
    if install.settings.get("extra-index", "") != "" or reads.of(install).scan.extra_index:
        return downloads.span(install)
    return None
