"""Projects with a lock file: what a fix makes of their Dockerfiles builds, and the image holds and runs the same."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest
from harness import at_once, fixed, same_packages

from uvlint.config import UV_IMAGE, UV_VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Engine

pytestmark = pytest.mark.engine

UV = f"COPY --from={UV_IMAGE}:{UV_VERSION} /uv /bin/"
BACKEND = '\n[build-system]\nrequires = ["flit_core==3.10.1"]\nbuild-backend = "flit_core.buildapi"\n'
PROJECT = """\
[project]
name = "demo"
version = "1.0"
description = "A project of one module"
requires-python = ">=3.11"
dependencies = ["six==1.17.0"]

[dependency-groups]
dev = ["idna==3.10"]

[project.scripts]
demo = "demo:main"
"""
CORE = """\
[project]
name = "core"
version = "1.0"
description = "A member"
requires-python = ">=3.11"
dependencies = ["idna==3.10"]
"""
SOURCES = {
    "pyproject.toml": PROJECT + BACKEND,
    "demo.py": 'def main():\n    import six\n    print("demo", six.__version__)\n',
}
WORKSPACE = {
    "pyproject.toml": PROJECT.replace('["six==1.17.0"]', '["core"]')
    + BACKEND
    + '\n[tool.uv.workspace]\nmembers = ["packages/*"]\n\n[tool.uv.sources]\ncore = { workspace = true }\n',
    "demo.py": 'def main():\n    import core, idna\n    print("demo", idna.__version__)\n',
    "packages/core/pyproject.toml": CORE + BACKEND,
    "packages/core/core.py": "",
}


class Case(NamedTuple):
    """A Dockerfile, its context without the lock file, the rules to fix it with, and what the fix has to have written."""

    dockerfile: str
    rules: str
    written: str
    files: dict[str, str] = SOURCES
    runs: str = "demo 1.17.0"


CASES = {
    "unlocked": Case(
        f"FROM python:3.12-slim\n{UV}\nWORKDIR /app\nCOPY pyproject.toml uv.lock demo.py ./\nRUN uv sync --no-dev\n",
        "unlocked-sync",
        "uv sync --locked --no-dev",
    ),
    "dependencies-first": Case(
        f"FROM python:3.12-slim\n{UV}\nWORKDIR /app\nCOPY . .\n"
        "RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked\n",
        "project-before-dependencies",
        "uv sync --locked --no-install-project",
    ),
    "workspace": Case(
        f"FROM python:3.12-slim\n{UV}\nCOPY . /app\nRUN mkdir /data\nWORKDIR /app\nRUN uv sync --frozen --no-dev\n",
        "project-before-dependencies",
        "source=packages/core/pyproject.toml",
        WORKSPACE,
        "demo 3.10",
    ),
    "virtual": Case(
        f"FROM python:3.12-slim\n{UV}\nWORKDIR /app\nCOPY . .\nRUN uv sync --locked\n",
        "project-before-dependencies",
        "COPY uv.lock pyproject.toml ./",
        {**SOURCES, "pyproject.toml": PROJECT},
        "",
    ),
    "all-together": Case(
        f"FROM python:3.12-slim\n{UV}\nWORKDIR /app\nCOPY . .\nRUN uv sync --no-dev\n",
        "ALL",
        "uv sync --locked --no-dev --no-install-project",
    ),
}


def lock(engine: Engine, folder: Path) -> None:
    """Writes the lock file that uv makes of the project in a container."""
    image = engine.build(folder, f"FROM python:3.12-slim\n{UV}\nWORKDIR /app\nCOPY . .\nRUN uv lock\n")
    (folder / "uv.lock").write_text(engine.run(image, ["cat", "/app/uv.lock"]), encoding="utf-8")


def write(case: Case, folder: Path) -> Path:
    for path, text in case.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", CASES)
def test_the_fixed_file_builds_the_same(engine: Engine, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    context = write(case, tmp_path / "after")
    lock(engine, context)
    (context / ".dockerignore").write_text("Dockerfile\n", encoding="utf-8")
    original = shutil.copytree(context, tmp_path / "before")
    dockerfile = context / "Dockerfile"
    dockerfile.write_text(case.dockerfile, encoding="utf-8")
    text = fixed(dockerfile, "--select", case.rules)
    assert case.written in text, text
    before, after = at_once(lambda: engine.build(original, case.dockerfile), lambda: engine.build(context, text))
    packages, packages_after = at_once(lambda: engine.packages(before), lambda: engine.packages(after))
    assert packages
    assert same_packages(packages, packages_after)
    if case.runs:
        assert [engine.run(image, ["/app/.venv/bin/demo"]).strip() for image in (before, after)] == [case.runs] * 2
    assert fixed(dockerfile, "--select", case.rules) == text
