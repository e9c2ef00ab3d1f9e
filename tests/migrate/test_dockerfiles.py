"""Dockerfiles of projects that have been moved to pyproject.toml and uv.lock."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest
from projects import PYPROJECT, demands, findings, moved

from uvlint.config import Settings
from uvlint.migrate.dockerfiles import Demands
from uvlint.migrate.locked import Index

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


def dedented(text: str) -> str:
    return dedent(text).lstrip("\n")


def sync_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if "uv sync" in line]


def test_requirements_become_a_sync_and_all_else_stays() -> None:
    assert moved(REQUIREMENTS).text == dedented(
        """
        # A small image
        FROM python:3.12-slim

        # Everything lives here
        WORKDIR /srv
        ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=0

        # The dependencies come first
        COPY pyproject.toml uv.lock ./
        RUN --mount=type=cache,target=/root/.cache/uv \\
            --mount=from=ghcr.io/astral-sh/uv:0.13.8,source=/uv,target=/bin/uv \\
            uv sync --locked --no-dev --no-install-project
        ENV PATH="/srv/.venv/bin:$PATH"

        COPY . .
        EXPOSE 8000
        CMD ["uvicorn", "main:app"]
        """
    )


def test_poetry_goes_with_its_settings_and_the_entry_point_stays() -> None:
    assert moved(POETRY, kind="poetry", package=True, groups=("dev",)).text == dedented(
        """
        FROM python:3.12-slim
        WORKDIR /app
        ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=0
        COPY pyproject.toml uv.lock ./
        RUN --mount=type=cache,target=/root/.cache/uv \\
            --mount=from=ghcr.io/astral-sh/uv:0.13.8,source=/uv,target=/bin/uv \\
            uv sync --locked --no-dev --no-install-project
        ENV PATH="/app/.venv/bin:$PATH"
        COPY . .
        RUN --mount=type=cache,target=/root/.cache/uv \\
            --mount=from=ghcr.io/astral-sh/uv:0.13.8,source=/uv,target=/bin/uv \\
            uv sync --locked --no-dev
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


# Where it goes ----------------------------------------------------------------------------------------------------------


def test_an_environment_of_the_file_keeps_its_place() -> None:
    text = dedented(
        """
        FROM python:3.12-slim AS builder
        RUN python -m venv /opt/venv
        ENV PATH="/opt/venv/bin:$PATH"
        COPY requirements.txt .
        RUN pip install --upgrade pip && pip install -r requirements.txt
        FROM python:3.12-slim
        COPY --from=builder /opt/venv /opt/venv
        ENV PATH="/opt/venv/bin:$PATH"
        WORKDIR /app
        COPY . .
        CMD ["gunicorn", "main:app"]
        """
    )
    made = moved(text)
    assert "UV_PROJECT_ENVIRONMENT=/opt/venv" in made.text
    assert "-m venv" not in made.text
    assert made.text.endswith(text[text.index("FROM python:3.12-slim\nCOPY") :])
    assert findings(text, made) == []


def test_packages_copied_from_another_stage_become_its_environment() -> None:
    text = dedented(
        """
        FROM python:3.12-slim AS build
        WORKDIR /app
        COPY requirements.txt .
        RUN pip install -r requirements.txt
        FROM python:3.12-slim
        WORKDIR /app
        COPY --from=build /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages
        COPY --from=build /usr/local/bin /usr/local/bin
        COPY . .
        CMD ["gunicorn", "main:app"]
        """
    )
    final = moved(text).text.rpartition("FROM ")[2]
    assert final == dedented(
        """
        python:3.12-slim
        WORKDIR /app
        COPY --from=build /app/.venv /app/.venv
        ENV PATH="/app/.venv/bin:$PATH"
        COPY . .
        CMD ["gunicorn", "main:app"]
        """
    )


def test_packages_installed_under_a_prefix_and_copied_from_there_become_an_environment() -> None:
    text = dedented(
        """
        FROM python:3.12-slim AS build
        WORKDIR /app
        COPY requirements.txt .
        RUN pip install --prefix=/install -r requirements.txt
        FROM python:3.12-slim
        COPY --from=build /install /usr/local
        WORKDIR /app
        COPY . .
        CMD ["gunicorn", "main:app"]
        """
    )
    made = moved(text).text
    assert 'COPY --from=build /app/.venv /app/.venv\nENV PATH="/app/.venv/bin:$PATH"\n' in made
    assert sync_lines(made) == ["uv sync --locked --no-dev --no-install-project"]
    assert "/install" not in made
    kept = text.replace("COPY --from=build /install /usr/local\n", "")
    assert "`--prefix` has no counterpart" in moved(kept).reasons[0]


