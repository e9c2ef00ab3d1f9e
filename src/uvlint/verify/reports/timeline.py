"""The time line of both builds: a row a step, on one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint.verify.reports import figures
from uvlint.verify.reports.markup import said, share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.verify.outcome import Outcome
    from uvlint.verify.reports.figures import Timed

_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
_MOST = 5
"""Ticks on the axis, at most."""


def section(found: Outcome) -> Iterator[str]:
    builds = [
        (name, side.build)
        for name, side in (("before", found.before), ("after", found.after))
        if side.build and side.build.steps
    ]
    if not builds:
        return
    whole = max(built.seconds for _, built in builds)
    tick = next((one for one in _TICKS if whole / one <= _MOST), whole)
    yield f'<section class="line" style="--tick:{share(tick, whole)}">\n<h2>Time line</h2>\n'
    cold = any(one.kind == "cold" and one.before for one in found.costs)
    yield f'<p class="dim small">{"The first cold build" if cold else "The build"} of each side, step by step.</p>\n'
    for name, built in builds:
        shown, rest = figures.timed(built)
        yield f"<h3>{name}: {figures.seconds(built.seconds)}</h3>\n"
        yield from (_step(name, one, whole) for one in shown)
        if rest:
            yield f'<p class="dim small">{_rest(rest)}</p>\n'
        yield _axis(whole, tick)
    yield "</section>\n"


def _step(name: str, timed: Timed, whole: float) -> str:
    step, seconds = timed.step, timed.seconds
    end = step.started + seconds
    text = figures.seconds(seconds) + (" failed" if step.error else "")
    # Beside the bar, on the side that has room.
    beside = f"left:{share(end, whole)}" if end < 0.8 * whole else f"right:{share(whole - step.started, whole)}"
    if end >= 0.8 * whole and step.started < 0.2 * whole:
        beside = f"left:{share(step.started, whole)}"
    return (
        f'<div class="step{" failed" if step.error else ""}"><code title="{said(step.name)}">{said(figures.command(step.name))}</code>'
        f'<div class="track"><i class="bar {name}" style="left:{share(step.started, whole)};'
        f'width:{share(seconds, whole)}"></i><span style="{beside}">{text}</span></div></div>\n'
    )


def _axis(whole: float, tick: float) -> str:
    marks = "".join(
        f'<span style="left:{share(index * tick, whole)}">{_mark(index * tick, tick)}</span>'
        for index in range(int(whole / tick) + 1)
        if index * tick < 0.96 * whole
    )
    return f'<div class="step axis" aria-hidden="true"><div></div><div class="track">{marks}</div></div>\n'


def _mark(seconds: float, tick: float) -> str:
    return f"{seconds / 60:g} min" if tick >= 60 else f"{seconds:g} s"


def _rest(rest: list[Timed]) -> str:
    cached = sum(one.step.cached for one in rest)
    quick = len(rest) - cached
    told = [(cached, "found in the cache"), (quick, "done at once")]
    return ", ".join(f"{figures.counted(count, 'step')} {word}" for count, word in told if count)
