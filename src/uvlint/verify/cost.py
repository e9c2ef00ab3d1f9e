"""What builds cost: cold, after a source file changed, after a requirement was added; before and after in turn.

A cold build uses no layer of an earlier one (`--no-cache`), and its cache mounts are empty: the copy of the file that is
built names mounts of its own (`sides.isolated`). The user's are not touched: some versions of BuildKit keep what is in a
mount when they are told `--no-cache`, others (Docker 28's) throw it away for good. Its rebuilds find its layers and its mounts, as a developer's would. Base
images are there already: fetching them is not measured. Times are those of the whole command, with the export of the image.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uvlint.verify import changes, sides
from uvlint.verify.engines import Order
from uvlint.verify.outcome import Cost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build
    from uvlint.verify.changes import Change
    from uvlint.verify.engines import Engine, Request
    from uvlint.verify.outcome import Built
    from uvlint.verify.reports.live import Watch
    from uvlint.verify.sides import Subject

COLD, SOURCE, REQUIREMENT = "cold", "source", "requirement"
NAMES = ("before", "after")
_DONE = {COLD: "built again", SOURCE: "after a source file changed", REQUIREMENT: "after a requirement was added"}


@dataclass(eq=False)
class Bench:
    """Where both sides are built. `unique` is in the name of all that is made; `temporary` a folder for it."""

    engine: Engine
    request: Request
    subjects: tuple[Subject, Subject]
    temporary: str
    unique: str
    watch: Watch

    def order(self, side: int, run: int, kind: str) -> Order:
        """A build of a side; of a kind that is measured, with the cache mounts of a run and not with the user's."""
        subject = self.subjects[side]
        name = f"{self.unique}-{NAMES[side]}-{run}"
        text = sides.isolated(subject.build(), name, labelled=self.labelled(name)) if kind else subject.text
        folder = os.path.join(self.temporary, f"file-{NAMES[side]}")
        sides.put(os.path.join(folder, "Dockerfile"), text)
        ignoring = sides.ignoring(subject)
        if ignoring is not None:
            sides.put(os.path.join(folder, "Dockerfile.dockerignore"), ignoring)
        mounts = os.path.join(self.temporary, f"mounts-{NAMES[side]}-{run}") if kind else None
        if mounts is not None:
            os.makedirs(mounts, exist_ok=True)
        return Order(os.path.join(folder, "Dockerfile"), subject.folder, kind == COLD, mounts)

    def labelled(self, name: str) -> bool:
        """Whether images are to have a label of a name: the engine keeps those of each instruction, and removes them."""
        label = f"{sides.LABEL}={name}"
        if self.engine.name != "docker" and label not in self.engine.labels:
            self.engine.labels.append(label)
        return self.engine.name != "docker"

    def build(self, side: int, run: int, kind: str = "") -> tuple[Built, str]:
        """Build a side; with it the tag of what came out. Without a kind it is built as usual."""
        order = self.order(side, run, kind)
        self.watch.begin(NAMES[side], kind)
        built, tag = self.engine.build(order, self.request, self.watch.step)
        self.watch.end(built)
        return built, tag

    def once(self, side: int, run: int, kind: str) -> Built:
        """Build a side and throw away what came out."""
        built, tag = self.build(side, run, kind)
        if tag:
            self.engine.remove(tag)
        return built

    def close(self) -> None:
        """Take the cache mounts of this bench away: nothing would ever use them again."""
        self.engine.forget(self.unique)


def measure(
    bench: Bench, first: tuple[Built, Built], installed: tuple[set[str], set[str]], runs: int
) -> tuple[list[Cost], list[str]]:
    """The costs of so many runs, and the rebuilds that fail after and not before.

    `first` are the cold builds of the first run, `installed` the names on each side.
    """
    plans = _plans(bench, installed[0] | installed[1])
    times: dict[str, tuple[list[float], list[float]]] = {kind: ([], []) for kind in (COLD, *plans)}
    wrong: dict[str, str] = {kind: _missing(kind, found) for kind, found in plans.items()}
    broken = []
    for side, built in enumerate(first):
        times[COLD][side].append(built.seconds)
    for run in range(runs):
        for kind in (COLD, *plans):
            if wrong.get(kind) or (kind == COLD and run == 0):
                continue
            both = _both(bench, run, kind, plans.get(kind))
            failed = [f"the build {NAMES[side]} fails: {both[side].failed}" for side in (0, 1) if both[side].failed]
            if failed:
                wrong[kind] = "; ".join(failed)
                if not both[0].failed:
                    broken.append(f"{_DONE[kind]}, {failed[0]}")
                continue
            for side in (0, 1):
                times[kind][side].append(both[side].seconds)
    return [
        Cost(kind, _what(plans.get(kind)), tuple(before), tuple(after), _note(wrong.get(kind, ""), before, runs))
        for kind, (before, after) in times.items()
    ], broken


