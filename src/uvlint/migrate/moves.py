"""A command line that `uv sync` takes the place of, and what was found of them in a Dockerfile."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from uvlint import context, obstacles, provision, reads
from uvlint.model import normal
from uvlint.tools import bases

if TYPE_CHECKING:
    from uvlint.calls import Call
    from uvlint.managers import Wanted
    from uvlint.migrate.locked import Locked
    from uvlint.model import Build, Stage, Step

SYSTEM = ""
"""Stands for the image's own Python, or an environment of Poetry's, where an environment's folder would stand."""

_SEQUENTIAL = frozenset({"&&", ";", "\n"})


@dataclass(slots=True, eq=False)
class Move:
    """A command line that `uv sync` takes the place of.

    `place` is the environment that it installs into, SYSTEM where that is to be a new one; `folder` where the project is in
    the image, None where nothing says so. `exported`: the file that Poetry or Pipenv writes for it in the build, "" for none.
    `later`: the COPY below which the project itself is installed, whose sources aren't there before.
    """

    call: Call
    wanted: Wanted
    place: str
    folder: str | None
    exported: str = ""
    later: Step | None = None


@dataclass(slots=True)
class Reading:
    """What was found in a Dockerfile: what moves, what goes because of it, and why it can't be moved.

    `doubts` are reasons as well, in a file in which something moves; `beside` are installs of what was added to the project,
    which move with it; of those, `sources` install local projects, whose files are there only then.
    """

    moves: list[Move] = field(default_factory=list)
    gone: list[Call] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    beside: list[Move] = field(default_factory=list)
    sources: list[Call] = field(default_factory=list)

    def refuse(self, call: Call, reason: str, *, sure: bool = True) -> None:
        """Notes why a command can't be moved; not `sure`: it may have nothing to do with the project."""
        line = call.step.stage.build.dockerfile.source.line(call.span.start)
        (self.reasons if sure else self.doubts).append(f"line {line}: {reason}")


def unfit(call: Call) -> str:
    """Why a command can't be replaced where it stands."""
    if call.step.onbuild:
        return "it runs in the builds of other images"
    if call.wrappers or call.outer is not None or call.beside:
        return "it is run by another program"
    if any(scope.kind != "group" for scope in call.command.scopes):
        return "it is run in a branch, a loop, a pipeline or another shell"
    before, after = call.command.before, call.command.after
    if any(one is not None and one.text not in _SEQUENTIAL for one in (before, after)):
        return "what follows depends on whether it succeeds"
    base = call.step.stage.base
    image = call.step.stage.chain[0].image
    if not bases.official(image) and base.kind not in {"uv", "system"}:
        name = bases.reference(image or "")[0] or "its base image"
        return f"`{name}` may have packages of its own, which the project's environment won't see"
    return provision.unavailable(call.step.stage) or obstacles.too_old(call)


def is_project(call: Call, folder: str, project: Locked) -> bool:
    """Whether a folder of the image holds the project, as far as what is copied there tells."""
    for name in ("pyproject.toml", *reads.PROJECT_FILES[1:]):
        found = context.origin(call.step, normal(f"{folder}/{name}"))
        if found is not None and found.path is not None and posixpath.dirname(found.path) == prefix(call, project):
            return True
    return False


def prefix(call: Call, project: Locked) -> str | None:
    """The project's folder as a path of the build context, "" for the context itself; None where it is outside."""
    return within(call.step.stage.build, project.root)


def within(build: Build, folder: str) -> str | None:
    """A folder of the disk as a path of the build context; None where it is outside, or the context isn't known."""
    root = context.root(build)
    if root is None or build.context is None:
        return None
    if posixpath.normpath(root or ".") == posixpath.normpath(folder or "."):
        return ""
    path = posixpath.relpath(folder or ".", root or ".")
    return None if path.startswith("..") else path


def asks(call: Call) -> str | None:
    """What a `pip check`, `list` or `freeze` asks, whose answer nothing reads; None for anything else."""
    plain = not call.command.redirects and not call.command.scopes and not call.wrappers
    quiet = all((arg or "?") in {"--no-cache-dir", "--disable-pip-version-check", "-q", "-v"} for arg in call.args[1:])
    return call.verb if call.verb in {"check", "list", "freeze"} and plain and quiet else None


def stages(moves: list[Move]) -> list[Stage]:
    """The first stages of the chains in which something moves, in the file's order."""
    return sorted({one.call.step.stage.chain[0] for one in moves}, key=lambda one: one.index)
