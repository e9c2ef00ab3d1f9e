"""The report as Markdown: fit for a CI job's summary, a pull request or a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint.lazy import regex
from uvlint.reports import printable
from uvlint.verify import outcome
from uvlint.verify.reports import figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uvlint.verify.outcome import Built, Image, Outcome

_MARKS = {outcome.EQUIVALENT: "✅", outcome.DIFFERENT: "❌", outcome.UNKNOWN: "❔"}
_SPECIAL = regex(r"([\\`*_{}\[\]<>|#~&!])")
_TICKS = regex(r"`+")
_FEW = 50
"""So many files are listed where not all are asked for."""


def text(found: Outcome, *, files: bool = False) -> str:
    """The report. `files`: with all files that differ, rather than the first ones."""
    return "\n".join(_lines(found, files=files)) + "\n"


def _lines(found: Outcome, *, files: bool) -> Iterator[str]:
    yield f"## {_MARKS[found.verdict]} {_code(found.dockerfile)}: {figures.VERDICTS[found.verdict]}"
    yield ""
    if found.reasons:
        yield from (f"- {_text(one)}" for one in found.reasons)
        yield ""
    rows = [
        (one.name, _text(one.before), _text(one.after), one.change, _text(one.note)) for one in figures.figures(found)
    ]
    if rows:
        yield from _table(
            ("", f"before: {_text(found.before.label)}", f"after: {_text(found.after.label)}", "", ""), rows
        )
    for name, side in (("before", found.before), ("after", found.after)):
        if side.build and side.build.failed:
            yield from _failure(name, side.build)
    yield from _packages(found)
    yield from _image(found)
    yield from _files(found, files=files)
    yield from _starts(found)
    for name, side in (("before", found.before), ("after", found.after)):
        if side.image:
            yield from _layers(name, side.image)
    if found.notes:
        yield from (f"> {_text(one)}" for one in found.notes)
        yield ""
    if found.engine:
        yield f"<sub>Built by {_text(found.engine)}.</sub>"


def _failure(name: str, built: Built) -> Iterator[str]:
    yield f"### {name.capitalize()}, the build fails"
    yield ""
    if built.step:
        yield f"{_code(built.step)}:"
        yield ""
    yield from _fenced([*built.tail, built.failed])


def _packages(found: Outcome) -> Iterator[str]:
    told = figures.packages_said(found)
    if not told:
        return
    yield f"**Packages**: {told}"
    yield ""
    rows = [
        (
            f"**{figures.KINDS[one.kind]}**" if one.kind in outcome.COUNTING else figures.KINDS[one.kind],
            _code(one.name),
            _text(figures.shown(one.before)),
            _text(figures.shown(one.after)),
            _code(one.environment) + (f" → {_code(one.to)}" if one.to else ""),
        )
        for one in figures.packages(found)
    ]
    if rows:
        yield from _table(("", "package", "before", "after", "environment"), rows)


def _image(found: Outcome) -> Iterator[str]:
    if not (found.before.image and found.after.image):
        return
    if not found.config:
        yield "**Image**: entry point, command, user, environment, ports, volumes and labels are the same"
        yield ""
        return
    yield "**Image**"
    yield ""
    rows = [
        (f"**{_text(one.field)}**" if one.counts else _text(one.field), _value(one.before), _value(one.after))
        for one in found.config
    ]
    yield from _table(("", "before", "after"), rows)


def _files(found: Outcome, *, files: bool) -> Iterator[str]:
    if not found.files:
        return
    listed = sorted(found.files, key=lambda one: not one.counts)
    most = len(listed) if files else _FEW
    rows = [
        (
            f"**{_code(one.path)}**" if one.counts else _code(one.path),
            _text(figures.shown(one.before)),
            _text(figures.shown(one.after)),
        )
        for one in listed[:most]
    ]
    if len(listed) > most:
        rows.append((f"and {len(listed) - most} more", "", ""))
    title = f"Files outside environments and caches: {figures.files_said(found)}"
    yield from _folded(title, _table(("path", "before", "after"), rows))


def _starts(found: Outcome) -> Iterator[str]:
    smoke = found.smoke
    if smoke.reason:
        yield f"**Starts**: not tried, {_text(smoke.reason)}"
        yield ""
    elif smoke.before and smoke.after:
        yield f"**Starts**: {_code(smoke.command)}: {figures.status(smoke.before)} → {figures.status(smoke.after)}"
        yield ""
        if smoke.after.status and smoke.after.status != smoke.before.status:
            yield from _fenced(smoke.after.tail)


def _layers(name: str, image: Image) -> Iterator[str]:
    rows = [
        (figures.size(one.size), "base image" if one.base else _code(" ".join(one.instructions[0].split())))
        for one in figures.parts(image)
    ]
    yield from _folded(f"Layers {name}: {figures.size(image.size)}", _table(("size", "instruction"), rows))


# Markup -----------------------------------------------------------------------------------------------------------------


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _folded(title: str, inner: Iterable[str]) -> Iterator[str]:
    """Lines to be opened. The title is this program's own words."""
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield from inner
    yield "</details>"
    yield ""


def _fenced(lines: Iterable[str]) -> Iterator[str]:
    shown = [printable(line) for line in lines]
    fence = "`" * max(3, 1 + max((len(run) for line in shown for run in _TICKS.findall(line)), default=0))
    yield f"{fence}text"
    yield from shown
    yield fence
    yield ""


def _text(text: str) -> str:
    """Text from elsewhere, of which nothing is markup."""
    return _SPECIAL.sub(r"\\\1", printable(text))


def _code(text: str) -> str:
    """Code in a cell of a table: a bar would end the cell, even there."""
    if "\\|" in text:  # the first would be taken to escape the second
        return _text(text)
    shown = printable(text).replace("|", "\\|")
    ticks = "`" * (1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    room = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{room}{shown}{room}{ticks}"


def _value(value: str | None) -> str:
    return figures.NONE if value is None else _code(value) if value else '""'
