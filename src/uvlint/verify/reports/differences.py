"""What differs between both images, for the page: packages, configuration, files, and whether what it runs starts."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from uvlint.verify import outcome
from uvlint.verify.reports import figures
from uvlint.verify.reports.markup import code, lines, said, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.verify.outcome import Config, Image, Outcome, Ran

_FEW = 200
"""So many files are listed where not all are asked for."""
_COUNTING = {outcome.LOST, outcome.NEW, outcome.CHANGED}


def sections(found: Outcome, *, files: bool) -> Iterator[str]:
    old, new = found.before.image, found.after.image
    if old is None or new is None:
        return
    yield from _packages(found, old, new)
    yield from _image(found, new.config)
    yield from _files(found, files=files)
    yield from _starts(found)


def _packages(found: Outcome, old: Image, new: Image) -> Iterator[str]:
    yield f"<section>\n<h2>Packages</h2>\n<p>{said(figures.packages_said(found))}</p>\n"
    rows = [
        (
            (
                figures.KINDS[one.kind],
                code(one.name),
                said(one.before or "–"),
                said(one.after or "–"),
                code(one.environment) + (f" → {code(one.to)}" if one.to else ""),
            ),
            one.kind in _COUNTING,
        )
        for one in figures.packages(found)
    ]
    if rows:
        yield table(("", "package", "before", "after", "environment"), rows)
    every = [
        ((code(prefix), code(name), said(was or "–"), said(now or "–")), False)
        for prefix, name, was, now in _all(old, new)
    ]
    if every:
        yield "<details>\n<summary>All packages</summary>\n"
        yield table(("environment", "package", "before", "after"), every)
        yield "</details>\n"
    yield "</section>\n"


def _all(old: Image, new: Image) -> Iterator[tuple[str, str, str | None, str | None]]:
    sides = [{one.prefix: one.packages for one in image.environments} for image in (old, new)]
    for prefix in sorted({*sides[0], *sides[1]}):
        was, now = sides[0].get(prefix, {}), sides[1].get(prefix, {})
        yield from ((prefix, name, was.get(name), now.get(name)) for name in sorted({*was, *now}))


def _image(found: Outcome, config: Config) -> Iterator[str]:
    yield "<section>\n<h2>Image</h2>\n"
    runs = shlex.join([*config.entrypoint, *config.command])
    told = f"Runs {code(runs)}" if runs else "Runs nothing by itself,"
    yield f"<p>{told} in {code(config.workdir or '/')} as {code(config.user or 'root')}.</p>\n"
    rows = [
        (
            (said(one.field), code(_value(one.before)), code(_value(one.after)), "counts" if one.counts else ""),
            one.counts,
        )
        for one in found.config
    ]
    if rows:
        yield table(("", "before", "after", ""), rows)
    else:
        yield "<p>Entry point, command, user, environment, ports, volumes and labels are the same.</p>\n"
    yield "</section>\n"


def _value(value: str | None) -> str:
    return "–" if value is None else value


def _files(found: Outcome, *, files: bool) -> Iterator[str]:
    yield "<section>\n<h2>Files</h2>\n"
    if not found.files:
        yield "<p>Outside environments and caches, the same files with the same owners and modes.</p>\n</section>\n"
        return
    yield f"<p>Outside environments and caches: {figures.files_said(found)}.</p>\n"
    listed = sorted(found.files, key=lambda one: not one.counts)
    most = len(listed) if files else _FEW
    rows = [((code(one.path), said(one.before or "–"), said(one.after or "–")), one.counts) for one in listed[:most]]
    few = len(rows) <= 5 or any(one.counts for one in listed)
    yield "" if few else "<details>\n<summary>The files</summary>\n"
    yield table(("path", "owner and mode before", "after"), rows)
    if len(listed) > most:
        yield f"<p class=dim>and {len(listed) - most} more, which <code>--files</code> lists</p>\n"
    yield "" if few else "</details>\n"
    yield "</section>\n"


def _starts(found: Outcome) -> Iterator[str]:
    smoke = found.smoke
    yield "<section>\n<h2>Starts</h2>\n"
    if smoke.before is None or smoke.after is None:
        yield f"<p>Not tried: {said(smoke.reason)}</p>\n"
    else:
        yield f"<p>{code(smoke.command)}</p>\n"
        yield table(
            ("", "outcome", "time"),
            [
                (("before", *_ran(smoke.before)), False),
                (("after", *_ran(smoke.after)), bool(smoke.after.status) and not smoke.before.status),
            ],
        )
        for name, ran in (("before", smoke.before), ("after", smoke.after)):
            if ran.status and ran.tail:
                shown = "\n".join(ran.tail)
                yield f"<h3>{name}</h3>\n<pre>{lines(shown)}</pre>\n"
    yield "</section>\n"


def _ran(ran: Ran) -> tuple[str, str]:
    return figures.status(ran), figures.seconds(ran.seconds)
