"""What of a build context is copied that no image needs: environments, caches, the repository's own data."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from uvlint import context, environments
from uvlint.diagnostics import FileEdit
from uvlint.lazy import regex
from uvlint.model import text_of
from uvlint.syntax import mount

if TYPE_CHECKING:
    from uvlint.context import Context
    from uvlint.model import Build, Step
    from uvlint.source import Cooked

_ENVIRONMENTS = (".venv", "venv")
_CACHES = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox", ".nox")
_PATTERNS = {"__pycache__": "**/__pycache__"}
_GIT = regex(
    r"(?m)(?:^|[\s;&|(`])git\s+(?!clone\b)[a-z-]|\bgo\s+(?:build|install)\b|\b(?:make|just|tox|nox|hatch|pdm|pre-commit)\b|\.sh\b"
)
"""Commands that may ask git for something, or of which it can't be told."""

_VERSIONED = regex(r"scm|vcs|versioneer|dunamai|\bpbr\b|dynamic-versioning|\bgit\b(?!hub|lab|\+|ignore)")
_BUILD_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


class Sent(NamedTuple):
    """The word of a COPY that brings what no image needs: what that is, and the file that would leave it out."""

    step: Step
    word: Cooked
    names: list[str]
    edit: FileEdit


def sent(build: Build) -> Sent | None:
    """The first COPY of the whole build context, where it brings such things; None where it can't be told."""
    seen = build.context
    root = context.root(build)
    if seen is None or root is None or root != seen.folders[0]:
        return None
    for step in build.steps:
        word = _whole(step)
        if word is None:
            continue
        names = [name for name in _there(build, seen, root) if not seen.hides(root, name) and not _named(build, name)]
        return Sent(step, word, names, _edit(seen, root, names)) if names else None
    return None


def _whole(step: Step) -> Cooked | None:
    """The word of a COPY that means the whole build context."""
    if step.onbuild or step.instruction.flag("exclude") is not None or not context.copied(step):
        return None
    for word in step.instruction.words()[:-1]:
        if posixpath.normpath((step.expand(word.text) or "?").lstrip("/") or ".") == ".":
            return word
    return None


def _there(build: Build, seen: Context, root: str) -> list[str]:
    """What is in the build context, or soon will be, going by `.gitignore`."""
    ignored = _ignored(seen, root)
    found = []
    for name in _ENVIRONMENTS:
        there = seen.exists(root, f"{name}/pyvenv.cfg")
        expected = not seen.exists(root, name) and name in ignored
        if (there or expected) and not _used(build, name):
            found.append(name)
    if seen.exists(root, ".git") and not _asks_git(build, seen, root):
        found.append(".git")
    return found + [name for name in _CACHES if seen.is_folder(root, name)]


def _ignored(seen: Context, root: str) -> set[str]:
    """What the `.gitignore` files from the build context up to the repository's root name, in any folder."""
    above = seen.folders[seen.folders.index(root) :]
    texts = [seen.look(folder, ".gitignore") or b"" for folder in above]
    lines = [line.strip() for text in texts for line in text.decode("utf-8", "replace").splitlines()]
    return {line.removeprefix("/").removesuffix("/*").rstrip("/") for line in lines if line[:1] not in {"#", "!"}}


def _used(build: Build, name: str) -> bool:
    """Whether the image may be meant to run an environment of the build context: it names one that it doesn't make."""
    made = {place for stage in build.stages for place in environments.made_in(stage)}
    pattern = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])")
    named = any(pattern.search(text_of(step.run) if step.run else step.instruction.args.text) for step in build.steps)
    return named and not any(place.endswith(f"/{name}") for place in made)


def _asks_git(build: Build, seen: Context, root: str) -> bool:
    """Whether a step, or the build of a project, may ask git for a version."""
    if any(step.run is not None and (step.script is None or _GIT.search(text_of(step.run))) for step in build.steps):
        return True
    texts = [(seen.look(root, name) or b"").decode("utf-8", "replace") for name in _BUILD_FILES]
    return any(_VERSIONED.search(text) for text in texts)


def _named(build: Build, name: str) -> bool:
    """Whether a COPY or a mount asks for it by its name."""
    words = [word for step in build.steps for word in context.copied(step) or ()]
    for step in build.steps:
        for flag in step.run.flags_named("mount") if step.run is not None else ():
            one = mount(flag)
            words += [one.keys.get("source", "")] if one is not None and "from" not in one.keys else []
    paths = [posixpath.normpath(word.lstrip("/") or ".") for word in words]
    return any(path == name or path.startswith(f"{name}/") or ("*" in path and path != "*") for path in paths)


def _edit(seen: Context, root: str, names: list[str]) -> FileEdit:
    """The file that says what Docker does not see, with lines for these."""
    path = seen.ignoring(root)
    data = seen.at(path)
    before = None if data is None else data.decode("utf-8", "surrogateescape")
    text = before or ""
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = newline if text and not text.endswith("\n") else ""
    lines = "".join(f"{_PATTERNS.get(name, name)}{newline}" for name in names)
    return FileEdit(path, before, f"{text}{gap}{lines}")
