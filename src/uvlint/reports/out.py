"""Where reports go: a stream that takes any text, in colour or not."""

from __future__ import annotations

import os
import sys
from typing import IO, TYPE_CHECKING

from uvlint.reports import STYLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import Console

AT_ONCE = 1000
"""So many pieces are written at once: with PYTHONUNBUFFERED each write is a call to the system."""


def coloured(stream: IO[str], choice: str = "auto") -> bool:
    """Whether to write colours: `always`, `never`, or `auto`: NO_COLOR, FORCE_COLOR, then what the stream is."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def prepare(stream: IO[str]) -> None:
    """Let a text stream take what it can't encode: file names and lines in other encodings come out as they are."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        utf8 = str(getattr(stream, "encoding", "")).lower().replace("-", "") == "utf8"
        reconfigure(errors="surrogateescape" if utf8 else "backslashreplace", newline="\n")


def writer(stream: IO[str], *, colour: bool) -> Callable[[Iterable[tuple[str, str]]], None]:
    """A function that writes pieces of text; rich is only loaded for colour."""
    if not colour:

        def plain(pieces: Iterable[tuple[str, str]]) -> None:
            waiting: list[str] = []
            for text, _ in pieces:
                waiting.append(text)
                if len(waiting) == AT_ONCE:
                    stream.write("".join(waiting))
                    waiting.clear()
            stream.write("".join(waiting))

        return plain

    shown = console(stream)

    def rich(pieces: Iterable[tuple[str, str]]) -> None:
        from rich.text import Text  # noqa: PLC0415

        line = Text()
        for text, style in pieces:
            line.append(text, STYLES.get(style, ""))
            if text.endswith("\n"):
                shown.print(line, end="", soft_wrap=True)
                line = Text()
        shown.print(line, end="", soft_wrap=True)

    return rich


def console(stream: IO[str]) -> Console:
    from rich.console import Console  # noqa: PLC0415

    return Console(
        file=stream,
        force_terminal=True,
        color_system="auto" if stream.isatty() else "standard",
        no_color=False,
        highlight=False,
        markup=False,
        emoji=False,
    )


def data(stream: IO[str], content: bytes) -> None:
    """Write bytes as they are."""
    stream.flush()
    binary = getattr(stream, "buffer", None)
    if binary is None:
        stream.write(content.decode("utf-8", "backslashreplace"))
        return
    binary.write(content)
    binary.flush()


def leave_quietly() -> None:
    """After the reader of a pipe has gone: nothing more can be written, and Python should not try on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
