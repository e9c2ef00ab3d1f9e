"""What a `uv sync` works on: its project, the lock file, the other projects that those name, and the environment it makes.

A project's files are read where the build context is known. Nothing is assumed of a file that can't be seen: what depends
on it is None.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any, NamedTuple

from uvlint import calls, context, environments, images, metadata, plan, reads
from uvlint.lazy import regex
from uvlint.model import normal
from uvlint.record import record
from uvlint.syntax import mount
from uvlint.tools import locks, wheels
from uvlint.tools.requirements import normalised
from uvlint.tools.uv import is_on

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from uvlint.model import Build, Stage, Step
    from uvlint.plan import Install
    from uvlint.reads import File

LEFT_OUT = ("no-install-project", "no-install-workspace", "no-install-local")
_VARIABLES = {
    "no-install-project": "UV_NO_INSTALL_PROJECT",
    "no-install-workspace": "UV_NO_INSTALL_WORKSPACE",
    "no-install-local": "UV_NO_INSTALL_LOCAL",
    "locked": "UV_LOCKED",
    "frozen": "UV_FROZEN",
    "no-dev": "UV_NO_DEV",
    "no-default-groups": "UV_NO_DEFAULT_GROUPS",
    "no-editable": "UV_NO_EDITABLE",
    "no-sync": "UV_NO_SYNC",
}
_OPTIONAL = regex(r"[*?\[]")


class Local(NamedTuple):
    """A project or file of the build context that a lock file names; `path` is relative to the lock file's folder.

    `kind`: "editable", "virtual" (not installed itself), "directory" or "path" (a wheel or an archive).
    """

    name: str
    kind: str
    path: str


@record()
class Sync:
    """A `uv sync` of a RUN.

    `folder` is where it looks for its project, `environment` what it installs into; None: not known. `lock` and `project`
    are its `uv.lock` and `pyproject.toml` as they stand when it runs, None where none is seen.
    """

    install: Install
    folder: str | None
    environment: str | None
    lock: File | None
    project: File | None

    @property
    def step(self) -> Step:
        return self.install.call.step

    def set(self, meaning: str) -> bool | None:
        """Whether an option is given, or the variable that stands for it is on; None where that isn't known."""
        if self.install.has(meaning):
            return True
        known = {**self.step.state.args, **self.install.call.variables}
        name = _VARIABLES.get(meaning, "")
        if name not in known:
            return False
        value = known[name]
        return None if value is None else is_on(value)

    @property
    def place(self) -> int:
        """The word behind which one more option reads well."""
        known = [
            at for at, word in enumerate(self.install.call.words) if word.value in {"--locked", "--frozen", "--no-dev"}
        ]
        return max([*known, self.install.first])

    @property
    def locals(self) -> list[Local] | None:
        """The projects and files of the build context that the lock file names; None where it can't be seen."""
        tables_ = tables(self.lock)
        return None if tables_ is None else list(_locals(tables_))

    @property
    def package(self) -> bool | None:
        """Whether the project itself is built and installed, not only what it depends on; None where that isn't known."""
        tables_ = tables(self.project)
        if tables_ is None or "project" not in tables_:
            return None
        own = tables_.get("tool", {}).get("uv", {}).get("package")
        return own if isinstance(own, bool) else "build-system" in tables_

    @property
    def installs_sources(self) -> bool | None:
        """Whether anything of the build context is installed; None where that isn't known."""
        local = self.set("no-install-local") is not False
        if local or self.install.has("only-group") or self.install.has("only-dev"):
            return False
        apart = any(self.set(one) is not False for one in LEFT_OUT)
        if not apart and self.package is not False:
            return self.package
        found = self.locals
        if found is None:
            return False if apart else None
        left = {one.value for one in self.install.all("no-install-package")}
        left |= set(members(self)) if apart else set()
        return any(one.kind != "virtual" and one.name not in left and (one.path != "." or not apart) for one in found)


def syncs(build: Build) -> list[Sync]:
    """The `uv sync` command lines that install a project, in the file's order, read once; none whose options aren't known."""
    known = build.facts.get("syncs")
    if known is None:
        found = (_sync(one) for one in plan.installs(build) if one.tool == "uv sync" and one.given is not None)
        known = build.facts["syncs"] = [one for one in found if one is not None]
    return known  # type: ignore[return-value]


def _sync(install: Install) -> Sync | None:
    if any(install.has(one) for one in ("dry-run", "help", "script")):
        return None
    place = _folder(install)
    found = Sync(install, place, None, None, None)
    found.environment = _environment(found)
    if place is not None:
        found.project = reads.look(install.call, normal(f"{place}/pyproject.toml"))
        found.lock = reads.look(install.call, normal(f"{place}/uv.lock"))
        above = place
        while found.lock is None and above != "/":  # a member of a workspace
            above = posixpath.dirname(above)
            lock = reads.look(install.call, normal(f"{above}/uv.lock"))
            if lock is not None and _is_workspace(reads.look(install.call, normal(f"{above}/pyproject.toml"))):
                found.lock = lock
    if found.lock is not None and any(map(_relocks, calls.before(install.call, "uv", "rm"))):
        found.lock = None
    return found


