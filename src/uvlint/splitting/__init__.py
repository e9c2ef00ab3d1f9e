"""One stage as two: a builder with what makes the environment, and an image with what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint import images, layering, model, ordering, parted, plan, syntax
from uvlint.diagnostics import Fix, apply
from uvlint.source import Source
from uvlint.splitting import environment, heirs, sorting, starting, system, writing
from uvlint.splitting.commands import MANAGERS
from uvlint.splitting.declined import DeclinedError, WaitingError
from uvlint.tools import bases

if TYPE_CHECKING:
    from uvlint.diagnostics import Edit
    from uvlint.model import Build, Stage
    from uvlint.splitting.environment import Environment

WAITS = "the sources go below the installs first"


class Split(NamedTuple):
    """The edits that make two stages of one, and the environment that the second has of the first."""

    edits: tuple[Edit, ...]
    environment: Environment


def of(build: Build) -> Split | str:
    """How the final stage of a service becomes two; or, where what is for the build can't be told apart, why."""
    known = build.facts.get("split")
    if known is None:
        try:
            known = _split(_installing(build.stages[-1]))
        except DeclinedError as declined:
            known = str(declined)
        build.facts["split"] = known
    return known  # type: ignore[return-value]


def waits(build: Build) -> bool:
    """Whether two stages can be made as soon as another fix has been applied."""
    return of(build) == WAITS


def _installing(final: Stage) -> Stage:
    """The one stage, of the last one and those that it continues, that installs: the last one where none does."""
    found = {one.call.step.stage for one in plan.installs(final.build) if one.tool not in MANAGERS and not one.empty}
    own = [stage for stage in final.chain if stage in found]
    if len(own) > 1:
        raise DeclinedError("more than one of the stages that it continues installs packages")
    return own[0] if own else final


def _split(stage: Stage) -> Split:
    root = stage.chain[0]
    if not bases.official(root.image):
        raise DeclinedError("only of the official Python images is it known that a second one has the same Python")
    kept = next((name for one in stage.chain[:-1] for name in system.builds(one)), "")
    if kept:
        raise DeclinedError(f"`{kept}` is installed in a stage that it continues")
    if any(
        _brings_packages(step.instruction.args.text) for step in stage.steps if images.copied_from(step) is not None
    ):
        raise DeclinedError("it has packages of another stage already")
    found = environment.of(stage)
    heirs.check(stage)
    for one in (stage, *heirs.of(stage)):
        starting.check(one)
    pieces = sorting.sort(stage, found)
    made = tuple(writing.edits(stage, pieces, found))
    _ordered(stage)
    _prove(stage.build, made)
    return Split(made, found)


def _prove(build: Build, made: tuple[Edit, ...]) -> None:
    """Raises DeclinedError for what could not be proved, so that it isn't offered."""
    source = build.dockerfile.source
    after = syntax.parse(Source(apply(source.text, made), source.path))
    why = parted.objection(build, model.build(after, build.settings, build.context))
    if why is not None:
        raise DeclinedError(why)


def _ordered(stage: Stage) -> None:
    """Raises DeclinedError where sources are copied before installs that may come first: in two stages that shows less."""
    moves = [one for one in ordering.early(stage.build) if one.copies[0].stage is stage and one.last is not None]
    late = [one for one in layering.late(stage.build) if one.sync.step.stage is stage]
    if moves or any(isinstance(layering.fix(one), Fix) for one in late):
        raise WaitingError(WAITS)


def _brings_packages(text: str) -> bool:
    return "-packages" in text or "venv" in text or "/usr/local" in text
