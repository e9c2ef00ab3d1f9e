"""The progress of a build as its engine prints it, read into steps."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from uvlint.credentials import masked
from uvlint.lazy import regex
from uvlint.verify.outcome import Step

if TYPE_CHECKING:
    from collections.abc import Callable

LINES = 15
"""So many last lines of a failed step are kept."""

_PLAIN = regex(r"(?:\[\d+/\d+\] )?(?:STEP \d+(?:/\d+)?: .+)")
_USED = regex(r"(?:\[\d+/\d+\] )?--> Using cache")
_ISOLATED = regex(r"id={0}-[^,\s]*,|{0}".format(r"uvlint-verify-[0-9a-f]+-(?:before|after)-\d+-"))
"""What `sides.isolated` writes into the mounts of a file that is measured: its reader never did."""
_PODMAN_END = regex(r"Error: |error building|Error while")


class Progress(Protocol):
    """What reads the lines of one build, and what they came to so far."""

    @property
    def pulled(self) -> int | None: ...

    def feed(self, line: str) -> None: ...

    def steps(self) -> tuple[Step, ...]: ...

    def where(self) -> str:
        """The step that failed; "" where none is known to have."""

    def tail(self) -> tuple[str, ...]:
        """The last lines of the step that failed, or else of all."""

    def why(self) -> str:
        """What the engine says of a failure."""


class Raw:
    """BuildKit's `--progress=rawjson`: one JSON object a line, among lines of text that tell of a failure."""

    def __init__(self) -> None:
        self._vertexes: dict[str, dict[str, Any]] = {}
        self._lines: dict[str, deque[str]] = {}
        self._said: deque[str] = deque(maxlen=LINES)
        self._pulls: dict[str, int] = {}

    def feed(self, line: str) -> None:
        from json import loads  # noqa: PLC0415

        try:
            event = loads(line) if line.startswith("{") else None
        except ValueError:
            event = None
        if not isinstance(event, dict):
            self._said.append(line)
            return
        for vertex in event.get("vertexes") or ():
            known = self._vertexes.setdefault(vertex["digest"], {})
            begun = [one["started"] for one in (known, vertex) if "started" in one]
            known.update(vertex)
            known.update({"started": min(begun)} if begun else {})
        for log in event.get("logs") or ():
            self._log(log)
        for status in event.get("statuses") or ():
            if str(status.get("id", "")).startswith("sha256:") and status.get("total"):
                self._pulls[status["id"]] = int(status["total"])

    def _log(self, log: dict[str, Any]) -> None:
        from base64 import b64decode  # noqa: PLC0415

        text = b64decode(log.get("data") or "").decode("utf-8", "replace")
        lines = self._lines.setdefault(log["vertex"], deque(maxlen=LINES))
        lines.extend(one for one in text.splitlines() if one.strip())

    @property
    def pulled(self) -> int | None:
        """The bytes of the layers that the engine fetched."""
        return sum(self._pulls.values())

    def steps(self) -> tuple[Step, ...]:
        known = list(self._vertexes.values())  # what shows the progress asks while it grows
        begun = sorted((one for one in known if "started" in one), key=lambda one: one["started"])
        # What is found in the cache is given the time at which it was made.
        first = min((_seconds(one["started"]) for one in begun if not one.get("cached")), default=None)
        return tuple(_step(one, first) for one in begun)

    def _failed(self) -> dict[str, Any]:
        failed = [one for one in self._vertexes.values() if one.get("error")]
        # What was stopped because another step failed says so.
        return next((one for one in failed if "cancel" not in one["error"]), failed[0] if failed else {})

    def where(self) -> str:
        return _named(self._failed().get("name", ""))

    def tail(self) -> tuple[str, ...]:
        lines = self._lines.get(self._failed().get("digest", "")) or self._said
        return tuple(map(_named, lines))

    def why(self) -> str:
        said = [line for line in self._said if line.startswith("ERROR: ")]
        return _named(said[-1].removeprefix("ERROR: ") if said else self._failed().get("error", ""))


def _step(vertex: dict[str, Any], first: float | None) -> Step:
    """A step of a build whose first one began at a time."""
    name, error = _named(vertex.get("name", "")), masked(vertex.get("error", ""))
    if vertex.get("cached") or first is None:
        return Step(name, 0.0, 0.0, cached=True, error=error)
    begun = _seconds(vertex["started"])
    ended = max(0.0, _seconds(vertex["completed"]) - begun) if "completed" in vertex else None
    return Step(name, begun - first, ended, error=error)


class Plain:
    """What podman and buildah print: a line at the start of each step, then what its command says."""

    pulled: int | None = None

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._start = clock()
        self._steps: list[tuple[str, float]] = []
        self._used: set[int] = set()
        self._said: deque[str] = deque(maxlen=LINES)
        self._done = False

    def feed(self, line: str) -> None:
        if _PLAIN.match(line):
            self._steps.append((line, self._clock() - self._start))
            self._said.clear()
        elif _USED.match(line) and self._steps:
            self._used.add(len(self._steps) - 1)
        elif line.strip():
            self._said.append(line)

    def close(self) -> None:
        self._steps.append(("", self._clock() - self._start))
        self._done = True

    def steps(self) -> tuple[Step, ...]:
        known = list(self._steps)  # as above
        ends: list[float | None] = [begin for _, begin in known[1:]]
        ends += [None] * (len(known) - len(ends))
        return tuple(
            Step(_named(name), begin, None if end is None else end - begin, index in self._used)
            for index, ((name, begin), end) in enumerate(zip(known, ends, strict=True))
            if name
        )

    def where(self) -> str:
        named = [name for name, _ in self._steps if name]
        return _named(named[-1]) if named else ""

    def tail(self) -> tuple[str, ...]:
        return tuple(map(_named, self._said))

    def why(self) -> str:
        said = [line for line in self._said if _PODMAN_END.match(line)] or list(self._said)
        return _named(said[-1].removeprefix("Error: ")) if said else ""


def _named(text: str) -> str:
    """What an engine says of a file, as the file has it."""
    return masked(_ISOLATED.sub("", text))


def _seconds(moment: str) -> float:
    from datetime import datetime  # noqa: PLC0415

    return datetime.fromisoformat(moment).timestamp()