def _relocks(call: calls.Call) -> bool:
    """Whether a command line makes another lock file of the one that was copied, or removes it."""
    if call.program == "uv":
        return call.verb in {"lock", "add", "remove"} and not {"--check", "--locked", "--dry-run"} & set(call.args)
    return any((arg or "").rpartition("/")[2] in {"uv.lock", "*.lock", "*"} for arg in call.args)


def _is_workspace(project: File | None) -> bool:
    return "workspace" in ((tables(project) or {}).get("tool", {}).get("uv", {}))


def _folder(install: Install) -> str | None:
    """Where a command of uv looks for its project."""
    call = install.call
    env = call.variables
    place = call.workdir
    for named in (
        install.value("directory") or env.get("UV_WORKING_DIR", ""),
        install.value("project") or env.get("UV_PROJECT", ""),
    ):
        if named is None:
            return None
        if named:
            if place is None and not named.startswith("/"):
                return None
            place = normal(named if named.startswith("/") else f"{place}/{named}")
    return place


def _environment(sync: Sync) -> str | None:
    call = sync.install.call
    known = {**call.step.state.args, **call.variables}
    if sync.install.has("active") and "VIRTUAL_ENV" in known:
        named = known["VIRTUAL_ENV"]
    else:
        named = known.get("UV_PROJECT_ENVIRONMENT", "") or ("" if "UV_PROJECT_ENVIRONMENT" not in known else None)
    if named is None or (not named.startswith("/") and sync.folder is None):
        return None
    named = named or ".venv"
    return normal(named if named.startswith("/") else f"{sync.folder}/{named}")


# What the files say ----------------------------------------------------------------------------------------------------


