"""Short ways from a text to what the layers make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvlint import calls, engine, plan
from uvlint.config import Settings
from uvlint.context import Context
from uvlint.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uvlint.calls import Call
    from uvlint.engine import Fixed
    from uvlint.model import Build, Step
    from uvlint.plan import Install


def built(text: str, files: Mapping[str, str] | None = None, **settings: Any) -> Build:
    """A text read, with `files` for its build context (None: there is none to be seen)."""
    return engine.read(Source(text), Settings(**settings), None if files is None else Context.of(files))


def step(text: str, keyword: str = "RUN", index: int = 0) -> Step:
    """An instruction of the last stage, with the State before it."""
    return [one for one in built(text).stages[-1].steps if one.instruction.keyword == keyword][index]


def calls_of(text: str, *programs: str) -> list[Call]:
    """The command lines that call one of the programs, or any tool."""
    found = [one for line in calls.all_calls(built(text)).values() for one in line]
    return [one for one in found if not programs or one.program in programs]


def installs_of(text: str, files: Mapping[str, str] | None = None) -> list[Install]:
    return plan.installs(built(text, files))


def plan_of(text: str) -> list[list[tuple[object, ...]]]:
    """What each stage asks for."""
    return [[one.asks for one in stage] for stage in plan.plan(built(text))]


def fixed(text: str, files: Mapping[str, str] | None = None, *, unsafe: bool = False, **settings: Any) -> Fixed:
    seen = None if files is None else Context.of(files)
    return engine.fix(Source(text), Settings(**settings), unsafe=unsafe, context=seen)
