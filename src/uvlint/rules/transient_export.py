from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import edits, plan, provision, transient
from uvlint.diagnostics import ENVIRONMENT, Diagnostic, Fix, Safety
from uvlint.rules import rule
from uvlint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.diagnostics import Edit
    from uvlint.model import Build
    from uvlint.transient import Lost

_NOTE = "it then holds in all that follows, and in the container"
_FETCHES = frozenset({"UV_SYSTEM_PYTHON", "UV_PYTHON"})


@rule("UVL114")
def transient_export(build: Build) -> Iterator[Diagnostic]:
    """A variable set at the end of a RUN, whose shell ends with it."""
    for lost in transient.lost(build):
        span = Span(lost.calls[0].span.start, lost.calls[-1].span.end)
        message = f"{_listed(lost.names)} set at the end of a RUN, whose shell ends there"
        made = _edits(lost)
        if made is None:
            yield Diagnostic(
                span, message, help="ENV sets a variable for what follows, where its value is known before"
            )
            continue
        safety = Safety.SAFE if _only_mends(lost) else Safety.UNSAFE
        note = "" if safety is Safety.SAFE else _NOTE
        drops = () if safety is Safety.SAFE else (ENVIRONMENT,)
        yield Diagnostic(span, message, Fix("Set it with ENV", tuple(made), safety, note, drops=drops))


def _listed(names: list[str]) -> str:
    found = [f"`{name}`" for name in dict.fromkeys(names)]
    listed = f"{', '.join(found[:-1])} and {found[-1]}" if len(found) > 1 else found[0]
    return f"{listed} {'are' if len(found) > 1 else 'is'}"


def _edits(lost: Lost) -> list[Edit] | None:
    if not lost.values:
        return None
    build, line = lost.step.stage.build, provision.env_line(lost.values)
    if lost.whole:
        return [edits.replace_instruction(build, lost.step.instruction, [line])]
    removed = edits.delete_commands(lost.calls[0], lost.calls[-1])
    return None if removed is None else [*removed, edits.insert_below(build, lost.step.instruction, [line])]


def _only_mends(lost: Lost) -> bool:
    """Whether nothing but installs that would fail without them comes to see the variables."""
    names = set(lost.names)
    if not names <= transient.GUIDING:
        return False
    mended = False
    for install in plan.installs(lost.step.stage.build):
        stage = install.call.step.stage
        if lost.step.stage not in stage.chain or (
            stage is lost.step.stage and install.call.step.index <= lost.step.index
        ):
            continue
        failing = install.tool == "uv" and install.target is not None and install.target.kind == "none"
        mended = mended or failing
        if not failing and (install.tool == "uv" or not names <= _FETCHES):
            return False
    return mended
