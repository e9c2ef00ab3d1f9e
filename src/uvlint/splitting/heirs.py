"""The stages that continue the one which is split: each is an image of its own, or leads to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import images
from uvlint.splitting.commands import Use
from uvlint.splitting.declined import DeclinedError, line
from uvlint.splitting.pieces import read
from uvlint.syntax import mount

if TYPE_CHECKING:
    from uvlint.model import Stage, Step

_WORKS = frozenset({Use.ENVIRONMENT, Use.TOOLS, Use.OTHER})


def of(stage: Stage) -> list[Stage]:
    """The stages that continue a stage, in the file's order."""
    return [one for one in stage.build.stages if one is not stage and stage in one.chain]


def check(stage: Stage) -> None:
    """Raises DeclinedError where another stage needs what the image will no longer have, or counts the stages."""
    for one in of(stage):
        for step in one.steps:
            if read(step).uses & _WORKS:
                raise DeclinedError(f"{line(step)}, in a stage that continues it, may need what only its build has")
    for step in stage.build.steps:
        for name in _sources(step):
            if name.isdecimal() and int(name) >= stage.index:
                raise DeclinedError(f"{line(step)} names a stage by its number")
        source = images.copied_from(step)
        if source is not None and stage in source.chain:
            raise DeclinedError(f"{line(step)} copies from it")


def text(stage: Stage) -> str:
    """What the RUNs of the stages that continue it hand to their shells."""
    return "\n".join(read(step).text for one in of(stage) for step in one.steps if step.run is not None)


def _sources(step: Step) -> list[str]:
    flag = step.instruction.flag("from") if step.instruction.keyword == "COPY" else None
    mounts = [mount(one) for one in step.run.flags_named("mount")] if step.run is not None else []
    return [
        *([flag.value] if flag is not None and flag.value else []),
        *(one.keys["from"] for one in mounts if one is not None and "from" in one.keys),
    ]
