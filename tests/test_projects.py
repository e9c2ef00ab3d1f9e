"""What a `uv sync` works on, as far as no page of the rule book shows it."""

from __future__ import annotations

import pytest

from uvlint import engine, layering, plan, projects
from uvlint.config import Settings
from uvlint.context import Context
from uvlint.model import Build
from uvlint.source import Source

PYPROJECT = """\
[project]
name = "Demo_App"
version = "1.0"
dependencies = ["Six>=1.16", "demo-app[extra]"]

[project.optional-dependencies]
extra = ["idna ; python_version > '3'"]

[dependency-groups]
dev = ["ruff", { include-group = "docs" }]
docs = ["mkdocs"]

[build-system]
requires = ["uv_build"]
build-backend = "uv_build"
"""
LOCK = """\
version = 1

[[package]]
name = "demo-app"
version = "1.0"
source = { editable = "." }

[package.metadata]
requires-dist = [{ name = "six", specifier = ">=1.16" }, { name = "idna" }]
provides-extras = ["extra"]

[package.metadata.requires-dev]
dev = [{ name = "ruff" }, { name = "mkdocs" }]
docs = [{ name = "mkdocs" }]
"""
TEXT = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN uv sync --locked\n"


def read(text: str, settings: Settings | None = None, **files: str) -> Build:
    named = {
        "pyproject.toml": PYPROJECT,
        "uv.lock": LOCK,
        **{key.replace("__", "."): text for key, text in files.items()},
    }
    return engine.read(Source(text), settings or Settings(), Context.of(named))


def only(build: Build) -> projects.Sync:
    (found,) = projects.syncs(build)
    return found


def test_a_sync_knows_its_project_its_lock_file_and_its_environment() -> None:
    sync = only(read(TEXT))
    assert (sync.folder, sync.environment) == ("/app", "/app/.venv")
    assert (sync.package, sync.installs_sources, sync.set("locked"), sync.set("no-dev")) == (True, True, True, False)
    assert projects.outdated(sync) == ""
    assert projects.default_groups(sync) == ["dev"]


@pytest.mark.parametrize(
    ("run", "folder", "environment"),
    [
        ("uv sync --project sub", "/app/sub", "/app/sub/.venv"),
        ("uv --directory /srv sync", "/srv", "/srv/.venv"),
        ("cd sub && UV_PROJECT_ENVIRONMENT=/opt/venv uv sync", "/app/sub", "/opt/venv"),
        ("UV_PROJECT=$X uv sync", None, None),
        ("export VIRTUAL_ENV=/v; uv sync --active", "/app", "/v"),
    ],
)
def test_where_a_sync_works(run: str, folder: str | None, environment: str | None) -> None:
    sync = only(read(f"FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN {run}\n"))
    assert (sync.folder, sync.environment) == (folder, environment)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"Six>=1.16"', '"six", "httpx"', "`httpx`"),
        ('"ruff", ', "", "`ruff`"),
        ('name = "Demo_App"', 'name = "other"', "`other`"),
        ('version = "1.0"', 'dynamic = ["version", "dependencies"]', ""),
        ("[project]", "[project", ""),
    ],
)
def test_a_lock_file_that_is_older_than_the_project(old: str, new: str, said: str) -> None:
    found = projects.outdated(only(read(TEXT, pyproject__toml=PYPROJECT.replace(old, new))))
    assert said in found
    assert bool(found) is bool(said)


@pytest.mark.parametrize(
    ("table", "groups"),
    [
        ("default-groups = []", []),
        ('default-groups = "all"', ["dev", "docs"]),
        ('default-groups = ["docs", "gone"]', ["docs"]),
        ('dev-dependencies = ["pytest"]', ["dev"]),
    ],
)
def test_the_groups_that_are_installed_by_default(table: str, groups: list[str]) -> None:
    assert projects.default_groups(only(read(TEXT, pyproject__toml=f"{PYPROJECT}\n[tool.uv]\n{table}\n"))) == groups


def test_files_are_copied_where_bind_mounts_are_switched_off() -> None:
    text = TEXT.replace("COPY . .", "COPY --chown=root . /app/")
    settings = Settings(select=("project-before-dependencies",), bind_mounts=False)
    context = Context.of({"pyproject.toml": PYPROJECT, "uv.lock": LOCK})
    fixed = engine.fix(Source(text), settings, context=context)
    assert fixed.error is None
    assert fixed.source.text == (
        "FROM python:3.12-slim\nWORKDIR /app\n"
        "COPY --chown=root uv.lock pyproject.toml /app/\n"
        "RUN uv sync --locked --no-install-project\n"
        "COPY --chown=root . /app/\nRUN uv sync --locked\n"
    )
    assert engine.fix(fixed.source, settings, context=context).source.text == fixed.source.text


def test_a_sync_that_a_later_one_completes_is_not_in_the_plan() -> None:
    lines = [
        "uv sync --locked --no-install-project",
        "uv sync --frozen --no-install-project --no-dev",
        "uv sync --no-editable",
    ]
    build = read("FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n" + "".join(f"RUN {line}\n" for line in lines))
    (kept,) = plan.plan(build)
    assert [one.has("no-dev") for one in kept] == [True, False]


def test_what_is_late_is_worked_out_once() -> None:
    build = read(TEXT)
    assert layering.late(build) is layering.late(build)
    assert [one.reason for one in layering.late(build)] == [""]
