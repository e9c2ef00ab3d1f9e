from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uvlint.diagnostics import Diagnostic, Edit, Fix, Safety
from uvlint.lazy import regex
from uvlint.plan import installs
from uvlint.rules import rule
from uvlint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build
    from uvlint.shell import Command, Redirect, Word

_TOOLS = frozenset({"pip", "uv", "uv add", "uv tool", "pipx", "poetry", "pdm", "pipenv"})
_NAME = regex(r"""["']?[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?["']?\Z""")
_VERSION = regex(r"""["']?v?\d[\w.+!*]*["']?,?\Z|["']?\$\{?\w+\}?["']?,?\Z""")


@rule("UVL303")
def unquoted_specifier(build: Build) -> Iterator[Diagnostic]:
    """A version limit that the shell reads as a redirect."""
    for install in installs(build):
        command = install.call.command
        if install.tool not in _TOOLS or not any(one.op in "<>" for one in command.redirects):
            continue
        for word in install.call.words[install.call.rest :]:
            limits = _limits(command, word)
            if limits:
                yield _diagnostic(command, word, limits)


def _limits(command: Command, word: Word) -> list[Redirect]:
    """The redirects that were meant to limit the version of a requirement: those that follow it without a blank.

    A blank before the first is fine where a `=` follows the operator: no file is called `=1.0`.
    """
    if not _NAME.match(word.text):
        return []
    found: list[Redirect] = []
    end = word.end
    for one in command.redirects:
        if one.start < end:
            continue
        between = one.cooked.text[end : one.start]
        target = one.target.text if one.target is not None and one.op in "<>" and not one.fd else ""
        if between.strip() or (between and (found or not target.startswith("="))):
            break
        if not _VERSION.match(target.removeprefix("=")) or (target[:1] == "$" and not found):
            break
        found.append(one)
        end = one.end
    return found


def _diagnostic(command: Command, word: Word, limits: list[Redirect]) -> Diagnostic:
    cooked = command.cooked
    span = cooked.span(word.start, limits[-1].end)
    written = cooked.text[limits[0].start : limits[-1].end]
    message = f"the shell reads `{written}` as a redirect"
    quoted = _quoted(word, limits)
    if quoted is None or not cooked.exact(word.start, limits[-1].end):
        return Diagnostic(span, message, help="its quotes can't be written where it stands")
    name = word.text.strip("\"'")
    note = f"{name} has been installed in any version so far: now the limit counts"
    drops = (word.value or word.text,)
    fix = Fix("Quote the requirement", (Edit(Span(*span), quoted),), Safety.UNSAFE, note, drops=drops)
    return Diagnostic(span, message, fix)


def _quoted(word: Word, limits: list[Redirect]) -> str | None:
    """The requirement as one quoted word; None where its place takes no quotes."""
    pieces = [word.text]
    for one in limits:
        pieces += [one.op, one.target.text if one.target is not None else ""]
    text = "".join(pieces)
    bare = re.sub(r"[\"']", "", text)
    for quote in ('"', "'"):
        if word.outer.takes(quote) and (quote == '"' or "$" not in text) and (bare == text or "'" not in text):
            return f"{quote}{bare}{quote}"
    return None
