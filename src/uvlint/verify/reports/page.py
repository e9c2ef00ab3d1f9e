"""The report as a page: one file, no script, nothing from elsewhere. Bars are boxes whose width is a share.

Before is hatched and after is filled, and all that a colour says is said in words, too.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from uvlint.verify.reports import differences, figures, timeline
from uvlint.verify.reports.markup import code, lines, long, said, share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.verify.outcome import Built, Image, Outcome
    from uvlint.verify.reports.figures import Figure, Part

_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
"""
_WIDE = 0.035
"""So much of the stacked bar has room for a number."""


def text(found: Outcome, *, files: bool = False) -> str:
    """The page. `files`: with all files that differ, rather than the first ones."""
    title = said(f"{found.dockerfile}: {figures.VERDICTS[found.verdict]}")
    parts = [
        _HEAD.format(title=title, style=_style()),
        _verdict(found),
        _cards(figures.figures(found)),
        *_failures(found),
        *_layers(found.before.image, found.after.image),
        *timeline.section(found),
        *differences.sections(found, files=files),
        _footer(found),
        "</main>\n</body>\n</html>\n",
    ]
    return "".join(parts)


def _style() -> str:
    from importlib import resources  # noqa: PLC0415

    return resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")


def _verdict(found: Outcome) -> str:
    reasons = "".join(f"<li>{said(one)}</li>\n" for one in found.reasons)
    notes = "".join(f"<p class=dim>{said(one)}</p>\n" for one in found.notes)
    keys = "".join(
        f'<li><i class="{name}"></i>{name}: {said(side.label)}</li>\n'
        for name, side in (("before", found.before), ("after", found.after))
    )
    return (
        f'<header class="verdict {found.verdict}">\n'
        f'<div class="mark" aria-hidden="true">{figures.MARKS[found.verdict]}</div>\n<div>\n'
        f"<h1>{said(found.dockerfile).replace('/', '/<wbr>')}: <strong>{figures.VERDICTS[found.verdict]}</strong></h1>\n"
        + (f"<ul>\n{reasons}</ul>\n" if reasons else "")
        + f'{notes}<ul class="key">\n{keys}</ul>\n</div>\n</header>\n'
    )


# Figures ----------------------------------------------------------------------------------------------------------------


def _cards(rows: list[Figure]) -> str:
    drawn = "".join(_card(row) for row in rows if row.numbers)
    others = [row for row in rows if not row.numbers]
    told = "".join(
        f"<tr><td>{escape(row.name)}</td><td>{escape(row.before)}</td><td>{escape(row.after)}</td>"
        f"<td class=dim>{said(row.note)}</td></tr>\n"
        for row in others
    )
    table = f"<table>\n<tr><th></th><th>before</th><th>after</th><th></th></tr>\n{told}</table>\n" if told else ""
    return (f'<section class="cards" aria-label="Figures">\n{drawn}</section>\n' if drawn else "") + table


def _card(row: Figure) -> str:
    assert row.numbers is not None  # noqa: S101 - others are not drawn
    most = max(row.numbers)
    bars = "".join(
        f"<dt><span>{name}</span><span>{escape(shown)}</span></dt>\n"
        f'<dd><i class="bar {name}" style="width:{share(number, most)}"></i></dd>\n'
        for name, shown, number in zip(("before", "after"), (row.before, row.after), row.numbers, strict=True)
    )
    note = f"<p>{said(row.note)}</p>\n" if row.note else ""
    return (
        f'<div class="card">\n<h3>{escape(row.name)}</h3>\n<div class="change">{escape(row.change)}</div>\n'
        f"<dl>\n{bars}</dl>\n{note}</div>\n"
    )


def _failures(found: Outcome) -> Iterator[str]:
    for name, side in (("before", found.before), ("after", found.after)):
        if side.build and side.build.failed:
            yield _failure(name, side.build)


def _failure(name: str, built: Built) -> str:
    tail = "\n".join([*built.tail, built.failed])
    where = f"<p>{code(built.step)}</p>\n" if built.step else ""
    return f"<section>\n<h2>{name.capitalize()}, the build fails</h2>\n{where}<pre>{lines(tail)}</pre>\n</section>\n"


# Layers -----------------------------------------------------------------------------------------------------------------


def _layers(before: Image | None, after: Image | None) -> Iterator[str]:
    sides = [(name, image, figures.parts(image)) for name, image in (("before", before), ("after", after)) if image]
    if not sides:
        return
    most = max(image.size for _, image, _ in sides)
    largest = max((part.size for _, _, parts in sides for part in parts), default=0)
    yield "<section>\n<h2>Layers</h2>\n"
    yield '<p class="dim small">Unpacked, to scale. Outlined: the base image.</p>\n'
    for name, image, parts in sides:
        yield _stack(name, image, parts, most)
    yield '<div class="sides">\n'
    for name, _, parts in sides:
        rows = "".join(_layer(name, part, largest) for part in parts)
        yield f'<div>\n<h3>{name}</h3>\n<ol class="layers">\n{rows}</ol>\n</div>\n'
    yield "</div>\n</section>\n"


def _stack(name: str, image: Image, parts: list[Part], most: int) -> str:
    boxes = "".join(
        f'<i class="{"base" if part.base else name}" style="width:{share(part.size, most)}"'
        f' title="{escape(f"{_number(part)}: {figures.size(part.size)}")}">'
        f"{f'<b>{_number(part)}</b>' if part.size > _WIDE * most else ''}</i>"
        for part in parts
    )
    label = f"{name}: " + ", ".join(f"{_number(part)} {figures.size(part.size)}" for part in parts)
    return (
        f'<div class="stack"><span>{name}</span><div role="img" aria-label="{escape(label)}">{boxes}</div>'
        f"<span>{figures.size(image.size)}</span></div>\n"
    )


def _number(part: Part) -> str:
    return "base" if part.base else str(part.number)


def _layer(name: str, part: Part, largest: int) -> str:
    if part.base:
        rows = "\n".join(part.instructions)
        what = f"<details><summary>base image</summary><pre>{lines(rows)}</pre></details>"
    else:
        what = long(part.instructions[0])
    bar = f'<i class="bar {name}" style="width:{share(part.size, largest)}"></i>'
    number = "" if part.base else part.number
    return (
        f"<li{' class=base' if part.base else ''}><b>{number}</b><div>{what}{bar}</div>"
        f"<span>{figures.size(part.size)}</span></li>\n"
    )


def _footer(found: Outcome) -> str:
    engine = f"Built by {said(found.engine)}. " if found.engine else ""
    times = (
        "Times are those of the whole build, the export of the image included; a cold build finds no layer and empty "
        "caches, and the base images are there already."
        if found.costs
        else ""
    )
    return f'<footer class="dim small">\n<p>{engine}{times}</p>\n</footer>\n' if engine else ""
