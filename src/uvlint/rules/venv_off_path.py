from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint import calls, context, edits, environments, images, plan
from uvlint.diagnostics import Diagnostic, Fix
from uvlint.lazy import regex
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build, Stage, Step
    from uvlint.shell import Command
    from uvlint.source import Cooked

_USUAL = frozenset(("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"))
_FRONT = frozenset(("exec", "tini", "dumb-init", "gosu", "su-exec", "nice", "time", "catatonit"))
_PYTHON = regex(r"(?:i?python|pypy)[\d.]*\Z")
_SERVERS = frozenset(
    (
        *("gunicorn", "uvicorn", "hypercorn", "daphne", "granian", "waitress-serve", "uwsgi", "flask", "fastapi"),
        *("django-admin", "celery", "streamlit", "jupyter", "mlflow", "airflow", "dagster", "prefect", "alembic"),
    )
)
"""Programs that come with a Python package of no other name, or nearly so."""

_TOOLS = frozenset(("pip", "setuptools", "wheel", "uv", "poetry", "pipenv", "virtualenv", "pip-tools", "build", "pdm"))
_OTHER_WAYS = regex(r"activate|venv|uv\s+run|\buvx?\b|poetry|pipenv|conda|\$\(|\.sh\b|\$")


class _Program(NamedTuple):
    """What the image runs, where it is written, and the first step that says what runs."""

    name: str
    written: Cooked
    step: Step


@rule("UVL405")
def venv_off_path(build: Build) -> Iterator[Diagnostic]:
    """An environment is made, but neither PATH nor the entry point uses it."""
    if not build.stages:
        return
    for call in calls.find(build, "venv", "virtualenv", "uv"):
        if call.step.stage in build.stages[-1].chain and call.verb not in {"sync", "pip"} and _unused(call):
            (place,) = environments.made_by(call)
            message = f"the environment `{place}` is made, and nothing is installed in it"
            why = f'set `ENV PATH="{place}/bin:$PATH"` below it: what a RUN activates ends with it'
            yield Diagnostic(call.span, message, help=why)
    program = _program(build)
    if program is None:
        return
    stage = build.stages[-1]
    places = {one for one in environments.made_in(stage) if f"{one}/bin" not in _USUAL}
    if len(places) != 1:
        return
    place = places.pop()
    wanted = _installed(build, place)
    known = _PYTHON.match(program.name) or program.name in _SERVERS or program.name in wanted
    if not wanted or not known or _elsewhere(stage) or _linked(stage, place):
        return
    entries = stage.end.path_entries()
    if entries is None or any(place in (value or "") for value in stage.end.env.values()):
        return
    below = max([program.step.index - 1, *(step.index for step in stage.steps if step.run is not None)])
    above = stage.steps[below].instruction if below >= 0 else stage.start
    edit = edits.insert_below(build, above, [f'ENV PATH="{place}/bin:$PATH"'])
    message = f"`{program.name}` is not that of `{place}`, which PATH doesn't lead to"
    yield Diagnostic(program.written.whole, message, Fix("Put the environment on PATH", (edit,)))


def _unused(call: Call) -> bool:
    """Whether an environment is made for what is installed behind it, and nothing but an activation names it."""
    places = environments.made_by(call)
    build, own = call.step.stage.build, call.step.stage
    if len(places) != 1 or call.step.onbuild:
        return False
    (place,) = places
    name = place.rpartition("/")[2]
    later = [*own.steps[call.step.index :], *(step for stage in build.stages[own.index + 1 :] for step in stage.steps)]
    return not any(_names(step, name, call) for step in later) and _others(call)


def _names(step: Step, name: str, maker: Call) -> bool:
    """Whether a step has to do with an environment of this name, other than making or activating it."""
    if step.run is None:
        return name in step.instruction.args.text
    if step.script is None:
        return True
    for command in step.script.commands:
        if command is maker.command or _activates(command, step):
            continue
        words = [*command.words, *(one.value for one in command.assignments)]
        if any(name in word.text for word in words):
            return True
    return False


