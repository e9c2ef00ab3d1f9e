"""What is asked of an engine, seen by a program in its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from uvlint.verify.engines import Engine

PODMAN = """\
#!/bin/sh
echo "$@" >> "$LOG"
case "$1 $*" in images*label=u-1) echo first; echo second;; esac
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The calls of a podman that knows two images of a label."""
    program = tmp_path / "podman"
    program.write_text(PODMAN)
    program.chmod(0o755)
    return tmp_path / "log"


def engine(log: Path, *, keep: bool = False) -> Engine:
    path = f"{log.parent}{os.pathsep}{os.environ['PATH']}"
    return Engine("podman", env={"LOG": str(log), "PATH": path}, keep=keep)


def test_the_layers_that_podman_keeps_as_images_go(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{log.parent}{os.pathsep}{os.environ['PATH']}")
    engine(log).forget("u", ["u-1", "u-2"])
    calls = log.read_text().splitlines()
    assert [call for call in calls if call.startswith("rmi")] == ["rmi --force first second"]
    assert len(calls) == 3


def test_what_is_kept_stays(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{log.parent}{os.pathsep}{os.environ['PATH']}")
    engine(log, keep=True).forget("u", ["u-1"])
    assert not log.exists()
