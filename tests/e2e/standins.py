"""uv's image as uvlint writes it, made from uv's wheel where the engine can't pull it: `/uv` and `/uvx`, static, alone."""

from __future__ import annotations

import fcntl
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from uvlint.config import UV_IMAGE, UV_VERSION

if TYPE_CHECKING:
    from harness import Engine

PLATFORMS = {"amd64": "x86_64-unknown-linux-musl", "arm64": "aarch64-unknown-linux-musl"}


def provide_uv(engine: Engine, version: str = UV_VERSION) -> str:
    """The name of uv's image, which the engine has from here on; it stays, for the next run.

    Test runs that start together make it once. Raises AssertionError with what uv or the engine said.
    """
    image = f"{UV_IMAGE}:{version}"
    with Path(tempfile.gettempdir(), "uvlint-uv-image.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not engine.has(image):
            _make(engine, image, version)
    return image


def _make(engine: Engine, image: str, version: str) -> None:
    platform = PLATFORMS[engine.docker("version", "--format", "{{.Server.Arch}}").strip()]
    with tempfile.TemporaryDirectory() as folder:
        words = ["install", "--target", folder, "--python-platform", platform, "--no-deps", f"uv=={version}"]
        uv = [sys.executable, "-m", "uv", "pip"]
        done = subprocess.run([*uv, *words], capture_output=True, text=True, check=False, env=_environment())
        assert done.returncode == 0, done.stderr
        engine.docker("import", "--change", 'ENTRYPOINT ["/uv"]', "-", image, stdin=_archive(Path(folder, "bin")))


def _environment() -> dict[str, str]:
    """Without what `uv run` sets, which would have uv install into the tests' own environment."""
    return {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"}}


def _archive(folder: Path) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in ("uv", "uvx"):
            archive.add(folder / name, name, filter=_owned_by_root)
    return made.getvalue()


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = "root"
    member.mode = 0o755
    return member
