from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, model, scripts, shell
from uvlint.diagnostics import Diagnostic
from uvlint.lazy import regex
from uvlint.model import Step
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build, Stage
    from uvlint.shell import Script
    from uvlint.syntax import Instruction

_STARTS = ("ENTRYPOINT", "CMD")
_MAY = regex(r"\bpip|/|\.(?:sh|py)\b")
_INTERPRETERS = frozenset({"python", "sh", "bash", "ash", "dash", "zsh", "ksh"})


@rule("UVL117")
def runtime_pip(build: Build) -> Iterator[Diagnostic]:
    """pip runs when the container starts, so its image needs pip, or uv."""
    for stage in build.stages:
        seen = set()
        for call in _started(stage):
            for one in _findings(call):
                if one not in seen:
                    seen.add(one)
                    yield one


def _findings(call: Call) -> Iterator[Diagnostic]:
    if call.program == "pip":
        yield Diagnostic(call.span, f"`{_shown(call)}` runs when the container starts: its image needs pip, or uv")
        return
    ran = scripts.of(call)
    for one in ran.calls if ran is not None else ():
        if one.program == "pip" and ran is not None:
            where = f"`{ran.path}` runs `{_shown(one)}` (line {ran.line(one)})"
            yield Diagnostic(ran.word.span, f"{where} when the container starts: its image needs pip, or uv")
            return


def _shown(call: Call) -> str:
    verb = call.verb
    return f"pip {verb}" if verb is not None and verb.isalpha() else "pip"


def _started(stage: Stage) -> Iterator[Call]:
    """The command lines with which a container of a stage starts."""
    last: dict[str, Instruction] = {}
    for step in stage.steps:
        if step.instruction.keyword in _STARTS:
            last[step.instruction.keyword] = step.instruction
    entry, command = (last.get(keyword) for keyword in _STARTS)
    for script, instruction in _scripts(stage, entry, command):
        step = Step(stage, instruction, stage.end, len(stage.steps))
        yield from calls.started(step, script)


def _scripts(
    stage: Stage, entry: Instruction | None, command: Instruction | None
) -> Iterator[tuple[Script, Instruction]]:
    """What ENTRYPOINT and CMD run: together where both are lists, CMD also by itself where ENTRYPOINT may hand it on."""
    for one, more in ((entry, command), (command, None)):
        if one is None or not any(_MAY.search(each.args.text) for each in (one, more) if each is not None):
            continue
        if one is command and entry is not None and _interprets(stage, entry):
            continue
        words = [*(one.json or ()), *((more.json or ()) if more is not None else ())]
        script = shell.parse_exec(words) if one.json is not None else model.script(one, stage.end.shell)
        if script is not None:
            yield script, one


def _interprets(stage: Stage, entry: Instruction) -> bool:
    """Whether an ENTRYPOINT takes the words of CMD for its own arguments."""
    script = model.script(entry, stage.end.shell)
    name = script.commands[0].name if script is not None and script.commands else None
    return entry.json is None or (name or "").rpartition("/")[2].rstrip("0123456789.") in _INTERPRETERS
