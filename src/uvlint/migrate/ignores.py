"""What `.dockerignore` has to say once a project has moved: its files are sent to the build, its environment is not."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from uvlint import context
from uvlint.diagnostics import FileEdit
from uvlint.migrate import moves

if TYPE_CHECKING:
    from uvlint.migrate.locked import Locked
    from uvlint.model import Build, Step

ENVIRONMENT = ".venv"


def edits(build: Build, project: Locked) -> list[FileEdit]:
    """The file as it has to be; none where it is that way already."""
    root = context.root(build)
    base = moves.within(build, project.root)
    if build.context is None or root is None or base is None:
        return []
    wanted = [posixpath.join(base, name) for name in ("pyproject.toml", "uv.lock", *project.needs)]
    lines = [f"!{name}" for name in wanted if build.context.hides(root, name)]
    place = posixpath.join(base, ENVIRONMENT)
    if any(_brings(step, place) for step in build.steps) and not build.context.hides(root, place):
        lines.insert(0, place)
    if not lines:
        return []
    path = build.context.ignoring(root)
    data = build.context.at(path)
    before = None if data is None else data.decode("utf-8", "surrogateescape")
    text = before or ""
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = newline if text and not text.endswith("\n") else ""
    return [FileEdit(path, before, f"{text}{gap}" + "".join(f"{line}{newline}" for line in lines))]


def _brings(step: Step, place: str) -> bool:
    """Whether a COPY takes a folder of the build context that holds a path."""
    for word in context.copied(step) or ():
        name = posixpath.normpath(word.lstrip("/") or ".")
        if name == "." or place.startswith(f"{name}/"):
            return True
    return False
