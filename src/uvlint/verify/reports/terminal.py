"""The report for a terminal: tables, then what differs, the verdict last."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from uvlint.reports import out, printable
from uvlint.verify import outcome
from uvlint.verify.reports import figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

    from uvlint.verify.outcome import Outcome

_STYLES = {outcome.EQUIVALENT: "bold green", outcome.DIFFERENT: "bold red", outcome.UNKNOWN: "bold yellow"}
_COUNTS = "bold red"
_FEW = 5
"""So many files are listed where they aren't asked for."""

Line = tuple[str, str]
"""A line and its style."""


def show(found: Outcome, stream: IO[str], *, files: bool, color: str) -> None:
    """Write the report. `files`: all files that differ, rather than how many."""
    from rich.text import Text  # noqa: PLC0415

    console = _console(stream, color)
    rows = figures.figures(found)
    if rows:
        console.print(_table(found, rows))
    for title, lines in _sections(found, files=files):
        console.print(Text(title, "bold"), soft_wrap=True)
        for line, style in lines:
            console.print(Text(f"  {printable(line)}", style), soft_wrap=True)
    for note in found.notes:
        console.print(Text.assemble(("note", "bold"), f": {printable(note)}"), soft_wrap=True)
    verdict = f"{printable(found.dockerfile)}: {figures.VERDICTS[found.verdict]}"
    console.print(Text(verdict, _STYLES[found.verdict]), soft_wrap=True)
    for reason in found.reasons:
        console.print(Text(f"  {printable(reason)}"), soft_wrap=True)


def _console(stream: IO[str], color: str) -> Console:
    from rich.console import Console  # noqa: PLC0415

    if out.coloured(stream, color):
        return out.console(stream)
    return Console(file=stream, no_color=True, highlight=False, markup=False, emoji=False)


def _table(found: Outcome, rows: list[figures.Figure]) -> Table:
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column(Text(f"before\n{printable(found.before.label)}"), justify="right", overflow="fold")
    table.add_column(Text(f"after\n{printable(found.after.label)}"), justify="right", overflow="fold")
    table.add_column("", overflow="fold")
    for row in rows:
        better = row.numbers is not None and row.numbers[1] < row.numbers[0]
        told = row.change or ("" if row.numbers else row.note)
        style = "green" if better else "dim" if row.numbers is None else ""
        table.add_row(row.name, Text(row.before), Text(row.after), Text(printable(told), style))
    return table


def _sections(found: Outcome, *, files: bool) -> Iterator[tuple[str, list[Line]]]:
    for side in (found.before, found.after):
        if side.build and side.build.failed:
            where = side.build.step or "the build"
            lines = [(line, "") for line in side.build.tail]
            yield f"{side.label}: {printable(where)}", [*lines, (side.build.failed, _COUNTS)]
    told = figures.packages_said(found)
    if told:
        yield f"packages: {told}", list(_packages(found))
    if found.config:
        yield (
            "image",
            [
                (f"{one.field}: {_value(one.before)} → {_value(one.after)}", _COUNTS if one.counts else "")
                for one in found.config
            ],
        )
    if found.files:
        yield f"files outside environments and caches: {figures.files_said(found)}", list(_files(found, files=files))
    if found.smoke.reason:
        yield f"starts: not tried, {printable(found.smoke.reason)}", []
    elif found.smoke.before and found.smoke.after:
        yield from _starts(found)


def _packages(found: Outcome) -> Iterator[Line]:
    for one in figures.packages(found):
        counts = one.kind in {outcome.LOST, outcome.NEW, outcome.CHANGED}
        where = f"{one.environment} → {one.to}" if one.to else one.environment
        yield (
            f"{figures.KINDS[one.kind]:13} {one.name} {figures.shown(one.before)} → {figures.shown(one.after)}  {where}",
            _COUNTS if counts else "",
        )


def _files(found: Outcome, *, files: bool) -> Iterator[Line]:
    most = len(found.files) if files else _FEW
    first = sorted(found.files, key=lambda one: not one.counts)
    for one in first[:most]:
        yield f"{figures.shown(one.before)} → {figures.shown(one.after)}  {one.path}", _COUNTS if one.counts else ""
    if len(first) > most:
        yield f"and {len(first) - most} more, which --files lists", "dim"


def _starts(found: Outcome) -> Iterator[tuple[str, list[Line]]]:
    before, after = found.smoke.before, found.smoke.after
    assert before is not None  # noqa: S101 - as asked above
    assert after is not None  # noqa: S101 - as above
    title = f"starts: {printable(found.smoke.command)}: {figures.status(before)} → {figures.status(after)}"
    yield title, [(line, "") for line in after.tail] if after.status and after.status != before.status else []


def _value(value: str | None) -> str:
    return figures.NONE if value is None else value or '""'
