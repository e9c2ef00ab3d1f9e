from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import adoption, calls, environments, images, interpreters, plan, provision, venvs
from uvlint.diagnostics import Diagnostic, Fix, Safety
from uvlint.lazy import regex
from uvlint.rules import rule
from uvlint.translation import Refusal, translate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build, Stage, Step
    from uvlint.shell import Command
    from uvlint.venvs import Making

_CALLERS = frozenset({
    "ensurepip", "pipenv", "poetry", "pip-compile", "pip-sync", "piptools", "easy_install", "spacy", "jupyter", "tox",
    "nox", "rasa", "pip-licenses", "pipdeptree", "pip-audit", "pre-commit", "aws-sam-cli", "sam", "conda-pack", "pex",
})  # fmt: skip
"""Programs that run pip, or that may, in the environment they are in."""
_NAMED = regex(
    r"(?<![\w./-])(?:pip|ensurepip|pipenv|poetry|spacy|jupyter|tox|nox)[\d.]*(?![\w.-])|/bin/pip[\d.]*(?![\w.-])"
)
_SHELLS = frozenset({"sh", "bash", "make", "cmake", "ninja", "tini"})
_MODERN = (3, 12)
"""From this Python on `python -m venv` installs no setuptools."""


@rule("UVL104")
def venv_module(build: Build) -> Iterator[Diagnostic]:
    """An environment made by `python -m venv` or `virtualenv`, where `uv venv` makes it at once."""
    for making in venvs.makings(build):
        span = making.call.span
        message = f"`{making.name}` where `uv venv` makes the environment at once"
        made = making.why or _fix(making)
        if isinstance(made, str):
            yield Diagnostic(span, message, help=made)
        else:
            yield Diagnostic(span, message, made)


def _fix(making: Making) -> Fix | str:
    call = making.call
    why = adoption.obstacle(call)
    if why:
        return why
    needs, waiting, notes = ("", False, []) if making.has("without-pip") else _pip_in(making)
    if waiting:
        return "pip still installs into it: hand that to uv first"
    made = venvs.written(making, seed=bool(needs))
    if made is None:
        return "its words can't be edited where they stand"
    if needs:
        notes.append(f"{needs} needs pip in it, which then comes in its newest release")
    notes += _notes(making, seeded=bool(needs))
    brought = (
        [] if environments.has_uv(call) else provision.edits_for(call, _first(call), mounted=False, compiled=False)
    )
    safety = Safety.UNSAFE if notes else Safety.SAFE
    return Fix("Make the environment with uv", tuple(dict.fromkeys([*brought, *made])), safety, "; ".join(notes))


def _first(call: Call) -> Step:
    """The step for which uv has to come, of the stage's chain."""
    return next((one for stage in call.step.stage.chain if (one := venvs.first(stage)) is not None), call.step)


# Who needs pip ---------------------------------------------------------------------------------------------------------


def _pip_in(making: Making) -> tuple[str, bool, list[str]]:
    """What needs pip in the environment, whether an install still has to go to uv, and what can't be told."""
    needs, waiting = "", False
    notes: list[str] = []
    known = {id(one.call): one for one in plan.installs(making.call.step.stage.build)}
    for step in _later(making):
        if step.run is None:
            if step.instruction.keyword in {"CMD", "ENTRYPOINT", "HEALTHCHECK"}:
                found = _NAMED.search(images.command_line(step.instruction) or step.instruction.args.text)
                needs = needs or (f"`{found[0]}`" if found is not None else "")
            continue
        if step.script is None:
            found = _NAMED.search(step.run.args.text + "".join(one.body.text for one in step.run.heredocs))
            needs = needs or (f"`{found[0]}`" if found is not None else "")
            continue
        line = calls.all_calls(making.call.step.stage.build)[step]
        for one in line if step is not making.call.step else line[making.call.position + 1 :]:
            if one.program != "pip" or _elsewhere(one, making.place):
                continue
            install = known.get(id(one))
            if install is not None and not isinstance(translate(install), Refusal):
                waiting = True
            else:
                needs = needs or (f"`pip {one.verb}`" if one.verb else "`pip`")
        programs = {id(one.command): one.program for one in line}
        for command in _commands(making, step):
            name = _caller(command, programs.get(id(command), ""))
            needs = needs or (f"`{name}`" if name else "")
            if not name and _opaque(command):
                notes.append(f"`{command.words[0].text}` runs what can't be seen, and may want pip")
    return needs, waiting, notes[:1]