def tables(file: File | None) -> dict[str, Any] | None:
    """A TOML file's tables; None where it can't be seen or read."""
    if file is None or file.data is None:
        return None
    import tomllib  # noqa: PLC0415 - only where a project is read

    try:
        return tomllib.loads(file.data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return None


def _locals(lock: dict[str, Any]) -> Iterator[Local]:
    for one in locks.dicts(lock.get("package")):
        source = one.get("source")
        for kind in ("editable", "virtual", "directory", "path"):
            if isinstance(source, dict) and isinstance(source.get(kind), str):
                yield Local(str(one.get("name", "")), kind, posixpath.normpath(source[kind]))


def members(sync: Sync) -> list[str]:
    """The names of a workspace's projects, as the lock file has them; empty where it is none, or can't be seen."""
    manifest = (tables(sync.lock) or {}).get("manifest")
    found = manifest.get("members") if isinstance(manifest, dict) else None
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def registries(sync: Sync) -> set[str]:
    """Where the packages of a lock file come from, as far as that is an index."""
    sources = [one.get("source") for one in locks.dicts((tables(sync.lock) or {}).get("package"))]
    return {one["registry"] for one in sources if isinstance(one, dict) and isinstance(one.get("registry"), str)}


def certain(file: File, build: Build) -> bool:
    """Whether a file is known to be in the build context: it is seen, or a COPY or a mount names it."""
    if file.data is not None:
        return True
    if build.context is not None and context.root(build) is not None:
        return False
    return file.origin is not None and file.origin in _named(build)


def _named(build: Build) -> set[str]:
    """The paths of the build context that a COPY or a mount names."""
    known = build.facts.get("named paths")
    if known is None:
        found: set[str] = set()
        for step in build.steps:
            found.update(context.copied(step) or ())
            for flag in step.run.flags_named("mount") if step.run is not None else ():
                one = mount(flag)
                if one is not None and one.type == "bind" and "from" not in one.keys:
                    found.add(one.keys.get("source", ""))
        known = build.facts["named paths"] = {
            posixpath.normpath(one.lstrip("/")) for one in found if one and not _OPTIONAL.search(one)
        }
    return known  # type: ignore[return-value]


def outdated(sync: Sync) -> str:
    """What shows that the lock file is older than the project's, "" for nothing."""
    lock, project = tables(sync.lock), tables(sync.project)
    if lock is None or project is None or "project" not in project:
        return ""
    name = normalised(str(project["project"].get("name", "")))
    own = next((one for one in locks.dicts(lock.get("package")) if normalised(str(one.get("name", ""))) == name), None)
    if own is None:
        return f"`uv.lock` doesn't know `{name}`"
    metadata = own.get("metadata")
    if not isinstance(metadata, dict) or not static(sync):
        return ""
    locked = {normalised(str(one.get("name", ""))) for one in locks.dicts(metadata.get("requires-dist"))}
    for group in (metadata.get("requires-dev") or {}).values():
        locked |= {normalised(str(one.get("name", ""))) for one in locks.dicts(group)}
    asked = {found for one in _asked(project) if (found := plan_name(one))}
    missing = sorted((asked ^ locked) - {name})
    return f"`uv.lock` is older than `pyproject.toml`: they differ over `{missing[0]}`" if missing else ""


def _asked(project: dict[str, Any]) -> Iterator[str]:
    """The requirements that a pyproject.toml writes out."""
    table = project["project"]
    uv = project.get("tool", {}).get("uv", {})
    groups = [table.get("dependencies"), *(table.get("optional-dependencies") or {}).values()]
    groups += [*(project.get("dependency-groups") or {}).values(), uv.get("dev-dependencies")]
    for group in groups:
        yield from (one for one in group or () if isinstance(one, str))


def plan_name(requirement: str) -> str:
    """The normalised name of a requirement, "" where it has none."""
    match = regex(r"\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)").match(requirement)
    return normalised(match[1]) if match else ""


def default_groups(sync: Sync) -> list[str] | None:
    """The dependency groups that a sync installs by default; None where that isn't known."""
    project = tables(sync.project)
    if project is None:
        return None
    uv = project.get("tool", {}).get("uv", {})
    groups = project.get("dependency-groups") or {}
    named = uv.get("default-groups", ["dev"])
    if named == "all":
        return sorted(groups) + (["dev"] if uv.get("dev-dependencies") and "dev" not in groups else [])
    found = [one for one in named if groups.get(one)] if isinstance(named, list) else []
    return found + (["dev"] if uv.get("dev-dependencies") and "dev" not in found else [])


def static(sync: Sync) -> bool:
    """Whether the project's dependencies are written in its pyproject.toml, so that nothing has to be built to know them."""
    project = tables(sync.project)
    if project is None or "project" not in project:
        return False
    dynamic = project["project"].get("dynamic", [])
    return not {"dependencies", "optional-dependencies"} & {one for one in dynamic if isinstance(one, str)}


_COMPILES = ("no-binary", "no-binary-package")


def in_wheels(sync: Sync) -> bool:
    """Whether all that a sync may install surely installs without a compiler, as its lock file has it."""
    return _without_wheels(sync) == []


def carried(sync: Sync, installed: Collection[str], *, fortran: bool) -> bool:
    """Whether all that a sync may install runs on a slim image, as far as is known: see `wheels.carried`."""
    compiled, brought = _without_wheels(sync), locks.names(tables(sync.lock) or {})
    if compiled is None or not all(wheels.served(name, {*installed, *brought}) for name in brought):
        return False
    return all(wheels.carried(one, installed, fortran=fortran) for one in compiled)


def _without_wheels(sync: Sync) -> list[str] | None:
    """The packages of a sync's lock file that may have to be compiled; None where that can't be told."""
    base, lock, project = sync.step.stage.base, tables(sync.lock), tables(sync.project)
    if lock is None or project is None or sync.project is None or "." not in (base.python or "") or not base.family:
        return None
    uv = project.get("tool", {}).get("uv", {})
    variables = {**sync.step.state.args, **sync.install.call.variables}
    if any(
        sync.install.has(one) or one in uv or f"UV_{one.replace('-', '_').upper()}" in variables for one in _COMPILES
    ):
        return None
    if sync.package is not False:
        scripts = [look(sync, normal(f"{sync.folder}/{name}")) for name in reads.PROJECT_FILES[1:]]
        if metadata.of_python_alone(sync.project.data or b"") is None or any(scripts):
            return None
    return locks.without_wheels(lock, base.python or "", base.family)


def asked_for(sync: Sync) -> set[str]:
    """The packages that a project names itself, as its lock file has them."""
    return locks.asked_for(tables(sync.lock) or {})


# Environments that are copied between stages ------------------------------------------------------------------------------


class Copied(NamedTuple):
    """A virtual environment that a COPY takes from another stage: where it was made and where it is put.

    `alone`: what is copied is the environment or a part of it, not a folder around it.
    """

    step: Step
    source: Stage
    origin: str
    place: str
    alone: bool


def copied(build: Build) -> Iterator[Copied]:
    """Each environment that was made in one stage and copied to another."""
    for step in build.steps:
        source = images.copied_from(step)
        words = step.instruction.words()
        if source is None or len(words) < 2:
            continue
        target = context.destination(step)
        if target is None:
            continue
        known = environments.made_in(source) | _synced(source)
        for word in words[:-1]:
            path = word.text if step.instruction.json is not None else step.expand(word.text)
            if path is None:
                continue
            origin = normal(f"/{path}")
            for one in sorted(known):
                if origin in {one, "/"} or one.startswith(f"{origin}/"):
                    place = normal(f"{target.rstrip('/')}/{one[len(origin.rstrip('/')) :]}")
                    yield Copied(step, source, one, place, one == origin)


def _synced(stage: Stage) -> set[str]:
    return {
        one.environment
        for one in syncs(stage.build)
        if one.step.stage in stage.chain and one.environment is not None and one.environment.count("/") > 1
    }


def runs(build: Build, step: Step) -> Iterator[calls.Call]:
    """The `uv run` command lines behind a step, in its stage and in those that continue it."""
    for call in calls.find(build, "uv"):
        behind = call.step.stage is step.stage and call.step.index > step.index
        if call.verb == "run" and (
            behind or (call.step.stage is not step.stage and step.stage in call.step.stage.chain)
        ):
            yield call


def look(sync: Sync, place: str) -> File | None:
    """The file that stands at a place of the image when a sync runs."""
    return reads.look(sync.install.call, place)
