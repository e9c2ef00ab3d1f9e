"""Where a project that moves goes in its images: environments, files, caches and secrets."""

from __future__ import annotations

import pytest
from moved_projects import PYPROJECT, REQUIREMENTS, dedented, findings, moved, sync_lines

from uvlint.config import Settings
from uvlint.migrate.locked import Index


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
    assert made.text.startswith("FROM python:3.12 AS builder\nWORKDIR /code\n")
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
    assert sync_lines(made.text) == ["RUN uv sync --locked --no-dev --no-cache --no-install-project"]
    assert "type=cache" not in made.text
