"""Both sides built, what came out compared, and the verdict."""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uvlint.verify import changes, commands, compare, cost, image, outcome, secrets, sides, smoke
from uvlint.verify.compare import Seen
from uvlint.verify.cost import Bench
from uvlint.verify.engines import PREFIX, EngineError
from uvlint.verify.outcome import Outcome, Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.verify.engines import Engine, Request
    from uvlint.verify.outcome import Built, FieldChange, FileChange, Image, PackageChange, Smoke
    from uvlint.verify.reports.live import Watch
    from uvlint.verify.sides import Subject

BEFORE, AFTER = 0, 1


@dataclass(slots=True, eq=False)
class Task:
    """What is asked for. `runs`: how often the costs are measured, 0 for not at all. `smoke`: a command, or None."""

    engine: Engine
    request: Request
    before: Subject
    after: Subject
    watch: Watch
    runs: int = 1
    smoke: str | None = None


def judge(task: Task, temporary: str) -> Outcome:
    """Build both and compare; `temporary` is an empty folder for what has to be written. Raises EngineError, OSError.

    What was made in the engine is gone afterwards, however this ends.
    """
    with ExitStack() as stack:
        stack.callback(task.engine.close)
        copies = bool(task.runs)
        task.watch.say("copying the build context" if copies else "")
        subjects = tuple(
            sides.copy(one, os.path.join(temporary, name)) if copies or one.changed else one
            for name, one in (("before", task.before), ("after", task.after))
        )
        for one in subjects:
            one.arguments = task.request.arguments(task.engine.env)
        unique = f"{PREFIX}-{uuid.uuid4().hex[:8]}"
        bench = Bench(task.engine, task.request, (subjects[0], subjects[1]), temporary, unique, task.watch)
        stack.callback(bench.close)
        told = secrets.told(task.request, task.engine.env)
        task.watch.hide(told)
        if task.runs:
            cost.fetch(bench)
        try:
            return secrets.hidden(_Judge(task, bench).judge(), told)
        except EngineError as error:
            raise EngineError(secrets.hidden(str(error), told)) from None


class _Judge:
    def __init__(self, task: Task, bench: Bench) -> None:
        self.task = task
        self.bench = bench
        self.engine = task.engine

    def judge(self) -> Outcome:
        (before, tag), (after, other) = self.built(BEFORE), self.built(AFTER)
        if after.failed and _old(before):  # may be that today both fail
            before, _ = self.bench.build(BEFORE, 0, cost.COLD)
        labels = self.task.before.label, self.task.after.label
        if before.failed or after.failed:
            return self._failed(before, after, labels)
        self.task.watch.say("reading the images")
        old, new = (
            Seen(*image.read(self.engine, one, *self._base(side))) for side, one in ((BEFORE, tag), (AFTER, other))
        )
        found = compare.placed(self._packages((before, after), old, new), old, new)
        fields = compare.config(old.image.config, new.image.config)
        run, now = (commands.programs(one.image.config, one.files) for one in (old, new))
        ran_before = {place for _, place in run.values() if place}
        lists = changes.lists(self.bench.subjects[BEFORE].build())
        files = compare.files(old.files, new.files, old.image, ran_before, lists)
        self.task.watch.say("starting the images")
        ran = smoke.run(self.engine, (tag, other), (old.image, new.image), (old.files, new.files), self.task.smoke)
        costs, broken = self._costs(before, after, old.image, new.image)
        reasons = [
            *_reasons(found, fields, files),
            *_unusable(found, old, new),
            *_programs(run, now),
            *([said] if (said := smoke.objection(ran)) else []),
            *broken,
        ]
        return Outcome(
            outcome.DIFFERENT if reasons else outcome.EQUIVALENT,
            self.task.after.dockerfile,
            f"{self.engine.name} {self.engine.version}",
            Side(labels[0], before, old.image),
            Side(labels[1], after, new.image),
            tuple(reasons),
            tuple(_notes(found, ran, costs)),
            tuple(found),
            tuple(fields),
            tuple(files),
            ran,
            tuple(costs),
        )

    def _packages(self, builds: tuple[Built, Built], old: Seen, new: Seen) -> list[PackageChange]:
        """What differs in packages; where that may come of layers of an earlier day, it is looked at without them."""
        found = judged = compare.packages(*(compare.versions(one.image.environments) for one in (old, new)))
        images = [old.image, new.image]
        for side in (BEFORE, AFTER):
            if any(one.kind in outcome.COUNTING for one in judged) and _old(builds[side]):
                images[side] = self._fresh(side)
                judged = compare.drifted(found, images[BEFORE], images[AFTER])
        return judged

    def built(self, side: int) -> tuple[Built, str]:
        """A side, built: cold where costs are measured, and else as usual, from its own context."""
        if self.task.runs:
            return self.bench.build(side, 0, cost.COLD)
        return self.bench.build(side, 0)

    def _fresh(self, side: int) -> Image:
        """The image of a side, built now. Raises EngineError."""
        built, tag = self.bench.build(side, 0, cost.COLD)
        if built.failed:
            raise EngineError(f"without earlier layers the build fails {cost.NAMES[side]}: {built.failed}")
        found, _ = image.read(self.engine, tag)
        self.engine.remove(tag)
        return found

    def _base(self, side: int) -> tuple[str | None, int]:
        """What the last stage starts from, and how many instructions come on top of that."""
        stages, named = self.bench.subjects[side].build().stages, self.task.request.target or ""
        stage = next((one for one in stages if named and one.name == named.lower()), stages[-1] if stages else None)
        chain = stage.chain if stage is not None else []
        return (chain[0].image if chain else None), sum(len(one.steps) for one in chain)

    def _costs(self, before: Built, after: Built, old: Image, new: Image) -> tuple[list[outcome.Cost], list[str]]:
        """The costs; with them the rebuilds that fail after and not before."""
        if not self.task.runs:
            return [], []
        installed = tuple({name for one in each.environments for name in one.packages} for each in (old, new))
        return cost.measure(self.bench, (before, after), (installed[0], installed[1]), self.task.runs)

    def _failed(self, before: Built, after: Built, labels: tuple[str, str]) -> Outcome:
        """At least one build failed. One that failed before is no fault of the fix."""
        verdict, reasons, notes = outcome.DIFFERENT, [f"the build fails after: {_where(after)}"], []
        if before.failed:
            verdict, reasons = outcome.UNKNOWN, [f"the build fails before: {_where(before)}"]
            notes = [f"it fails after, too: {_where(after)}" if after.failed else "after, it builds"]
        return Outcome(
            verdict,
            self.task.after.dockerfile,
            f"{self.engine.name} {self.engine.version}",
            Side(labels[0], before),
            Side(labels[1], after),
            tuple(reasons),
            tuple(notes),
        )


