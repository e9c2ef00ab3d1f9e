"""Which project a folder holds, and which Python it is for."""

from __future__ import annotations

import os
import re
from typing import Any

from uvlint import filesystem
from uvlint.migrate import sorting
from uvlint.migrate.project import Declined, Project, has, images_of, installs, number, pythons, repository
from uvlint.migrate.texts import text_of

_PYTHON = re.compile(r"(?:python-|cpython-)?(?P<minor>3\.\d+)(?:\.\d+)?\Z")
_SHAPES: dict[str, type] = {
    "tool": dict, "tool.poetry": dict, "tool.poetry.group": dict, "tool.poetry.group.dev": dict,
    "tool.poetry.dependencies": dict, "tool.setuptools": dict, "tool.setuptools.dynamic": dict, "project": dict,
    "project.name": str, "project.version": str, "project.requires-python": str, "project.dependencies": list,
    "project.dynamic": list, "project.optional-dependencies": dict, "dependency-groups": dict, "build-system": dict,
}  # fmt: skip
_NAMES: dict[type, str] = {dict: "table", list: "list", str: "text"}
_OLDEST = (3, 8)
_FOREIGN = {"pdm.lock": "PDM", "environment.yml": "conda", "environment.yaml": "conda", "conda-lock.yml": "conda"}


def find(root: str, python: str = "") -> Project:
    """The project in a folder (absolute). Raises: Declined."""
    project = Project(root, "", images_of(root, repository(root)))
    _read_pyproject(project)
    tool = project.tables.get("tool", {})
    if "uv" in tool or os.path.exists(os.path.join(root, "uv.lock")):
        what = "uv.lock" if os.path.exists(os.path.join(root, "uv.lock")) else "[tool.uv] in pyproject.toml"
        raise Declined(f"this is a uv project already ({what})")
    foreign = next((name for name in _FOREIGN if os.path.exists(os.path.join(root, name))), None)
    if "poetry" in tool and ("dependencies" in tool["poetry"] or "name" in tool["poetry"] or has(root, "poetry.lock")):
        project.kind = "poetry"
    elif has(root, "Pipfile"):
        project.kind = "pipenv"
    elif foreign is not None:
        raise Declined(
            f"{foreign}: {_FOREIGN[foreign]} projects are not read; `uvlint migrate` reads requirements, setup.py, Poetry and Pipenv"
        )
    else:
        _declared(project)
        sorting.requirements(project)
    project.python = _python(project, python)
    if not project.kind:
        raise Declined(_nothing(project))
    return project


def _read_pyproject(project: Project) -> None:
    import tomllib  # noqa: PLC0415 - only where a project is moved

    try:
        data = (
            filesystem.read(os.path.join(project.root, "pyproject.toml"))
            if has(project.root, "pyproject.toml")
            else None
        )
        text = data.decode() if data is not None else None
    except (OSError, UnicodeDecodeError) as error:
        raise Declined(f"pyproject.toml: {error}") from None
    if text is None:
        return
    try:
        project.tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Declined(f"pyproject.toml: {error}") from None
    for path, kind in _SHAPES.items():
        found: Any = project.tables
        for key in path.split("."):
            found = found.get(key, kind()) if isinstance(found, dict) else kind()
        if not isinstance(found, kind):
            raise Declined(f"pyproject.toml: {path} has to be a {_NAMES[kind]}")
    project.pyproject = text


def _declared(project: Project) -> None:
    """What setup.py and setup.cfg declare, unless pyproject.toml does."""
    root = project.root
    if "project" in project.tables or not (has(root, "setup.py") or has(root, "setup.cfg")):
        return
    from uvlint.migrate import declared  # noqa: PLC0415 - brings libcst along

    said = declared.read(root)
    if said is None:
        return
    if said.problem:
        raise Declined(said.problem)
    project.declared, project.kind, project.own = said, "setup", True


# Python ---------------------------------------------------------------------------------------------------------------------


def _python(project: Project, given: str) -> str:
    """The project's `requires-python`, "" where its own files say it anyway."""
    declared = project.declared.values.get("python_requires") if project.declared is not None else None
    if not given and (project.kind in {"poetry", "pipenv"} or project.tables.get("project", {}).get("requires-python")):
        return ""
    if not given and isinstance(declared, str) and declared.strip():
        return declared.strip()
    return f">={given or oldest(project)}" if project.kind else ""


def oldest(project: Project) -> str:
    """The oldest Python that a project's images install for, as "3.12"; else what is written beside it. Raises: Declined."""
    versions = pythons([one for one in project.images if installs(project, one)] or project.images)
    for name in (".python-version", "runtime.txt"):
        if not versions:
            match = _PYTHON.match((text_of(project.root, name) or "").strip())
            versions = [match["minor"]] if match is not None else []
    if not versions:
        raise Declined(
            "no Dockerfile and no .python-version says which Python the project is for; say it: `--python 3.12`"
        )
    lowest = min(versions, key=number)
    if number(lowest) < _OLDEST:
        raise Declined(f"Python {lowest} is older than uv can lock for (3.8)")
    return lowest


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
