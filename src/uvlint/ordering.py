"""Sources that are copied before dependencies are installed, and whether the two may change places."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from uvlint import calls, context, independence, plan, reads
from uvlint.lazy import regex
from uvlint.model import normal
from uvlint.record import field, record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uvlint.model import Build, Stage, Step
    from uvlint.plan import Install
    from uvlint.reads import File

PASSED = frozenset(
    {
        *("ENV", "ARG", "LABEL", "EXPOSE", "WORKDIR", "USER", "SHELL"),
        *("CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER"),
    }
)
_SYSTEM = regex(
    r"/(?:(?:bin|boot|dev|etc|lib\w*|proc|run|sbin|sys|var/lib|var/cache|usr/(?!src/|app/)[^/]+)(?:/.*)?|usr|var)\Z"
)
"""Folders that programs look into by themselves."""

_NO_SOURCES = regex(
    r"(?:requirements?|reqs?|deps|dependenc\w+|constraints?|wheel\w*|dist|packages?|pkgs?|certs?|certificates|ssl|ssh"
    r"|keys?|conf\w*|etc|root\w*|docker\w*|build\w*|install\w*|scripts?|tools?|patch\w*|vendor\w*|third_party|bin)\Z"
)
"""Names of folders that hold what a build needs early."""

_PROJECT = frozenset({"pyproject.toml", "setup.py", "setup.cfg", "poetry.lock", "uv.lock", "Pipfile", "Pipfile.lock"})
_TOOLS = frozenset(
    {
        *("pip", "setuptools", "wheel", "uv", "poetry", "pipenv", "pip-tools", "virtualenv", "build", "pipx", "cython"),
        *("hatch", "hatchling", "pdm", "flit", "flit-core", "poetry-core", "twine", "tox", "nox", "setuptools-scm"),
    }
)
_LOCKED = {
    "poetry": "copy pyproject.toml and poetry.lock first, run `poetry install --no-root`, then copy the rest",
    "pipenv": "copy Pipfile and Pipfile.lock first, and the rest below the install",
}
_FILES = ("requirement", "constraint", "build-constraint", "override")


@record(eq=True)
class Early:
    """Sources that a stage copies before it installs.

    `copies` are theirs, in order; `last` is the step below which they may go (None: they have to stay, and `reason` says
    why). `files` are what the installs read of them, with the step that reads it first; `notes` tell what was not seen.
    """

    copies: list[Step]
    last: Step | None = None
    reason: str = ""
    files: list[tuple[Step, File]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def early(build: Build) -> Iterator[Early]:
    """Where sources are copied before dependencies are installed: at most one case a stage."""
    by_step: dict[Step, list[Install]] = {}
    for install in plan.installs(build):
        if install.tool in {"pip", "uv", "uv sync", *_LOCKED}:
            by_step.setdefault(install.call.step, []).append(install)
    for stage in {step.stage: None for step in by_step}:
        last = max(step.index for step in by_step if step.stage is stage)
        sources = [step for step in stage.steps[:last] if holds_sources(step)]
        blocked = None
        for step in sources:
            found = _from(step, sources, by_step)
            if found is not None and found.last is not None:
                yield found
                break
            blocked = blocked or found
        else:
            if blocked is not None:
                yield blocked


def holds_sources(step: Step) -> bool:
    """Whether a COPY brings a program's own files: a folder of the context, or modules."""
    sources = context.copied(step)
    if not sources:
        return False
    names = [posixpath.normpath(source.lstrip("/") or ".") for source in sources if not context.remote(source)]
    if not any(_is_folder(step, name) for name in names) and (
        not any(map(_is_module, names)) or any(posixpath.basename(name) in _PROJECT for name in names)
    ):
        return False
    target = context.destination(step)
    return target is None or not _SYSTEM.match(target.rstrip("/") or "/")


def _is_module(name: str) -> bool:
    folders = posixpath.dirname(name).split("/")
    return name.endswith(".py") and not any(map(_NO_SOURCES.match, folders))


def _is_folder(step: Step, name: str) -> bool:
    base = posixpath.basename(name)
    if base in {".", "*"}:
        return True
    if any(char in base for char in "*?[") or _NO_SOURCES.match(base.lower()):
        return False
    build = step.stage.build
    root = context.root(build)
    if build.context is not None and root is not None and build.context.exists(root, name):
        return build.context.is_folder(root, name)
    return "." not in base and not context.looks_like_file(base)


# What stands between ----------------------------------------------------------------------------------------------------


def _from(first: Step, sources: list[Step], by_step: dict[Step, list[Install]]) -> Early | None:
    """The case that begins with a COPY, if dependencies are installed behind it."""
    stage = first.stage
    found = Early([first])
    waiting: list[Step] = []
    for step in stage.steps[first.index + 1 :]:
        keyword = step.instruction.keyword
        if step in sources:
            waiting.append(step)
        elif keyword not in {"COPY", "ADD"} and keyword not in PASSED:
            found.reason = stands(step, [*found.copies, *waiting])
            if found.reason:
                break
            if any(map(_dependencies, by_step.get(step, ()))):
                found.copies += waiting
                waiting = []
                found.last = step
    if found.last is not None:
        found.reason = _settle(stage, found, by_step)
        if found.reason:
            found.last = None
        return found
    return found if found.reason and _installs_later(stage, first, found, by_step) else None


