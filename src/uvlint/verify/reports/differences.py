"""What differs between both images, for the page: packages, configuration, files, and whether what it runs starts."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from uvlint.verify import outcome
from uvlint.verify.reports import figures
from uvlint.verify.reports.markup import code, lines, loose, said, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.verify.outcome import Config, FileChange, Image, Outcome, Ran

_FEW = 200
"""So many files are listed where not all are asked for."""


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
                loose(figures.shown(one.before)),
                loose(figures.shown(one.after)),
                code(one.environment) + (f" → {code(one.to)}" if one.to else ""),
            ),
            one.kind in outcome.COUNTING,
        )
        for one in figures.packages(found)
    ]
    if rows:
        yield table(("", "package", "before", "after", "environment"), rows)
    every = [
        ((code(prefix), code(name), loose(figures.shown(was)), loose(figures.shown(now))), False)
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
    rows = [((loose(one.field), code(_value(one.before)), code(_value(one.after))), one.counts) for one in found.config]
    if rows:
        yield table(("", "before", "after"), rows)
    else:
        yield "<p>Entry point, command, user, environment, ports, volumes and labels are the same.</p>\n"
    yield "</section>\n"


def _value(value: str | None) -> str:
    return figures.NONE if value is None else value


def _files(found: Outcome, *, files: bool) -> Iterator[str]:
    yield "<section>\n<h2>Files</h2>\n"
    if not found.files:
        yield "<p>Outside environments and caches, the same files with the same owners and modes.</p>\n</section>\n"
        return
    yield f"<p>Outside environments and caches: {figures.files_said(found)}.</p>\n"
    head = "path", "owner and mode before", "after"
    counting = [one for one in found.files if one.counts]
    if counting:
        yield table(head, [_row(one) for one in counting])
    others = [one for one in found.files if not one.counts]
    if others:
        most = len(others) if files else _FEW
        yield f"<details>\n<summary>{'The others' if counting else 'The files'}</summary>\n"
        yield table(head, [_row(one) for one in others[:most]])
        if len(others) > most:
            yield f"<p class=dim>and {len(others) - most} more, which <code>--files</code> lists</p>\n"
        yield "</details>\n"
    yield "</section>\n"


def _row(one: FileChange) -> tuple[tuple[str, ...], bool]:
    return (code(one.path), loose(figures.shown(one.before)), loose(figures.shown(one.after))), one.counts


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
