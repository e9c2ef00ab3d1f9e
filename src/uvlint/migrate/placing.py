"""Where a project that moves goes in an image: its folder, its environment, and what each `uv sync` leaves there."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from uvlint import caches, calls, context, environments
from uvlint.migrate import moves as moving
from uvlint.model import is_root, normal

if TYPE_CHECKING:
    from uvlint.managers import Wanted
    from uvlint.migrate.moves import Move
    from uvlint.model import Build, Stage

APART = "/opt/venv"
"""The environment where the project's own folder is no place for one."""

_COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml", "docker-compose.override.yml",
            "docker-compose.dev.yml")  # fmt: skip
_MOUNT = r"(?m)^\s*-\s*[\"']?[.$~/][^:\n]*:{}/?(?:[\"':\s]|\Z)"


@dataclass(frozen=True, slots=True)
class Synced:
    """What becomes of a move: the folder of its project, its environment, and all that is there after it.

    `covered`: what it asks for is there already. `new`: the environment takes the place of the image's own Python. `hidden`:
    so far only Poetry or Pipenv knew where it is.
    """

    folder: str
    place: str
    wanted: Wanted
    covered: bool
    new: bool
    hidden: bool


@dataclass(slots=True)
class Placed:
    """What becomes of every move. `environments`: the new ones, by the number of the stage that their chain begins with."""

    synced: dict[Move, Synced] = field(default_factory=dict)
    environments: dict[int, str] = field(default_factory=dict)


def settle(build: Build, moves: list[Move]) -> Placed | str:
    """Where everything goes, or why that can't be told."""
    placed = Placed()
    for root in moving.stages(moves):
        own = [one for one in moves if one.call.step.stage.chain[0] is root]
        folder = _folder(own)
        if folder is None:
            return "the folder that the project is installed from can't be told, or there are several"
        new = _new(build, root, own, folder)
        if any(one.place == moving.SYSTEM for one in own):
            placed.environments[root.index] = new
        ends: dict[int, dict[str, Wanted]] = {}
        for stage in build.stages:
            if stage.chain[0] is not root:
                continue
            state = dict(ends[stage.parent.index]) if stage.parent is not None else {}
            for one in own:
                if one.call.step.stage is stage:
                    _take(one, folder, new, state, placed)
                    why = _too_early(one, own, placed)
                    if why:
                        return why
            ends[stage.index] = state
    return placed


def _take(one: Move, folder: str, fresh: str, state: dict[str, Wanted], placed: Placed) -> None:
    place = one.place or fresh
    before = state.get(place)
    whole = one.wanted if before is None else before | one.wanted
    new = one.place == moving.SYSTEM
    placed.synced[one] = Synced(
        folder, place, whole, whole == before, new, new or one.call.program in {"poetry", "pipenv"}
    )
    state[place] = whole


def _too_early(one: Move, own: list[Move], placed: Placed) -> str:
    """Why what a move asks for can't be installed by an earlier one, which asks for it too; "" where it can."""
    here = placed.synced[one]
    first = next(each for each in own if each in placed.synced and placed.synced[each].place == here.place)
    if not here.covered or one is first or one.call.program != "pip" or one.wanted.project or not one.wanted.main:
        return ""
    started = False
    for step in one.call.step.stage.before(one.call.step):
        started = started or step is first.call.step
        for call in calls.all_calls(one.call.step.stage.build)[step] if started and step is not first.call.step else ():
            if call.program in {"apt-get", "apk", "dnf", "yum", "microdnf"}:
                line = step.stage.build.dockerfile.source.line(one.call.span.start)
                return f"line {line}: the project is installed by several commands, with system packages in between"
    return ""


def _folder(own: list[Move]) -> str | None:
    """The one folder of the image that the project is in."""
    named = {one.folder for one in own if one.folder is not None}
    if named:
        return named.pop() if len(named) == 1 else None
    for one in own:
        workdir = one.call.workdir
        if workdir is None:
            return None
        if workdir != "/":
            return workdir
    return own[0].call.step.stage.end.workdir


def _new(build: Build, root: Stage, own: list[Move], folder: str) -> str:
    """Where an environment is made that takes the place of the image's own Python."""
    first = own[0].call
    if not is_root(environments.runs_as(first)):
        return f"{caches.home_of(first) or ''}/.venv"
    if folder == "/" or _disturbed(build, root, folder):
        return APART
    return f"{folder}/.venv"


def _disturbed(build: Build, root: Stage, folder: str) -> bool:
    """Whether something would change, copy or hide an environment in the folder: `chown -R`, a volume, a mount of Compose."""
    for step in (step for stage in build.stages if stage.chain[0] is root for step in stage.steps):
        if step.instruction.keyword == "VOLUME":
            named = [normal(step.expand(word.text) or "/") for word in step.instruction.words()]
            if any(caches.is_below(f"{folder}/.venv", one) for one in named if one != "/"):
                return True
        for call in calls.all_calls(build)[step]:
            if call.program in {"chown", "chmod", "rm", "find"} and _works_on(call, folder):
                return True
    return _mounted(build, folder)


def _works_on(call: calls.Call, folder: str) -> bool:
    recursive = any((arg or "").startswith("-") and "r" in (arg or "").lower() for arg in call.args)
    if not recursive and call.program != "find":
        return False
    for arg in call.args:
        if not arg or arg.startswith("-") or (call.workdir is None and not arg.startswith("/")):
            continue
        place = normal(arg if arg.startswith("/") else f"{call.workdir}/{arg}")
        if caches.is_below(folder, place) and (arg.startswith(("/", ".")) or place == folder):
            return True
    return False


def _mounted(build: Build, folder: str) -> bool:
    """Whether a file of Docker Compose puts something of the disk over the folder."""
    root = context.root(build)
    if build.context is None or root is None:
        return False
    pattern = re.compile(_MOUNT.format(re.escape(folder)))
    for base in dict.fromkeys((root, *build.context.folders)):
        for name in _COMPOSE:
            data = build.context.look(base, name)
            if data is not None and pattern.search(data.decode("utf-8", "replace")):
                return True
    return False


def below(path: str, folder: str) -> str:
    """A path as it is written where a RUN works in a folder."""
    return posixpath.relpath(path, folder) if caches.is_below(path, folder) else path