def test_a_file_that_another_stage_takes_stays_where_it_is() -> None:
    text = dedented(
        """
        FROM python:3.12-slim AS build
        WORKDIR /app
        COPY requirements.txt .
        RUN pip install -r requirements.txt
        FROM python:3.12-slim
        WORKDIR /app
        COPY --from=build /app/requirements.txt .
        COPY --from=build /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages
        COPY main.py .
        CMD ["python", "main.py"]
        """
    )
    made = moved(text).text
    assert "COPY requirements.txt ." in made
    assert "COPY --from=build /app/requirements.txt ." in made
    assert "source=uv.lock,target=uv.lock" in made


def test_an_environment_of_poetrys_is_on_path_before_anything_runs() -> None:
    text = dedented(
        """
        FROM python:3.12-slim
        RUN pip install poetry && poetry config virtualenvs.in-project true
        WORKDIR /bot
        COPY pyproject.toml poetry.lock ./
        RUN poetry install --without dev
        COPY . .
        RUN poetry run python manage.py collectstatic
        ENTRYPOINT ["poetry"]
        CMD ["run", "python", "-m", "bot"]
        """
    )
    made = moved(text, kind="poetry", package=True, groups=("dev",)).text
    assert made.index('ENV PATH="/bot/.venv/bin:$PATH"') < made.index("RUN python manage.py collectstatic")
    assert made.endswith('CMD ["python", "-m", "bot"]\n')
    assert "ENTRYPOINT" not in made
    assert sync_lines(made) == ["uv sync --locked --no-dev --no-install-project", "uv sync --locked --no-dev"]


@pytest.mark.parametrize(
    ("lines", "files"),
    [
        ("RUN chown -R 1000 /app", {}),
        ("RUN useradd app && chown -R app:app .", {}),
        ("VOLUME /app", {}),
        ("EXPOSE 80", {"docker-compose.yml": "services:\n  web:\n    volumes:\n      - .:/app\n"}),
    ],
)
def test_an_environment_is_apart_where_the_folder_is_changed_or_hidden(lines: str, files: dict[str, str]) -> None:
    text = f'FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n{lines}\nCMD ["app"]\n'
    made = moved(text, files)
    assert "UV_PROJECT_ENVIRONMENT=/opt/venv" in made.text
    assert 'ENV PATH="/opt/venv/bin:$PATH"' in made.text


def test_a_user_with_a_home_folder_has_the_environment_there_and_no_cache_of_unknown_owner() -> None:
    text = dedented(
        """
        FROM python:3.12-slim
        RUN useradd -m app
        WORKDIR /app
        COPY requirements.txt .
        USER app
        RUN pip install --user -r requirements.txt
        COPY . .
        CMD ["python", "main.py"]
        """
    )
    made = moved(text)
    assert "UV_PROJECT_ENVIRONMENT=/home/app/.venv" in made.text
    assert sync_lines(made.text) == ["uv sync --locked --no-dev --no-cache --no-install-project"]


def test_a_sync_above_its_folder_says_where_the_project_is() -> None:
    text = dedented(
        """
        FROM python:3.12-slim
        COPY requirements.txt ./
        RUN pip install -r requirements.txt
        ENV APP_HOME=/app
        WORKDIR $APP_HOME
        COPY . ./
        CMD exec gunicorn main:app
        """
    )
    made = moved(text).text
    assert "COPY pyproject.toml uv.lock /app/\n" in made
    assert sync_lines(made) == ["uv sync --project /app --locked --no-dev --no-install-project"]
    assert 'ENV PATH="/app/.venv/bin:$PATH"' in made