def stands(step: Step, copies: Iterable[Step]) -> str:
    """Why a step has to stay behind the COPYs, "" where it doesn't."""
    if step.instruction.keyword != "RUN":
        return f"{step.instruction.keyword} stands in between"
    folders = []
    for one in copies:
        target = context.destination(one)
        if target is None:
            return "where they are copied to can't be told"
        if target == "/":
            return "they are copied to /, where anything may need them"
        folders.append(target.rstrip("/"))
    return independence.needs(step, folders)


def _dependencies(install: Install) -> bool:
    """Whether something other than a project and the tools to build it is asked for."""
    if install.given is None or _by_file(install):
        return install.given is not None
    found = reads.of(install)
    return not found.directories and not found.scan.local and bool(set(found.scan.names) - _TOOLS)


def _by_file(install: Install) -> bool:
    if install.given is None:
        return any(word.text in {"-r", "--requirement", "--requirements"} for word in install.call.words)
    return install.has("requirement") or install.has("group")


def _installs_later(stage: Stage, first: Step, found: Early, by_step: dict[Step, list[Install]]) -> bool:
    """Whether a file's dependencies are installed behind a COPY that has to stay; what to do may become plain."""
    for step in stage.steps[first.index + 1 :]:
        known = by_step.get(step, ())
        for install in known:
            if install.tool in _LOCKED:
                if _locked(install, first, by_step):
                    found.reason = _LOCKED[install.tool]
                    return True
            elif install.tool != "uv sync" and _by_file(install):
                return True
        if any(install.tool not in {"pip", "uv"} or reads.of(install).directories for install in known):
            return False
    return False


def _locked(install: Install, first: Step, by_step: dict[Step, list[Install]]) -> bool:
    """Whether poetry or pipenv installs what a lock file names, for the first time in the stage."""
    args = install.call.args
    if install.call.verb not in {"install", "sync"}:
        return False
    if any(one.tool == install.tool for step in first.stage.before(first) for one in by_step.get(step, ())):
        return False
    return install.tool == "poetry" or not any(one and not one.startswith("-") for one in args[1:])


# How they change places -------------------------------------------------------------------------------------------------


def _settle(stage: Stage, found: Early, by_step: dict[Step, list[Install]]) -> str:
    """Adds what has to be copied for the installs and what has to move as well; returns why it can't be."""
    assert found.last is not None  # noqa: S101
    between = stage.steps[found.copies[0].index + 1 : found.last.index + 1]
    needed: set[Step | None] = set()
    for step in between:
        for install in by_step.get(step, ()):
            reason = _wanted(install, found)
            if reason:
                return reason
            needed.update(file.step for file in (*reads.of(install).files, *_settings(install)))
    return below(found, between, needed)


def below(found: Early, between: list[Step], needed: set[Step | None]) -> str:
    """Why the sources can't go below what stands between, "" where they can; adds what has to move as well.

    `needed` are the COPYs that bring what is read between.
    """
    return _along(between, found, needed) or _moved(found, between) or _entered(between, found)


def _wanted(install: Install, found: Early) -> str:
    """Collects what an install reads."""
    known = reads.of(install)
    build = install.call.step.stage.build
    settled = build.context is not None and context.root(build) is not None
    missing = [one for one in known.missing if "://" not in one]
    images = {file.image for file in known.files}
    named = [one for one in install.given or () if one.meaning in _FILES and "://" not in one.raw]
    unplaced = [f"`{one.raw}`" for one in named if _image(install, one.value) not in images]
    if settled and (unplaced or missing):
        return f"{[*unplaced, *missing][0]} was not found in the build context"
    if unplaced:
        return f"where {unplaced[0]} comes from can't be told"
    for file in (*known.files, *_settings(install)):
        reason = _add(install, file, found)
        if reason:
            return reason
    return ""


def _add(install: Install, file: File, found: Early) -> str:
    """Adds a file to what has to be copied, unless it is there without the sources."""
    name = posixpath.basename(file.image)
    if file.data is None and file.origin is not None:
        found.note(f"`{name}` was not looked into: it may name other files")
    if file.step not in found.copies or any(one.image == file.image for _, one in found.files):
        return ""
    other = context.origin(install.call.step, file.image, without=found.copies)
    if other is not None and other.path == file.origin:
        return ""
    if other is not None and other.path is not None and file.data is None:
        found.note(f"`{file.origin}`, if there is one, is no longer what it reads")
        return ""
    if file.origin is None or posixpath.basename(file.origin) != name:
        return f"`{name}` has another name in the build context"
    if re.search(r"[\s\"'$\\`*?\[<]", file.origin):
        return f"`{file.origin}` can't be written as a word of COPY"
    found.files.append((install.call.step, file))
    return ""


