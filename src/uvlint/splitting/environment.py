"""The environment that the builder makes and the final stage copies: where it is, and how the installs are written for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from uvlint import calls, context, edits, environments, interpreters, plan, reads
from uvlint.independence import shown
from uvlint.lazy import regex
from uvlint.model import BASE_PATH, text_of
from uvlint.splitting import heirs
from uvlint.splitting.commands import MANAGERS
from uvlint.splitting.declined import DeclinedError
from uvlint.tools.uv import is_on

if TYPE_CHECKING:
    from uvlint.diagnostics import Edit
    from uvlint.model import Stage, Step
    from uvlint.plan import Install

_OUTSIDE = "/opt/venv"
_ELSEWHERE = ("target", "prefix", "root", "python", "dry-run")
_OFF = frozenset({"0", "never", "manual", "false"})
_PIP_COMES = (3, 12)
"""The first release whose images hold pip alone: those of older ones have setuptools as well, which packages may import."""


class Environment(NamedTuple):
    """Where the packages are: a folder, whether the file itself makes it (else they are in the image's own Python now).

    `seen`: whether what the image's own Python holds has to stay within reach.
    """

    place: str
    made: bool
    seen: bool = False


def of(stage: Stage) -> Environment:
    """The environment of a stage; raises DeclinedError where there isn't one, and only one."""
    found = installs(stage)
    for one in found:
        _settled(one)
    if "PYTHONHOME" in stage.end.env:
        raise DeclinedError("PYTHONHOME names one Python for all programs")
    path = stage.end.env.get("PATH")
    if path is None or BASE_PATH not in path:
        raise DeclinedError("PATH is set anew, without what it was")
    places = {_place(one) for one in found}
    if len(places) > 1:
        raise DeclinedError("packages go to more than one environment")
    (place,) = places
    if place:
        if place in {"/", "/usr", "/usr/local"} or place.startswith("/root/.local"):
            raise DeclinedError(f"packages go to {place}, which holds other things as well")
        return Environment(place, made=True)
    return Environment(_folder(stage, found[0].call.step), made=False, seen=_has_more(stage))


def installs(stage: Stage) -> list[Install]:
    """The installs of Python packages in a stage, all of them uv's."""
    for call in calls.find(stage.build, "pip", "pipx", "easy_install", "conda", "mamba", "micromamba", "pdm"):
        if call.step.stage is stage:
            raise DeclinedError(f"{shown(call)} isn't uv's yet: what is said of it comes first")
    found = []
    for one in plan.in_stage(stage):
        if one.tool in MANAGERS or one.empty:
            continue
        if one.tool.startswith("uv") and one.given is None:
            raise DeclinedError(f"the options of {shown(one.call)} can't be read")
        if one.tool not in {"uv", "uv sync"}:
            raise DeclinedError(f"{shown(one.call)} isn't `uv pip` or `uv sync`")
        if not environments.root(one.call):
            raise DeclinedError(f"{shown(one.call)} isn't run by root")
        if not environments.has_uv(one.call):
            raise DeclinedError(f"where {shown(one.call)} has uv from can't be told")
        found.append(one)
    if not found:
        raise DeclinedError("no packages are installed with uv")
    return found


_COMPILED = regex(
    r"ext_modules|Extension\s*\(|cythonize|rust_extensions|cffi_modules|maturin|scikit_build|mesonpy|skbuild"
)
_WRITES = regex(
    r"version[_-]file\s*=|write_to\s*[\"']?\s*[=:]|build\.(?:targets\.\w+\.)?hooks|cmdclass|tool\.poetry\.build\]|custom-hook"
    r"|open\([^)\n]*,\s*(?:mode\s*=\s*)?[\"'][wax]|\.write_(?:text|bytes)\("
)
"""What of a project's files says that its build writes modules among the sources: its version, or code of its own."""


def _settled(install: Install) -> None:
    """Raises DeclinedError for a project whose build leaves more among its sources than was copied."""
    found = reads.of(install)
    if install.tool == "uv sync":
        texts = [reads.seen(install.call, f"{install.call.workdir}/{name}") for name in reads.PROJECT_FILES]
        left = not install.has("no-install-project")
        unsettled = any(data is not None and _leaves(data, left=left) for data in texts)
    else:
        left = install.has("editable") or found.local
        projects = [file.data for file in found.files if file.image.endswith(reads.PROJECT_FILES)]
        unsettled = left and (not projects or None in projects)
        unsettled = unsettled or any(data is not None and _leaves(data, left=left) for data in projects)
    if unsettled:
        raise DeclinedError(f"what {shown(install.call)} makes beside the sources can't be told")


def _leaves(data: bytes, *, left: bool) -> bool:
    """Whether a build writes among the sources; `left`: what it compiles stays there as well."""
    text = data.decode("utf-8", "replace")
    return _WRITES.search(text) is not None or (left and _COMPILED.search(text) is not None)


def _place(install: Install) -> str:
    """The folder of the environment that an install goes to, "" for the image's own Python."""
    if any(install.has(one) for one in _ELSEWHERE) and not _by_environment(install):
        raise DeclinedError(f"{shown(install.call)} installs to a place of its own")
    if install.tool == "uv sync":
        made = environments.made_by(install.call)
        if len(made) != 1 or install.has("active"):
            raise DeclinedError(f"which environment {shown(install.call)} makes can't be told")
        return next(iter(made))
    target = install.target
    if target is None or target.kind not in {"system", "venv"} or (target.kind == "system" and target.where):
        raise DeclinedError(f"which environment {shown(install.call)} goes to can't be told")
    return target.where


def _by_environment(install: Install) -> bool:
    """Whether `--python` names the environment that the file makes."""
    others = [one for one in _ELSEWHERE if one != "python" and install.has(one)]
    return not others and install.target is not None and install.target.kind == "venv"


def _folder(stage: Stage, first: Step) -> str:
    """Where an environment is to be made: in the folder of the application, unless something there would change it."""
    folder = stage.end.workdir
    if folder is None:
        raise DeclinedError("WORKDIR isn't known")
    if folder == "/" or folder.startswith("/root") or _disturbed(stage, folder) or _made_later(stage, folder, first):
        return _OUTSIDE
    return f"{folder}/.venv"


def _disturbed(stage: Stage, folder: str) -> bool:
    """Whether a VOLUME hides what lies in a folder, a command changes all of it, or a host's own environment comes there."""
    for step in (step for one in (stage, *heirs.of(stage)) for step in one.steps):
        if step.instruction.keyword == "VOLUME" and any(
            f"{folder}/".startswith(f"{(step.expand(word.text) or '/').rstrip('/')}/")
            for word in step.instruction.words()
        ):
            return True
        if step.run is not None and step.script is not None and _changes_all(step, folder):
            return True
    build = stage.build
    root = context.root(build)
    there = build.context is not None and root is not None and build.context.exists(root, ".venv")
    return there and build.context is not None and root is not None and not build.context.hides(root, ".venv")


def _made_later(stage: Stage, folder: str, first: Step) -> bool:
    """Whether a command behind the first install makes a folder that isn't there before, or wants it to be empty."""
    there = any(
        step.state.workdir is not None and f"{step.state.workdir}/".startswith(f"{folder}/")
        for step in (*stage.steps[: first.index], first)
    )
    for step in (step for one in (stage, *heirs.of(stage)) for step in one.steps):
        if step.run is None or (step.stage is stage and step.index <= first.index):
            continue
        text = text_of(step.run)
        if re.search(r"\bgit\b.*\bclone\b", text) or (not there and (folder in text or folder.startswith("/home/"))):
            return True
    return False


def _changes_all(step: Step, folder: str) -> bool:
    for call in calls.calls(step):
        if call.program not in {"chown", "chmod", "chgrp", "mv", "rm", "find"}:
            continue
        for word in call.words[call.rest :]:
            value = word.resolve(call.variables) or word.prefix
            if value and not value.startswith("/") and call.workdir is not None:
                value = f"{call.workdir}/{value}"
            value = (value or "").removesuffix("/*").removesuffix("/.").rstrip("/") or "/"
            if value.startswith("/") and f"{folder}/".startswith(f"{value}/" if value != "/" else "/"):
                return True
    return False


def _has_more(stage: Stage) -> bool:
    """Whether the image's own Python holds more than pip, or something is run that needs that pip."""
    release = interpreters.release(stage)
    numbers = tuple(int(one) for one in release.split(".") if one.isdecimal())
    old = len(numbers) == 2 and numbers < _PIP_COMES
    spacy = any("spacy download" in step.instruction.args.text for step in stage.steps if step.run is not None)
    return old or spacy


def downloads_python(stage: Stage) -> bool:
    """Whether uv may fetch a Python of its own for the environment, which then isn't the image's."""
    for one in plan.in_stage(stage):
        if one.tool not in {"uv", "uv sync"}:
            continue
        env = one.call.variables
        off = (env.get("UV_PYTHON_DOWNLOADS") or "").lower() in _OFF or is_on(env.get("UV_NO_MANAGED_PYTHON"))
        off = off or env.get("UV_PYTHON_PREFERENCE") in {"only-system", "system"} or one.has("no-downloads")
        if not off and not one.has("system"):
            return True
    return False


def making(environment: Environment) -> str:
    """The command that makes the environment."""
    return f"uv venv {'--system-site-packages ' if environment.seen else ''}{environment.place}"


def rewritten(install: Install) -> list[Edit]:
    """What takes an install from the image's own Python to the environment that VIRTUAL_ENV names."""
    found: list[Edit] = []
    for one in install.given or ():
        if one.meaning in {"system", "break-system"} and one.option is not None:
            made = edits.delete_words(install.call, one.first, one.last)
            if made is None:
                raise DeclinedError(f"{shown(install.call)} can't be rewritten")
            found += made
    return found
