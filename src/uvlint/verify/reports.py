"""Reports of a verification: one function a format, from an Outcome to text.

`json` is `asdict` of the Outcome; its `version` says which fields there are.
"""

from __future__ import annotations

from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING

from uvlint.verify import outcome

if TYPE_CHECKING:
    from rich.console import Console

    from uvlint.verify.outcome import Built, Image, Outcome

_STYLE = {outcome.EQUIVALENT: "bold green", outcome.DIFFERENT: "bold red", outcome.UNKNOWN: "bold yellow"}
_TITLE = {
    outcome.EQUIVALENT: "equivalent",
    outcome.DIFFERENT: "not equivalent",
    outcome.UNKNOWN: "could not be judged",
}
_COSTS = {"cold": "cold build", "source": "rebuild, source changed", "requirement": "rebuild, requirement added"}


def json(found: Outcome) -> str:
    from json import dumps  # noqa: PLC0415

    return dumps(asdict(found), indent=2) + "\n"


def full(found: Outcome, console: Console, *, files: bool) -> None:
    """Tables for a terminal. `files`: all files that differ, rather than how many."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table("", found.before.label, found.after.label, title=None, header_style="bold")
    for name, before, after in _rows(found):
        table.add_row(name, Text(before), Text(after))
    if table.row_count:
        console.print(table)
    for name, lines in _sections(found, files=files):
        console.print(Text(name, "bold"))
        for line in lines:
            console.print(Text(f"  {line}"), soft_wrap=True)
    for note in found.notes:
        console.print(Text(f"note: {note}"), soft_wrap=True)
    console.print(Text(f"{found.dockerfile}: {_TITLE[found.verdict]}", _STYLE[found.verdict]), soft_wrap=True)
    for reason in found.reasons:
        console.print(Text(f"  {reason}"), soft_wrap=True)


def _rows(found: Outcome) -> list[tuple[str, str, str]]:
    rows = []
    old, new = found.before.image, found.after.image
    if found.before.build and found.after.build:
        rows.append(("build", _built(found.before.build), _built(found.after.build)))
    if old and new:
        rows.append(("size", size(old.size), size(new.size)))
        rows.append(("packages", _packages(old), _packages(new)))
    for one in found.costs:
        if one.note:
            rows.append((_COSTS[one.kind], one.note, ""))
        else:
            rows.append((_COSTS[one.kind], times(one.before), times(one.after)))
    return rows


def _packages(image: Image) -> str:
    return str(sum(len(one.packages) for one in image.environments))


def _built(build: Built) -> str:
    return "failed" if build.failed else f"{build.seconds:.1f} s"


def times(seconds: tuple[float, ...]) -> str:
    """The median, and the range of several."""
    if len(seconds) == 1:
        return f"{seconds[0]:.1f} s"
    return f"{median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"


def size(number: int) -> str:
    """Bytes as `docker images` shows them."""
    value = float(number)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.2f} GB"


def _sections(found: Outcome, *, files: bool) -> list[tuple[str, list[str]]]:
    sections = [
        (f"{side.label}: {side.build.step}", [*side.build.tail, side.build.failed])
        for side in (found.before, found.after)
        if side.build and side.build.failed
    ]
    packages = [
        f"{one.kind:9} {one.environment} {one.name} {one.before or '-'} → {one.after or '-'}" for one in found.packages
    ]
    sections.append(("packages", packages))
    sections.append(("image", [f"{one.field}: {one.before} → {one.after}" for one in found.config]))
    listed = [f"{one.before or '-'} → {one.after or '-'}  {one.path}" for one in found.files]
    lost, gained = (sum(getattr(one, name) is None for one in found.files) for name in ("after", "before"))
    summary = (
        f"{lost} lost, {gained} gained, {len(listed) - lost - gained} with another owner or mode (--files lists them)"
    )
    sections.append(("files outside environments and caches", listed if files or len(listed) <= 5 else [summary]))
    if found.smoke.reason:
        sections.append(("starts", [found.smoke.reason]))
    elif found.smoke.before and found.smoke.after:
        shown = [
            f"{one.status if one.status is not None else 'still running'}"
            for one in (found.smoke.before, found.smoke.after)
        ]
        sections.append(("starts", [f"{found.smoke.command}: exit {shown[0]} → {shown[1]}"]))
    return [(name, lines) for name, lines in sections if lines]
