"""The Dockerfiles that all fixes lead to draw no finding of any rule."""

from __future__ import annotations

import pytest

from uvlint import engine, rules
from uvlint.config import Settings
from uvlint.context import Context
from uvlint.source import Source

LOCKED_TWO_STAGES = """\
# syntax=docker/dockerfile:1
FROM python:3.12-slim AS builder
COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /uvx /bin/
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=0
WORKDIR /app
RUN --mount=type=cache,target=/root/.cache/uv \\
    --mount=type=bind,source=uv.lock,target=uv.lock \\
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \\
    uv sync --locked --no-install-project --no-dev
COPY . /app
RUN --mount=type=cache,target=/root/.cache/uv \\
    uv sync --locked --no-dev

FROM python:3.12-slim
RUN python -m compileall -q -x '/(site-packages|tests?)/' /usr/local/lib/python3.*
RUN groupadd --system --gid 999 app && useradd --system --gid 999 --uid 999 --create-home app
COPY --from=builder --chown=app:app /app /app
ENV PATH="/app/.venv/bin:$PATH" PYTHONUNBUFFERED=1
USER app
WORKDIR /app
EXPOSE 8000
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
"""

LOCKED_ON_UVS_IMAGE = """\
FROM ghcr.io/astral-sh/uv:0.13.8-python3.12-trixie-slim
WORKDIR /app
ENV UV_COMPILE_BYTECODE=1
ENV UV_LINK_MODE=copy
RUN --mount=type=cache,target=/root/.cache/uv \\
    --mount=type=bind,source=uv.lock,target=uv.lock \\
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \\
    uv sync --frozen --no-install-project --no-dev
COPY . /app
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-dev
ENV PATH="/app/.venv/bin:$PATH"
ENTRYPOINT []
CMD ["fastapi", "run", "src/app"]
"""

REQUIREMENTS_ONE_STAGE = """\
# syntax=docker/dockerfile:1
FROM python:3.11-slim
RUN python -m compileall -q -x '/(site-packages|tests?)/' /usr/local/lib/python3.*
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=0
WORKDIR /app
RUN --mount=type=cache,target=/root/.cache/uv \\
    --mount=type=bind,source=requirements.txt,target=requirements.txt \\
    --mount=from=ghcr.io/astral-sh/uv:0.13.8,source=/uv,target=/bin/uv \\
    uv pip install --system -r requirements.txt
COPY . .
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
"""

REQUIREMENTS_TWO_STAGES = """\
FROM python:3.11-slim AS build
COPY --from=ghcr.io/astral-sh/uv:0.13.8@sha256:4f5d923c9dcea037f57bda425dd209f1ee643da2f0b74227f68d09dab0b3bb36 /uv /bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=/opt/venv
RUN uv venv /opt/venv
RUN --mount=type=cache,target=/root/.cache/uv --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt \\
    uv pip install -r /tmp/requirements.txt

FROM python:3.11-slim
RUN python -m compileall -q -x '/(site-packages|tests?)/' /usr/local/lib/python3.*
ENV PATH=/opt/venv/bin:$PATH
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv
COPY app ./app
USER 1000:1000
CMD ["gunicorn", "app.wsgi"]
"""

BUILT_AND_RUN_AS_A_USER = """\
FROM python:3.13-slim AS build
RUN useradd --create-home --uid 1000 app
COPY --from=ghcr.io/astral-sh/uv:0.13 /uv /bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_MANAGED_PYTHON=1
USER app
WORKDIR /home/app
RUN --mount=type=cache,target=/home/app/.cache/uv,uid=1000,gid=1000 \\
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml --mount=type=bind,source=uv.lock,target=uv.lock \\
    uv sync --locked --no-dev --no-install-project
COPY --chown=1000:1000 src ./src
COPY --chown=1000:1000 pyproject.toml uv.lock README.md ./
RUN --mount=type=cache,target=/home/app/.cache/uv,uid=1000,gid=1000 uv sync --locked --no-dev --no-editable

FROM python:3.13-slim
RUN python -m compileall -q -x '/(site-packages|tests?)/' /usr/local/lib/python3.*
COPY --from=build /home/app/.venv /home/app/.venv
ENV PATH="/home/app/.venv/bin:$PATH"
USER 1000
ENTRYPOINT ["service"]
"""

FILES = {
    "pyproject.toml": '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["flask"]\n',
    "uv.lock": "version = 1\n",
    "requirements.txt": "flask==3.1.0\n",
    "README.md": "",
    "src/app/__init__.py": "",
    "app/wsgi.py": "",
}


@pytest.mark.parametrize("files", [None, FILES], ids=["context unknown", "context known"])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=name.lower().replace("_", " "))
        for name, text in list(globals().items())
        if name.isupper() and isinstance(text, str)
    ],
)
def test_draws_no_finding(text: str, files: dict[str, str] | None) -> None:
    settings = Settings(select=("ALL", *rules.load()))
    found = engine.check(Source(text), settings, context=None if files is None else Context.of(files))
    assert [(one.rule, one.message) for one in found] == []
