from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import projects, shell
from uvlint.diagnostics import Diagnostic, Edit, Fix, Safety
from uvlint.lazy import regex
from uvlint.model import normal
from uvlint.rules import rule
from uvlint.source import Span
from uvlint.tools import uv
from uvlint.tools.uv import is_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build, Step
    from uvlint.shell import Command, Script

_APART = frozenset({"--no-sync", "--no-project", "--isolated", "--with", "--with-requirements", "--with-editable", "--script",
                    "-s", "--exact", "--python", "-p", "--directory", "--project", "--package", "--help"})  # fmt: skip
"""Options of `uv run` with which it needn't be the project's environment that it syncs."""

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_PROGRAM = regex(r"[A-Za-z][\w-]*\Z")
_NOTE = "an environment that has changed since the image was built is no longer brought up to date"


@rule("UVL407")
def uv_run_at_start(build: Build) -> Iterator[Diagnostic]:
    """`uv run` syncs the environment each time the container starts."""
    for step in _starting(build):
        if is_on(build.stages[-1].end.env.get("UV_NO_SYNC")):
            continue
        command = _command(step)
        at = _run(command) if command is not None else None
        if command is None or at is None:
            continue
        span = _span(step, command, at - 1, at)
        fix = _fix(build, step, command, at)
        help_ = (
            "" if fix else "run `uv sync` when the image is built, and `uv run --no-sync` or the program itself here"
        )
        yield Diagnostic(span, "`uv run` syncs the environment at every start of the container", fix, help=help_)


def _starting(build: Build) -> list[Step]:
    """The ENTRYPOINT and the CMD of the final image."""
    found: dict[str, Step] = {}
    for step in build.stages[-1].before() if build.stages else ():
        if step.instruction.keyword in {"ENTRYPOINT", "CMD"}:
            found[step.instruction.keyword] = step
    return list(found.values())


def _command(step: Step) -> Command | None:
    """The last command of a CMD or ENTRYPOINT, which becomes the container's process."""
    instruction = step.instruction
    script: Script | None = None
    if instruction.json is not None:
        script = shell.parse_exec(instruction.json)
    elif (step.state.shell or ("",))[0].rpartition("/")[2] in _SHELLS:
        script = shell.parse(instruction.args)
    return script.commands[-1] if script is not None and script.commands else None


def _string(step: Step, command: Command) -> bool:
    """Whether each word is a string of a JSON array."""
    return step.instruction.json is not None and not command.scopes


def _span(step: Step, command: Command, first: int, last: int) -> Span:
    """From one word to another."""
    words = command.words
    if _string(step, command):
        return Span(words[first].span.start, words[last].span.end)
    return command.cooked.span(words[first].start, words[last].end)


def _run(command: Command) -> int | None:
    """Which word is the `run` of a `uv run` that syncs a project; None for none."""
    words = command.words
    for index in range(min(len(words) - 1, 3)):
        if (words[index].value or "").rpartition("/")[2] == "uv" and words[index + 1].value == "run":
            given = [word.value or "" for word in words[index + 2 : uv.reach(words, index)]]
            names = {one.partition("=")[0] for one in given}
            return None if names & _APART else index + 1
        if words[index].value not in {"exec", "tini", "dumb-init", "--"}:
            return None
    return None


def _fix(build: Build, step: Step, command: Command, at: int) -> Fix | None:
    """`--no-sync`, or no `uv run` at all, where the environment is there already."""
    end = build.stages[-1].end
    place = _environment(build)
    if place is None or place not in _present(build):
        return None
    words = command.words
    program = uv.reach(words, at - 1)
    plain = program == at + 1 and program < len(words) and _PROGRAM.match(words[program].value or "") is not None
    if plain and f"{place}/bin" in (end.path_entries() or []):
        cut = Span(_span(step, command, at - 1, at - 1).start, _span(step, command, program, program).start)
        return Fix("Start the program itself", (Edit(cut, ""),), Safety.UNSAFE, _NOTE)
    behind = _span(step, command, at, at).end
    text = '", "--no-sync' if _string(step, command) else " --no-sync"
    if not _string(step, command) and not command.cooked.takes(text):
        return None
    return Fix("Run without a sync", (Edit(Span(behind, behind), text),), Safety.UNSAFE, _NOTE)


def _environment(build: Build) -> str | None:
    """Where `uv run` looks for the project's environment."""
    end = build.stages[-1].end
    named = end.env.get("UV_PROJECT_ENVIRONMENT", ".venv")
    if named is None or (not named.startswith("/") and end.workdir is None):
        return None
    return normal(named if named.startswith("/") else f"{end.workdir}/{named}")


def _present(build: Build) -> set[str | None]:
    """The environments that the final image has."""
    chain = build.stages[-1].chain
    return {one.environment for one in projects.syncs(build) if one.step.stage in chain} | {
        one.place for one in projects.copied(build) if one.step.stage in chain
    }
