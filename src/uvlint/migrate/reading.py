"""What of a Dockerfile installs the project, and what stands around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import caches, calls, context, environments, managers, ordering, plan, scripts
from uvlint.lazy import regex
from uvlint.migrate import taking
from uvlint.migrate.moves import SYSTEM, Move, Reading, asks, unfit
from uvlint.model import is_root, normal
from uvlint.tools.requirements import normalised

if TYPE_CHECKING:
    from uvlint.calls import Call
    from uvlint.migrate.locked import Locked
    from uvlint.model import Build, Step
    from uvlint.plan import Install

_MANAGERS = frozenset({"poetry", "pipenv"})
_IDLE = {
    "poetry": frozenset({"config", "lock", "check", "self", "env", "about", "cache", "show", "debug", "export", ""}),
    "pipenv": frozenset({"lock", "verify", "check", "graph", "requirements", "clean", "upgrade", ""}),
}
"""What Poetry and Pipenv are told that says nothing once the project is uv's."""

_HARMLESS = frozenset({"apt-get", "apk", "dnf", "yum", "microdnf", "rm", "mkdir", "cd", "set", "echo", "useradd", "adduser",
                       "groupadd", "addgroup", "usermod", "chown", "chmod", "pip", "ln", "true", "touch", "poetry", "pipenv",
                       "update-ca-certificates", "export", "cp", "mv"})  # fmt: skip
"""Programs that need no package of Python's."""

_FETCHED = regex(r"install\.python-poetry\.org|get-poetry\.py|install-poetry\.py")


def read(build: Build, project: Locked) -> Reading:
    """Every command line that has to do with the project's packages."""
    found = Reading()
    for line in calls.all_calls(build).values():
        for call in line:
            _read(call, project, found)
    if found.moves:
        found.reasons += found.doubts
        _join(build, found)
        found.gone += [*_cleared(build, found, project), *_environments(build, found)]
        _around(build, found)
    return found


def _read(call: Call, project: Locked, found: Reading) -> None:
    if call.program in _MANAGERS:
        _manager(call, project, found)
        return
    if call.program in {"curl", "wget"} and any(_FETCHED.search(word.text) for word in call.words):
        found.gone.append(call)
        return
    if call.program == "pip-sync":
        taking.pip_sync(call, project, found)
        return
    install = next((one for one in plan.in_stage(call.step.stage) if one.call is call), None)
    if install is not None and install.tool in {"pip", "uv", "pipx"}:
        taking.install(install, project, found)


# Poetry and Pipenv ------------------------------------------------------------------------------------------------------


def _manager(call: Call, project: Locked, found: Reading) -> None:
    verb = managers.verb(call)
    if verb == "run" or project.kind != call.program:
        return
    if verb in _IDLE[call.program]:
        found.gone.append(call)
        return
    asked = managers.read(call)
    if isinstance(asked, str):
        found.refuse(call, asked)
        return
    if any(one.meaning == "nothing" for one in asked.given):
        found.gone.append(call)
        return
    wanted = managers.wanted(asked, project.groups, project.defaults, poetry=call.program == "poetry")
    reason = unfit(call)
    if isinstance(wanted, str) or reason:
        found.refuse(call, wanted if isinstance(wanted, str) else reason)
        return
    if call.workdir is None and not asked.folder.startswith("/"):
        found.refuse(call, "the folder that it runs in isn't known")
        return
    folder = normal(asked.folder if asked.folder.startswith("/") else f"{call.workdir}/{asked.folder}")
    place = _own_place(call, folder, system=asked.system)
    if place is None:
        found.refuse(call, "where it installs to can't be told")
        return
    extras = {normalised(one): one for one in project.extras}
    chosen = frozenset(extras.get(one, one) for one in wanted.extras)
    move = Move(call, wanted._replace(project=wanted.project and project.package, extras=chosen), place, folder)
    if move.wanted.project and not _has_sources(call, folder):
        move.later = _sources(call, folder)
        move.wanted = move.wanted._replace(project=False)
    found.moves.append(move)


def _has_sources(call: Call, folder: str) -> bool:
    return any(_brings_sources(step, folder) for step in call.step.stage.before(call.step))


