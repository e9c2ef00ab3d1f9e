"""Virtual environments that `python -m venv` or `virtualenv` makes, and what `uv venv` makes of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from uvlint import caches, calls, context, edits, environments, obstacles, reads
from uvlint.lazy import regex
from uvlint.model import is_root, normal, text_of
from uvlint.tools import options, venv

if TYPE_CHECKING:
    from uvlint.calls import Call
    from uvlint.diagnostics import Edit
    from uvlint.model import Build, Stage, Step
    from uvlint.tools.options import Given

_PLAIN = regex(r"[\w./${}:@+-]+\Z")
_VERSION = regex(r"\d(?:\.\d+)*\Z")


class Making(NamedTuple):
    """A command line that makes an environment at `place`, and how uv is told to make it.

    `python`: the words that name the interpreter. `extra`: options that the place asks for. `why`: what keeps it from
    being uv's, "" for nothing.
    """

    call: Call
    place: str
    given: list[Given]
    python: str
    extra: tuple[str, ...]
    why: str = ""

    def has(self, meaning: str) -> bool:
        return any(one.meaning == meaning for one in self.given)

    @property
    def name(self) -> str:
        """The tool as a message names it."""
        return "python -m venv" if self.call.program == "venv" else "virtualenv"


def makings(build: Build) -> list[Making]:
    """The environments that a build makes without uv, in the file's order; not those whose Python is too old for it."""
    known = build.facts.get("venvs")
    if known is None:
        found = (_making(call) for call in calls.find(build, "venv", "virtualenv"))
        known = build.facts["venvs"] = [one for one in found if one is not None]
    return known  # type: ignore[return-value]


def first(stage: Stage) -> Step | None:
    """The first step of a stage that makes an environment which uv could make."""
    return next((one.call.step for one in makings(stage.build) if one.call.step.stage is stage and not one.why), None)


def _making(call: Call) -> Making | None:
    if call.program == "venv" and not call.module:
        return None
    rows = venv.VENV if call.program == "venv" else venv.VIRTUALENV
    given = options.read(call.words, call.rest, rows, call.variables)
    if isinstance(given, options.Unreadable):
        return None if call.step.stage.base.kind == "unknown" else Making(call, "", [], "", (), given.reason)
    python = _interpreter(call, given)
    if obstacles.too_old(call, _release(call, given)):
        return None
    folders = [one for one in given if one.option is None]
    if not folders and any(one.meaning == "" for one in given):
        return None  # `virtualenv --version`
    place = _place(call, folders)
    why = (
        obstacles.of_command(call)
        or next((one.option.note for one in given if one.option is not None and one.option.action == "block"), "")
        or ("" if place else "where it makes the environment is not known")
        or ("its words can't be edited where they stand" if edits.exec_form(call.step, call.command) else "")
        or ("" if python else "which Python it takes is not known")
        or _clearing(call, place, given)
    )
    return Making(call, place, given, python, () if why else _extra(call, place, given), why)


def _clearing(call: Call, place: str, given: list[Given]) -> str:
    clears = any(one.meaning == "clear" for one in given)
    return "uv clears no folder that isn't an environment" if clears and occupied(call, place) else ""


def _place(call: Call, folders: list[Given]) -> str:
    value = folders[0].value if len(folders) == 1 else None
    if not value or (not value.startswith("/") and call.workdir is None):
        return ""
    return normal(value if value.startswith("/") else f"{call.workdir}/{value}")


def _release(call: Call, given: list[Given]) -> str:
    named = next((one.value or "" for one in given if one.meaning == "python"), "")
    return calls.python_version(named or call.path) or (named if _VERSION.match(named) else "")


def _interpreter(call: Call, given: list[Given]) -> str:
    """The option's value that makes uv take the same Python, "" where that can't be told."""
    named = next((one.raw for one in given if one.meaning == "python"), "")
    if _VERSION.match(named):
        named = f"python{named}"
    if not named:
        if call.module:
            named = call.words[call.first].text
        elif (
            "/" not in call.path and call.step.stage.base.kind in {"python", "system"} and not environments.active(call)
        ):
            named = "python3"
        else:
            return ""
    if not _PLAIN.match(named) or ("/" not in named and not calls.is_python(named.partition("$")[0])):
        return ""
    return named if "/" in named else f'"$(command -v {named})"'


def _extra(call: Call, place: str, given: list[Given]) -> tuple[str, ...]:
    found = []
    if not any(one.meaning == "clear" for one in given) and occupied(call, place):
        found.append("--allow-existing")
    if not is_root(environments.runs_as(call)) and caches.home_of(call) is None:
        found.append("--no-cache")
    if reads.configures_uv(call):
        found.append("--no-config")
    return tuple(found)


def occupied(call: Call, place: str) -> bool:
    """Whether something may be in the folder before: stdlib's venv goes into it, uv refuses."""
    stage = call.step.stage
    if caches.is_below(stage.base.environment or "/", place) and stage.base.environment:
        return True
    if any(one.home == place for one in environments.users(call).values()):
        return True
    for step in stage.before(call.step):
        if step.state.workdir is not None and step.state.workdir != "/" and caches.is_below(step.state.workdir, place):
            return True
        if step.instruction.keyword in {"COPY", "ADD"}:
            to = context.destination(step)
            if to is None or caches.is_below(normal(to), place):
                return True
        elif step.run is not None and _touched(text_of(step.run), call, place):
            return True
    here = call.step.state.workdir
    if here is not None and here != "/" and caches.is_below(here, place):
        return True
    return _touched(call.command.cooked.text[: call.command.start], call, place)


def _touched(text: str, call: Call, place: str) -> bool:
    """Whether a script names the folder, or a variable that holds it, other than to make it."""
    names = [name for name, value in call.variables.items() if value is not None and normal(f"/{value}") == place]
    marks = [place, *(f"${name}" for name in names), *(f"${{{name}}}" for name in names)]
    named = re.compile(rf"(?:{'|'.join(map(re.escape, marks))})(?![\w.-])")
    lines = text.replace("&&", "\n").replace(";", "\n").split("\n")
    return any(named.search(line) is not None and not line.strip().startswith("mkdir ") for line in lines)


def written(making: Making, *, seed: bool) -> list[Edit] | None:
    """The command line as uv takes it."""
    call = making.call
    words = ["uv venv", *(["--seed"] if seed else []), f"--python {making.python}", *making.extra]
    parts = [edits.replace_words(call, call.first, call.rest, " ".join(words))]
    for one in making.given:
        option = one.option
        if option is None or (option.action == "keep" and not one.bundle):
            continue
        if one.bundle:
            return None
        parts.append(edits.delete_words(call, one.first, one.last))
    joined = edits.joined(parts)
    return None if joined is None else edits.settled(call.step, joined)