def _others(call: Call) -> bool:
    """Whether what is installed behind an environment goes to the image's own Python, all of it."""
    own, seen = call.step.stage, False
    for one in plan.installs(own.build):
        here = one.call.step
        if own not in here.stage.chain or one.tool not in {"pip", "uv"} or one.empty:
            continue
        if here.stage is own and here.index <= call.step.index:
            continue
        if one.target is None or one.target.kind not in {"system", "path", "none"}:
            return False
        seen = seen or not plan.upgrades_pip(one)
    return seen


def _activates(command: Command, step: Step) -> bool:
    """Whether a RUN does nothing but activate an environment, which ends with it."""
    script = step.script
    kept = [one for one in script.commands if one.name not in {"bash", "sh", "/bin/bash", "/bin/sh"}] if script else []
    lone = len(kept) == 1 and kept[0].name in {".", "source"} and kept[0].words[-1].text.endswith("/activate")
    return lone and script is not None and command in script.commands


def _program(build: Build) -> _Program | None:
    """The first word that the image runs, where it is a plain name."""
    first = images.program(build)
    if first is None or first.stage is not build.stages[-1]:
        return None
    lines = [
        step
        for step in build.stages[-1].steps
        if step.instruction.keyword in {"CMD", "ENTRYPOINT"} and images.command_line(step.instruction)
    ]
    if any(_OTHER_WAYS.search(images.command_line(step.instruction)) for step in lines):
        return None
    words = [word for step in sorted(lines, key=lambda one: one is not first) for word in _words(step)]
    for word in words:
        text = word.text
        if text in _FRONT or text.startswith("-"):
            continue
        return _Program(text, word, min(lines, key=lambda one: one.index)) if "/" not in text else None
    return None


def _words(step: Step) -> list[Cooked]:
    instruction = step.instruction
    if instruction.json is not None:
        return list(instruction.json)
    from uvlint.arguments import split_words  # noqa: PLC0415 - only for the shell form

    return split_words(instruction.args)


def _installed(build: Build, place: str) -> set[str]:
    """The distributions that are asked for in an environment, "" for those of a file; none where nothing is installed."""
    found: set[str] = set()
    for one in plan.installs(build):
        if one.tool == "uv sync":
            found |= {""} if place in environments.made_by(one.call) else set()
        elif one.target == ("venv", place) and not one.empty and not plan.upgrades_pip(one):
            found |= {"", *(plan.named(each) for each in one.requirements)}
    return found


def _elsewhere(stage: Stage) -> bool:
    """Whether packages are installed for the image's own Python as well, as far as can be told."""
    build = stage.build
    for one in plan.installs(build):
        if one.call.step.stage not in stage.chain or one.tool not in {"pip", "uv", *plan.OTHERS} or one.empty:
            continue
        if one.tool in {"apt-get", "apk", "dnf", "yum", "microdnf"}:
            continue
        names = {plan.named(each) for each in one.requirements}
        if one.target is not None and one.target.kind == "venv":
            continue
        if one.given is None or not names or not names <= _TOOLS or one.has("requirement"):
            return True
    return any(_packages(step) for step in stage.before())


def _packages(step: Step) -> bool:
    """Whether a COPY brings packages for the image's own Python."""
    if step.instruction.flag("from") is None:
        return False
    return any("-packages" in word.text or word.text in {"/usr/local", "/usr/local/", "/"} for word in
               step.instruction.words()) and context.copied(step) is None  # fmt: skip


def _linked(stage: Stage, place: str) -> bool:
    """Whether a command makes what is in the environment known elsewhere."""
    build = stage.build
    for one in build.stages:
        for step in one.steps:
            run = step.run
            if run is not None and f"{place}/" in run.args.text and ("ln " in run.args.text or ".pth" in run.args.text):
                return True
    return any("/bin" in (call.args[-1] or "") for call in calls.find(build, "ln"))