def test_a_project_below_the_build_context_is_named_by_its_folder() -> None:
    text = dedented(
        """
        FROM python:3.12-slim
        WORKDIR /app
        COPY backend/requirements.txt .
        RUN pip install -r requirements.txt
        COPY backend/ .
        CMD ["python", "main.py"]
        """
    )
    files = {
        "backend/pyproject.toml": PYPROJECT,
        "backend/uv.lock": "version = 1\n",
        "backend/requirements.txt": "six\n",
    }
    made = moved(text, files, root="backend")
    assert "COPY backend/pyproject.toml backend/uv.lock ./\n" in made.text
    assert sync_lines(made.text) == ["uv sync --locked --no-dev --no-install-project"]


def test_files_are_mounted_where_none_are_copied() -> None:
    text = dedented(
        """
        FROM python:3.12-slim
        WORKDIR /app
        RUN --mount=type=bind,source=requirements.txt,target=requirements.txt \\
            pip install -r requirements.txt
        COPY main.py .
        CMD ["python", "main.py"]
        """
    )
    made = moved(text).text
    assert "--mount=type=bind,source=pyproject.toml,target=pyproject.toml" in made
    assert "--mount=type=bind,source=uv.lock,target=uv.lock" in made
    assert "requirements.txt" not in made


def test_a_mount_of_another_command_stays() -> None:
    text = REQUIREMENTS.replace(
        "COPY . .", "RUN --mount=type=bind,source=requirements.txt,target=/r.txt wc -l /r.txt\nCOPY . ."
    )
    made = moved(text)
    assert made.reasons == []
    assert "--mount=type=bind,source=requirements.txt,target=/r.txt" in made.text


def test_an_export_goes_with_its_stage() -> None:
    text = dedented(
        """
        FROM python:3.12 AS requirements-stage
        WORKDIR /tmp
        RUN pip install poetry
        COPY ./pyproject.toml ./poetry.lock* /tmp/
        RUN poetry export -f requirements.txt --output requirements.txt --without-hashes

        FROM python:3.12
        WORKDIR /code
        COPY --from=requirements-stage /tmp/requirements.txt /code/requirements.txt
        RUN pip install --no-cache-dir --upgrade -r /code/requirements.txt
        COPY ./app /code/app
        CMD ["uvicorn", "app.main:app"]
        """
    )
    made = moved(text, {"app/main.py": ""}, kind="poetry", groups=("dev",))
    assert made.text.startswith("FROM python:3.12\nWORKDIR /code\n")
    assert "COPY pyproject.toml uv.lock ./\n" in made.text
    assert sync_lines(made.text) == ["uv sync --locked --no-dev --no-install-project"]


def test_files_that_dockerignore_hides_are_let_in() -> None:
    made = moved(REQUIREMENTS, {".dockerignore": "*\n!requirements.txt\n!main.py\n"})
    assert [(one.path, one.after) for one in made.files] == [
        (".dockerignore", "*\n!requirements.txt\n!main.py\n!pyproject.toml\n!uv.lock\n")
    ]


def test_an_environment_of_the_disk_is_kept_out() -> None:
    assert [(one.path, one.before, one.after) for one in moved(REQUIREMENTS).files] == [
        (".dockerignore", None, ".venv\n")
    ]


def test_credentials_come_as_secrets() -> None:
    index = Index("private", "https://a.example/simple", ("UV_INDEX_PRIVATE_USERNAME", "UV_INDEX_PRIVATE_PASSWORD"))
    text = REQUIREMENTS.replace(" -r ", " --extra-index-url https://a.example/simple -r ")
    pyproject = f'{PYPROJECT}[[tool.uv.index]]\nname = "private"\nurl = "https://a.example/simple"\n'
    made = moved(text, indexes=(index,), pyproject=pyproject)
    assert "--mount=type=secret,id=UV_INDEX_PRIVATE_PASSWORD,env=UV_INDEX_PRIVATE_PASSWORD" in made.text
    assert "https://a.example" not in made.text


def test_without_cache_mounts_nothing_is_cached() -> None:
    made = moved(REQUIREMENTS, settings=Settings(cache_mounts=False))
    assert sync_lines(made.text) == ["uv sync --locked --no-dev --no-cache --no-install-project"]
    assert "type=cache" not in made.text