def _image(install: Install, value: str | None) -> str | None:
    if value is None or (not value.startswith("/") and install.call.workdir is None):
        return None
    return normal(value if value.startswith("/") else f"{install.call.workdir}/{value}")


def _settings(install: Install) -> Iterator[File]:
    """uv's own settings, in the folder where it runs and above."""
    call = install.call
    build = call.step.stage.build
    root = context.root(build)
    place = call.workdir if install.tool == "uv" and not install.has("no-config") else ""
    while place and build.context is not None and root is not None:
        for name in ("uv.toml", "pyproject.toml"):
            path = normal(f"{place}/{name}")
            one = context.origin(call.step, path)
            data = build.context.read(root, one.path) if one is not None and one.path is not None else None
            if one is not None and data is not None and (name == "uv.toml" or b"[tool.uv" in data):
                yield reads.File(path, one.path, one.step, data)
        place = place.rpartition("/")[0]


def _along(between: list[Step], found: Early, needed: set[Step | None]) -> str:
    """What is copied into the same folders behind the sources has to stay behind them: it moves as well."""
    for step in between:
        if step in found.copies or step.instruction.keyword not in {"COPY", "ADD"}:
            continue
        target = context.destination(step)
        ahead = [copy for copy in found.copies if copy.index < step.index]
        for copy in ahead:
            place = context.destination(copy) or "/"
            if target is None or (_overlap(target, place) == "around" and not _files_apart(step, target, place)):
                return f"{_named(step)} in between may put files in the same folder"
            if _overlap(target, place) != "inside":
                continue
            if step not in needed:
                found.copies.append(step)
                found.copies.sort(key=lambda one: one.index)
                break
            if not _without(step, copy, target, found):
                return f"{_named(step)} in between puts its files over theirs"
    return ""


def _overlap(target: str, place: str) -> str:
    """How one destination lies to another: "apart", "inside" it, or "around" it."""
    one, other = f"{target.rstrip('/')}/", f"{place.rstrip('/')}/"
    if one.startswith(other):
        return "inside"
    return "around" if other.startswith(one) and target.endswith("/") else "apart"


def _files_apart(step: Step, target: str, place: str) -> bool:
    """Whether single files are put into a folder around another, not into that one."""
    names = [posixpath.basename(word.text) for word in step.instruction.words()[:-1]]
    return all(
        context.looks_like_file(name) and "*" not in name and _overlap(f"{target}{name}", place) == "apart"
        for name in names
    )


def _named(step: Step) -> str:
    return f"`{step.instruction.keyword} {independence.excerpt(step.instruction.args.text)}`"


def _without(step: Step, copy: Step, target: str, found: Early) -> bool:
    """Whether the single files of a COPY are no other's, or the same as another brings."""
    sources = context.copied(step)
    if not sources or step.instruction.heredocs or step.instruction.flag("parents") is not None:
        return False
    for source in sources:
        name = posixpath.normpath(source.lstrip("/"))
        if context.remote(source) or not context.looks_like_file(posixpath.basename(name)) or "*" in name:
            return False
        place = f"{target.rstrip('/')}/{posixpath.basename(name)}" if target.endswith("/") else target
        other = context.brought(copy, place)
        if other is not None and (other.path != name or step.instruction.flags or copy.instruction.flags):
            if other.path is None or context.root(step.stage.build) is not None or posixpath.dirname(other.path) == "":
                return False
            found.note(f"`{other.path}`, if there is one, comes over `{name}`")
    return True


def _moved(found: Early, between: list[Step]) -> str:
    """Whether the words of a COPY mean the same further down."""
    assert found.last is not None  # noqa: S101
    settings = [one for one in between if one.instruction.keyword in {"ENV", "ARG"}]
    for copy in found.copies:
        instruction = copy.instruction
        target = instruction.words()[-1].text
        if found.files and re.search(r"[\s\"']", target):
            return f"`{target}` can't be written as a word of COPY"
        if not target.startswith(("/", "$")) and found.last.state.workdir != copy.state.workdir:
            return "WORKDIR changes in between: copy them to an absolute path"
        for one in settings:
            if one.index < copy.index:
                continue
            for pair in one.instruction.pairs():
                if re.search(rf"\$\{{?{re.escape(pair.key)}\b", instruction.args.text):
                    return f"{pair.key} changes in between"
    return ""


def _entered(between: list[Step], found: Early) -> str:
    """Whether every folder that a command goes to is there without the sources."""
    made = [posixpath.dirname(file.image) for _, file in found.files]
    folders = {(context.destination(copy) or "/").rstrip("/") for copy in found.copies}
    for step in between:
        for call in calls.all_calls(step.stage.build)[step]:
            where = call.words[call.rest].value if call.program == "cd" and call.rest < len(call.words) else None
            if where is None:
                continue
            place = normal(where if where.startswith("/") else f"{call.workdir}/{where}")
            there = [*made, step.state.workdir or ""]
            if place in folders and not any(f"{one}/".startswith(f"{place}/") for one in there):
                return f"{independence.shown(call)} needs the folder that they make"
    return ""
