"""Both sides built, what came out compared, and the verdict."""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uvlint.verify import compare, cost, image, outcome, secrets, sides, smoke
from uvlint.verify.cost import Bench
from uvlint.verify.engines import PREFIX, EngineError
from uvlint.verify.outcome import Outcome, Side

if TYPE_CHECKING:
    from uvlint.verify.engines import Engine, Request
    from uvlint.verify.outcome import Built, FieldChange, FileChange, Image, PackageChange, Smoke
    from uvlint.verify.reports.live import Watch
    from uvlint.verify.sides import Subject
    from uvlint.verify.tree import Tree

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
        subjects = tuple(
            sides.copy(one, os.path.join(temporary, name)) if copies or one.changed else one
            for name, one in (("before", task.before), ("after", task.after))
        )
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
        old, old_tree = image.read(self.engine, tag, self._base(BEFORE))
        new, new_tree = image.read(self.engine, other, self._base(AFTER))
        found = compare.packages(compare.versions(old.environments), compare.versions(new.environments))
        if any(one.kind in _COUNTING for one in found) and _old(before):
            found = compare.drifted(found, self._fresh())
        fields = compare.config(old.config, new.config)
        (name, place), (_, now) = smoke.program(old.config, old_tree), smoke.program(new.config, new_tree)
        files = compare.files(old_tree, new_tree, new, place)
        self.task.watch.say("starting the images")
        ran = smoke.run(self.engine, (tag, other), (old, new), (old_tree, new_tree), self.task.smoke)
        reasons = [*_reasons(found, fields, files, ran, new), *_access(old, new, old_tree, new_tree)]
        if place is not None and now is None:
            reasons.append(f"`{name}`, which the image runs, can't be found or executed any more")
        costs = self._costs(before, after, old, new)
        return Outcome(
            outcome.DIFFERENT if reasons else outcome.EQUIVALENT,
            self.task.after.dockerfile,
            f"{self.engine.name} {self.engine.version}",
            Side(labels[0], before, old),
            Side(labels[1], after, new),
            tuple(reasons),
            tuple(_notes(found, ran)),
            tuple(found),
            tuple(fields),
            tuple(files),
            ran,
            tuple(costs),
        )

    def built(self, side: int) -> tuple[Built, str]:
        """A side, built: cold where costs are measured, and else as usual, from its own context."""
        if self.task.runs:
            return self.bench.build(side, 0, cost.COLD)
        return self.bench.build(side, 0)

    def _fresh(self) -> Image:
        """The image of the file as it was, built now."""
        built, tag = self.bench.build(BEFORE, 0, cost.COLD)
        if built.failed:
            raise EngineError(f"without earlier layers the build fails before the fix, too: {built.failed}")
        found, _ = image.read(self.engine, tag)
        self.engine.remove(tag)
        return found

    def _base(self, side: int) -> str | None:
        """What the last stage starts from."""
        stages = self.bench.subjects[side].build().stages
        named = self.task.request.target
        stage = next((one for one in stages if named and one.name == named.lower()), stages[-1] if stages else None)
        return stage.chain[0].image if stage is not None else None

    def _costs(self, before: Built, after: Built, old: Image, new: Image) -> list[outcome.Cost]:
        if not self.task.runs:
            return []
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


_COUNTING = frozenset({outcome.LOST, outcome.NEW, outcome.CHANGED})


def _old(built: Built) -> bool:
    """Whether what a command made in a build may be of an earlier day."""
    return any(step.cached and " RUN " in f" {step.name} " for step in built.steps)


def _where(built: Built) -> str:
    return f"{built.step}: {built.failed}" if built.step else built.failed


def _reasons(
    packages: list[PackageChange],
    fields: list[FieldChange],
    files: list[FileChange],
    ran: Smoke,
    after: Image,
) -> list[str]:
    """What speaks against equivalence."""
    found = []
    for kind, text in ((outcome.LOST, "lost"), (outcome.NEW, "new"), (outcome.CHANGED, "of another version")):
        names = [f"{one.name} ({one.environment})" for one in packages if one.kind == kind]
        if names:
            found.append(f"{_counted(names, 'package')} {text}: {_some(names)}")
    moved = [f"{one.name} ({one.to})" for one in compare.unreachable(packages, after)]
    if moved:
        found.append(f"{_counted(moved, 'package')} moved to where nothing looks for them: {_some(moved)}")
    found += [f"{one.field} changed: {one.before} → {one.after}" for one in fields if one.counts]
    gone = [one.path for one in files if one.counts and one.after is None]
    if gone:
        found.append(f"{_counted(gone, 'file')} of the application lost: {_some(gone)}")
    other = [f"{one.path} ({one.before} → {one.after})" for one in files if one.counts and one.after is not None]
    if other:
        found.append(f"{_counted(other, 'file')} of the application with another owner or mode: {_some(other)}")
    objection = smoke.objection(ran)
    return [*found, *([objection] if objection else [])]


def _access(old: Image, new: Image, old_tree: Tree, new_tree: Tree) -> list[str]:
    """Installed files that the user of the image could read before, and can't now."""
    if compare.shut(old_tree, old):
        return []
    found = compare.shut(new_tree, new)
    return [f"{_counted(found, 'installed file')} can't be used by {new.config.user}: {_some(found)}"] if found else []


def _notes(packages: list[PackageChange], ran: Smoke) -> list[str]:
    found = []
    names = [f"{one.name} {one.before} → {one.after}" for one in packages if one.kind == outcome.DRIFTED]
    if names:
        found.append(
            f"nothing pins {_counted(names, 'package')}, and a fresh build before has the new version, too: {_some(names)}"
        )
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
