"""A `uv sync` behind the sources, which any change of theirs runs anew, and how its dependencies come before them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from uvlint import caches, calls, context, environments, ordering, plan, projects, reorder
from uvlint.diagnostics import Fix, Safety
from uvlint.lazy import regex
from uvlint.model import is_root, normal
from uvlint.ordering import Early
from uvlint.record import field, record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build, Step
    from uvlint.projects import Sync
    from uvlint.reads import File

_UNSEEN = "the build context was not seen: the sync may read more than `pyproject.toml` and `uv.lock`"
_HARMLESS = frozenset({"set", "echo", ":", "true"})
_ODD = regex(r"[\s\"',$\\`]")
_BESIDE = (".python-version", "uv.toml")


@record(eq=True)
class Late:
    """A `uv sync` behind sources, with what has to be there for its dependencies alone.

    `reason` says why they can't come first, "" where they can.
    """

    sync: Sync
    found: Early
    files: list[File] = field(default_factory=list)
    reason: str = ""


def late(build: Build) -> list[Late]:
    """The first `uv sync` of each project behind its sources, worked out once."""
    known = build.facts.get("late syncs")
    if known is None:
        known = build.facts["late syncs"] = list(_late(build))
    return known  # type: ignore[return-value]


def _late(build: Build) -> Iterator[Late]:
    seen: list[tuple[object, str]] = []
    for sync in projects.syncs(build):
        if sync.folder is None or sync.set("no-install-project") is None:
            continue
        sources = [one for one in sync.step.stage.before(sync.step) if _are_sources(one, sync.folder)]
        before = any(
            folder == sync.folder and stage in sync.step.stage.chain for stage, folder in seen
        ) or (bool(sources) and _prepared(sources[0]))  # fmt: skip
        seen.append((sync.step.stage, sync.folder))
        if sources and not before and all(one.stage is sync.step.stage for one in sources):
            yield _settle(Late(sync, Early(sources, sync.step)))


def _are_sources(step: Step, folder: str) -> bool:
    if not ordering.holds_sources(step):
        return False
    target = context.destination(step)
    if target is None:
        return False
    place = target.rstrip("/") or "/"
    return caches.is_below(place, folder) or caches.is_below(folder, place)


def _prepared(first: Step) -> bool:
    """Whether something that a file lists is installed before the sources come."""
    return any(
        install.tool in {"pip", "uv"} and (install.has("requirement") or install.has("group"))
        for step in first.stage.before(first)
        for install in plan.in_stage(step.stage)
        if install.call.step is step
    )


# What is read -----------------------------------------------------------------------------------------------------------


def _settle(one: Late) -> Late:
    """Finds what the sync reads, and why it can't run before the sources."""
    sync = one.sync
    one.reason = _read(one) or _stays(sync) or _between(one) or _overlaid(one)
    return one


def _read(one: Late) -> str:
    sync = one.sync
    if sync.project is None:
        return "its `pyproject.toml` isn't seen to be there"
    if sync.lock is not None and (
        sync.set("locked") or sync.set("frozen") or projects.certain(sync.lock, sync.step.stage.build)
    ):
        one.files.append(sync.lock)
    one.files.append(sync.project)
    if sync.project.data is None or (sync.lock is not None and sync.lock.data is None):
        one.found.note(_UNSEEN)
    elif not projects.static(sync) and sync.package is not False:
        return "its dependencies are only known when the project is built"
    return _beside(one) or _named_by_lock(one)


def _beside(one: Late) -> str:
    """What uv reads beside the project's file."""
    sync = one.sync
    for name in _BESIDE:
        file = projects.look(sync, normal(f"{sync.folder}/{name}"))
        if file is not None and file.data is not None:
            one.files.append(file)
    return ""


def _named_by_lock(one: Late) -> str:
    """The projects and files that the lock file names."""
    sync = one.sync
    root = "" if sync.lock is None else posixpath.dirname(sync.lock.image)
    for local in sync.locals or ():
        path = normal(f"{root}/{local.path}")
        place = path if local.kind == "path" else normal(f"{path}/pyproject.toml")
        if any(file.image == place for file in one.files):
            continue
        file = projects.look(sync, place)
        if file is None or (file.data is None and local.kind != "path"):
            return f"`{local.path}`, which `uv.lock` names, isn't seen to have a pyproject.toml"
        if local.kind in {"editable", "directory"} and "project" not in (projects.tables(file) or {"project": {}}):
            return f"what `{local.path}` depends on is only known when it is built"
        one.files.append(file)
    if any("://" not in source for source in projects.registries(sync)):
        return "`uv.lock` names an index in the build context"
    return ""


def _stays(sync: Sync) -> str:
    """What in its RUN, or in who runs it, keeps the sync where it is."""
    step, call = sync.step, sync.install.call
    if step.onbuild:
        return "it runs in the builds of other images"
    user = environments.runs_as(call)
    if not is_root(user) and (user is None or caches.home_of(call) != sync.folder):
        return "whether its user may write to the folder before the sources are there can't be told"
    return ""


