"""Where tools keep their caches, which mounts serve them, and what keeps a tool from using its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, environments
from uvlint.model import home, is_root, normal
from uvlint.syntax import Mount, mount
from uvlint.tools import uv

if TYPE_CHECKING:
    from uvlint.calls import Call
    from uvlint.model import Step
    from uvlint.shell import Word

_VARIABLES = {"uv": "UV_CACHE_DIR", "pip": "PIP_CACHE_DIR", "poetry": "POETRY_CACHE_DIR", "pipenv": "PIPENV_CACHE_DIR"}

_NAMES = {"uv": "uv", "pip": "pip", "poetry": "pypoetry", "pipenv": "pipenv"}

NO_CACHE = {"uv": "UV_NO_CACHE", "pip": "PIP_NO_CACHE_DIR", "poetry": "POETRY_NO_CACHE"}
"""The variable that keeps a tool from using its cache."""

_NO_CACHE_OPTIONS = {
    "uv": ("--no-cache", "-n", "--no-cache-dir"),
    "pip": ("--no-cache-dir", "--no-cache"),  # pip takes the beginnings of its options, too
    "poetry": ("--no-cache",),
}


def folder(call: Call, tool: str) -> str | None:
    """Where a tool keeps its cache when this command runs; None where that can't be told."""
    named_ = option(call, "--cache-dir") if tool in {"uv", "pip"} else None
    if named_ is not None:
        return normal(named_) if named_.startswith("/") else None
    env = call.variables
    variable = _VARIABLES[tool]
    if variable in env:
        value = env[variable]
        return normal(value) if value is not None and value.startswith("/") else None
    base = env.get("XDG_CACHE_HOME", "")
    if base is None:
        return None
    if not base:
        place = home_of(call)
        if place is None:
            return None
        base = f"{place}/.cache"
    return normal(f"{base}/{_NAMES[tool]}")


def own_words(call: Call) -> list[tuple[int, Word]]:
    """The words that a tool reads itself, with their places: not those it hands on, as in `uv run pytest -n 4`."""
    end = uv.reach(call.words, call.first) if call.program in {"uv", "uvx"} else len(call.words)
    return list(enumerate(call.words[call.rest : end], call.rest))


def option(call: Call, name: str) -> str | None:
    for index, word in own_words(call):
        value = word.value or ""
        if value == name and index + 1 < len(call.words):
            return call.words[index + 1].resolve(call.variables) or ""
        if value.startswith(f"{name}=") or word.text.startswith(f"{name}="):
            return (word.resolve(call.variables) or "").partition("=")[2]
    return None


def home_of(call: Call) -> str | None:
    """HOME of the user that runs a command; None where that can't be told."""
    user = environments.runs_as(call)
    place = home(user, call.variables)
    if place is not None or user is None:
        return place
    account = environments.users(call).get(user.partition(":")[0])
    return account.home if account is not None else None


def owner(call: Call) -> tuple[str, str] | None:
    """The numeric uid and gid ("" where not known) that a command runs as; None where the uid isn't known."""
    user = environments.runs_as(call)
    if user is None:
        return None
    name, _, group = user.partition(":")
    if is_root(user):
        return "0", "0"
    if name.isdecimal():
        return name, group if group.isdecimal() else ""
    account = environments.users(call).get(name)
    if account is None or account.uid is None or not account.uid.isdecimal():
        return None
    gid = group or account.gid or ""
    return account.uid, gid if gid.isdecimal() else ""


def mounts(step: Step) -> list[Mount]:
    """The cache mounts of a RUN that can be read."""
    run = step.run
    found = [mount(flag) for flag in run.flags_named("mount")] if run is not None else []
    return [one for one in found if one is not None and one.type == "cache"]


def target(step: Step, one: Mount) -> str | None:
    """Where a mount stands in the image: an absolute path; None where that isn't known."""
    written = one.keys.get("target", "")
    place = step.expand(written)
    if place is None or (not place.startswith("/") and step.state.workdir is None):
        return None
    return normal(place if place.startswith("/") else f"{step.state.workdir}/{place}")


def _covered_by(step: Step, place: str, found: list[Mount]) -> Mount | None:
    for one in found:
        where = target(step, one)
        if where is not None and is_below(place, where):
            return one
    return None


def is_below(place: str, folder: str) -> bool:
    """Whether an absolute path is a folder, or in it."""
    return place == folder or place.startswith(f"{folder}/") or folder == "/"


def serving(call: Call, tool: str) -> Mount | None:
    """The cache mount that holds the tool's cache when the command runs."""
    place = folder(call, tool)
    return None if place is None else _covered_by(call.step, place, mounts(call.step))


def outside(step: Step, place: str) -> bool:
    """Whether what a RUN writes below a folder stays out of its layer: a mount of any kind stands there."""
    run = step.run
    found = [mount(flag) for flag in run.flags_named("mount")] if run is not None else []
    return (
        _covered_by(step, place, [one for one in found if one is not None and one.type in {"cache", "tmpfs", "bind"}])
        is not None
    )


def meant(call: Call, tool: str) -> Mount | None:
    """A cache mount that looks meant for the tool, whether or not it serves it."""
    return named(call.step, tool)


def named(step: Step, tool: str) -> Mount | None:
    """The cache mount of a RUN whose target bears the name of a tool's cache, or of all caches."""
    name = _NAMES[tool]
    for one in mounts(step):
        where = target(step, one) or one.keys.get("target", "")
        last = where.rstrip("/").rpartition("/")[2]
        if last in {name, f"{name}-cache", f"{name}_cache", f".{name}"} or where.endswith("/.cache"):
            return one
        if where.rstrip("/").endswith(f"/{name}/cache"):
            return one
    return None


def off(call: Call, tool: str) -> str:
    """What keeps a tool from using its cache: an option or a variable as written, "" for nothing."""
    for _, word in own_words(call):
        if word.value in _NO_CACHE_OPTIONS[tool]:
            return word.text
    return NO_CACHE[tool] if unset(call, tool) else ""


def unset(call: Call, tool: str) -> bool:
    """Whether a variable keeps a tool from using its cache, as far as is known."""
    known = {**call.step.state.args, **call.variables}
    if NO_CACHE[tool] not in known:
        return False
    value = known[NO_CACHE[tool]]
    # pip takes any value as yes, "off" too.
    return value is None or uv.is_on(value) or (tool == "pip" and value != "")


def option_indexes(call: Call, tool: str) -> list[int]:
    """Which words of a command switch the tool's cache off."""
    return [index for index, word in own_words(call) if word.value in _NO_CACHE_OPTIONS[tool]]


def link_mode(call: Call) -> str | None:
    """How uv is told to bring packages from its cache, "" where it isn't, None where that isn't known."""
    named_ = option(call, "--link-mode")
    if named_ is not None:
        return named_ or None
    known = {**call.step.state.args, **call.variables}
    return known.get("UV_LINK_MODE", "")


def wanted_later(call: Call, tool: str) -> bool:
    """Whether a uv command behind this one works offline."""
    own = call.step.stage
    if tool != "uv":
        return False
    for step, line in calls.all_calls(own.build).items():
        if own in step.stage.chain and any(
            "--offline" in one.args or uv.is_on(one.variables.get("UV_OFFLINE"))
            for one in line
            if one.program in {"uv", "uvx"}
        ):
            return True
    return any(
        step.instruction.keyword in {"CMD", "ENTRYPOINT"} and "--offline" in step.instruction.args.text
        for step in own.build.steps
        if own in step.stage.chain
    )
