from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import downloads, edits, environments, plan, variables
from uvlint.diagnostics import ENVIRONMENT, Diagnostic, Edit, Fix, Safety
from uvlint.lazy import regex
from uvlint.rules import rule
from uvlint.tools.uv import is_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build
    from uvlint.plan import Install
    from uvlint.variables import Setter

_NAME = "UV_SYSTEM_PYTHON"
_PLACE = "UV_PROJECT_ENVIRONMENT"
_USES = regex(r"\.venv\b|\buvx?\s+run\b|\"uv\",\s*\"run\"")
"""What works with the environment that `uv sync` makes."""


@rule("UVL116")
def system_python_sync(build: Build) -> Iterator[Diagnostic]:
    """UV_SYSTEM_PYTHON where it does not do what it says: `uv sync` ignores it, an environment is passed over."""
    for setter in variables.pairs(build, _NAME):
        if setter.pair.key != _NAME:
            continue
        reached = [one for one in plan.installs(build) if one.tool.startswith("uv") and _reaches(setter, one)]
        syncs = [one for one in reached if one.tool == "uv sync" and _PLACE not in variables.known(one.call)]
        by_pip = [one for one in reached if one.tool == "uv" and not (one.has("system") or one.has("python"))]
        past = [(one, place) for one in by_pip if (place := _passed(one))]
        if past:
            yield _bypassed(setter, past, by_pip)
        elif syncs:
            yield _ignored(setter, by_pip)


def _reaches(setter: Setter, install: Install) -> bool:
    found = variables.setter(install.call, _NAME)
    on = is_on(variables.known(install.call).get(_NAME))
    return on and found is not None and found.step is setter.step and found.pair.span == setter.pair.span


def _passed(install: Install) -> str:
    """The environment that an install would go to but for the variable."""
    active = environments.active(install.call)
    return active if active and active in environments.created(install.call) else ""


def _bypassed(setter: Setter, past: list[tuple[Install, str]], by_pip: list[Install]) -> Diagnostic:
    install, place = past[0]
    message = f"`{_NAME}` leads `{downloads.name(install)}` past the environment {place}"
    made = edits.delete_pair(setter.step, setter.pair)
    if made is None or len(past) < len(by_pip):
        return Diagnostic(setter.pair.span, message, help=f"give it `--python {place}`")
    note = f"packages then go to {place}, not to the image's own Python"
    fix = Fix(f"Remove {_NAME}", tuple(made), Safety.UNSAFE, note, drops=(ENVIRONMENT,))
    return Diagnostic(setter.pair.span, message, fix)


def _ignored(setter: Setter, by_pip: list[Install]) -> Diagnostic:
    build = setter.step.stage.build
    message = f"`{_NAME}` means nothing to `uv sync`, which installs into an environment of its own"
    if by_pip:
        return Diagnostic(setter.pair.span, message, help=f"set {_PLACE} to where `uv sync` is to install")
    used = any(_USES.search(one.instruction.args.text) for one in build.steps)
    if used or setter.pair.legacy or setter.step.instruction.keyword == "ARG" or _elsewhere(build):
        made = edits.delete_pair(setter.step, setter.pair)
        if made is None:
            return Diagnostic(setter.pair.span, message, help=f"remove it, or set {_PLACE}")
        return Diagnostic(setter.pair.span, message, Fix(f"Remove {_NAME}", tuple(made)))
    edit = Edit(setter.pair.span, f"{_PLACE}=/usr/local")
    note = "the project's packages then go to the image's own Python, and others there are removed"
    return Diagnostic(setter.pair.span, message, Fix(f"Set {_PLACE}", (edit,), Safety.UNSAFE, note))


def _elsewhere(build: Build) -> bool:
    """Whether some stage's Python is not that of the official image: /usr/local holds none then."""
    return any(one.base.kind != "python" for one in build.stages)
