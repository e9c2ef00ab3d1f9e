"""How the builds go, while they do: a table on a terminal, a line for each build elsewhere."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from time import monotonic
from typing import IO, TYPE_CHECKING, Protocol, Self

from uvlint.reports import out, printable
from uvlint.verify import secrets
from uvlint.verify.reports import figures

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.text import Text

    from uvlint.verify.outcome import Built
    from uvlint.verify.progress import Progress

BEFORE, AFTER, BASES = "before", "after", "base images"
_STEPS = 3
"""So many of the steps that run are shown."""
_TITLES = {"": "build", **figures.COSTS}


class Watch(Protocol):
    """What is told of builds, and shows it until it is left. `kind` is that of a cost, or "" ."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def hide(self, told: Collection[str]) -> None:
        """Texts that are never shown: secrets that the builds are given."""

    def begin(self, side: str, kind: str) -> None: ...

    def step(self, progress: Progress) -> None: ...

    def end(self, built: Built) -> None: ...

    def say(self, text: str) -> None:
        """What is done beside building."""


def watch(stream: IO[str] | None = None, color: str = "auto") -> Watch:
    """The one that a stream can show: standard error, where none is named."""
    stream = stream or sys.stderr
    if stream.isatty() and out.coloured(stream, color):
        from rich.console import Console  # noqa: PLC0415

        return Board(Console(file=stream, highlight=False, markup=False, emoji=False))
    return Lines(stream)


@dataclass(slots=True)
class Lines:
    """A line when something is built for the first time."""

    stream: IO[str]
    said: set[str] = field(default_factory=set)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def hide(self, told: Collection[str]) -> None:
        pass

    def begin(self, side: str, kind: str) -> None:
        title = f"{side}: {kind}" if kind else side
        if title not in self.said:
            self.said.add(title)
            self.stream.write(f"building {title} …\n")
            self.stream.flush()

    def step(self, progress: Progress) -> None:
        pass

    def end(self, built: Built) -> None:
        pass

    def say(self, text: str) -> None:
        pass


class Board:
    """A table of both sides, a row a kind of build, with the steps that run under it; it goes away at the end."""

    def __init__(self, console: Console, clock: Callable[[], float] = monotonic) -> None:
        from rich.spinner import Spinner  # noqa: PLC0415

        self._clock = clock
        self._console = console
        self._done: dict[tuple[str, str], list[Built]] = {}
        self._kinds: list[str] = []
        self._now: tuple[str, str] | None = None
        self._begun = 0.0
        self._progress: Progress | None = None
        self._doing = ""
        self._told: Collection[str] = ()
        self._spinner = Spinner("dots")
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.live import Live  # noqa: PLC0415

        self._live = Live(console=self._console, get_renderable=self.shown, refresh_per_second=8, transient=True)
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def hide(self, told: Collection[str]) -> None:
        self._told = told

    def begin(self, side: str, kind: str) -> None:
        if side != BASES and kind not in self._kinds:
            self._kinds.append(kind)
        self._now, self._begun, self._progress, self._doing = (side, kind), self._clock(), None, ""

    def step(self, progress: Progress) -> None:
        self._progress = progress

    def end(self, built: Built) -> None:
        if self._now is not None:
            self._done.setdefault(self._now, []).append(built)
        self._now = self._progress = None

    def say(self, text: str) -> None:
        self._doing = text

    # What is shown -----------------------------------------------------------------------------------------------------

    def shown(self) -> RenderableType:
        from rich.console import Group  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
        for name in ("", BEFORE, AFTER):
            table.add_column(name, min_width=12, no_wrap=True)
        for kind in self._kinds:
            table.add_row(_TITLES.get(kind, kind), self._cell(BEFORE, kind), self._cell(AFTER, kind))
        lines: list[RenderableType] = [table] if self._kinds else []
        if self._now is not None and self._now[0] == BASES:
            lines.append(Text.assemble(self._turn(), " fetching the base images"))
        elif self._doing:
            lines.append(Text.assemble(self._turn(), f" {self._doing}"))
        return Group(*lines, *self._steps())

    def _turn(self) -> Text:
        from rich.text import Text  # noqa: PLC0415

        frame = self._spinner.render(self._clock())
        return frame if isinstance(frame, Text) else Text()

    def _cell(self, side: str, kind: str) -> Text:
        from rich.text import Text  # noqa: PLC0415

        done = self._done.get((side, kind), [])
        if self._now == (side, kind):
            run = f", run {len(done) + 1}" if done else ""
            return Text.assemble(self._turn(), f" {self._clock() - self._begun:.0f} s{run}")
        if not done:
            return Text("·", "dim")
        if done[-1].failed:
            return Text("✗ failed", "red")
        return Text.assemble(("✓ ", "green"), figures.times([one.seconds for one in done]))

    def _steps(self) -> list[RenderableType]:
        """The steps that run, the latest last, each cut to the width of the terminal."""
        from rich.text import Text  # noqa: PLC0415

        if self._now is None or self._progress is None:
            return []
        elapsed = self._clock() - self._begun
        running = [one for one in self._progress.steps() if one.seconds is None][-_STEPS:]
        return [
            Text(
                f"  {max(0.0, elapsed - one.started):4.0f} s  {printable(figures.command(secrets.hidden(one.name, self._told)))}",
                "dim",
                no_wrap=True,
                overflow="ellipsis",
            )
            for one in running
        ]
