"""Small Dockerfiles, one a way of installing: what a fix makes of them builds, and the image holds the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from harness import at_once, everywhere, fixed, same_packages

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Engine, Image, Packages

pytestmark = pytest.mark.engine
UV_PIP_INSTALL = re.compile(r'\buv(?: |", ")pip(?: |", ")install\b')

PROJECT = """\
[build-system]
requires = ["flit_core==3.10.1"]
build-backend = "flit_core.buildapi"

[project]
name = "demo"
version = "1.0"
description = "A project of one module"
dependencies = ["six==1.17.0"]
"""


class Case(NamedTuple):
    """A Dockerfile in its context.

    `child` is built from the image of the Dockerfile (`base`), in the same context; `moves` says whether a pip command
    must have become uv's, None where a rule may well leave it alone.
    """

    dockerfile: str
    files: dict[str, str] = {}  # noqa: RUF012 - never written to
    moves: bool | None = True
    child: str = ""


CASES = {
    "venv-on-path": Case(
        """\
FROM python:3.12-slim
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN pip install --no-cache-dir six==1.17.0
"""
    ),
    "virtual-env": Case(
        """\
FROM python:3.11-slim
ENV VIRTUAL_ENV=/opt/venv
RUN python3 -m venv $VIRTUAL_ENV
ENV PATH="$VIRTUAL_ENV/bin:$PATH"
RUN pip3 install six==1.17.0 && pip3 install "idna>=3.4,<3.5"
"""
    ),
    "venv-by-its-path": Case(
        """\
FROM python:3.12-slim
RUN python -m venv /opt/venv \\
    && /opt/venv/bin/pip install six==1.17.0
RUN pip install idna==3.10
"""
    ),
    "non-root-venv": Case(
        """\
FROM python:3.12-slim
RUN useradd --create-home --uid 1000 app && mkdir /venv && chown 1000:1000 /venv
USER 1000
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
RUN pip install --no-cache-dir six==1.17.0
CMD ["python", "-c", "import six"]
""",
    ),
    "non-root-user-site": Case(
        """\
FROM python:3.12-slim
RUN useradd --create-home --uid 1000 app
USER app
RUN pip install --user six==1.17.0
""",
        moves=None,
    ),
    "project": Case(
        """\
FROM python:3.12-slim
WORKDIR /src
COPY . .
RUN pip install .
""",
        {"pyproject.toml": PROJECT, "demo.py": '"""Nothing."""\n'},
    ),
    "constraints": Case(
        """\
FROM python:3.12-slim
COPY constraints.txt requirements.txt /tmp/
RUN pip install --no-cache-dir -r /tmp/requirements.txt -c /tmp/constraints.txt
""",
        {"requirements.txt": "six\nidna\n", "constraints.txt": "six==1.16.0\nidna==3.4\ncertifi==2023.5.7\n"},
    ),
    "nested-requirements": Case(
        """\
FROM python:3.12-slim
WORKDIR /app
COPY requirements/ requirements/
RUN pip install --no-cache-dir -r requirements/production.txt
COPY . .
""",
        {
            "requirements/production.txt": "-r base.txt\nidna==3.10  # for names\n",
            "requirements/base.txt": "six==1.17.0\n",
            "main.py": "import six, idna\n",
        },
    ),
    "onbuild": Case(
        """\
FROM python:3.12-slim
WORKDIR /app
ONBUILD COPY requirements.txt .
ONBUILD RUN pip install --no-cache-dir -r requirements.txt
""",
        {"requirements.txt": "six==1.17.0\n"},
        moves=None,
        child="FROM {base}\nRUN python -c 'import six'\n",
    ),
    "heredoc": Case(
        """\
FROM python:3.12-slim
RUN <<EOF
set -e
# the tools
pip install --no-cache-dir \\
    six==1.17.0
python -c 'import six'
EOF
"""
    ),
    "python-heredoc": Case(
        """\
FROM python:3.12-slim
RUN python -m venv /opt/venv
RUN /opt/venv/bin/python - <<'EOF'
import subprocess, sys
# the tools
subprocess.check_call([sys.executable, "-m", "pip", "install", "--no-cache-dir", "six==1.17.0"])
EOF
RUN ["python", "-c", "import subprocess; subprocess.check_call('pip install idna==3.10', shell=True)"]
"""
    ),
    "python-calls-pip-itself": Case(
        """\
FROM python:3.12-slim
RUN python -c "import sys; from pip._internal.cli.main import main; sys.exit(main(['install', 'six==1.17.0']))"
""",
        moves=None,
    ),
    "bash-c": Case(
        """\
FROM python:3.12-slim
RUN bash -c 'set -o pipefail; pip install --no-cache-dir six==1.17.0 | cat'
""",
        moves=None,
    ),
    "exec-form": Case(
        """\
FROM python:3.12-slim
RUN ["pip", "install", "--no-cache-dir", "six==1.17.0"]
"""
    ),
    "stage-on-stage": Case(
        """\
