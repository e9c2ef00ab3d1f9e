"""Projects that `uvlint migrate` moves: their images build, hold what was locked, and run as before."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest
from harness import everywhere, uvlint

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Engine

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(shutil.which("migrate-to-uv") is None, reason="migrate-to-uv is not installed"),
]

SIX = "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
IDNA = "946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3"
INICONFIG = "b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374"
PYPROJECT = """\
[tool.poetry]
name = "demo"
version = "1.0"
description = "A service"
authors = ["Somebody <somebody@a.example>"]
packages = [{ include = "demo", from = "src" }]

[tool.poetry.dependencies]
python = ">=3.11,<4.0"
six = "^1.16"
idna = { version = "^3.0", optional = true }

[tool.poetry.extras]
names = ["idna"]

[tool.poetry.group.dev.dependencies]
iniconfig = "^2.0"

[tool.poetry.scripts]
demo = "demo:main"

[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""
LOCK = f"""\
[[package]]
name = "idna"
version = "3.10"
description = ""
optional = true
python-versions = ">=3.6"
groups = ["main"]
markers = "extra == \\"names\\""
files = [{{file = "idna-3.10-py3-none-any.whl", hash = "sha256:{IDNA}"}}]

[[package]]
name = "iniconfig"
version = "2.0.0"
description = ""
optional = false
python-versions = ">=3.7"
groups = ["dev"]
files = [{{file = "iniconfig-2.0.0-py3-none-any.whl", hash = "sha256:{INICONFIG}"}}]

[[package]]
name = "six"
version = "1.16.0"
description = ""
optional = false
python-versions = ">=2.7"
groups = ["main"]
files = [{{file = "six-1.16.0-py2.py3-none-any.whl", hash = "sha256:{SIX}"}}]

[extras]
names = ["idna"]

[metadata]
lock-version = "2.1"
python-versions = ">=3.11,<4.0"
content-hash = "{"0" * 64}"
"""
PIPFILE_LOCK = json.dumps(
    {
        "_meta": {"hash": {"sha256": "0" * 64}, "pipfile-spec": 6, "requires": {}, "sources": []},
        "default": {"six": {"hashes": [f"sha256:{SIX}"], "version": "==1.16.0"}},
        "develop": {"iniconfig": {"hashes": [f"sha256:{INICONFIG}"], "version": "==2.0.0"}},
    }
)
SETUP = """\
from setuptools import find_packages, setup

setup(
    name="demo",
    version="1.0",
    package_dir={"": "src"},
    packages=find_packages("src"),
    python_requires=">=3.11",
    install_requires=open("requirements.txt").read().splitlines(),
    entry_points={"console_scripts": ["demo = demo:main"]},
)
"""
MAIN = 'import os, six\nprint("app", six.__version__, os.getuid())\n'


class Case(NamedTuple):
    """A project, and what its image holds and says once it has moved."""

    files: dict[str, str]
    packages: set[tuple[str, str]]
    says: str


CASES = {
    "requirements": Case(
        {
            "requirements.txt": "six==1.16.0\n",
            "requirements-dev.txt": "-r requirements.txt\niniconfig==2.0.0\n",
            "main.py": MAIN,
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "WORKDIR /app\n"
                "COPY requirements.txt .\n"
                "RUN pip install --no-cache-dir -r requirements.txt && rm -f requirements.txt\n"
                "COPY . .\n"
                "USER 1000\n"
                'CMD ["python", "main.py"]\n'
            ),
        },
        {("six", "1.16.0")},
        "app 1.16.0 1000",
    ),
    "poetry": Case(
        {
            "pyproject.toml": PYPROJECT,
            "poetry.lock": LOCK,
            "src/demo/__init__.py": 'def main():\n    import idna, six\n    print("demo", six.__version__, idna.__version__)\n',
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "ENV POETRY_VIRTUALENVS_CREATE=false\n"
                "RUN pip install poetry==2.1.1\n"
                "WORKDIR /app\n"
                "COPY pyproject.toml poetry.lock ./\n"
                "RUN poetry install --no-root --only main --extras names\n"
                "COPY src ./src\n"
                "RUN poetry install --only main --extras names\n"
                'CMD ["poetry", "run", "demo"]\n'
            ),
        },
        {("six", "1.16.0"), ("idna", "3.10"), ("demo", "1.0")},
        "demo 1.16.0 3.10",
    ),
    "packages copied between stages": Case(
        {
            "requirements.txt": "six==1.16.0\n",
            "main.py": MAIN,
            "Dockerfile": (
                "FROM python:3.11-slim AS build\n"
                "WORKDIR /app\n"
                "COPY requirements.txt .\n"
                "RUN pip install --no-cache-dir -r requirements.txt\n"
                "FROM python:3.11-slim\n"
                "WORKDIR /srv\n"
                "COPY --from=build /usr/local/lib/python3.11/site-packages /usr/local/lib/python3.11/site-packages\n"
                "COPY --from=build /usr/local/bin /usr/local/bin\n"
                "COPY . .\n"
                "USER 1000\n"
                'CMD ["python", "main.py"]\n'
            ),
        },
        {("six", "1.16.0")},
        "app 1.16.0 1000",
    ),
    "setup.py in an environment": Case(
        {
            "setup.py": SETUP,
            "requirements.txt": "six==1.16.0\n",
            "src/demo/__init__.py": 'def main():\n    import six\n    print("demo", six.__version__)\n',
            "Dockerfile": (
                "FROM python:3.11-slim AS builder\n"
                "WORKDIR /build\n"
                "RUN python -m venv /opt/venv\n"
                'ENV PATH="/opt/venv/bin:$PATH"\n'
                "COPY setup.py requirements.txt ./\n"
                "RUN pip install -r requirements.txt\n"
                "COPY src ./src\n"
                "RUN pip install --no-deps .\n"
                "FROM python:3.11-slim\n"
                "COPY --from=builder /opt/venv /opt/venv\n"
                'ENV PATH="/opt/venv/bin:$PATH"\n'
                'CMD ["demo"]\n'
            ),
        },
        {("six", "1.16.0"), ("demo", "1.0")},
        "demo 1.16.0",
    ),
    "pipenv": Case(
        {
            "Pipfile": '[packages]\nsix = "*"\n\n[dev-packages]\niniconfig = "*"\n',
            "Pipfile.lock": PIPFILE_LOCK,
            "main.py": MAIN,
            "Dockerfile": (
                "FROM python:3.11-slim\n"
                "RUN pip install pipenv\n"
                "WORKDIR /app\n"
                "COPY Pipfile Pipfile.lock ./\n"
                "RUN pipenv install --system --deploy\n"
                "COPY . .\n"
                'CMD ["python", "main.py"]\n'
            ),
        },
        {("six", "1.16.0")},
        "app 1.16.0 0",
    ),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_a_project_that_was_moved_builds_and_runs(case: Case, engine: Engine, tmp_path: Path) -> None:
    for name, text in case.files.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    done = uvlint("migrate", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (tmp_path / "Dockerfile").read_text(encoding="utf-8")
    assert "uv sync --locked --no-dev" in text
    image = engine.build(tmp_path, text)
    assert everywhere(engine.packages(image)) == case.packages
    inspected = engine.inspect(image)
    said = engine.docker("run", "--rm", "--network", "none", image, *inspected.cmd)
    assert said.strip() == case.says
    assert inspected.entrypoint == []


def test_requirements_are_installed_as_pip_installed_them(engine: Engine, tmp_path: Path) -> None:
    case = CASES["requirements"]
    for name, text in case.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    before = engine.packages(engine.build(tmp_path, case.files["Dockerfile"]))
    done = uvlint("migrate", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    after = engine.packages(engine.build(tmp_path, (tmp_path / "Dockerfile").read_text(encoding="utf-8")))
    assert everywhere(before) == everywhere(after)
