"""The programs that write a project's files: uv, and migrate-to-uv for Poetry and Pipenv. Both run in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import sys
import sysconfig
from typing import TYPE_CHECKING

from uvlint import credentials
from uvlint.migrate.project import Declined

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NOISE = re.compile(
    r"Using CPython|warning: (?:Failed to inspect|`VIRTUAL_ENV)|Downloading|\s*(?:cause: Querying|\[std)|  hint: "
)
_FOREIGN = frozenset(
    [
        "VIRTUAL_ENV",
        "UV_PROJECT_ENVIRONMENT",
        "UV_PROJECT",
        "UV_WORKING_DIR",
        "UV_LOCKED",
        "UV_FROZEN",
        "UV_NO_SYNC",
        "UV_NO_CONFIG",
    ]
)
"""Variables that speak of another project, or of one that is locked already; with UV_NO_CONFIG uv would pass over the indexes
of this one."""

_TRACE = re.compile(
    r"\s*(?:Traceback \(|File \"|During handling|\^+|\[stderr\]|\[stdout\])|\s{12,}\S(?!\w*(?:Error|Exception|Exit):)"
)
_PANIC = re.compile(r"thread '.*' .*panicked at .*\n(?:.*?message: \"(?P<what>(?:[^\"\\]|\\.)*)\")?")
"""How a program in Rust ends that did not expect what it found."""

_SKIPPED = frozenset(["node_modules", "__pycache__", "venv", "env", "site-packages"])
_LARGE = 5_000_000
"""Bytes; a larger file has no part in what a project depends on, unless its name says so."""
_LINES = 12


class Missing(Exception):  # noqa: N818 - it is told as a wrong usage
    """A program that the migration needs is not there."""


def find(name: str) -> str:
    """The path of a program: on PATH, or installed beside uvlint. Raises: Missing."""
    beside = shutil.which(name, path=os.pathsep.join([sysconfig.get_path("scripts"), os.path.dirname(sys.executable)]))
    found = shutil.which(name) or beside
    if found is None:
        raise Missing(
            f"`{name}` was not found; install it, or both that a migration needs: `pip install 'uvlint[migrate]'`"
        )
    return found


def version(uv: str) -> str:
    """The release of uv, such as "0.13.8"."""
    match = re.match(r"uv (?P<version>\d[\w.]*)", run([uv, "--version"], os.getcwd()))
    return match["version"] if match is not None else ""


def run(
    command: Sequence[str],
    folder: str,
    secrets: Mapping[str, str | None] | None = None,
    settings: Mapping[str, str] | None = None,
) -> str:
    """What a program prints. Raises: Declined, with the end of what it said where it failed."""
    import subprocess  # noqa: PLC0415 - only where a project is moved

    known = {key: value for key, value in os.environ.items() if key not in _FOREIGN}
    known |= {"UV_NO_PROGRESS": "1", "NO_COLOR": "1", **(settings or {})}
    known["PATH"] = os.pathsep.join([*known.get("PATH", "").split(os.pathsep), sysconfig.get_path("scripts")])
    known |= {key: value for key, value in (secrets or {}).items() if value is not None}
    try:
        done = subprocess.run(  # noqa: S603 - the programs of `find`
            command, cwd=folder, env=known, capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise Missing(f"`{command[0]}` can't be run: {error.strerror}") from None
    said = done.stderr.decode("utf-8", "replace") + (done.stdout.decode("utf-8", "replace") if done.returncode else "")
    if done.returncode:
        if "python-build-standalone" in said:
            raise Declined(
                "uv found no Python here that the project allows and could not download one; install one, then migrate"
            )
        panicked = _PANIC.search(said)
        if panicked is not None:
            what = (panicked["what"] or "it stopped where it did not expect what is there").replace('\\"', '"')
            raise Declined(f"`{os.path.basename(command[0])}` can't read the project: {credentials.masked(what)}")
        lines = [line for line in said.splitlines() if line.strip() and not _NOISE.match(line)]
        lines = [line for line in lines if not _TRACE.match(line)]
        for value in (secrets or {}).values():
            lines = [line.replace(value, "****") if value else line for line in lines]
        start = next(
            (at for at, line in enumerate(lines) if line.startswith(("error", "  \N{MULTIPLICATION SIGN}", "thread"))),
            0,
        )
        told = "\n".join(f"  {credentials.masked(line).rstrip()}" for line in lines[start : start + _LINES])
        raise Declined(f"`{os.path.basename(command[0])} {' '.join(command[1:])}` failed\n{told}")
    return done.stdout.decode("utf-8", "replace") or said


def copy(root: str, target: str) -> None:
    """Copies what of a project may matter for its dependencies; links stay links."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        found = set()
        for name in names:
            path = os.path.join(folder, name)
            hidden = name[0] == "."  # .python-version, too: which patch release locks makes no difference
            special = not (os.path.islink(path) or os.path.isfile(path) or os.path.isdir(path))
            large = (
                os.path.isfile(path)
                and os.path.getsize(path) > _LARGE
                and not name.endswith((".whl", ".gz", ".zip", ".lock"))
            )
            if hidden or special or large or name in _SKIPPED or not os.access(path, os.R_OK):
                found.add(name)
        return found

    shutil.copytree(root, target, symlinks=True, ignore=left_out, dirs_exist_ok=True)