def _later(making: Making) -> Iterator[Step]:
    """The steps that may see the environment: its own RUN, and those behind it in all stages that get it."""
    stage = making.call.step.stage
    yield from stage.steps[making.call.step.index :]
    for other in _heirs(stage):
        yield from other.steps


def _heirs(stage: Stage) -> Iterator[Stage]:
    """The stages that continue a stage or copy from it, directly or by others."""
    heirs = {stage}
    for other in stage.build.stages[stage.index + 1 :]:
        copied = (images.copied_from(step) for step in other.steps)
        if other.parent in heirs or any(one is not None and heirs & set(one.chain) for one in copied):
            heirs.add(other)
            yield other


def _commands(making: Making, step: Step) -> list[Command]:
    found = step.script.commands if step.script is not None else []
    if step is not making.call.step:
        return found
    at = next((index for index, one in enumerate(found) if one is making.call.command), 0)
    return found[at + 1 :]


def _elsewhere(call: Call, place: str) -> bool:
    """Whether a pip command line is certain to work on another environment."""
    target = environments.of_pip(call)
    if target is None or target.kind == "path":
        return False
    return target.kind == "system" or target.where != place


def _caller(command: Command, program: str) -> str:
    """The program of a command that runs pip by itself, "" for none."""
    name = (program or command.name or "").rpartition("/")[2]
    if name in {"python", "python3"} or name.startswith("python3."):
        values = [word.value or "" for word in command.words]
        name = values[values.index("-m") + 1] if "-m" in values[:-1] else ""
    return name if name in _CALLERS else ""


def _opaque(command: Command) -> bool:
    """Whether a command runs a script, or something not known before the build."""
    if not command.words:
        return False
    first = command.words[0]
    if first.value is None:
        return True
    name = first.value.rpartition("/")[2]
    if name in _SHELLS:
        return "-c" not in [word.value for word in command.words]
    return first.value.startswith(("./", "../")) or name.endswith((".sh", ".bash"))


# What may come out differently -----------------------------------------------------------------------------------------


def _notes(making: Making, *, seeded: bool) -> list[str]:
    call = making.call
    stage = call.step.stage
    found: list[str] = []
    if stage.base.kind in {"unknown", "configured"}:
        found.append("nothing is known of the base image: it may have something where the environment goes")
    if "--allow-existing" in making.extra:
        found.append("something may be in its folder already")
    if call.program == "virtualenv" and not making.has("python") and not call.module:
        found.append("virtualenv may run on another Python than `python3`")
    release = calls.python_version(call.path) if "." in calls.python_version(call.path) else interpreters.release(stage)
    modern = "." in release and tuple(map(int, release.split("."))) >= _MODERN
    if not seeded and not modern and not making.has("without-pip") and not _setuptools(making):
        found.append("setuptools is no longer in the environment, should something import it")
    if not seeded and not making.has("without-pip") and _for_others(stage):
        found.append("nothing says what runs in the image: it may be meant for others to install into")
    return found


def _for_others(stage: Stage) -> bool:
    """Whether the environment ends up in a final image that names nothing to run."""
    final = stage.build.stages[-1]
    if any(step.instruction.keyword in {"CMD", "ENTRYPOINT"} for step in final.before()):
        return False
    return final is stage or any(one is final for one in _heirs(stage))


def _setuptools(making: Making) -> bool:
    """Whether the environment is given a setuptools by name."""
    for one in plan.installs(making.call.step.stage.build):
        named = {plan.named(each) for each in one.requirements}
        if one.target is not None and one.target.where == making.place and "setuptools" in named:
            return True
    return False
