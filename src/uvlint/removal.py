"""Taking command lines out of a RUN, or the RUN out of its stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, edits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvlint.calls import Call
    from uvlint.diagnostics import Edit


def alone(commands: Sequence[Call]) -> bool:
    """Whether their RUN does nothing else."""
    script = commands[0].step.script
    own = {id(one.command) for one in commands}
    return script is not None and all(id(one) in own for one in script.commands)


def take_out(commands: Sequence[Call], lines: Sequence[str] = ()) -> list[Edit] | None:
    """Deletes commands of one RUN, neighbours together; a RUN left with nothing gives way to `lines`.

    None where they can't be deleted without touching something else. `lines` go nowhere if the RUN stays.
    """
    step = commands[0].step
    if alone(commands):
        if step.onbuild:
            return None
        return [edits.replace_instruction(step.stage.build, step.instruction, lines)]
    if any(_fills(commands, one) for one in commands):
        return None
    groups: list[list[Call]] = []
    for one in commands:
        if groups and _follows(groups[-1][-1], one):
            groups[-1].append(one)
        else:
            groups.append([one])
    return edits.joined([edits.delete_commands(group[0], group[-1]) for group in groups])


def _follows(earlier: Call, later: Call) -> bool:
    """Whether one command stands directly behind the other, in the same list."""
    known = calls.all_calls(later.step.stage.build)[later.step]
    script = later.step.script
    at = {id(one): index for index, one in enumerate(script.commands if script is not None else ())}
    return (
        known[earlier.position + 1] is later
        and at[id(later.command)] == at[id(earlier.command)] + 1
        and later.command.cooked is earlier.command.cooked
    )


def _fills(commands: Sequence[Call], call: Call) -> bool:
    """Whether nothing would be left in a construct that needs a command: a `bash -c`, a group, a branch."""
    script = call.step.script
    own = {id(one.command) for one in commands}
    return script is None or any(
        scope.kind != "pipeline" and all(id(one) in own for one in script.commands if scope in one.scopes)
        for scope in call.command.scopes
    )
