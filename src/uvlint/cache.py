"""What a check printed, kept for the next run that asks the same of the same files.

`look_up` is asked before anything else of the package is imported, so this module imports next to nothing. A run is told
from others by all that it is given (its key), and holds as long as every question that it asked the file system has its
answer still, those for its own modules included: docs/decisions/0006-result-cache.md. A cache that is damaged, belongs to
someone else or can't be written is no cache, and nobody hears of it.
"""

import io
import marshal
import os
import sys

from uvlint import filesystem
from uvlint.filesystem import Record

TYPE_CHECKING = False  # as in `typing`, which costs 5 ms to import
if TYPE_CHECKING:
    from typing import TextIO

FILES = 25
"""Runs of more files are not kept."""

ENTRIES = 256
"""So many runs are kept; the oldest go first."""

LARGEST = 1_000_000
"""Bytes; a longer report is not kept."""

VARIABLES = frozenset({
    "NO_COLOR", "FORCE_COLOR", "TERM", "COLORTERM", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE",
    "JUPYTER_COLUMNS", "JUPYTER_LINES", "UNICODE_VERSION", "_UVLINT_COMPLETE",
})  # fmt: skip
"""What of the environment a report may depend on, besides UVLINT_…: most of it is read by rich, for colour.

`_UVLINT_COMPLETE` asks click to write completions for a shell instead.
"""

_MAGIC = b"uvlint run 1\n"
_PRIME = 2**127 - 1
_NAME = 32


class Held(io.TextIOWrapper):
    """Stands in for a stream that a report goes to, and holds the report until `release`."""

    def __init__(self, stream: "TextIO") -> None:
        self._all = io.BytesIO()
        self._stream = stream
        super().__init__(self._all, stream.encoding, stream.errors, newline="\n")

    def isatty(self) -> bool:
        return self._stream.isatty()

    def release(self) -> bytes:
        """Write the report to the stream."""
        self.flush()
        data = self._all.getvalue()
        self._stream.flush()
        self._stream.buffer.write(data)
        self._stream.flush()
        return data


def key_of(arguments: "list[str]") -> "bytes | None":
    """All that tells a run from others, files aside; None for one that is not to be kept."""
    out = sys.stdout
    if not hasattr(out, "buffer") or (os.name == "nt" and out.isatty()):  # a console of Windows takes no bytes
        return None
    try:
        given = (arguments, os.getcwd(), _variables(), out.isatty(), out.encoding, out.errors)
        return marshal.dumps((given, sys.version, sys.executable, tuple(sys.flags), sys.path, __file__), 2)
    except (OSError, ValueError):
        return None


def _variables() -> "list[tuple[str, str]]":
    return sorted(pair for pair in os.environ.items() if pair[0] in VARIABLES or pair[0].startswith("UVLINT_"))


def look_up(key: bytes) -> "tuple[bytes, int] | None":
    """What a run wrote to its standard output, and its exit status; None where that isn't known."""
    place = folder()
    if place is None:
        return None
    try:
        data = _read(os.path.join(place, _name(key)))
        start = len(_MAGIC) + 16
        body = data[start:]
        if data[:start] != _MAGIC + _sum(body).to_bytes(16):
            return None
        known, kinds, states, places, output, status = marshal.loads(body)  # noqa: S302 - the user's own file
    except (OSError, ValueError, TypeError, EOFError):
        return None
    return (output, status) if known == key and Record(kinds, states, places).holds() else None


def keep(key: bytes, output: bytes, status: int) -> None:
    """Keep what came of the run that `filesystem.record()` was called for, if it can be kept."""
    record = filesystem.recorded()
    place = folder()
    if record is None or place is None or len(output) > LARGEST:
        return
    record.add(_modules())
    if record.settled():
        body = marshal.dumps((key, record.kinds, record.states, record.places, output, status), 2)
        try:
            _write(place, _name(key), _MAGIC + _sum(body).to_bytes(16) + body)
            _bound(place)
        except OSError:
            return


def _modules() -> "list[str]":
    """The files of all modules but Python's own, for which its version stands."""
    names = {name: getattr(module, "__dict__", {}).get("__file__") for name, module in sys.modules.items()}
    return [file for name, file in names.items() if file and name.partition(".")[0] not in sys.stdlib_module_names]


# Files ----------------------------------------------------------------------------------------------------------------


def folder() -> "str | None":
    """Where runs are kept: below `UVLINT_CACHE_DIR`, else where the user's caches are; None where that isn't known."""
    variables = os.environ
    given = variables.get("UVLINT_CACHE_DIR")
    if given:
        return os.path.join(given, "runs")
    if os.name == "nt":
        base = variables.get("LOCALAPPDATA", "")
    else:
        home = variables.get("HOME", "")
        usual = os.path.join(home, *(("Library", "Caches") if sys.platform == "darwin" else (".cache",)))
        base = variables.get("XDG_CACHE_HOME", "")
        base = base if os.path.isabs(base) else usual
    return os.path.join(base, "uvlint", "runs") if os.path.isabs(base) else None


def _sum(data: bytes) -> int:
    """Tells texts apart, and costs no import as those of hashlib do; nothing secret hangs on it."""
    return int.from_bytes(data) % _PRIME


def _name(key: bytes) -> str:
    return f"{_sum(key):0{_NAME}x}"


def _read(path: str) -> bytes:
    """Raises: OSError, also for a file that another user could have written."""
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        state = os.fstat(fd)
        if not _own(state):
            raise OSError(0, "not a file of this user's alone")
        return os.read(fd, state.st_size)
    finally:
        os.close(fd)


def _own(state: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or (state.st_uid == os.geteuid() and not state.st_mode & 0o022)


def _of_another(place: str) -> bool:
    """Whether root would make a folder where another user makes them, who could not write there then (`sudo uvlint`)."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    while not os.path.exists(place):
        place = os.path.dirname(place) or os.curdir
    return os.stat(place).st_uid != 0


def _write(place: str, name: str, data: bytes) -> None:
    """Write a file in one step, for its owner only. Raises: OSError."""
    if not os.path.isdir(place):
        if _of_another(place):
            return
        os.makedirs(place, 0o700, exist_ok=True)
        with open(os.path.join(place, ".gitignore"), "x", encoding="ascii") as file:
            file.write("*\n")
    if not _own(os.stat(place)):
        return
    path = os.path.join(place, name)
    temporary = f"{path}.{os.getpid()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with open(fd, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


def _bound(place: str) -> None:
    """Remove the oldest runs where there are too many. Raises: OSError."""
    names = [name for name in os.listdir(place) if len(name.partition(".")[0]) == _NAME]
    if len(names) > ENTRIES:
        paths = [os.path.join(place, name) for name in names]
        paths.sort(key=os.path.getmtime)
        for path in paths[: -ENTRIES * 3 // 4]:
            os.unlink(path)
