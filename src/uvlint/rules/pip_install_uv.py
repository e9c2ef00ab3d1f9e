from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import acquisition, edits, environments, provision, removal
from uvlint.diagnostics import Diagnostic, Edit, Fix, Safety
from uvlint.rules import rule
from uvlint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.acquisition import Way
    from uvlint.model import Build

_MESSAGES = {
    "package": "uv installed as a package where its image has the program",
    "script": "uv installed by a script where its image has the program",
}


@rule("UVL102")
def pip_install_uv(build: Build) -> Iterator[Diagnostic]:
    """uv installed through pip or its script, where its image has the program."""
    for way in acquisition.ways(build):
        message, span = _MESSAGES[way.kind], _span(way)
        if way.why:
            yield Diagnostic(span, message, help=way.why)
            continue
        made = _edits(way)
        if made is None:
            yield Diagnostic(span, message, help="its words can't be removed where they stand")
            continue
        note = way.note or _changed(way)
        safety = Safety.UNSAFE if note else Safety.SAFE
        yield Diagnostic(span, message, Fix("Copy uv from its image", tuple(dict.fromkeys(made)), safety, note))


def _span(way: Way) -> Span:
    if way.words:
        return way.call.words[way.words[0]].span
    if way.commands and way.added is None:
        return Span(way.call.span.start, way.commands[-1].span.end if way.kind == "script" else way.call.span.end)
    return way.call.span


def _changed(way: Way) -> str:
    """What becomes of a release that the file names, where uv is there already."""
    if not environments.has_uv(way.call):
        return "the uv of the base image stays in the release it has" if way.call.program == "uv" else ""
    if not way.version or acquisition.release(way.call) == way.version:
        return ""
    return f"the uv that was there before is used instead of {way.version}"


def _edits(way: Way) -> list[Edit] | None:
    step = way.step
    build = step.stage.build
    found: list[Edit] = []
    there = way.call.program == "uv" or environments.has_uv(way.call)
    lines = [] if there else [provision.copy(build.settings, way.version)]
    if way.added is not None:
        found.append(edits.replace_instruction(build, way.added.instruction, []))
    first = provision.first_use(way.call)
    in_place = not way.words and first is step and removal.alone(way.commands)
    if lines and not in_place:
        found.append(edits.insert_below(build, provision.place_before(first), lines))
    if way.words:
        removed = edits.joined([edits.delete_words(way.call, index, index + 1) for index in way.words])
    else:
        removed = removal.take_out(way.commands, lines if in_place else ())
    return None if removed is None else [*found, *removed]
