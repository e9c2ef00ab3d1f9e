"""What becomes of the Dockerfiles of projects that have been moved to pyproject.toml and uv.lock."""

from __future__ import annotations

from typing import Any

import pytest
from moved_projects import PIPENV, POETRY, REQUIREMENTS, dedented, demands, findings, moved, sync_lines

from uvlint.migrate.dockerfiles import Demands


def test_requirements_become_a_sync_in_a_stage_of_its_own() -> None:
    assert moved(REQUIREMENTS).text == dedented(
        """
        # A small image
        FROM python:3.12-slim AS builder

        WORKDIR /srv
        COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /uvx /bin/
        ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=0

        # The dependencies come first
        COPY pyproject.toml uv.lock ./
        RUN --mount=type=cache,target=/root/.cache/uv \\
            uv sync --locked --no-dev --no-install-project

        FROM python:3.12-slim

        # Everything lives here
        WORKDIR /srv

        COPY --from=builder /srv/.venv /srv/.venv

        ENV PATH="/srv/.venv/bin:$PATH"

        COPY . .
        EXPOSE 8000
        CMD ["uvicorn", "main:app"]
        """
    )


def test_poetry_goes_with_its_settings_and_the_entry_point_stays() -> None:
    assert moved(POETRY, kind="poetry", package=True, groups=("dev",)).text == dedented(
        """
        FROM python:3.12-slim AS builder
        WORKDIR /app
        COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /uvx /bin/
        ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=0
        COPY pyproject.toml uv.lock ./
        RUN --mount=type=cache,target=/root/.cache/uv \\
            uv sync --locked --no-dev --no-install-project
        ENV PATH="/app/.venv/bin:$PATH"
        COPY . .
        RUN --mount=type=cache,target=/root/.cache/uv \\
            uv sync --locked --no-dev

        FROM python:3.12-slim
        WORKDIR /app
        COPY --from=builder /app/.venv /app/.venv
        ENV PATH="/app/.venv/bin:$PATH"
        COPY . .
        CMD ["app"]
        """
    )


def test_pipenv_goes() -> None:
    made = moved(PIPENV, kind="pipenv", groups=("dev",))
    assert sync_lines(made.text) == ["uv sync --locked --no-dev --no-install-project"]
    assert "COPY pyproject.toml uv.lock ./" in made.text
    assert "ipenv" not in made.text
    assert "Pipfile" not in made.text


@pytest.mark.parametrize(
    ("text", "given"),
    [
        (REQUIREMENTS, {}),
        (POETRY, {"kind": "poetry", "package": True, "groups": ("dev",)}),
        (PIPENV, {"kind": "pipenv", "groups": ("dev",)}),
    ],
)
def test_nothing_is_found_in_the_result(text: str, given: dict[str, Any]) -> None:
    assert findings(text, moved(text, **given), **given) == []


def test_a_second_move_changes_nothing() -> None:
    assert moved(moved(REQUIREMENTS).text).text == moved(REQUIREMENTS).text


def test_a_file_with_other_line_endings_keeps_them() -> None:
    made = moved(REQUIREMENTS.replace("\n", "\r\n"))
    assert made.text == moved(REQUIREMENTS).text.replace("\n", "\r\n")


def test_a_file_that_installs_nothing_of_the_project_is_left_alone() -> None:
    text = 'FROM node:22\nCOPY . .\nRUN npm ci\nCMD ["node", "."]\n'
    made = moved(text)
    assert (made.text, made.files, made.reasons) == (text, [], [])


# What is installed ------------------------------------------------------------------------------------------------------


def install(command: str, **given: Any) -> list[str]:
    """The `uv sync` command lines that take the place of a command behind all sources."""
    made = moved(f"FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN {command}\n", **given)
    assert made.reasons == []
    return sync_lines(made.text)


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ("", "--group dev --no-install-project"),
        ("--no-dev", "--no-dev --no-install-project"),
        ("--only main", "--no-dev --no-install-project"),
        ("--only main,docs", "--no-dev --group docs --no-install-project"),
        ("--only dev", "--only-group dev --no-install-project"),
        ("--without dev", "--no-dev --no-install-project"),
        ("--with docs --without=dev", "--no-dev --group docs --no-install-project"),
        ("--all-groups", "--group dev --group docs --no-install-project"),
        ("--only main -E 'pg redis'", "--no-dev --extra pg --extra redis --no-install-project"),
        ("--only main --all-extras", "--no-dev --all-extras --no-install-project"),
        ("--no-interaction --no-ansi -vvv --sync --no-dev", "--no-dev --no-install-project"),
    ],
)
def test_options_of_poetry(options: str, written: str) -> None:
    given: dict[str, Any] = {"kind": "poetry", "groups": ("dev", "docs"), "extras": ("pg", "redis")}
    assert install(f"poetry install {options}", **given) == [f"uv sync --locked {written}"]


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ("--system --deploy", "--no-dev"),
        ("--system --deploy --ignore-pipfile --dev", "--group dev"),
        ("--system --categories 'packages docs'", "--no-dev --group docs"),
        ("--system -d --clear -v", "--group dev"),
    ],
)
def test_options_of_pipenv(options: str, written: str) -> None:
    given: dict[str, Any] = {"kind": "pipenv", "groups": ("dev", "docs")}
    assert install(f"pipenv install {options}", **given) == [f"uv sync --locked {written} --no-install-project"]


