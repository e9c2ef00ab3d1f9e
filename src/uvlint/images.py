"""What becomes of a build: which stages end up in the final image, and what that image runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint.lazy import regex
from uvlint.model import normal

if TYPE_CHECKING:
    from collections.abc import Collection

    from uvlint.model import Build, Stage, Step
    from uvlint.syntax import Instruction

_IDLE = regex(r"(?:\S*/)?(?:(?:ba|da|z|a|fi)?sh(?:\s+-l|\s+--login)?|i?python[\d.]*|sleep\s.*|tail\s.*|true)\Z")
"""A command line that runs no application: a shell or an interpreter to work in, or nothing."""


def program(build: Build) -> Step | None:
    """The ENTRYPOINT or else the CMD that the final image runs an application with; None where this file names none."""
    if not build.stages:
        return None
    entrypoint = command = None
    for step in build.stages[-1].before():
        if step.instruction.keyword == "ENTRYPOINT":
            entrypoint, command = step, None
        elif step.instruction.keyword == "CMD":
            command = step
    for one in (entrypoint, command):
        if one is not None and command_line(one.instruction):
            return None if _IDLE.match(command_line(one.instruction)) else one
    return None


def command_line(instruction: Instruction) -> str:
    """The words of CMD or ENTRYPOINT, "" for none."""
    words = instruction.json
    return instruction.args.text if words is None else " ".join(word.text for word in words)


def shipped(build: Build) -> set[Stage]:
    """The stages that the final image continues, and those that it has files of."""
    if not build.stages:
        return set()
    found: set[Stage] = set()
    waiting = [build.stages[-1]]
    while waiting:
        stage = waiting.pop()
        if stage in found:
            continue
        found.add(stage)
        waiting += [stage.parent] if stage.parent is not None else []
        waiting += [one for step in stage.steps if (one := copied_from(step)) is not None]
    return found


def reached(stage: Stage, places: Collection[str]) -> bool:
    """Whether the final image holds what a stage has at one of the places (absolute paths; none: it can't be told)."""
    final = stage.build.stages[-1]
    if stage in final.chain:
        return True
    for step in stage.build.steps:
        source = copied_from(step)
        if source is None or stage not in source.chain:
            continue
        if not places:
            return True
        for origin in taken(step):
            if origin is None or any(one == origin or _below(one, origin) or _below(origin, one) for one in places):
                return True
    return False


def taken(step: Step) -> list[str | None]:
    """The places that a COPY takes from another stage, None for one that isn't known."""
    written = [word.text for word in step.instruction.words()[:-1]]
    paths = written if step.instruction.json is not None else map(step.expand, written)
    return [None if path is None else normal(f"/{path}") for path in paths]


def _below(path: str, folder: str) -> bool:
    return folder == "/" or path.startswith(f"{folder}/")


def copied_from(step: Step) -> Stage | None:
    """The stage that a COPY takes files from; None for anything else."""
    flag = step.instruction.flag("from") if step.instruction.keyword == "COPY" else None
    if flag is None or flag.value is None:
        return None
    return step.stage.build.stage_named(step.expand(flag.value), step.stage)
