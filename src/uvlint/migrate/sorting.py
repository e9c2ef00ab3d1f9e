"""A project's requirement files, sorted into its own dependencies, groups and constraints."""

from __future__ import annotations

import os
import posixpath
import re

from uvlint import plan, reads
from uvlint.migrate import lines
from uvlint.migrate.locked import MAIN
from uvlint.migrate.project import Declined, Group, Project, has, read_by

_FOLDER = re.compile(r"(?:requirements?|reqs?)\Z", re.IGNORECASE)
_FILE = re.compile(r"(?:.*[-_.])?(?:requirements?|reqs?)(?:[-_.].*)?\.(?:txt|in)\Z", re.IGNORECASE)
_CONSTRAINT = re.compile(r"(?:.*[-_.])?constraints?(?:[-_.].*)?\.(?:txt|in)\Z", re.IGNORECASE)
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


def requirements(project: Project) -> None:
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


def _every(project: Project) -> list[str]:
    """The files of a project that look like requirements or constraints: beside it, and in a folder for them."""
    root = project.root
    here = sorted(os.listdir(root))
    found = [name for name in here if (_FILE.match(name) or _CONSTRAINT.match(name)) and has(root, name)]
    for folder in here:
        if _FOLDER.match(folder) and os.path.isdir(os.path.join(root, folder)):
            found += [
                f"{folder}/{name}"
                for name in sorted(os.listdir(os.path.join(root, folder)))
                if re.search(r"\.(?:txt|in)\Z", name)
            ]
    return found


def _candidates(project: Project) -> list[str]:
    """The requirement files of a project, and those that its images install."""
    root = project.root
    found = _every(project)
    found += [path for path in _installed(project) if path not in found]
    constrained = {one for path in found for one in lines.read(root, path).constraints} | _constraining(project)
    return [path for path in found if path not in constrained or _is_compiled(root, path)]


def _is_compiled(root: str, path: str) -> bool:
    """Whether a file is what another was compiled to: a constraint for others, too, but not only that."""
    stem, suffix = os.path.splitext(path)
    return suffix == ".txt" and has(root, f"{stem}.in") and not _CONSTRAINT.match(posixpath.basename(path))


def _constraining(project: Project) -> set[str]:
    """The project's files that its images name by `-c`, and those that are called constraints."""
    named = {
        posixpath.basename(one.value)
        for image in project.images
        for install in plan.installs(image.build)
        for one in install.all("constraint")
        if one.value
    }
    names = ((path, posixpath.basename(path)) for path in _every(project))
    return {path for path, name in names if name in named or _CONSTRAINT.match(name)}


def _installed(project: Project) -> list[str]:
    """The requirement files that the project's images install, relative to its root."""
    found = [path for image in project.images for path in read_by(project, image)]
    return [path for path in dict.fromkeys(found) if not path.endswith(reads.PROJECT_FILES)]


def group_of(path: str) -> str:
    """The group that a requirements file is, going by its name; MAIN for the project's own dependencies."""
    stem = os.path.splitext(path)[0]
    words = [one.lower() for one in _WORDS.split(stem) if one]
    if not [one for one in words if one not in _MAIN]:
        return MAIN
    name = "-".join(re.sub(r"[^a-z0-9]+", "-", one).strip("-") for one in words)
    return _GROUPS.get(name, name) or "other"


def _group(
    project: Project, name: str, paths: list[str], known: dict[str, lines.File], grouped: dict[str, list[str]]
) -> None:
    """Reads the files of a group, those that they name along with it."""
    group = project.groups.setdefault(name, Group(name))
    owners = {path: other for other, several in grouped.items() for path in several}
    root = project.root
    own = project.groups[MAIN].files if MAIN in project.groups and name != MAIN else []
    for path in [path for path in paths if path not in own]:
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
            if compiled or file.compiled or name == MAIN:
                _pin(project, file)
            if compiled:
                continue
            waiting = file.nested + waiting
            group.lines += [line for line in file.lines if line not in group.lines]


def _constraints(project: Project, known: dict[str, lines.File]) -> None:
    named = [one for file in list(known.values()) for one in file.constraints]
    for path in dict.fromkeys([*named, *(sorted(_constraining(project)) if known else ())]):
        if path in project.sources:
            continue  # what another group was compiled to: those versions are kept anyway
        for one in lines.closure(project.root, path, known):
            file = known[one]
            if file.problems:
                raise Declined(file.problems[0])
            project.constraint_files.add(one)
            if all(lines.pin(line.text) for line in file.lines):  # versions of today, no wish for tomorrow
                _pin(project, file)
            else:
                project.constraints += [line for line in file.lines if line not in project.constraints]


def _pin(project: Project, file: lines.File) -> None:
    """Notes the versions of a file as those of today."""
    for key, several in file.pins.items():
        known = project.pins.setdefault(key, [])
        known += [one for one in several if one not in known]


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
            _only_versions(group, set(listed))
        project.kind = project.kind or ("project" if listed or project.tables.get("dependency-groups") else "")
    elif project.tables.get("dependency-groups") and not project.kind:
        project.kind = "project"
    if project.declared is not None and main:
        required = project.declared.values.get("install_requires") or []
        required = required.splitlines() if isinstance(required, str) else required
        _only_versions(group, {lines.named(one) for one in required if lines.named(one)})


def _only_versions(group: Group, listed: set[str]) -> None:
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
