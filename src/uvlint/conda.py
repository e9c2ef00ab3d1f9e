"""Command lines that run in a conda environment, whose packages conda keeps account of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, environments
from uvlint.lazy import regex
from uvlint.model import BASE_PATH

if TYPE_CHECKING:
    from uvlint.calls import Call

TOOLS = frozenset({"conda", "mamba", "micromamba"})
_FOLDER = regex(r"(?:^|/)[\w.-]*(?:conda|mamba|miniforge|mambaforge)[\w.-]*(?:/|$)")


def within(call: Call) -> bool:
    """Whether a pip command line works on a conda environment, as far as that can be told."""
    if "/" in call.path:
        target = environments.of_pip(call)
        if target is not None and target.kind == "venv":
            return False
        return _FOLDER.search(call.path) is not None or call.step.stage.base.kind == "conda"
    if call.activated:
        return _FOLDER.search(call.activated) is not None
    if _activated(call):
        return True
    path = call.variables.get("PATH") or ""
    for entry in path.split(BASE_PATH)[0].split(":"):
        if _FOLDER.search(entry):
            return True
        if environments.active(call):
            return False
    target = environments.of_pip(call)
    return call.step.stage.base.kind == "conda" and (target is None or target.kind != "venv")


def _activated(call: Call) -> bool:
    """Whether an earlier command of the same RUN activates an environment by name."""
    if call.activated == "":
        shell = call.step.state.shell
        if any(one.verb == "activate" for one in _before(call)):
            return True
        return bool(shell) and shell[0].rpartition("/")[2] in TOOLS
    return any(one.verb == "activate" for one in _before(call)) or any(
        _FOLDER.search(word.text)
        for command in (call.step.script.commands if call.step.script is not None else ())
        if command.start < call.command.start and command.name in {".", "source"}
        for word in command.words[1:]
    )


def _before(call: Call) -> list[Call]:
    earlier = calls.all_calls(call.step.stage.build)[call.step][: call.position]
    return [one for one in earlier if one.program in {*TOOLS, "source", "."}]


def run(call: Call) -> int | None:
    """Where the program stands that `conda run` runs; None for anything else."""
    if call.program not in TOOLS or call.verb != "run":
        return None
    skip = False
    for index, word in enumerate(call.words[call.rest + 1 :], call.rest + 1):
        value = word.value or ""
        if skip:
            skip = False
        elif value in {"-n", "--name", "-p", "--prefix", "--cwd"}:
            skip = True
        elif not value.startswith("-"):
            return index
    return None
