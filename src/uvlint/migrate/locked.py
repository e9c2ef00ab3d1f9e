"""What a project is once it has been moved to pyproject.toml and uv.lock: what its Dockerfiles are rewritten to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAIN = ""
"""Stands for the project's own dependencies where a group's name would stand."""


@dataclass(frozen=True, slots=True)
class Index:
    """A `[[tool.uv.index]]` that asks for credentials, and the variables that uv reads them from.

    `url` has no secret in it. `secrets` are the variables (`UV_INDEX_…_USERNAME`, `UV_INDEX_…_PASSWORD`) that a build has
    to get as secret mounts.
    """

    name: str
    url: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Locked:
    """A project that has been moved.

    `root`: its folder, absolute. `kind`: where it came from: "requirements" (pip-tools, too), "setup" (setup.py or
    setup.cfg), "poetry" or "pipenv". `package`: whether it is built and installed itself; else only what it depends on is.
    `sources` says for each file that was moved (relative to `root`, "/" between folders) which group it became, MAIN for the
    project's own dependencies; a file that became several things isn't in it, nor are constraints, which are in `constraints`.
    `groups` are those of `[dependency-groups]`, of them those in `defaults` are synced unless they are switched off.
    `extras` are the project's optional dependencies. `needs`: files that building the project reads (readme, licence,
    version files), relative to `root`. `folders`: local projects that the lock file names, relative to `root`. `pyproject`
    and `lock` are the new files' text. `uv` is the release that wrote the lock file. `named`: requirements that command
    lines of its Dockerfiles name, and that were added to the project's own. `gone`: setup.py and setup.cfg, where pyproject.toml
    says all that they said.
    """

    root: str
    name: str
    kind: str
    package: bool
    python: str
    pyproject: str
    lock: str
    uv: str
    sources: Mapping[str, str] = field(default_factory=dict)
    constraints: frozenset[str] = frozenset()
    groups: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ("dev",)
    extras: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    indexes: tuple[Index, ...] = ()
    named: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
