"""What a `uv sync` needs around it: uv, the project's files, a cache, its environment on PATH, and secrets."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from uvlint import caches, edits, environments, offers, projects, provision, reads
from uvlint.migrate import copies
from uvlint.migrate import moves as moving
from uvlint.model import normal
from uvlint.syntax import mount

if TYPE_CHECKING:
    from uvlint.diagnostics import Edit
    from uvlint.migrate.locked import Locked
    from uvlint.migrate.placing import Placed
    from uvlint.model import Build, Stage, Step
    from uvlint.projects import Sync


def next_edits(build: Build, placed: Placed, project: Locked) -> list[Edit]:
    """What one of the syncs lacks; none where all have what they need. To be asked again of the file after it."""
    places = {one.place: one for one in placed.synced.values()}
    for sync in projects.syncs(build):
        root = sync.step.stage.chain[0].index
        place = _meant(sync, root, placed)
        for made in (
            _files(sync, project),
            _uv(sync),
            _environment(sync, place),
            _secrets(sync, project),
            _cache(sync),
        ):
            if made:
                return made
        if place in places and places[place].hidden:
            made = _path(sync.step.stage, sync.step, place)
            if made:
                return made
    return _copied(build, placed)


def _meant(sync: Sync, root: int, placed: Placed) -> str:
    """The environment that a sync is to work on."""
    line = [
        (one.call.step.stage.index, one.call.step.index, here.place)
        for one, here in placed.synced.items()
        if one.call.step.stage.chain[0].index == root
    ]
    own = [place for stage, _, place in line if stage == sync.step.stage.index]
    return (own or [place for _, _, place in line])[0]


def _uv(sync: Sync) -> list[Edit]:
    call = sync.install.call
    offer = offers.offer(sync.install, "uv")
    return provision.edits_for(call, sync.step, mounted=not isinstance(offer, str) or bool(caches.serving(call, "uv")))


def _files(sync: Sync, project: Locked) -> list[Edit]:
    """The project's files, mounted where nothing has copied them."""
    base = moving.within(sync.step.stage.build, project.root)
    if base is None or sync.folder is None:
        return []
    wanted = list(copies.NEW) + (list(project.needs) if _builds(sync) else [])
    flags = [
        f"--mount=type=bind,source={posixpath.join(base, name)},target={_target(sync, name)}"
        for name in wanted
        if not _there(sync, name)
    ]
    return [_flags(sync, flags)] if flags else []


def _builds(sync: Sync) -> bool:
    """Whether the project itself is installed."""
    return not any(sync.install.has(one) for one in projects.LEFT_OUT)


def _there(sync: Sync, name: str) -> bool:
    found = reads.look(sync.install.call, normal(f"{sync.folder}/{name}"))
    return found is not None and found.data is not None


def _target(sync: Sync, name: str) -> str:
    place = normal(f"{sync.folder}/{name}")
    workdir = sync.step.state.workdir
    inside = workdir not in {None, "/"} and caches.is_below(place, workdir or "/")
    return posixpath.relpath(place, workdir) if inside else place


def _flags(sync: Sync, flags: list[str]) -> Edit:
    """Flags for the RUN of a sync, each on a line of its own."""
    dockerfile = sync.step.stage.build.dockerfile
    return edits.add_flag(sync.step, f" {dockerfile.escape}{dockerfile.source.newline}{edits.INDENT}".join(flags))


def _environment(sync: Sync, place: str) -> list[Edit]:
    if sync.environment == place:
        return []
    return provision.set_env(sync.install.call, {"UV_PROJECT_ENVIRONMENT": place})


def _secrets(sync: Sync, project: Locked) -> list[Edit]:
    """The credentials of private indexes, which the build gets as secrets."""
    run = sync.step.run
    known = [mount(flag) for flag in run.flags_named("mount")] if run is not None else []
    there = {one.keys.get("env", "") for one in known if one is not None and one.type == "secret"}
    names = [name for index in project.indexes for name in index.secrets]
    flags = [f"--mount=type=secret,id={name},env={name}" for name in names if name not in there]
    return [_flags(sync, flags)] if flags else []


def _cache(sync: Sync) -> list[Edit]:
    """A cache mount; where there can be none, uv keeps no cache."""
    call = sync.install.call
    if caches.serving(call, "uv") is not None or caches.off(call, "uv"):
        return []
    offer = offers.offer(sync.install, "uv")
    if isinstance(offer, str):
        return edits.insert_after(call, sync.place, "--no-cache") or []
    made = offer.edits(sync.step)
    return made + ((edits.insert_after(call, sync.place, offer.words) or []) if offer.words else [])


def _path(stage: Stage, below: Step, place: str) -> list[Edit]:
    """The environment on PATH, below what makes it or brings it."""
    later = (step.state for step in stage.steps[below.index + 1 :] if step.instruction.keyword != "ENV")
    entries = next(later, stage.end).path_entries()
    if entries is None or f"{place}/bin" in entries:
        return []
    return [edits.insert_below(stage.build, below.instruction, [f'ENV PATH="{place}/bin:$PATH"'])]


def _copied(build: Build, placed: Placed) -> list[Edit]:
    """PATH for the stages that copy a new environment."""
    for place in placed.environments.values():
        for stage in build.stages:
            below = next((step for step in stage.steps if copies.brings(step, place)), None)
            made = [] if below is None else _path(stage, below, place)
            if made:
                return made
    return []


def lacking(build: Build, project: Locked) -> list[str]:
    """What a rewritten file still lacks."""
    found: list[str] = []
    for sync in projects.syncs(build):
        line = build.dockerfile.source.line(sync.install.call.span.start)
        if not environments.has_uv(sync.install.call):
            found.append(f"line {line}: uv would not be there")
        missing = [name for name in copies.NEW if not _there(sync, name)]
        if _builds(sync):
            missing += [name for name in project.needs if not _there(sync, name)]
        if sync.folder is not None:
            missing += [name for name in project.folders if name not in {"", "."} and not _project_there(sync, name)]
        found += [f"line {line}: `{name}` would not be there, and the build needs it" for name in missing]
    return found


def _project_there(sync: Sync, folder: str) -> bool:
    return any(_there(sync, f"{folder}/{name}") for name in reads.PROJECT_FILES)
