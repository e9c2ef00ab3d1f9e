from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, conda, plan
from uvlint.diagnostics import Diagnostic
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build
    from uvlint.source import Span

_MESSAGE = "`pip install` in a conda environment, where uv may overwrite what conda installed"
_NAMED = "only what conda doesn't hold can move: `uv pip install --python <the environment's folder>`"
_EDITABLE = (
    "a project without dependencies of its own can move: `uv pip install --no-deps --python <the environment's folder>`"
)


@rule("UVL112")
def conda_pip(build: Build) -> Iterator[Diagnostic]:
    """`pip install` in a conda environment, where uv may overwrite what conda installed."""
    for install in plan.installs(build):
        if install.tool != "pip" or install.empty or plan.upgrades_pip(install) or not conda.within(install.call):
            continue
        yield Diagnostic(install.call.span, _MESSAGE, help=_EDITABLE if install.has("no-deps") else _NAMED)
    for call in calls.find(build, *sorted(conda.TOOLS)):
        span = _run(call)
        if span is not None:
            yield Diagnostic(span, _MESSAGE, help=_NAMED)


def _run(call: Call) -> Span | None:
    """What `conda run` runs, where that is a `pip install`."""
    first = conda.run(call)
    if first is None:
        return None
    values = [word.value or "" for word in call.words[first:]]
    if values[0].startswith("python") and values[1:3] == ["-m", "pip"]:
        values = values[2:]
    if calls.is_pip(values[0]) and "install" in values[1:3]:
        return call.command.cooked.span(call.words[first].start, call.words[-1].end)
    return None
