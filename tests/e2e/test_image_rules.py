"""What fixes do to an image: uv left out of it, packages kept for the next build, an environment not copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from harness import everywhere, fixed, same_packages, uvlint

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Engine

pytestmark = pytest.mark.engine


def exists(engine: Engine, image: str, path: str) -> bool:
    return engine.run(image, ["sh", "-c", f"test -e {path} && echo yes || echo no"]) == "yes\n"


def write(folder: Path, text: str) -> Path:
    place = folder / "Dockerfile"
    place.write_text(text, encoding="utf-8")
    return place


def test_uv_is_lent_to_the_steps_that_use_it(engine: Engine, tmp_path: Path) -> None:
    text = """\
FROM python:3.12-slim
COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /uvx /bin/
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=0
RUN --mount=type=cache,target=/root/.cache/uv uv pip install --system six==1.17.0
RUN useradd --create-home --uid 1000 app && mkdir /venv && chown 1000:1000 /venv
USER 1000
RUN uv venv --allow-existing /venv && uv pip install --no-cache --python /venv idna==3.10
CMD ["/venv/bin/python", "-c", "import idna"]
"""
    before = engine.build(tmp_path, text)
    place = write(tmp_path, text)
    after = engine.build(tmp_path, fixed(place, "--unsafe-fixes", "--select", "uv-in-final-image"))
    assert exists(engine, before, "/bin/uv")
    assert not exists(engine, after, "/bin/uv")
    assert not exists(engine, after, "/bin/uvx")
    assert same_packages(engine.packages(before), engine.packages(after))
    assert {("six", "1.17.0"), ("idna", "3.10")} <= everywhere(engine.packages(after))
    assert uvlint("check", "--select", "uv-in-final-image", place).returncode == 0


def test_apt_keeps_its_packages_for_the_next_build(engine: Engine, tmp_path: Path) -> None:
    text = """\
FROM debian:bookworm-slim AS base
RUN apt-get update \\
    && apt-get install -y --no-install-recommends tree \\
    && apt-get clean \\
    && rm -rf /var/lib/apt/lists/*
FROM base
RUN apt-get update && apt-get install -y --no-install-recommends less && rm -rf /var/lib/apt/lists/* /tmp/*
CMD ["tree"]
"""
    place = write(tmp_path, text)
    after = engine.build(tmp_path, fixed(place, "--unsafe-fixes", "--select", "uncached-apt,uncleared-cache"))
    assert exists(engine, after, "/usr/bin/tree")
    assert exists(engine, after, "/usr/bin/less")
    listed = "ls -A /var/lib/apt/lists /var/cache/apt | grep -v : | tr -d '\\n'"
    assert engine.run(after, ["sh", "-c", listed]) == ""
    probe = """\
FROM debian:bookworm-slim
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked ls /var/cache/apt/archives > /found
"""
    found = engine.run(engine.build(tmp_path, probe), ["cat", "/found"])
    assert "tree_" in found
    assert "less_" in found
    assert uvlint("check", "--select", "uncached-apt,uncleared-cache", place).returncode == 0


def test_an_environment_of_the_machine_stays_there(engine: Engine, tmp_path: Path) -> None:
    text = """\
FROM python:3.12-slim
WORKDIR /app
COPY . .
CMD ["python", "main.py"]
"""
    place = write(tmp_path, text)
    (tmp_path / "main.py").write_text("print('here')\n", encoding="utf-8")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/pyvenv.cfg").write_text("home = /usr/bin\n", encoding="utf-8")
    before = engine.build(tmp_path, text)
    assert exists(engine, before, "/app/.venv/pyvenv.cfg")
    assert fixed(place, "--select", "venv-in-context") == text
    assert (tmp_path / ".dockerignore").read_text(encoding="utf-8") == ".venv\n"
    after = engine.build(tmp_path, text)
    assert not exists(engine, after, "/app/.venv")
    assert engine.run(after, ["python", "/app/main.py"]) == "here\n"


def test_the_standard_library_is_compiled(engine: Engine, tmp_path: Path) -> None:
    text = """\
FROM python:3.12-slim AS build
RUN python -m venv /venv && /venv/bin/pip install six==1.17.0
FROM python:3.12-slim
COPY --from=build /venv /venv
USER 1000
CMD ["/venv/bin/python", "-c", "import six"]
"""
    bytecode = "/usr/local/lib/python3.12/asyncio/__pycache__/tasks.cpython-312.pyc"
    rule = "uncompiled-standard-library"
    place = write(tmp_path, text)
    importing = ["sh", "-c", "/venv/bin/python -v -c 'import asyncio, six' 2>&1"]
    compiled = "code object from /usr/local/lib/python3.12/asyncio"  # no quote: a source, not bytecode
    before = engine.build(tmp_path, text)
    assert not exists(engine, before, bytecode)
    assert compiled in engine.run(before, importing)
    after = engine.build(tmp_path, fixed(place, "--unsafe-fixes", "--select", rule))
    assert exists(engine, after, bytecode)
    seen = engine.run(after, importing)
    assert "import 'asyncio.tasks'" in seen
    assert compiled not in seen
    assert uvlint("check", "--select", rule, place).returncode == 0