def _sources(call: Call, folder: str) -> Step | None:
    """The last COPY of a stage that brings sources of the project behind a command line, for the same user."""
    found = None
    for step in call.step.stage.steps[call.step.index + 1 :]:
        if step.state.user != call.step.state.user or any(
            one.program == call.program and managers.verb(one) in {"install", "sync"}
            for one in calls.all_calls(step.stage.build)[step]
        ):
            break
        if _brings_sources(step, folder):
            found = step
    return found


def _brings_sources(step: Step, folder: str) -> bool:
    if not ordering.holds_sources(step):
        return False
    target = context.destination(step)
    place = None if target is None else target.rstrip("/") or "/"
    return place is None or caches.is_below(place, folder) or caches.is_below(folder, place)


def _own_place(call: Call, folder: str, *, system: bool) -> str | None:
    """The environment that Poetry or Pipenv works on: SYSTEM, too, for one in a folder of its own choosing."""
    known = call.variables
    active = call.activated or known.get("VIRTUAL_ENV", "")
    if active is None or call.activated is None:
        return None
    if active:
        return normal(active) if active.startswith("/") else None
    own = _says(call, "virtualenvs.create", "POETRY_VIRTUALENVS_CREATE", default=True)
    if system or (call.program == "poetry" and not own):
        return environments.active(call)
    name = "POETRY_VIRTUALENVS_IN_PROJECT" if call.program == "poetry" else "PIPENV_VENV_IN_PROJECT"
    if known.get(name, "") is None:
        return None
    inside = _says(call, "virtualenvs.in-project", name, default=False)
    return f"{folder.rstrip('/')}/.venv" if inside else SYSTEM


def _says(call: Call, key: str, variable: str, *, default: bool) -> bool:
    """Whether a setting of Poetry's is on: by its variable, or by the last `poetry config`."""
    value = call.variables.get(variable)
    if value is not None:
        return value.lower() not in {"false", "0", "no", "off", ""}
    for one in calls.before(call, "poetry"):
        if one.verb == "config" and key in one.args:
            at = one.args.index(key)
            default = (one.args[at + 1 : at + 2] or ["true"])[0] != "false"
    return default


# What stands around them ------------------------------------------------------------------------------------------------


def _around(build: Build, found: Reading) -> None:
    """What else works on an environment that is moved, and would not find it, or be found in it."""
    moved = {one.call.step.stage.chain[0] for one in found.moves if one.place == SYSTEM}
    places = {one.place for one in found.moves}
    own = {one.call for one in found.moves} | set(found.gone)
    for one in plan.installs(build):
        call = one.call
        if call in own or one.empty or one.tool not in {"pip", "uv", "pipx", "pip-sync"}:
            continue
        here = call.step.stage.chain[0] in moved
        place = taking.place_of(one)
        if (place == SYSTEM and here) or (place and place in places) or (place is None and here):
            found.refuse(call, _beside(one))
    for call in calls.find(build, "pip"):
        idle = call.verb in {"cache", "--version", "-V", "config", "help"} or asks(call) is not None
        if call in own or call.verb == "install" or idle or call.step.stage.chain[0] not in moved:
            continue
        found.refuse(call, f"`pip {call.verb}` works on the image's own Python, not on the project's environment")
    for ran in scripts.ran(build):
        if any(plan.of(one) is not None for one in ran.calls):
            found.refuse(ran.call, f"`{ran.path}` installs packages: what it does has to be moved by hand")
    for move in found.moves:
        user = environments.runs_as(move.call)
        if move.place == SYSTEM and not is_root(user) and caches.home_of(move.call) is None:
            found.refuse(move.call, "it runs as another user than root, whose home folder isn't known")
            break


def _cleared(build: Build, found: Reading, project: Locked) -> list[Call]:
    """The `rm` of nothing but files that are no longer copied."""
    names = {name.rpartition("/")[2] for name in (*project.sources, *project.constraints)}
    names |= {one.exported.rpartition("/")[2] for one in found.moves if one.exported}
    steps = {one.call.step for one in found.moves}
    cleared = []
    for call in calls.find(build, "rm"):
        paths = [arg for arg in call.args if arg is None or not arg.startswith("-")]
        if call.step in steps and paths and all(one is not None and one.rpartition("/")[2] in names for one in paths):
            cleared.append(call)
    return cleared


