"""Reports: one function a format, from results to pieces of text with their style.

A style is a name of `STYLES` or empty. What writes the pieces (`uvlint.reports.out`) decides whether styles show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from uvlint.credentials import masked
from uvlint.diagnostics import Safety

if TYPE_CHECKING:
    from uvlint.diagnostics import Diagnostic

Pieces = Iterator[tuple[str, str]]
Report = Callable[..., Pieces]
"""`report(results, unsafe=…)`: from an iterable of results, as they come; `unsafe`: whether unsafe fixes would be applied."""

STYLES = {
    "code": "bold bright_red",
    "fixable": "bold bright_cyan",
    "bold": "bold",
    "gutter": "bold bright_blue",
    "caret": "bold bright_red",
    "help": "bold bright_cyan",
    "note": "bold",
    "removed": "red",
    "added": "green",
    "hunk": "cyan",
    "dim": "dim",
}

# What a terminal would act on, or hide, rather than show: controls, escaped bytes, marks that turn the writing direction.
_UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"


def printable(text: str) -> str:
    """The text with what can't be shown, and what is secret, replaced character by character."""
    text = masked(text)
    return text if text.isascii() and text.isprintable() else re.sub(_UNPRINTABLE, _picture, text)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def fixable(diagnostic: Diagnostic, *, unsafe: bool) -> bool:
    """Whether `--fix` as given would mend it."""
    fix = diagnostic.fix
    return fix is not None and (unsafe or fix.safety is Safety.SAFE)


def get(name: str) -> Report:
    """The report of a format; `uvlint.config.FORMATS` names them."""
    if name == "json":
        from uvlint.reports.json import report  # noqa: PLC0415
    elif name == "concise":
        from uvlint.reports.concise import report  # noqa: PLC0415
    else:
        from uvlint.reports.full import report  # noqa: PLC0415
    return report
