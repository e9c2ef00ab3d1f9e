"""What a developer does between two builds: a source file is edited, a requirement added. Done in a copy of the context."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING, NamedTuple

from uvlint import context, plan, reads
from uvlint.dockerignore import glob
from uvlint.lazy import regex
from uvlint.tools.requirements import normalised
from uvlint.verify import sides

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from uvlint.model import Build
    from uvlint.plan import Install
    from uvlint.verify.sides import Subject

SMALL = ("iniconfig==2.0.0", "toml==0.10.2", "tabulate==0.9.0", "text-unidecode==1.3")
"""Packages that a requirement is added of: one wheel of some kilobytes, no dependencies, any Python."""

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pyproject.toml")
"""Files that describe dependencies and bear a comment."""
_MAIN = ("main.py", "app.py", "server.py", "wsgi.py", "asgi.py", "manage.py", "__main__.py", "__init__.py")
_NO_SOURCE = regex(r"(?:\A|/)(?:setup|conftest|test_[^/]*|[^/]*_test)\.py\Z|(?:\A|/)(?:tests?|docs?|\.[^/]*)/")
_MODULE = regex(r"[A-Za-z_]\w*(?:\.\w+)*(?=:\w)|[\w./-]+\.py")
_MOST = 20_000


class Change(NamedTuple):
    """A line to add to a file of the context: what is done, the file, and the line; `unique` stands for `{}` in it."""

    what: str
    path: str
    line: str

    def apply(self, subject: Subject, unique: str) -> None:
        """Write it into a copy. The line never was there before, so that nothing built before serves."""
        place = os.path.join(subject.folder, self.path)
        with open(place, encoding="utf-8", errors="surrogateescape", newline="") as file:
            text = file.read()
        ended = text if not text or text.endswith("\n") else f"{text}\n"
        sides.put(place, ended + self.line.format(unique))


def source(build: Build, subject: Subject) -> Change | None:
    """A source file that the image holds: the entry point's, where it can be told."""
    read = {file.origin for install in plan.installs(build) for file in reads.of(install).files}
    found = [
        path
        for path in _python_files(subject.folder)
        if path not in read and not _NO_SOURCE.search(path) and _is_copied(build, path)
    ]
    if not found:
        return None
    wanted = _run(build)

    def rank(path: str) -> tuple[bool, int, int, str]:
        name = posixpath.basename(path)
        named = any(path == one or path.endswith(f"/{one}") or one.endswith(f"/{path}") for one in wanted)
        return not named, _MAIN.index(name) if name in _MAIN else len(_MAIN), path.count("/"), path

    best = min(found, key=rank)
    return Change(f"a comment in {best}", best, "# {}\n")


def requirement(build: Build, subject: Subject, installed: Collection[str]) -> Change | None:
    """One more requirement, where requirements stand in a plain list; else a comment in the file that holds them."""
    for install in plan.installs(build):
        read = reads.of(install)
        if read.scan.hashes:  # each requirement would need its hash
            continue
        names = {normalised(plan.named(one)) for one in install.requirements} | set(installed)
        package = next((one for one in SMALL if normalised(one.partition("==")[0]) not in names), None)
        for path in _lists(install):
            if package is not None and _is_file(subject, path):
                return Change(f"{package} added to {path}", path, f"{package}\n# {{}}\n")
    for name in (*_LOCKS, *_hashed(build)):
        for folder in ("", posixpath.dirname(subject.inside or "")):
            path = posixpath.join(folder, name)
            if _is_file(subject, path) and _is_copied(build, path):
                return Change(f"a comment in {path} (its dependencies stay)", path, "# {}\n")
    return None


def _is_file(subject: Subject, path: str) -> bool:
    """Whether a path is a file of the copy: one behind a link that leads out is the user's own."""
    return os.path.isfile(os.path.join(subject.folder, path)) and sides.holds(subject.folder, path)


def lists(build: Build) -> set[str]:
    """Where the image has the lists of requirements that its installs read."""
    files = (file for install in plan.installs(build) for file in reads.of(install).files)
    return {file.image for file in files if not file.image.endswith((".toml", ".py", ".cfg"))}


def _lists(install: Install) -> Iterator[str]:
    """The files of the context in which an install finds its requirements, one a line."""
    for file in reads.of(install).files:
        if file.origin and file.data is not None and not file.origin.endswith((".toml", ".py", ".cfg", ".lock")):
            constraints = {one.value for one in install.all("constraint")}
            if not any(value and posixpath.basename(value) == posixpath.basename(file.image) for value in constraints):
                yield file.origin


def _hashed(build: Build) -> Iterator[str]:
    for install in plan.installs(build):
        yield from _lists(install)


def _python_files(folder: str) -> Iterator[str]:
    count = 0
    for place, names, leaves in os.walk(folder):
        names[:] = [name for name in names if not name.startswith(".") and name not in {"node_modules", "__pycache__"}]
        for name in leaves:
            if name.endswith(".py") and not os.path.islink(os.path.join(place, name)):
                yield os.path.relpath(os.path.join(place, name), folder).replace(os.sep, "/")
                count += 1
        if count > _MOST:
            return


def _is_copied(build: Build, path: str) -> bool:
    """Whether a COPY brings a file of the context into the image."""
    for step in build.steps:
        for written in context.copied(step) or ():
            name = posixpath.normpath(written.lstrip("/") or ".")
            if name in {".", path} or path.startswith(f"{name}/"):
                return True
            if any(char in name for char in "*?["):
                pattern = glob(name)
                parts = path.split("/")
                if pattern and any(pattern.fullmatch("/".join(parts[: count + 1])) for count in range(len(parts))):
                    return True
    return False


def _run(build: Build) -> set[str]:
    """The files that the last stage's CMD and ENTRYPOINT name, or whose module they do."""
    if not build.stages:
        return set()
    texts = [
        step.instruction.args.text
        for stage in build.stages[-1].chain
        for step in stage.steps
        if step.instruction.keyword in {"CMD", "ENTRYPOINT"}
    ]
    names = {match[0] for text in texts for match in _MODULE.finditer(text)}
    return {name if name.endswith(".py") else f"{name.replace('.', '/')}.py" for name in names}