def _plans(bench: Bench, installed: set[str]) -> dict[str, list[Change | None]]:
    """What is changed for each kind of rebuild, on each side."""
    pairs = [(one.build(), one) for one in bench.subjects]
    return {
        SOURCE: [changes.source(*pair) for pair in pairs],
        REQUIREMENT: [changes.requirement(*pair, installed) for pair in pairs],
    }


def _both(bench: Bench, run: int, kind: str, plan: list[Change | None] | None) -> dict[int, Built]:
    """Both sides, built in turn after a change."""
    built = {}
    for side in _turns(run):
        change = plan[side] if plan is not None else None
        if change is not None:
            # Not the same on both sides: the second would find the layers of the first, as far as the files are alike.
            change.apply(bench.subjects[side], f"{bench.unique} {run} {NAMES[side]}")
        built[side] = bench.once(side, run, kind)
    return built


def _note(wrong: str, before: list[float], runs: int) -> str:
    """Why there are no times, or fewer than were asked for."""
    return f"{len(before)} of {runs} runs: {wrong}" if wrong and before else wrong


def _turns(run: int) -> tuple[int, int]:
    """Neither side always goes first."""
    return (0, 1) if run % 2 == 0 else (1, 0)


def _missing(kind: str, found: list[Change | None]) -> str:
    if all(found):
        return ""
    return {
        SOURCE: "no Python file of the context was seen to be copied into the image",
        REQUIREMENT: "no file of the context was seen to list the requirements",
    }[kind]


def _what(found: list[Change | None] | None) -> str:
    shown = [change.what for change in found or () if change is not None]
    return " / ".join(dict.fromkeys(shown))


# Base images -----------------------------------------------------------------------------------------------------------


def images(build: Build) -> Iterator[str]:
    """The images that a file names, as far as they are known."""
    from uvlint.syntax import mount  # noqa: PLC0415 - a file is measured, not checked

    for stage in build.stages:
        if stage.parent is None and stage.image and stage.image != "scratch":
            yield stage.image
        for step in stage.steps:
            flag = step.instruction.flag("from")
            mounts = [one for name in step.instruction.flags_named("mount") if (one := mount(name)) is not None]
            for written in [flag.value if flag else None, *(one.keys.get("from") for one in mounts)]:
                named = step.expand(written) if written else None
                if named and build.stage_named(named, stage) is None and named not in {"context", "scratch"}:
                    yield named


def fetch(bench: Bench) -> None:
    """Have the engine fetch what both files start from, so that the first one built doesn't pay for it."""
    named = list(dict.fromkeys(name for one in bench.subjects for name in images(one.build())))
    if not named:
        return
    label = f"LABEL {sides.LABEL}={bench.unique}\n" if bench.labelled(bench.unique) else ""
    lines = [f"FROM {name} AS uvlint{index}\n{label}WORKDIR /uvlint-fetched\n" for index, name in enumerate(named)]
    lines += [f"FROM scratch\n{label}"]
    lines += [f"COPY --from=uvlint{index} /uvlint-fetched /{index}\n" for index in range(len(named))]
    folder = os.path.join(bench.temporary, "fetch")
    sides.put(os.path.join(folder, "Dockerfile"), "".join(lines))
    order = Order(os.path.join(folder, "Dockerfile"), folder)
    bench.watch.begin("base images", "")
    built, tag = bench.engine.build(order, replace(bench.request, target=None), bench.watch.step)
    bench.watch.end(built)
    if tag:
        bench.engine.remove(tag)
