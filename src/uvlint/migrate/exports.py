"""Requirements files that Poetry or Pipenv write in the build, for pip to install."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, context, images, managers
from uvlint.model import normal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.managers import Asked
    from uvlint.model import Step

_VERBS = frozenset({"export", "requirements", "lock"})


def at(call: Call, place: str) -> Asked | str | None:
    """What was exported to a file of the image that a command line reads; None where nothing was."""
    for one in reversed(list(calls.before(call, "poetry", "pipenv"))):
        if writes(one) == place:
            return managers.read(one)
    for step in reversed(list(call.step.stage.before(call.step))):
        source = images.copied_from(step)
        words = step.instruction.words()
        if source is None or len(words) != 2 or context.destination(step) is None:
            continue
        target, origin = context.destination(step) or "", step.expand(words[0].text)
        name = normal(f"/{origin or ''}")
        if target.endswith("/"):
            target = f"{target}{name.rpartition('/')[2]}"
        if target != place:
            continue
        for one in _of_stage(source.before()):
            if writes(one) == name:
                return managers.read(one)
    return None


def _of_stage(steps: Iterator[Step]) -> Iterator[Call]:
    for step in steps:
        for one in calls.all_calls(step.stage.build)[step]:
            if one.program in {"poetry", "pipenv"}:
                yield one


def writes(call: Call) -> str | None:
    """The file of the image that an export is written to; None where it is none, or that can't be told."""
    if call.program not in {"poetry", "pipenv"} or managers.verb(call) not in _VERBS:
        return None
    asked = managers.read(call)
    name = "" if isinstance(asked, str) else asked.output
    for one in call.command.redirects:
        if one.op in {">", ">|"} and one.fd in {"", "1"} and one.target is not None:
            name = one.target.value or ""
    if not name or (call.workdir is None and not name.startswith("/")):
        return None
    return normal(name if name.startswith("/") else f"{call.workdir}/{name}")
