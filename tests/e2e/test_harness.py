"""The harness itself, on files written by hand: it must see what differs, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from harness import Packages, backends, everywhere, same_packages

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Engine

UV = "COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /uvx /bin/\n"


def test_comparison_leaves_the_installers_out() -> None:
    before: Packages = {"/usr/local": {"pip": "24.0", "setuptools": "65.5.1", "six": "1.17.0"}}
    after: Packages = {"/usr/local": {"pip": "25.0", "uv": "0.13.8", "six": "1.17.0"}, "/opt/venv": {"pip": "24.0"}}
    assert same_packages(before, after)
    assert backends(before) == {"/usr/local": {"setuptools": "65.5.1"}}
    assert backends(after) == {}


@pytest.mark.parametrize(
    "other",
    [
        {"/usr/local": {"six": "1.16.0"}},
        {"/opt/venv": {"six": "1.17.0"}},
        {"/usr/local": {"six": "1.17.0", "idna": "3.10"}},
        {},
    ],
    ids=["version", "environment", "more", "none"],
)
def test_comparison_sees(other: Packages) -> None:
    assert not same_packages({"/usr/local": {"six": "1.17.0"}}, other)


@pytest.mark.engine
@pytest.mark.parametrize("mount", ["--mount=type=cache,target=/root/.cache/uv ", ""], ids=["copied", "linked"])
def test_pip_and_uv_images_are_the_same(engine: Engine, tmp_path: Path, mount: str) -> None:
    pip = engine.build(tmp_path, "FROM python:3.12-slim\nRUN pip install --no-cache-dir six==1.17.0 idna==3.10\n")
    uv = engine.build(
        tmp_path,
        f"# syntax=docker/dockerfile:1\nFROM python:3.12-slim\n{UV}"
        f"RUN {mount}uv pip install --system --compile-bytecode six==1.17.0 idna==3.10\n",
    )
    (before, compiled_before), (after, compiled_after) = engine.contents(pip), engine.contents(uv)
    assert before["/usr/local"]["six"] == "1.17.0"
    assert same_packages(before, after)
    assert {"six", "idna"} <= compiled_before["/usr/local"] & compiled_after["/usr/local"]
    assert engine.inspect(pip)[:-1] == engine.inspect(uv)[:-1]


@pytest.mark.engine
def test_the_harness_sees_what_an_image_is(engine: Engine, tmp_path: Path) -> None:
    image = engine.build(
        tmp_path,
        "FROM python:3.12-slim AS first\nRUN python -m venv /opt/venv && /opt/venv/bin/pip install six==1.16.0\n"
        "FROM scratch AS wanted\nCOPY --from=first /opt/venv /opt/venv\nENV PATH=/opt/venv/bin\nWORKDIR /srv\n"
        'USER 1000\nEXPOSE 80\nVOLUME /data\nENTRYPOINT ["/opt/venv/bin/python"]\nCMD ["-c", "0"]\nFROM scratch\n',
        target="wanted",
    )
    seen = engine.inspect(image)
    assert seen[:-1] == (["-c", "0"], ["/opt/venv/bin/python"], "1000", "/srv", ["80/tcp"], ["/data"])
    assert seen.env["PATH"] == "/opt/venv/bin"
    assert everywhere(engine.packages(image)) == {("six", "1.16.0")}
    assert set(engine.packages(image)) == {"/opt/venv"}


@pytest.mark.engine
def test_a_failed_build_says_why(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no-such-command"):
        engine.build(tmp_path, "FROM python:3.12-slim\nRUN no-such-command\n")