@pytest.mark.parametrize(
    ("command", "written"),
    [
        ("pip install .", ["--no-dev --no-editable --no-install-project", "--no-dev --no-editable"]),
        ("pip install -e .", ["--no-dev --no-install-project", "--no-dev"]),
        (
            "pip install '.[pg]'",
            ["--no-dev --extra pg --no-editable --no-install-project", "--no-dev --extra pg --no-editable"],
        ),
    ],
)
def test_a_project_is_installed_in_two_steps(command: str, written: list[str]) -> None:
    found = install(command, kind="setup", package=True, extras=("pg",))
    assert found == [f"uv sync --locked {one}" for one in written]


@pytest.mark.parametrize(
    ("command", "written"),
    [
        ("pip install --group dev", "--only-group dev --no-install-project"),
        (
            "pip install --group pyproject.toml:dev --group docs",
            "--only-group dev --only-group docs --no-install-project",
        ),
        ("pip install -r pyproject.toml --group docs", "--no-dev --group docs --no-install-project"),
    ],
)
def test_groups_that_pip_is_told(command: str, written: str) -> None:
    assert install(command, groups=("dev", "docs")) == [f"uv sync --locked {written}"]


def test_a_setup_script_that_pyproject_takes_the_place_of_is_no_longer_copied() -> None:
    text = dedented(
        """
        FROM python:3.12-slim
        WORKDIR /app
        COPY setup.py requirements.txt ./
        RUN pip install -r requirements.txt
        COPY src ./src
        RUN pip install --no-deps .
        CMD ["app"]
        """
    )
    files = {"src/app.py": ""}
    given: dict[str, Any] = {"kind": "setup", "package": True, "sources": {"requirements.txt": ""}}
    assert "COPY pyproject.toml uv.lock ./\n" in moved(text, files, gone=frozenset({"setup.py"}), **given).text
    assert "COPY setup.py pyproject.toml uv.lock ./\n" in moved(text, files, **given).text


def test_default_groups_that_are_not_wanted_are_left_out() -> None:
    given: dict[str, Any] = {"kind": "poetry", "groups": ("dev", "docs"), "defaults": ("dev", "docs")}
    assert install("poetry install --only main", **given) == [
        "uv sync --locked --no-default-groups --no-install-project"
    ]


def test_requirements_files_become_groups_and_later_syncs_keep_what_earlier_ones_left() -> None:
    text = dedented(
        """
        FROM python:3.12-slim AS base
        WORKDIR /app
        COPY requirements.txt .
        RUN pip install -r requirements.txt
        FROM base AS test
        COPY requirements-dev.txt .
        RUN pip install -r requirements-dev.txt
        COPY . .
        CMD ["pytest"]
        FROM base
        COPY . .
        CMD ["gunicorn", "main:app"]
        """
    )
    made = moved(text, sources={"requirements.txt": "", "requirements-dev.txt": "dev"}, groups=("dev",))
    assert sync_lines(made.text) == [
        "uv sync --locked --no-dev --no-install-project",
        "uv sync --locked --group dev --no-install-project",
    ]
    assert made.text.count("COPY pyproject.toml uv.lock") == 1


def test_a_file_that_names_another_installs_both() -> None:
    files = {"requirements-dev.txt": "-r requirements.txt\npytest\n"}
    given: dict[str, Any] = {"sources": {"requirements.txt": "", "requirements-dev.txt": "dev"}, "groups": ("dev",)}
    made = moved(
        "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements-dev.txt\n", files, **given
    )
    assert sync_lines(made.text) == ["uv sync --locked --group dev --no-install-project"]


def test_what_a_command_names_beside_the_files_moves_where_it_was_added_to_the_project() -> None:
    text = REQUIREMENTS.replace("COPY . .", "RUN pip install gunicorn==21.2.0\nCOPY . .")
    made = moved(text, named=frozenset({"gunicorn==21.2.0"}))
    assert made.reasons == []
    assert sync_lines(made.text) == ["uv sync --locked --no-dev --no-install-project"]
    assert "gunicorn==21.2.0" not in made.text


def test_what_the_commands_demand_of_the_project() -> None:
    text = dedented(
        """
        FROM python:3.11-slim
        RUN pip install --upgrade pip setuptools wheel
        RUN pip install -r requirements.txt gunicorn==21.2.0 --extra-index-url https://a.example/simple
        RUN pip install poetry setuptools==70.0.0 ./lib
        """
    )
    assert demands(text) == Demands(
        ("gunicorn==21.2.0", "setuptools==70.0.0"), (("extra-index", "https://a.example/simple"),), ("3.11",)
    )
