"""Changes several files together: all of them, or, whatever goes wrong, none."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uvlint import files, filesystem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Change:
    """A file as it was (None: there was none) and as it is to be (None: it goes). `path` is absolute."""

    path: str
    before: bytes | None
    after: bytes | None


class Refused(Exception):  # noqa: N818 - it is told as why nothing was written
    """Nothing was changed; the text says why."""


class _Step:
    """What was done for one change, so that it can be undone."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self.target = os.path.realpath(change.path) if change.after is not None else change.path
        self.new = ""
        self.old = ""
        self.done = False


def commit(changes: Sequence[Change]) -> None:
    """Makes the changes. Modes, and where allowed owners, stay; a link's target is written, but
    it is the link itself that goes.

    Raises: Refused, where a file was changed meanwhile or can't be written; whatever interrupts it. All files are then as
    they were.
    """
    steps = [_Step(one) for one in changes if one.before != one.after]
    with _undisturbed():
        try:
            for step in steps:
                _prepare(step)
            for step in steps:
                _do(step)
        except BaseException as error:
            for step in reversed(steps):
                _undo(step)
            if isinstance(error, OSError):
                name = error.filename if isinstance(error.filename, str) else ""
                raise Refused(f"{name + ': ' if name else ''}{files.reason(error)}") from error
            raise
        for step in steps:
            _discard(step.old)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keeps Ctrl-C and its like from ending the program between two files; it is done in a moment."""
    import signal  # noqa: PLC0415 - only where a project is moved
    import threading  # noqa: PLC0415

    if threading.current_thread() is not threading.main_thread():  # which alone may say what signals do
        yield
        return
    known = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {one: signal.signal(one, signal.SIG_IGN) for one in known}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, signal.SIG_DFL if handler is None else handler)


def _prepare(step: _Step) -> None:
    """Checks that a file is as it was read, and puts what is to be in it beside it."""
    change = step.change
    now = filesystem.read(step.target) if os.path.lexists(change.path) else None
    if now != change.before:
        raise Refused(f"{change.path}: it was changed meanwhile; run uvlint again")
    if now is not None and not os.access(step.target, os.W_OK):
        raise PermissionError(13, "the file is write-protected", change.path)
    if change.after is None:
        return
    fd, step.new = _beside(step.target)
    with open(fd, "wb") as file:
        file.write(change.after)
        file.flush()
        if hasattr(os, "fchmod"):
            if now is not None:
                old = os.stat(step.target)
                with contextlib.suppress(OSError):
                    os.fchown(fd, old.st_uid, old.st_gid)
                os.fchmod(fd, stat.S_IMODE(old.st_mode))
            else:
                os.fchmod(fd, 0o666 & ~_mask())
        os.fsync(fd)


def _do(step: _Step) -> None:
    if step.change.before is not None:
        step.old = _kept(step.target)
    step.done = True
    if step.change.after is None:
        os.unlink(step.target)
    else:
        os.replace(step.new, step.target)
        step.new = ""


def _kept(target: str) -> str:
    """Another name for a file, or a copy where the disk has no links, from which it can be put back."""
    fd, name = _beside(target)
    os.close(fd)
    try:
        os.unlink(name)
        if os.path.islink(target):
            os.symlink(os.readlink(target), name)
        else:
            os.link(target, name)
    except OSError:
        import shutil  # noqa: PLC0415 - only where links are not known

        shutil.copy2(target, name)
    return name


def _undo(step: _Step) -> None:
    with contextlib.suppress(OSError):  # the other files still go back
        if step.done and step.old:
            os.replace(step.old, step.target)
        elif step.done and step.change.before is None and not step.new:
            os.unlink(step.target)
    _discard(step.new)
    _discard(step.old)


def _beside(target: str) -> tuple[int, str]:
    return tempfile.mkstemp(prefix=f".{os.path.basename(target)[:100]}.", suffix=".uvlint", dir=os.path.dirname(target))


def _discard(path: str) -> None:
    if path:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
