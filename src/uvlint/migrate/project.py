"""Which project a folder holds, and what says what it depends on."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from uvlint import context, engine, files, images, plan, reads
from uvlint.config import Settings
from uvlint.migrate import lines
from uvlint.migrate.locked import MAIN
from uvlint.source import Source

if TYPE_CHECKING:
    from uvlint.migrate.declared import Declared
    from uvlint.model import Build

_FOLDER = re.compile(r"(?:requirements?|reqs?)\Z", re.IGNORECASE)
_FILE = re.compile(r"(?:.*[-_.])?(?:requirements?|reqs?)(?:[-_.].*)?\.(?:txt|in)\Z", re.IGNORECASE)
_WORDS = re.compile(r"requirements?|reqs?|[-_./]+", re.IGNORECASE)
_MAIN = frozenset(["", "base", "main", "prod", "production", "common", "core", "default", "runtime", "src"])
_GROUPS = {
    "devel": "dev",
    "develop": "dev",
    "development": "dev",
    "local": "dev",
    "tests": "test",
    "testing": "test",
    "doc": "docs",
}
_PYTHON = re.compile(r"(?:python-|cpython-)?(?P<minor>3\.\d+)(?:\.\d+)?\Z")
_OLDEST = (3, 8)
FOREIGN = {"pdm.lock": "PDM", "environment.yml": "conda", "environment.yaml": "conda", "conda-lock.yml": "conda"}


class Declined(Exception):
    """The project can't be moved; the text says why, and what to do."""


class Image(NamedTuple):
    """A Dockerfile of the project, read with its build context. `path` is absolute."""

    path: str
    build: Build


@dataclass(slots=True)
class Group:
    """A group of dependencies, or the project's own (`name` is MAIN): its requirement files and the groups it includes."""

    name: str
    files: list[str] = field(default_factory=list)
    lines: list[lines.Line] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Project:
    """What was found in a folder.

    `kind` is that of `locked.Locked`, or "project" for a pyproject.toml that only lacks its lock file. `sources` says
    what became of each file, `pins` the versions of today (requirements, by name), `tables` what pyproject.toml says.
    """

    root: str
    kind: str
    images: list[Image]
    python: str = ""
    pyproject: str | None = None
    tables: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    constraints: list[lines.Line] = field(default_factory=list)
    constraint_files: set[str] = field(default_factory=set)
    options: lines.Options = field(default_factory=lines.Options)
    pins: dict[str, list[str]] = field(default_factory=dict)
    declared: Declared | None = None
    own: bool = False
    notes: list[str] = field(default_factory=list)


def find(root: str, python: str = "") -> Project:
    """The project in a folder (absolute). Raises: Declined."""
    project = Project(root, "", images_of(root, repository(root)))
    _read_pyproject(project)
    tool = project.tables.get("tool", {})
    if "uv" in tool or os.path.exists(os.path.join(root, "uv.lock")):
        what = "uv.lock" if os.path.exists(os.path.join(root, "uv.lock")) else "[tool.uv] in pyproject.toml"
        raise Declined(f"this is a uv project already ({what})")
    foreign = next((name for name in FOREIGN if os.path.exists(os.path.join(root, name))), None)
    if "poetry" in tool and ("dependencies" in tool["poetry"] or "name" in tool["poetry"] or _has(root, "poetry.lock")):
        project.kind = "poetry"
    elif _has(root, "Pipfile"):
        project.kind = "pipenv"
    elif foreign is not None:
        raise Declined(
            f"{foreign}: {FOREIGN[foreign]} projects are not read; `uvlint migrate` reads requirements, setup.py, Poetry and Pipenv"
        )
    else:
        _declared(project)
        _requirements(project)
    project.python = _python(project, python)
    if not project.kind:
        raise Declined(_nothing(project))
    return project


def _has(root: str, name: str) -> bool:
    return os.path.isfile(os.path.join(root, name))


def repository(folder: str) -> str:
    """The root of the repository that holds a folder; the folder itself where there is none."""
    at = folder
    while not os.path.exists(os.path.join(at, ".git")):
        above = os.path.dirname(at)
        if above == at:
            return folder
        at = above
    return at


def images_of(root: str, top: str) -> list[Image]:
    """The Dockerfiles of a project: those of its folder and, of the rest of its repository, those that name the folder.

    Those that can't be read are for `uvlint check` to tell.
    """
    settings = Settings(root=top)
    name = os.path.basename(root)
    found = []
    for one in files.find([top], lambda _: settings):
        path = os.path.abspath(one.path)
        try:
            source = Source.decode(files.read(path), one.path)
        except (OSError, ValueError):
            continue
        if not path.startswith(root + os.sep) and name not in source.text:
            continue
        found.append(Image(path, engine.read(source, settings, context.find(path))))
    return found


def _read_pyproject(project: Project) -> None:
    import tomllib  # noqa: PLC0415 - only where a project is moved

    text = lines.text_of(project.root, "pyproject.toml") if _has(project.root, "pyproject.toml") else None
    if text is None:
        return
    try:
        project.tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Declined(f"pyproject.toml: {error}") from None
    project.pyproject = text


