"""Projects that have been moved, small enough to be written out, and their Dockerfiles rewritten."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING, Any

from uvlint import engine
from uvlint.config import Settings
from uvlint.context import Context
from uvlint.migrate import dockerfiles
from uvlint.migrate.locked import Locked
from uvlint.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uvlint.migrate.dockerfiles import Rewritten

PYPROJECT = """\
[project]
name = "app"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["six==1.16.0"]
"""
BACKEND = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
LOCK = """\
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "app"
version = "0.1.0"
source = { SOURCE = "." }
dependencies = [{ name = "six" }]

[package.metadata]
requires-dist = [{ name = "six", specifier = "==1.16.0" }]

[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://a.example/simple" }
"""
REQUIREMENTS = """\
# A small image
FROM python:3.12-slim

# Everything lives here
WORKDIR /srv

# The dependencies come first
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

COPY . .
EXPOSE 8000
CMD ["uvicorn", "main:app"]
"""
POETRY = """\
FROM python:3.12-slim
RUN pip install poetry==1.8.3
ENV POETRY_NO_INTERACTION=1 \\
    POETRY_VIRTUALENVS_CREATE=false
WORKDIR /app
COPY pyproject.toml poetry.lock ./
RUN poetry install --no-root --only main
COPY . .
RUN poetry install --only main
CMD ["poetry", "run", "app"]
"""
PIPENV = """\
FROM python:3.12-slim
RUN pip install pipenv
WORKDIR /app
COPY Pipfile Pipfile.lock ./
RUN pipenv install --system --deploy
COPY . .
CMD ["python", "main.py"]
"""
_FILES = {
    "requirements": {},
    "setup": {"setup.py": ""},
    "poetry": {"poetry.lock": ""},
    "pipenv": {"Pipfile": "", "Pipfile.lock": ""},
}


def moved(
    text: str, files: Mapping[str, str] | None = None, *, settings: Settings | None = None, **given: Any
) -> Rewritten:
    """What becomes of a Dockerfile; `files` are of its build context, `given` fields of `Locked`."""
    context, project = _prepared(text, files or {}, given)
    return dockerfiles.rewrite(_read(text, settings, context), project)


def findings(text: str, made: Rewritten, files: Mapping[str, str] | None = None, **given: Any) -> list[str]:
    """The rules that find something in a rewritten file."""
    context, _ = _prepared(text, files or {}, given)
    seen = context.holding({one.path: one.after for one in made.files})
    return [one.rule for one in engine.check(Source(made.text, "Dockerfile"), Settings(), context=seen)]


def demands(text: str) -> dockerfiles.Demands:
    return dockerfiles.demands(_read(text, None, None))


def _read(text: str, settings: Settings | None, context: Context | None) -> Any:
    return engine.read(Source(text, "Dockerfile"), settings or Settings(), context)


def _prepared(text: str, files: Mapping[str, str], given: dict[str, Any]) -> tuple[Context, Locked]:
    kind, package = given.get("kind", "requirements"), given.get("package", False)
    pyproject = given.get("pyproject", PYPROJECT + (BACKEND if package else ""))
    lock = LOCK.replace("SOURCE", "editable" if package else "virtual")
    sources = given.get("sources", {"requirements.txt": ""} if kind == "requirements" else {})
    values = {"root": "", "name": "app", "kind": kind, "package": package, "python": ">=3.11", "uv": "0.13.8"}
    project = Locked(**{**values, **given, "pyproject": pyproject, "lock": lock, "sources": sources})
    own = {"Dockerfile": text, "pyproject.toml": pyproject, "uv.lock": lock, "main.py": ""}
    old = dict.fromkeys(sources, "six==1.16.0\n")
    return Context.of({**own, **old, **_FILES[kind], **files}), project


def dedented(text: str) -> str:
    return dedent(text).lstrip("\n")


def sync_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if "uv sync" in line]
