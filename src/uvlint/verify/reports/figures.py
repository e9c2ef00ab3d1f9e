"""What all reports of a verification show, in the same words: figures, what they changed by, and what differs."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from uvlint.lazy import regex
from uvlint.verify import outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvlint.verify.outcome import Built, Image, Outcome, PackageChange, Ran, Step

VERDICTS = {
    outcome.EQUIVALENT: "equivalent",
    outcome.DIFFERENT: "not equivalent",
    outcome.UNKNOWN: "could not be judged",
}
MARKS = {outcome.EQUIVALENT: "✓", outcome.DIFFERENT: "✗", outcome.UNKNOWN: "?"}
COSTS = {
    "cold": "cold build",
    "source": "rebuild, source changed",
    "requirement": "rebuild, requirement added",
}
KINDS = {
    outcome.LOST: "lost",
    outcome.NEW: "new",
    outcome.CHANGED: "other version",
    outcome.MOVED: "moved",
    outcome.DRIFTED: "newer release",
    outcome.SYSTEM: "of the system",
    outcome.INSTALLER: "installer",
}
"""What became of a package, worst first."""

_NOUNS = {outcome.CHANGED, outcome.DRIFTED, outcome.INSTALLER}
NONE = "\N{EN DASH}"
"""What stands where there is nothing."""
_MINUS, _TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
_MOUNTS = regex(r"--mount=\S+\s+")
_ALIKE = 0.05
"""Times that differ by less than this part are the same: no two builds take equally long."""


class Figure(NamedTuple):
    """A row of figures: as text, and as numbers (medians) where both sides have one. `note`: what it is of."""

    name: str
    before: str
    after: str
    change: str = ""
    numbers: tuple[float, float] | None = None
    note: str = ""


def figures(found: Outcome) -> list[Figure]:
    """The size and the times, as far as they are known."""
    old, new = found.before.image, found.after.image
    rows = []
    if old and new:
        rows.append(Figure("image", size(old.size), size(new.size), shrunk(old.size, new.size), (old.size, new.size)))
    if not any(one.kind == "cold" and one.before for one in found.costs):
        rows += _builds(found.before.build, found.after.build)
    for one in found.costs:
        if one.before and one.after:
            numbers = median(one.before), median(one.after)
            change = sped(one.before, one.after)
            rows.append(
                Figure(COSTS[one.kind], times(one.before), times(one.after), change, numbers, one.note or one.what)
            )
        else:
            rows.append(Figure(COSTS[one.kind], NONE, NONE, "", None, one.note))
    if old and new:
        rows.append(Figure("packages", str(_packages(old)), str(_packages(new))))
        rows.append(Figure("files", f"{old.files:,}", f"{new.files:,}"))
    pulled = [one.build.pulled if one.build else None for one in (found.before, found.after)]
    if any(pulled):
        texts = [NONE if one is None else size(one) for one in pulled]
        rows.append(Figure("fetched by the engine", texts[0], texts[1]))
    return rows


def _builds(before: Built | None, after: Built | None) -> list[Figure]:
    if not before or not after:
        return []
    texts = ["failed" if one.failed else seconds(one.seconds) for one in (before, after)]
    return [Figure("build", texts[0], texts[1])]


def _packages(image: Image) -> int:
    return sum(len(one.packages) for one in image.environments)


def size(number: float) -> str:
    """Bytes as `docker images` shows them: thousands, not 1024s."""
    value = float(number)
    for unit in ("B", "kB", "MB"):
        if round(value) < 1000:
            return f"{value:.1f} {unit}" if unit == "MB" and value < 10 else f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.2f} GB"


def seconds(value: float) -> str:
    if value < 99.95:
        return f"{value:.1f} s" if value < 9.95 else f"{value:.0f} s"
    return f"{round(value) // 60} min {round(value) % 60:02} s"


def times(values: Sequence[float]) -> str:
    """The median, and the range of several."""
    if len(values) == 1:
        return seconds(values[0])
    least, most = seconds(min(values)), seconds(max(values))
    if least.partition(" ")[2] == most.partition(" ")[2] == "s":
        least = least.removesuffix(" s")
    return f"{seconds(median(values))} ({least} to {most})"


def shrunk(before: float, after: float) -> str:
    """By how much a size changed."""
    if not before:
        return ""
    part = 100 * (after - before) / before
    return "the same" if abs(part) < 0.5 else f"{_MINUS if part < 0 else '+'}{abs(part):.0f} %"


def sped(before: Sequence[float], after: Sequence[float]) -> str:
    """How many times faster or slower; nothing is claimed where the runs of both sides overlap."""
    old, new = median(before), median(after)
    if not old or not new:
        return ""
    overlap = len(before) > 1 and min(before) <= max(after) and min(after) <= max(before)
    if overlap or abs(old - new) < _ALIKE * max(old, new):
        return "about the same"
    factor, word = (old / new, "faster") if new < old else (new / old, "slower")
    return f"{factor:.0f}{_TIMES} {word}" if factor >= 9.95 else f"{factor:.1f}{_TIMES} {word}"


# What differs -----------------------------------------------------------------------------------------------------------


def packages(found: Outcome) -> list[PackageChange]:
    """The differences, those first that count."""
    order = list(KINDS)
    return sorted(found.packages, key=lambda one: (order.index(one.kind), one.environment, one.name))


def packages_said(found: Outcome) -> str:
    """What became of the packages, in a sentence; "" where there are no images."""
    if not (found.before.image and found.after.image):
        return ""
    kinds = [one.kind for one in found.packages]
    told = [
        counted(kinds.count(kind), word) if kind in _NOUNS else f"{kinds.count(kind)} {word}"
        for kind, word in KINDS.items()
        if kind in kinds
    ]
    held = _packages(found.before.image) - sum(one.before is not None for one in found.packages)
    return ", ".join([*told, f"{counted(held, 'package')} the same"])


def files_said(found: Outcome) -> str:
    """How many files differ, in a sentence."""
    lost, gained = (sum(getattr(one, name) is None for one in found.files) for name in ("after", "before"))
    other = len(found.files) - lost - gained
    told = [(lost, "lost"), (gained, "gained"), (other, "with another owner or mode")]
    return ", ".join(f"{count} {word}" for count, word in told if count)


def shown(value: str | None) -> str:
    """A version, or an owner and mode."""
    return value or NONE


def status(ran: Ran) -> str:
    return "still ran when the time was up" if ran.status is None else f"exit {ran.status}"


def counted(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


# Layers and steps -------------------------------------------------------------------------------------------------------


class Part(NamedTuple):
    """A layer; those of the base image are one. `instructions`: what made it, one or, of the base image, all."""

    number: int
    size: int
    instructions: tuple[str, ...]
    base: bool


def parts(image: Image) -> list[Part]:
    """The layers that weigh something, in the order they were made."""
    base = [one for one in image.layers if one.base]
    found = [Part(0, sum(one.size for one in base), tuple(one.instruction for one in base), base=True)] if base else []
    own = [one for one in image.layers if not one.base and one.size]
    return [*found, *(Part(index, one.size, (one.instruction,), base=False) for index, one in enumerate(own, 1))]


class Timed(NamedTuple):
    """A step, and how long it took: until the build's end where it never came to its own."""

    step: Step
    seconds: float


def command(name: str) -> str:
    """A step's name on one line and without its mounts, which would leave no room for what it runs."""
    return " ".join(_MOUNTS.sub("", name).split())


def timed(build: Built) -> tuple[list[Timed], list[Timed]]:
    """The steps that took time, and the rest: cached, or done at once."""
    steps = [
        Timed(one, max(0.0, (build.seconds - one.started) if one.seconds is None else one.seconds))
        for one in build.steps
    ]
    least = max(0.05, 0.01 * build.seconds)
    shown = [one for one in steps if one.step.error or (one.seconds >= least and not one.step.cached)]
    return shown, [one for one in steps if one not in shown]