def _between(one: Late) -> str:
    """What stands between the sources and the sync."""
    sync, found = one.sync, one.found
    stage, first = sync.step.stage, found.copies[0]
    between = stage.steps[first.index + 1 : sync.step.index + 1]
    for step in between[:-1]:
        keyword = step.instruction.keyword
        if step not in found.copies and keyword not in {"COPY", "ADD"} and keyword not in ordering.PASSED:
            ahead = [copy for copy in found.copies if copy.index < step.index]
            reason = ordering.stands(step, ahead)
            if reason:
                return reason
    if (context.destination(first) or "/") == "/":
        return "they are copied to /, where anything may need them"
    needed: set[Step | None] = {file.step for file in one.files if file.step not in found.copies}
    reason = ordering.below(found, between[:-1], needed)
    if reason:
        return reason
    for file in one.files:
        if file.step in found.copies:
            if file.origin is None or _ODD.search(file.origin) or _ODD.search(file.image):
                return f"`{posixpath.basename(file.image)}` can't be copied by itself"
            if posixpath.basename(file.origin) != posixpath.basename(file.image):
                return f"`{posixpath.basename(file.image)}` has another name in the build context"
            found.files.append((sync.step, file))
    return ""


def _overlaid(one: Late) -> str:
    """Whether the sources would come over the environment, or be taken for old ones."""
    sync = one.sync
    build = sync.step.stage.build
    root = context.root(build)
    place = sync.environment
    if place is None:
        return "where its environment is can't be told"
    if build.context is not None and root is not None:
        for copy in one.found.copies:
            origin = context.brought(copy, f"{place}/pyvenv.cfg")
            if origin is not None and (origin.path is None or build.context.read(root, origin.path) is not None):
                return "an environment of the build context would come over the one that it makes"
    apart = sync.project is not None and sync.project.step not in one.found.copies
    if apart and sync.set("no-editable") is not False and caches.serving(sync.install.call, "uv") is not None:
        return "uv would not notice a change of sources that are copied apart from their pyproject.toml"
    return ""


# What is written --------------------------------------------------------------------------------------------------------


def fix(one: Late) -> Fix | str:
    """Installs the dependencies above the sources; or says why that can't be."""
    if one.reason:
        return one.reason
    return _swapped(one) if one.sync.installs_sources is False else _split(one)


def _swapped(one: Late) -> Fix | str:
    """Copies what the sync reads, and the sources below it."""
    return _company(one.sync, before_only=False) or reorder.fix(one.found)


def _split(one: Late) -> Fix | str:
    """Installs the dependencies above the sources, and the project below them."""
    sync = one.sync
    reason = _unlocked(sync) or _company(sync, before_only=True)
    command = _command(sync)
    if reason or not command:
        return reason or "its command can't be written for the dependencies alone"
    build = sync.step.stage.build
    source = build.dockerfile.source
    run = sync.step.run
    assert run is not None  # noqa: S101
    flags = [source[flag.span] for flag in run.flags]
    lines: list[str] = []
    if build.settings.bind_mounts:
        flags += [_mount(sync, file) for _, file in one.found.files]
    elif one.found.files:
        lines = reorder.copying(one.found)
    keyword = "run" if source[run.keyword_span].islower() else "RUN"
    turn = f" {build.dockerfile.escape}{source.newline}    "
    lines += f"{keyword} {turn.join([*flags, command])}".split(source.newline)
    note = "; ".join(one.found.notes)
    edits = reorder.above(one.found, sync.step, lines)
    return Fix(
        "Install the dependencies before the sources are copied",
        tuple(edits),
        Safety.UNSAFE if note else Safety.SAFE,
        note,
    )


def _unlocked(sync: Sync) -> str:
    if sync.set("locked") or sync.set("frozen"):
        return ""
    return "without `--locked` it may write `uv.lock`: add that first"


def _mount(sync: Sync, file: File) -> str:
    workdir = sync.step.state.workdir or "/"
    target = posixpath.relpath(file.image, workdir) if caches.is_below(file.image, workdir) else file.image
    return f"--mount=type=bind,source={file.origin},target={target}"


def _command(sync: Sync) -> str:
    """The sync for the dependencies alone, "" where it can't be written."""
    call = sync.install.call
    words = [word.text for word in call.words]
    exec_form = sync.step.run is not None and sync.step.run.json is not None
    if any(regex(r"[^\w./=:@%+-]" if exec_form else r"\s").search(word) for word in words):
        return ""
    return " ".join([*words, *(one for one in _left_out(sync) if one not in words)])


def _left_out(sync: Sync) -> list[str]:
    """The options that leave out what is built from the build context."""
    local = [one for one in sync.locals or () if one.kind in {"editable", "directory", "virtual"}]
    members = projects.members(sync)
    found = ["--no-install-workspace" if len(members) > 1 else "--no-install-project"]
    apart = [one for one in local if one.path != "." and one.name not in members and one.kind != "virtual"]
    found += [f"--no-install-package {one.name}" for one in apart]
    return found


def _company(sync: Sync, *, before_only: bool) -> str:
    """What else its RUN does that has to stay with it."""
    call, script = sync.install.call, sync.step.script
    if script is None or call.command.scopes or call.wrappers or call.activated != "":
        return "it doesn't stand alone in its RUN"
    if call.env or call.workdir != sync.step.state.workdir:
        return "a folder or variables are set for it in its RUN"
    known = {one.command: one for one in calls.all_calls(sync.step.stage.build)[sync.step]}
    for command in script.commands:
        if command is call.command:
            if before_only:
                return ""
            continue
        other = known.get(command)
        cache = other is not None and other.program == "uv" and other.verb == "cache"
        if (command.name or "?") not in _HARMLESS and not cache:
            return (
                "other commands of its RUN may need the sources"
                if not before_only
                else "other commands of its RUN come first"
            )
    return ""
