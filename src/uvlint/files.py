"""Finding Dockerfiles, reading them, and writing them so that no half-written file can be left behind."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, NamedTuple

from uvlint import filesystem
from uvlint.patterns import Patterns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from uvlint.config import Settings

# `files` and `exclude` of .pre-commit-hooks.yaml are these very strings.
FILES = r"(?i)(^|/)((docker|container)file([._-][^/]*)?|[^/]*[._-](docker|container)file)$"
NOT_FILES = r"(?i)(\.(dockerignore|containerignore|md|rst|py|sh|j2|jinja2?|tmpl|tpl|template|in|erb|ejs|mustache)$)"


class Found(NamedTuple):
    """A file to check with its settings, or what stands in the way (`error`)."""

    path: str
    settings: Settings | None
    error: str = ""


def is_dockerfile(name: str) -> bool:
    """Whether a file of this name (no folder) is taken for a Dockerfile when a folder is walked."""
    return "file" in name.lower() and re.search(FILES, name) is not None and re.search(NOT_FILES, name) is None


def find(paths: Sequence[str], settings: Callable[[str], Settings]) -> Iterator[Found]:
    """The files that the paths stand for, each once, in the order of the paths, folders' content sorted by name.

    A file that is named is taken whatever it is called, unless `force_exclude` is set and it is excluded. `settings`
    gives those of a folder (absolute path).
    """
    seen: set[str] = set()
    for path in paths:
        place = os.path.abspath(path)
        folder = filesystem.is_folder(path)
        own = settings(place if folder else os.path.dirname(place))
        if own.force_exclude and (
            own.excluded.covers(place, folder=folder) or (own.respect_gitignore and _ignored(place))
        ):
            continue
        for found in _walk(path, place, settings) if folder else (Found(path, own),):
            place = os.path.abspath(found.path)
            if place not in seen:
                seen.add(place)
                yield found


def _walk(top: str, place: str, settings: Callable[[str], Settings]) -> Iterator[Found]:
    real_top = filesystem.real(top)
    waiting = [("" if top == os.curdir else top, place, tuple(_ignores_above(place)))]
    while waiting:
        shown, place, above = waiting.pop()
        own = settings(place)
        try:
            entries = filesystem.entries(place)
        except OSError as error:
            yield Found(shown or top, None, reason(error))
            continue
        ignores = (*above, *_ignores_of(place)) if own.respect_gitignore else ()
        folders = []
        for entry in entries:
            folder = entry.is_dir(follow_symlinks=False)
            if not folder and not is_dockerfile(entry.name):
                continue
            if own.excluded.verdict(entry.path, folder=folder) or _verdict(ignores, entry.path, folder=folder):
                continue
            path = os.path.join(shown, entry.name)
            if folder:
                folders.append((path, entry.path, ignores))
            elif _is_file(entry, real_top):
                yield Found(path, own)
        waiting += reversed(folders)


def _is_file(entry: os.DirEntry[str], top: str) -> bool:
    """Whether to take an entry: no folder, and no link to what is found in its own place anyway."""
    if not entry.is_symlink():
        return not entry.is_dir()
    target = filesystem.real(entry.path)
    found_anyway = is_dockerfile(os.path.basename(target)) and target.startswith(top + os.sep)
    return filesystem.is_file(target) and not found_anyway


# .gitignore -----------------------------------------------------------------------------------------------------------


def _ignores_of(folder: str) -> Iterable[Patterns]:
    """The patterns of a folder's own `.gitignore` (and, in the root of a repository, of `.git/info/exclude`)."""
    for name in (".git/info/exclude", ".gitignore"):
        try:
            data = filesystem.read(os.path.join(folder, name))
        except OSError:
            continue
        text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n")
        yield Patterns(text.split("\n"), folder)


def _ignores_above(folder: str) -> list[Patterns]:
    """The patterns from the root of the repository that holds the folder down to the folder above it."""
    found: list[Patterns] = []
    at = folder
    while not filesystem.exists(os.path.join(at, ".git")):
        above = os.path.dirname(at)
        if above == at:
            return []  # no repository: only what lies in the walked folders counts
        at = above
        found = [*_ignores_of(at), *found]
    return found


def _verdict(ignores: Sequence[Patterns], path: str, *, folder: bool) -> bool:
    for patterns in reversed(ignores):
        verdict = patterns.verdict(path, folder=folder)
        if verdict is not None:
            return verdict
    return False


def _ignored(place: str) -> bool:
    """Whether git would ignore a named file or folder."""
    folder = os.path.dirname(place)
    ignores = [*_ignores_above(folder), *_ignores_of(folder)]
    if not ignores:
        return False
    root = ignores[0].root
    at = place.find(os.sep, len(root.rstrip(os.sep)) + 1)
    while at >= 0:
        if _verdict(ignores, place[:at], folder=True):
            return True
        at = place.find(os.sep, at + 1)
    return _verdict(ignores, place, folder=filesystem.is_folder(place))


# Reading and writing --------------------------------------------------------------------------------------------------


def reason(error: OSError) -> str:
    """What went wrong, in a few words, without the path."""
    return error.strerror or str(error) or type(error).__name__


def write(path: str, data: bytes) -> None:
    """Replace a file's content in one step; its mode and, where allowed, its owner stay. A link's target is written.

    Raises: OSError; the file is then as it was.
    """
    import tempfile  # noqa: PLC0415

    target = os.path.realpath(path)
    old = os.stat(target)
    if not os.access(target, os.W_OK):
        raise PermissionError(13, "the file is write-protected")
    fd, temporary = tempfile.mkstemp(
        prefix=f".{os.path.basename(target)[:100]}.", suffix=".uvlint", dir=os.path.dirname(target)
    )
    try:
        with open(fd, "wb") as file:
            file.write(data)
            file.flush()
            if hasattr(os, "fchown"):
                _own(fd, old)
                os.fchmod(fd, stat.S_IMODE(old.st_mode))
            os.fsync(fd)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def create(path: str, data: bytes) -> bool:
    """Make a file in one step, with the mode that new files have here; False, and nothing done, where there is one.

    Raises: OSError.
    """
    import tempfile  # noqa: PLC0415

    fd, temporary = tempfile.mkstemp(prefix=".uvlint.", suffix=".uvlint", dir=os.path.dirname(path) or ".")
    try:
        with open(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(fd)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
    return True


def _own(fd: int, old: os.stat_result) -> None:
    new = os.fstat(fd)
    if (new.st_uid, new.st_gid) == (old.st_uid, old.st_gid):
        return
    for uid, gid in ((old.st_uid, old.st_gid), (-1, old.st_gid)):
        try:
            os.fchown(fd, uid, gid)
        except OSError:
            continue
        return
