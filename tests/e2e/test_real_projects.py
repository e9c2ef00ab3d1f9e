"""Real projects of the corpus, their sources empty: built before and after all fixes, the images hold the same packages.

A base image that the engine lacks is replaced in both by the official Python image it is like; what an empty source would
break (a script to run, a version to derive) is filled in with the least that works.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from harness import fixed, same_packages

if TYPE_CHECKING:
    from harness import Engine

pytestmark = pytest.mark.engine
PROJECTS = Path(os.environ.get("UVLINT_CORPUS") or Path(__file__).resolve().parents[3] / "shared" / "corpus")
SCRIPT = "#!/bin/sh\n"


class Case(NamedTuple):
    """What to change in a project's files, as (old, new) by file; the stage to build; what its packages must have."""

    changes: dict[str, tuple[str, str]]
    holds: str
    target: str | None = None
    level: tuple[str, ...] = ()


CASES = {
    "gcp-run-idp-sql": Case({"Dockerfile": ("python:3.14", "python:3.12")}, "flask"),
    "awesome-compose-fastapi": Case(
        {"Dockerfile": ("tiangolo/uvicorn-gunicorn-fastapi:python3.9-slim", "python:3.12-slim")}, "uvicorn", "builder"
    ),
    "times-square": Case(
        {
            "Dockerfile": ("python:3.13.2-slim-bookworm", "python:3.12-slim-bookworm"),
            "pyproject.toml": ('dynamic = ["version"]', 'version = "1.0"'),
            "scripts/install-base-packages.sh": ("", SCRIPT),
            "scripts/install-dependency-packages.sh": ("", SCRIPT),
        },
        "times-square",
        level=("--unsafe-fixes",),
    ),
    "bookwyrm": Case({}, "django", "build", ("--unsafe-fixes",)),
}


def project(name: str) -> dict[str, Any]:
    path = PROJECTS / "projects.jsonl"
    if not path.is_file():
        pytest.skip("the corpus has no projects.jsonl here")
    with path.open(encoding="utf-8") as lines:
        return next(row for row in map(json.loads, lines) if row["name"] == name)


@pytest.mark.parametrize("name", CASES)
def test_a_real_project_builds_the_same(engine: Engine, tmp_path: Path, name: str) -> None:
    row, case = project(name), CASES[name]
    files = dict(row["files"])
    for path, (old, new) in case.changes.items():
        assert old in files[path]
        files[path] = files[path].replace(old, new, 1) if old else new
    if name == "times-square":
        files["pyproject.toml"] = files["pyproject.toml"].replace(">=3.13", ">=3.12")
    for path, text in files.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        if path.endswith(".sh"):
            place.chmod(0o755)
    dockerfile = tmp_path / row["dockerfile"]
    before = engine.build(tmp_path, files[row["dockerfile"]], target=case.target)
    text = fixed(dockerfile, *case.level)
    assert "uv pip install" in text, text
    after = engine.build(tmp_path, text, target=case.target)
    old_packages, new_packages = engine.packages(before), engine.packages(after)
    assert any(case.holds in found for found in old_packages.values())
    assert same_packages(old_packages, new_packages), text
    assert engine.inspect(before)[:6] == engine.inspect(after)[:6]
    assert fixed(dockerfile, *case.level) == text
