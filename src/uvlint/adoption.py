"""What the fixes that hand another tool's command line to uv have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import edits, environments, obstacles, provision, targets
from uvlint.diagnostics import Fix, Safety
from uvlint.plan import Install

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvlint.calls import Call
    from uvlint.diagnostics import Edit
    from uvlint.tools.options import Given, Table


def where(call: Call) -> list[str] | str:
    """The options that name the environment a command line works on; or why uv can't work there."""
    why = obstacles.of_command(call)
    target = environments.of_pip(call)
    if why or target is None:
        return why or "which environment it works on can't be told"
    place = obstacles.place(Install(call, "pip", [], target=target))
    return place or targets.options(call, target)


def blocked(given: Sequence[Given]) -> str:
    """Why an option has no equal in uv, "" where each has one."""
    return next((one.option.note for one in given if one.option is not None and one.option.action == "block"), "")


def reworded(call: Call, given: Sequence[Given], rows: Table) -> list[list[Edit] | None]:
    """The edits of a command's options, as their rows say."""
    found: list[list[Edit] | None] = []
    for one in given:
        option = one.option
        if option is None or (option.action == "keep" and one.name in rows):
            continue
        if one.bundle or (one.attached and option.action == "rename"):
            found.append(None)
        elif option.action == "drop":
            found.append(edits.delete_words(call, one.first, one.last))
        elif option.spelling != one.name:
            found.append(edits.replace_words(call, one.first, one.first + 1, option.spelling))
    return found


def obstacle(call: Call) -> str:
    """Why uv can't be brought to a command line, "" where it is there or can be."""
    if environments.has_uv(call):
        return ""
    if environments.may_have_uv(call):
        return "uv was installed before, but where is not known"
    if provision.arriving(call.step) is not None:
        return "uv is copied only later in this stage: move that COPY up"
    return ""


def written(
    call: Call, title: str, parts: Sequence[list[Edit] | None], note: str, *, compiled: bool = True
) -> Fix | str:
    """The fix made of a command line's edits, and of what brings uv; unsafe where there is a note."""
    why = obstacle(call)
    if why:
        return why
    joined = edits.joined(parts)
    settled = None if joined is None else edits.settled(call.step, joined)
    if settled is None:
        return "its words can't be edited where they stand"
    brought = provision.edits_for(call, call.step, mounted=False, compiled=compiled)
    safety = Safety.UNSAFE if note else Safety.SAFE
    return Fix(title, tuple(dict.fromkeys([*brought, *settled])), safety, note)