def _environments(build: Build, found: Reading) -> list[Call]:
    """What makes an environment for nothing but a move, whose `uv sync` makes it itself."""
    made = []
    own = {one.call for one in found.moves} | set(found.gone)
    for call in calls.find(build, "venv", "virtualenv"):
        places = environments.made_by(call)
        mates = [one for one in found.moves if {one.place} == places and call.step.stage in one.call.step.stage.chain]
        options = {arg for arg in call.args if arg is None or arg.startswith("-")}
        if mates and options <= {"--copies", "--clear", "--upgrade-deps", "--symlinks"} and not call.command.scopes:
            last = min((one.call for one in mates), key=_order)
            if not any(_uses(step, places, call, own) for step in last.step.stage.before()):
                made.append(call)
    return made


def _uses(step: Step, places: set[str], maker: Call, own: set[Call]) -> bool:
    """Whether a RUN names an environment, but in what makes it or moves."""
    (place,) = places
    if step.run is None:
        return False
    if step.script is None:
        return True
    known = {one.command: one for one in calls.all_calls(step.stage.build)[step]}
    for command in step.script.commands:
        call = known.get(command)
        if call is maker or call in own:
            continue
        text = command.cooked.text[command.start : command.end]
        if place in text or "VIRTUAL_ENV" in text or "activate" in text or (call is not None and call.activated):
            return True
    return False


def _beside(install: Install) -> str:
    """Why an install that is not the project's keeps the file from being moved."""
    if install.given is None:
        return install.why
    names = [
        one.value or one.raw
        for one in install.given
        if one.option is None or one.meaning in {"requirement", "editable"}
    ]
    return f"`{names[0] if names else install.tool}` is installed beside the project: add it to its requirements first"


def _join(build: Build, found: Reading) -> None:
    """Lets installs of what was added to the project move with it: in the same environment, with nothing in between."""
    for one in found.beside:
        mates = [
            each
            for each in found.moves
            if each.place == one.place
            and (one.call.step.stage in each.call.step.stage.chain or each.call.step.stage in one.call.step.stage.chain)
        ]
        earlier = [each for each in mates if _order(each.call) < _order(one.call)]
        if earlier and one.call in found.sources:
            _put_off(build, found, earlier, one)
        elif earlier:
            found.moves.append(one)
        elif mates and not _between(build, one.call, min(mates, key=lambda each: _order(each.call)).call):
            found.gone.append(one.call)
    found.moves.sort(key=lambda each: _order(each.call))


def _put_off(build: Build, found: Reading, earlier: list[Move], last: Move) -> None:
    """Lets one install, for which the files of a local project are there, do what those before it did."""
    first = min(earlier, key=lambda each: _order(each.call)).call
    if _between(build, first, last.call) or any(one.call.step.stage is not last.call.step.stage for one in earlier):
        found.refuse(last.call, "a local project is installed after others, which are used before it")
        return
    for one in earlier:
        last.wanted |= one.wanted
        last.folder = last.folder or one.folder
        found.moves.remove(one)
        found.gone.append(one.call)
    found.moves.append(last)


def _order(call: Call) -> tuple[int, int, int]:
    return call.step.stage.index, call.step.index, call.position


def _between(build: Build, first: Call, last: Call) -> bool:
    """Whether something runs between two command lines that may need what the first one installs."""
    known = calls.all_calls(build)
    for step in last.step.stage.before():
        if step.run is None or not (first.step.stage.index, first.step.index) <= (step.stage.index, step.index):
            continue
        script = step.script
        for command in script.commands if script is not None else ():
            call = next((one for one in known[step] if one.command is command), None)
            if call is not None and not _order(first) < _order(call) < _order(last):
                continue
            if (command.name or "?" if call is None else call.program) not in _HARMLESS:
                return True
        if script is None:
            return True
    return False