def _declared(project: Project) -> None:
    """What setup.py and setup.cfg declare, unless pyproject.toml does."""
    root = project.root
    if "project" in project.tables or not (_has(root, "setup.py") or _has(root, "setup.cfg")):
        return
    from uvlint.migrate import declared  # noqa: PLC0415 - brings libcst along

    said = declared.read(root)
    if said is None:
        return
    if said.problem:
        raise Declined(said.problem)
    project.declared, project.kind, project.own = said, "setup", True


# Requirement files --------------------------------------------------------------------------------------------------------


def _requirements(project: Project) -> None:
    """Sorts the requirement files into the project's own dependencies and groups."""
    found = _candidates(project)
    known: dict[str, lines.File] = {}
    grouped: dict[str, list[str]] = {}
    for path in found:
        grouped.setdefault(group_of(path), []).append(path)
    if found and MAIN not in grouped and not _lists(project):
        alone = [path for path in found if path in _installed(project)] or found
        if len({group_of(path) for path in alone}) > 1:
            names = ", ".join(alone)
            raise Declined(f"which of {names} is the project's own? Call it requirements.txt, or name its folder")
        grouped.pop(group_of(alone[0]))
        grouped = {MAIN: alone, **grouped}
    for name in sorted(grouped):
        _group(project, name, grouped[name], known, grouped)
    for file in known.values():
        if file.problems:
            raise Declined(file.problems[0])
        project.notes += file.notes
        project.options.add(file.options)
        project.own = project.own or file.own is not None
        if file.own:
            raise Declined(
                f"{file.path}: it installs the project itself with extras; uv needs them named: `uv sync --extra …`"
            )
    _constraints(project, known)
    if known and not project.kind:
        project.kind = "requirements"
    _agree(project, known)


def _candidates(project: Project) -> list[str]:
    """The requirement files of a project: beside it, in a folder for them, and those that its images install."""
    root = project.root
    found = [name for name in sorted(os.listdir(root)) if _FILE.match(name) and _has(root, name)]
    for folder in sorted(os.listdir(root)):
        if _FOLDER.match(folder) and os.path.isdir(os.path.join(root, folder)):
            found += [
                f"{folder}/{name}"
                for name in sorted(os.listdir(os.path.join(root, folder)))
                if re.search(r"\.(?:txt|in)\Z", name)
            ]
    constrained = {one for path in found for one in lines.read(root, path).constraints}
    installed = [path for path in _installed(project) if path not in found]
    return [path for path in [*found, *installed] if path not in constrained or _compiles(root, path)]


def _compiles(root: str, path: str) -> bool:
    return _has(root, os.path.splitext(path)[0] + ".in")


def _installed(project: Project) -> list[str]:
    """The requirement files that the project's images install, relative to its root."""
    found = [path for image in project.images for path in _read_by(project, image)]
    return [path for path in dict.fromkeys(found) if not path.endswith(reads.PROJECT_FILES)]


def _read_by(project: Project, image: Image) -> list[str]:
    """The project's files that an image's installs read, relative to its root."""
    folder = context.root(image.build)
    if folder is None or image.build.context is None:
        return []
    found = []
    for install in plan.installs(image.build):
        for one in reads.of(install).files:
            if one.origin is None or one.data is None:
                continue
            place = os.path.relpath(os.path.abspath(image.build.context.place(folder, one.origin)), project.root)
            if not place.startswith(os.pardir):
                found.append(place.replace(os.sep, "/"))
    return found


def installs(project: Project, image: Image) -> bool:
    """Whether an image installs the project, or what it depends on."""
    tools = {one.tool for one in plan.installs(image.build)}
    return project.kind in tools or bool(_read_by(project, image))


def group_of(path: str) -> str:
    """The group that a requirements file is, going by its name; MAIN for the project's own dependencies."""
    stem = os.path.splitext(path)[0]
    words = [one.lower() for one in _WORDS.split(stem) if one]
    if not [one for one in words if one not in _MAIN]:
        return MAIN
    name = "-".join(re.sub(r"[^a-z0-9]+", "-", one).strip("-") for one in words)
    return _GROUPS.get(name, name)


def _group(
    project: Project, name: str, paths: list[str], known: dict[str, lines.File], grouped: dict[str, list[str]]
) -> None:
    """Reads the files of a group, those that they name along with it."""
    group = project.groups.setdefault(name, Group(name))
    owners = {path: other for other, several in grouped.items() for path in several}
    root = project.root
    for path in paths:
        stem, suffix = os.path.splitext(path)
        compiled = suffix == ".txt" and f"{stem}.in" in paths
        project.sources[path] = name
        waiting = [path]
        while waiting:
            one = waiting.pop(0)
            if one in group.files:
                continue
            owner = owners.get(one, name)
            if owner != name and MAIN not in (owner, name) and one != path:
                group.includes += [owner] if owner not in group.includes else []
                continue
            if owner == MAIN and name != MAIN:
                continue  # what the project depends on anyway
            if one not in known:
                known[one] = lines.read(root, one)
            file = known[one]
            group.files.append(one)
            project.sources.setdefault(one, name)
            if owner != name:  # the project's own dependencies name it
                project.sources[one] = MAIN
            for key, several in file.pins.items() if compiled or file.compiled or name == MAIN else ():
                project.pins.setdefault(key, []).extend(
                    entry for entry in several if entry not in project.pins.get(key, [])
                )
            if compiled:
                continue
            waiting = file.nested + waiting
            group.lines += [line for line in file.lines if line not in group.lines]