def _old(built: Built) -> bool:
    """Whether what a command made in a build may be of an earlier day."""
    return any(step.cached and " RUN " in f" {step.name} " for step in built.steps)


def _where(built: Built) -> str:
    return f"{built.step}: {built.failed}" if built.step else built.failed


def _reasons(packages: list[PackageChange], fields: list[FieldChange], files: list[FileChange]) -> list[str]:
    """What speaks against equivalence in packages, configuration and files."""
    found = []
    for kind, text in ((outcome.LOST, "lost"), (outcome.NEW, "new"), (outcome.CHANGED, "of another version")):
        names = [f"{one.name} ({one.environment})" for one in packages if one.kind == kind]
        if names:
            found.append(f"{_counted(names, 'package')} {text}: {_some(names)}")
    found += [f"{one.field} changed: {one.before} → {one.after}" for one in fields if one.counts]
    gone = [one.path for one in files if one.counts and one.after is None]
    if gone:
        found.append(f"{_counted(gone, 'file')} of the application lost: {_some(gone)}")
    other = [f"{one.path} ({one.before} → {one.after})" for one in files if one.counts and one.after is not None]
    if other:
        found.append(f"{_counted(other, 'file')} of the application with another owner or mode: {_some(other)}")
    return found


def _unusable(packages: list[PackageChange], old: Seen, new: Seen) -> Iterator[str]:
    """What is installed, and could be used before, and can't now."""
    moved = [f"{one.name} ({one.to})" for one in compare.unreachable(packages, old, new)]
    if moved:
        yield f"{_counted(moved, 'package')} moved to where nothing looks for them: {_some(moved)}"
    shut = compare.shut(old, new)
    if shut:
        yield f"{_counted(shut, 'installed file')} can't be used by {new.image.config.user}: {_some(shut)}"
    gone = compare.programs(old, new)
    if gone:
        yield f"{_counted(gone, 'program')} of packages can't be found or executed any more: {_some(gone)}"


def _programs(old: dict[str, tuple[str, str | None]], new: dict[str, tuple[str, str | None]]) -> list[str]:
    """The programs without which the image doesn't work: those that can't be run, where they could be before."""
    gone = {
        name: what
        for what, (name, place) in reversed(new.items())
        if place is None and old.get(what, ("", None))[1] is not None
    }
    return [f"`{name}`, which the image {what}, can't be found or executed any more" for name, what in gone.items()]


def _notes(packages: list[PackageChange], ran: Smoke, costs: list[outcome.Cost]) -> list[str]:
    found = [f"{one.kind}: {one.note}" for one in costs if one.note and one.before]
    names = [f"{one.name} {one.before} → {one.after}" for one in packages if one.kind == outcome.DRIFTED]
    if names:
        found.append(f"nothing pins {_counted(names, 'package')}, and built afresh, both have the same: {_some(names)}")
    if ran.before is not None and ran.before.status not in {0, None}:
        said = f" ({ran.before.tail[-1]})" if ran.before.tail else ""
        found.append(f"`{ran.command}` fails before as well, so it tells nothing{said}")
    return found


def _counted(things: list[str], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _some(things: list[str], most: int = 5) -> str:
    more = len(things) - most
    return ", ".join(things[:most]) + (f" and {more} more" if more > 0 else "")


def nothing(subject: Subject) -> Outcome:
    """The outcome where both sides are the same text: nothing has to be built."""
    side = Side(subject.label)
    return Outcome(
        outcome.EQUIVALENT, subject.dockerfile, "", side, side, notes=("both are the same: nothing to build",)
    )


def with_paths(outcome_: Outcome, path: str) -> Outcome:
    """The outcome with the Dockerfile named as the user did."""
    return replace(outcome_, dockerfile=path)