FROM python:3.12-slim AS base
RUN pip install six==1.17.0
FROM base
RUN pip install idna==3.10
"""
    ),
    "venv-copied-from-a-stage": Case(
        """\
FROM python:3.12-slim AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt .
RUN pip install -r requirements.txt

FROM python:3.12-slim
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
USER 1000:1000
""",
        {"requirements.txt": "six==1.17.0\n"},
    ),
    "prefix-copied-from-a-stage": Case(
        """\
FROM python:3.12-slim AS build
RUN pip install --no-cache-dir --prefix=/install six==1.17.0
FROM python:3.12-slim
COPY --from=build /install /usr/local
""",
        moves=None,
    ),
    "apt-and-pip": Case(
        """\
FROM python:3.12-slim
RUN apt-get update \\
    && apt-get install -y --no-install-recommends tini \\
    # the package, and nothing left behind
    && pip install six==1.17.0 \\
    && rm -rf /var/lib/apt/lists/* /root/.cache
"""
    ),
    "another-python-first-on-path": Case(
        """\
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip
COPY --from=python:3.12-slim /usr/local /opt/python
ENV LD_LIBRARY_PATH=/opt/python/lib
RUN ln -s /opt/python/bin/python3.12 /usr/local/bin/python
RUN python3 -m pip install --no-cache-dir --break-system-packages six==1.17.0
"""
    ),
    "venv-by-a-build-argument": Case(
        """\
FROM python:3.12-slim
ARG PLACE=/opt/venv
RUN python -m venv ${PLACE} && ${PLACE}/bin/pip install --no-cache-dir six==1.17.0
RUN "$PLACE/bin/python" -m pip install idna==3.10
"""
    ),
    "uv-copied-later": Case(
        """\
FROM python:3.12-slim
RUN pip install --no-cache-dir six==1.17.0
# uv, for the rest
COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/
RUN uv pip install --system idna==3.10
""",
        moves=None,
    ),
    "upgrade-pip-first": Case(
        """\
FROM python:3.12-slim
ENV PIP_NO_CACHE_DIR=1
RUN pip install --upgrade pip && pip install six==1.17.0
"""
    ),
    "argument-in-the-version": Case(
        """\
ARG BASE=python:3.12-slim
FROM ${BASE}
ARG SIX=1.17.0
RUN pip install --no-cache-dir "six==${SIX}"
""",
        moves=None,
    ),
    "home-made-in-the-run": Case(
        """\
FROM python:3.12-slim
ENV HOME=/home/app
RUN useradd --create-home --home-dir /home/app app && mkdir /data && pip install --no-cache-dir six==1.17.0
USER app
RUN touch ~/writable
"""
    ),
    "cache-made-in-the-run": Case(
        """\
FROM python:3.12-slim
RUN mkdir /root/.cache && pip install six==1.17.0
"""
    ),
    "activated-from-its-folder": Case(
        """\
FROM python:3.12-slim
RUN python -m venv /opt/venv && cd /opt/venv/bin && . ./activate && pip install six==1.17.0
"""
    ),
    "crlf": Case(
        "FROM python:3.12-slim\r\nRUN pip install --no-cache-dir \\\r\n    # the one\r\n    six==1.17.0\r\nCMD python\r\n"
    ),
    "backtick-escape": Case(
        """\
# escape=`
FROM python:3.12-slim
RUN pip install `
    --no-cache-dir six==1.17.0
"""
    ),
}


def build(engine: Engine, context: Path, case: Case, text: str) -> tuple[Packages, Image]:
    image = engine.build(context, text)
    image = engine.build(context, case.child.format(base=image)) if case.child else image
    return engine.packages(image), engine.inspect(image)


def write(case: Case, context: Path) -> Path:
    """The folder with the case's files, and the Dockerfile in it."""
    for path, text in case.files.items():
        (context / path).parent.mkdir(parents=True, exist_ok=True)
        (context / path).write_text(text, encoding="utf-8")
    dockerfile = context / "Dockerfile"
    dockerfile.parent.mkdir(exist_ok=True)
    dockerfile.write_bytes(case.dockerfile.encode())
    return dockerfile


@pytest.mark.parametrize("options", [(), ("--unsafe-fixes",)], ids=["safe", "unsafe"])
@pytest.mark.parametrize("name", CASES)
def test_the_fixed_file_builds_the_same(engine: Engine, tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    case = CASES[name]
    original, dockerfile = write(case, tmp_path / "before"), write(case, tmp_path / "after")
    text = fixed(dockerfile, *options)
    if case.moves:
        assert UV_PIP_INSTALL.search(text), text
    (packages, was), (packages_after, now) = at_once(
        lambda: build(engine, original.parent, case, case.dockerfile),
        lambda: build(engine, dockerfile.parent, case, text),
    )
    assert everywhere(packages)
    if options:
        assert everywhere(packages) == everywhere(packages_after)
    else:
        assert same_packages(packages, packages_after)
        assert was[:-1] == now[:-1]
    assert fixed(dockerfile, *options) == text