def _constraints(project: Project, known: dict[str, lines.File]) -> None:
    for path in dict.fromkeys(one for file in list(known.values()) for one in file.constraints):
        if path in project.sources:
            continue  # what another group was compiled to: those versions are kept anyway
        for one in lines.closure(project.root, path, known):
            file = known[one]
            if file.problems:
                raise Declined(file.problems[0])
            project.constraints += [line for line in file.lines if line not in project.constraints]
            project.constraint_files.add(one)


def _agree(project: Project, known: dict[str, lines.File]) -> None:
    """Settles what is the project's own where pyproject.toml, setup.py and requirement files each say something."""
    table = project.tables.get("project")
    group = project.groups.setdefault(MAIN, Group(MAIN))
    main = [known[path] for path in group.files if path in known]
    if isinstance(table, dict):
        if "dependencies" in table.get("dynamic", []) and not main:
            raise Declined(
                "pyproject.toml: its build backend computes the dependencies; write them into [project], then migrate"
            )
        listed = [lines.named(one) for one in table.get("dependencies", []) if isinstance(one, str)]
        if listed and main:
            project.notes.append(
                "the dependencies are those of pyproject.toml; requirement files only say which versions are in use"
            )
            _only_versions(project, group, set(listed))
        project.kind = project.kind or ("project" if listed or project.tables.get("dependency-groups") else "")
    elif project.tables.get("dependency-groups") and not project.kind:
        project.kind = "project"
    if project.declared is not None and main:
        required = project.declared.values.get("install_requires") or []
        required = required.splitlines() if isinstance(required, str) else required
        _only_versions(project, group, {lines.named(one) for one in required if lines.named(one)})


def _only_versions(project: Project, group: Group, listed: set[str]) -> None:
    """Keeps of the project's requirement files what its metadata doesn't list: it may be there for the image."""
    if not listed:
        return
    more = [line for line in group.lines if line.name not in listed]
    pinned = all(lines.pin(line.text) for line in group.lines)
    group.lines = [] if pinned else more


def _lists(project: Project) -> bool:
    """Whether pyproject.toml or setup.py list what the project depends on."""
    table = project.tables.get("project", {})
    return project.declared is not None or bool(table.get("dependencies"))


# Python ---------------------------------------------------------------------------------------------------------------------


def _python(project: Project, given: str) -> str:
    """The project's `requires-python`, "" where its own files say it anyway."""
    declared = project.declared.values.get("python_requires") if project.declared is not None else None
    if not given and (project.kind in {"poetry", "pipenv"} or project.tables.get("project", {}).get("requires-python")):
        return ""
    if not given and isinstance(declared, str) and declared.strip():
        return declared.strip()
    versions = [given] if given else pythons([one for one in project.images if installs(project, one)] or project.images)
    for name in (".python-version", "runtime.txt"):
        if not versions:
            match = _PYTHON.match((lines.text_of(project.root, name) or "").strip())
            versions = [match["minor"]] if match is not None else []
    if not versions:
        if not project.kind:
            return ""
        raise Declined(
            "no Dockerfile and no .python-version says which Python the project is for; say it: `--python 3.12`"
        )
    lowest = min(versions, key=number)
    if number(lowest) < _OLDEST:
        raise Declined(f"Python {lowest} is older than uv can lock for (3.8)")
    return f">={lowest}"


def pythons(found: list[Image]) -> list[str]:
    """The Python versions of the images that install something, as "3.12"."""
    versions = set()
    for image in found:
        for stage in image.build.stages:
            if stage in images.shipped(image.build) and stage.base.python:
                versions.add(stage.base.python)
    return sorted(versions, key=number)


def number(version: str) -> tuple[int, ...]:
    """A version such as "3.12" as numbers to compare."""
    return tuple(int(one) for one in re.findall(r"\d+", version)[:2])


# Nothing --------------------------------------------------------------------------------------------------------------------


def _nothing(project: Project) -> str:
    below = []
    for folder, folders, names in os.walk(project.root):
        folders[:] = sorted(
            one for one in folders if one[0] != "." and one not in {"node_modules", "venv", "__pycache__"}
        )
        if folder != project.root and ({"requirements.txt", "setup.py", "Pipfile", "pyproject.toml"} & set(names)):
            below.append(os.path.relpath(folder, project.root))
        if len(below) > 4 or folder.count(os.sep) > project.root.count(os.sep) + 3:
            folders[:] = []
    hint = f"; there are projects in {', '.join(sorted(below)[:4])}: name one of them" if below else ""
    return f"no requirements, setup.py, setup.cfg, Pipfile or Poetry project was found here{hint}"
