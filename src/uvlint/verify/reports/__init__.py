"""Reports of a verification: one function a format, from an Outcome to text.

`json` is `asdict` of the Outcome; its `version` says which fields there are.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from uvlint.verify.outcome import Outcome

FORMATS = ("full", "json", "markdown", "html")
ENDINGS = {".json": "json", ".md": "markdown", ".html": "html", ".htm": "html"}
"""The format that a file's name asks for."""


def write(found: Outcome, form: str, stream: IO[str], *, files: bool = False, color: str = "auto") -> None:
    """Write a report in one of FORMATS. `files`: with all files that differ, rather than how many."""
    if form == "full":
        from uvlint.verify.reports import terminal  # noqa: PLC0415

        terminal.show(found, stream, files=files, color=color)
    else:
        stream.write(text(found, form, files=files))


def text(found: Outcome, form: str, *, files: bool = False) -> str:
    """A report in one of FORMATS but `full`."""
    if form == "markdown":
        from uvlint.verify.reports import markdown  # noqa: PLC0415

        return markdown.text(found, files=files)
    if form == "html":
        from uvlint.verify.reports import page  # noqa: PLC0415

        return page.text(found, files=files)
    return json(found)


def json(found: Outcome) -> str:
    from json import dumps  # noqa: PLC0415

    return dumps(asdict(found), indent=2) + "\n"
