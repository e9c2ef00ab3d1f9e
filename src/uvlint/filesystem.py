"""How a check asks about files, and a record of what it asked.

Layers that look at files ask here and nowhere else (writing a fix aside): what was asked, with its answer, is what the
cache of results holds against the files of a later run. `tests/test_filesystem.py` watches the system for questions that were
asked elsewhere.
"""

import os
from time import time_ns

TYPE_CHECKING = False  # as in `typing`, which costs 5 ms to import
if TYPE_CHECKING:
    from collections.abc import Iterable

State = tuple[int, ...]
"""Type and mode, inode, device, size, and when content and inode changed, in nanoseconds."""

LIMIT = 5000
"""A run that asks more than this is not recorded: to ask all again would not pay."""

SETTLED = 2_000_000_000
"""Nanoseconds after which a change can't hide behind the clock's grain: what is younger is not recorded."""

_FILE, _FOLDER, _KIND = 0o100000, 0o040000, 0o170000


class Record:
    """What was asked, and the answers.

    `kinds`: what a path is, by the type bits of its mode, 0 for nothing. `states`: of what was read, be it a file's content
    or a folder's list; None where nothing is. `places`: paths with their links followed.
    """

    def __init__(
        self, kinds: "dict[str, int]", states: "dict[str, State | None]", places: "dict[str, str]", since: int = 0
    ) -> None:
        self.kinds = kinds
        self.states = states
        self.places = places
        self.since = since
        self.spoiled = False

    def holds(self) -> bool:
        """Whether all answers are the same now."""
        for path, kind in self.kinds.items():
            if _kind(path) != kind:
                return False
        for path, state in self.states.items():
            if state_of(path) != state:
                return False
        return all(os.path.realpath(path) == place for path, place in self.places.items())

    def settled(self) -> bool:
        """Whether a change after the run would show, and nothing kept the run from being recorded."""
        newest = max((max(state[-2:]) for state in self.states.values() if state), default=0)
        asked = len(self.kinds) + len(self.states) + len(self.places)
        return not self.spoiled and asked <= LIMIT and newest < self.since - SETTLED

    def saw(self, path: str, state: "State | None") -> None:
        self.spoiled |= self.states.setdefault(path, state) != state

    def add(self, paths: "Iterable[str]") -> None:
        """Files that were read by other means."""
        for path in paths:
            state = state_of(path)
            self.saw(path, state)
            self.spoiled |= state is None


_record: "Record | None" = None


def record() -> Record:
    """A record of what is asked from now on, in place of any before."""
    global _record  # noqa: PLW0603 - of the process, as its working folder is
    _record = Record({}, {}, {}, time_ns())
    return _record


def recorded() -> "Record | None":
    """The record that is being made."""
    return _record


def state_of(path: str) -> "State | None":
    """The state of what stands at a path, links followed; None for nothing."""
    try:
        return _state(os.stat(path))
    except (OSError, ValueError):
        return None


def _state(found: os.stat_result) -> State:
    return (found.st_mode, found.st_ino, found.st_dev, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _kind(path: str) -> int:
    try:
        return os.stat(path).st_mode & _KIND
    except (OSError, ValueError):
        return 0


# Questions ------------------------------------------------------------------------------------------------------------


def kind(path: str) -> int:
    """The type bits of a path's mode, links followed; 0 for nothing."""
    found = _kind(path)
    if _record is not None:
        _record.spoiled |= _record.kinds.setdefault(path, found) != found
    return found


def exists(path: str) -> bool:
    return kind(path) != 0


def is_file(path: str) -> bool:
    return kind(path) == _FILE


def is_folder(path: str) -> bool:
    return kind(path) == _FOLDER


def real(path: str) -> str:
    """A path with its links followed."""
    found = os.path.realpath(path)
    if _record is not None:
        _record.spoiled |= _record.places.setdefault(path, found) != found
    return found


def read(path: str, limit: "int | None" = None) -> bytes:
    """A regular file's bytes. Raises: OSError, also for more than `limit` bytes; a pipe or device is not waited for."""
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            state = os.fstat(fd)
            _saw(path, _state(state))
            if state.st_mode & _KIND != _FILE:
                raise OSError(0, f"not a regular file but a {_KINDS.get(state.st_mode & _KIND, 'device')}")
            if limit is not None and state.st_size > limit:
                raise OSError(0, "too large a file")
            with open(fd, "rb", closefd=False) as file:
                return file.read()
        finally:
            os.close(fd)
    except OSError as error:
        _failed(path, error)
        raise


_KINDS = {_FOLDER: "folder", 0o010000: "pipe", 0o140000: "socket"}


def entries(folder: str) -> "list[os.DirEntry[str]]":
    """What a folder holds, sorted by name. Raises: OSError."""
    state = state_of(folder)
    try:
        with os.scandir(folder) as scan:
            found = sorted(scan, key=_name)
    except OSError as error:
        _failed(folder, error)
        raise
    _saw(folder, state)
    return found


def _name(entry: "os.DirEntry[str]") -> str:
    return entry.name


def _saw(path: str, state: "State | None") -> None:
    if _record is not None:
        _record.saw(path, state)


def _failed(path: str, error: OSError) -> None:
    """That nothing is there, or not what was looked for, is an answer; other failures have reasons that no record shows."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        _saw(path, None)
    elif error.errno and _record is not None:
        _record.spoiled = True


def spoil() -> None:
    """What this run found is nothing to go by later."""
    if _record is not None:
        _record.spoiled = True