# What can't be moved ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "FROM example.com/base\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n",
            "may have packages of its own",
        ),
        ("FROM python:3.7\nCOPY . .\nRUN pip install -r requirements.txt\n", "uv needs Python 3.8 or later"),
        (
            "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt flask\n",
            "`flask` is installed with the project",
        ),
        (
            "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\nRUN pip install flask\n",
            "`flask` is installed beside",
        ),
        (
            "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\nRUN pip uninstall -y six\n",
            "`pip uninstall` works on",
        ),
        (
            "FROM python:3.12\nCOPY . .\nRUN if true; then pip install -r requirements.txt; fi\n",
            "it is run in a branch",
        ),
        ("FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt || true\n", "depends on whether it succeeds"),
        (
            "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt --target /x\n",
            "`--target` has no counterpart",
        ),
        ("FROM python:3.12\nCOPY . .\nONBUILD RUN pip install -r requirements.txt\n", "builds of other images"),
        (
            "FROM python:3.12\nCOPY . .\nRUN pip install -i https://a.example/simple -r requirements.txt\n",
            "`https://a.example/simple` isn't an index of the project",
        ),
        (
            "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\nRUN python -m spacy download en\n",
            "it calls pip, which the project's environment doesn't have",
        ),
        (
            'FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\nCMD ["/usr/local/bin/gunicorn"]\n',
            "`/usr/local/bin/gunicorn` is of the image's own Python",
        ),
        (
            (
                "FROM python:3.12\nCOPY . .\n"
                "RUN --mount=type=secret,id=pip,target=/etc/pip.conf pip install -r requirements.txt\n"
            ),
            "pip gets its configuration as a secret",
        ),
        (
            'FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\nCMD ["uwsgi"]\n',
            "its server has to be told",
        ),
        (
            "FROM debian:12\nRUN apt-get install -y python3-pip python3-yaml\nCOPY . .\nRUN pip install -r requirements.txt\n",
            "`python3-yaml` is a package of the system's Python",
        ),
        (
            "FROM python:3.12\nRUN apt-get update && apt-get install -y cron\nCOPY . .\nRUN pip install -r requirements.txt\n",
            "cron does not know the image's PATH",
        ),
    ],
)
def test_what_keeps_a_file_from_being_moved(text: str, reason: str) -> None:
    made = moved(text)
    assert made.text == text
    assert reason in made.reasons[0]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("poetry install --only-root", "no project without what it depends on"),
        ("poetry install --with docs", "the project has no group `docs`"),
        ("poetry add flask", "`poetry add` has no counterpart in uv"),
        ("poetry build", "`poetry build` has no counterpart in uv"),
        ("poetry install $OPTIONS", "`$OPTIONS` is not known before the build"),
    ],
)
def test_what_poetry_is_told_that_uv_can_not_be(command: str, reason: str) -> None:
    made = moved(f"FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN poetry install && {command}\n", kind="poetry")
    assert reason in made.reasons[0]


def test_a_script_that_starts_poetry_keeps_the_file_as_it_is() -> None:
    text = 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN poetry install\nENTRYPOINT ["./entrypoint.sh"]\n'
    made = moved(text, {"entrypoint.sh": "#!/bin/sh\n# poetry is there\nexec poetry run app\n"}, kind="poetry")
    assert made.reasons == ["line 5: `./entrypoint.sh` runs poetry"]
    made = moved(text, {"entrypoint.sh": "#!/bin/sh\n# no poetry run\nexec app\n"}, kind="poetry")
    assert made.reasons == []


def test_a_project_that_wants_another_python_is_not_moved() -> None:
    pyproject = '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.13"\ndependencies = ["six==1.16.0"]\n'
    made = moved(REQUIREMENTS, pyproject=pyproject)
    assert "3.13" in made.reasons[0]


def test_a_project_that_does_not_say_which_python_it_wants_is_not_moved() -> None:
    made = moved(REQUIREMENTS, pyproject='[project]\nname = "app"\nversion = "0"\ndependencies = ["six==1.16.0"]\n')
    assert "requires-python" in made.reasons[0]


def test_a_script_in_python_that_only_speaks_of_pipenv_does_not_matter() -> None:
    made = moved(PIPENV, {"main.py": 'print("pipenv", 1)\n'}, kind="pipenv")
    assert made.reasons == []
    made = moved(PIPENV, {"main.py": 'run(["pipenv", "run", "app"])\n'}, kind="pipenv")
    assert made.reasons == ["line 7: `main.py` runs pipenv"]
