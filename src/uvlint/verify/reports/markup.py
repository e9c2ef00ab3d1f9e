"""Pieces of HTML. Whatever comes from a build is escaped, and cleared of what can't be shown."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from uvlint.reports import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONG = 140
"""Characters of an instruction that are shown before it is opened."""


def said(text: str) -> str:
    """Text from elsewhere."""
    return escape(printable(text))


def lines(text: str) -> str:
    """Lines from elsewhere, for a `pre`."""
    return "\n".join(said(line) for line in text.split("\n"))


def code(text: str) -> str:
    return f"<code>{said(text)}</code>"


def loose(text: str) -> str:
    """Text from elsewhere in a cell, which may be broken anywhere."""
    return f"<span>{said(text)}</span>"


def long(text: str) -> str:
    """An instruction; of a long one the beginning, and the rest when it is opened."""
    flat = " ".join(text.split())
    if len(flat) <= _LONG:
        return code(flat)
    return f"<details><summary>{code(flat[:_LONG].rstrip() + ' …')}</summary><pre>{lines(text)}</pre></details>"


def share(part: float, whole: float) -> str:
    """A width."""
    return f"{100 * part / whole if whole else 0:.2f}%"


def table(head: tuple[str, ...], rows: Sequence[tuple[tuple[str, ...], bool]]) -> str:
    """A table of cells that are HTML already; a row that counts is marked."""
    top = "".join(f"<th>{one}</th>" for one in head)
    body = "".join(
        f"<tr{' class=counts' if counts else ''}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"
        for cells, counts in rows
    )
    return f"<table>\n<tr>{top}</tr>\n{body}</table>\n"
