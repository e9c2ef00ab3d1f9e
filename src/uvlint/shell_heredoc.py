"""The bodies of here-documents in a shell script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uvlint.lazy import regex
from uvlint.shell_words import SHELLS, Unreadable, unescape, walk
from uvlint.source import Cooked

if TYPE_CHECKING:
    from uvlint.shell import Parser
    from uvlint.shell_tree import Command, Redirect

_BODY_ESCAPE = regex(r"\\([\\$`\n])")
_BODY_EXPANDS = regex(r"\$[A-Za-z0-9_{(\[@*#?$!-]|`")
_BODY_ESCAPED = regex(r"\\.", re.DOTALL)


def read_document(parser: Parser, redirect: Redirect, at: int) -> int:
    """Read a here-document's body, which begins at `at`; the offset after its terminator."""
    text, word = parser.text, redirect.target
    if word is None:
        raise Unreadable
    delimiter = word.value
    if delimiter is None:
        parts = word.parts or ()
        delimiter = "".join([text[p.start : p.end] if p.value is None else p.value for p in parts])
    lines: list[tuple[int, int]] = []
    start, joined, resume = at, False, len(text)
    while at < len(text):
        newline = text.find("\n", at)
        end = newline if newline >= 0 else len(text)
        begin = at
        if redirect.op == "<<-" and not joined:
            begin = at + len(text[at:end]) - len(text[at:end].lstrip("\t"))
        line = text[begin:end]
        if not joined and line == delimiter:
            resume = end + 1
            break
        if not joined and parser.inside and line.startswith(delimiter + ")"):
            resume = begin + len(delimiter)
            break
        joined = not word.quoted and line.endswith("\\") and (len(line) - len(line.rstrip("\\"))) % 2 == 1
        at = end + 1
        if lines and lines[-1][1] == begin:
            begin = lines.pop()[0]
        lines.append((begin, min(at, len(text))))
    pieces = [piece for begin, end in lines for piece in parser.cooked.pieces(begin, end)]
    body = Cooked.join(pieces, parser.cooked.special, empty_at=parser.cooked.place(start))
    redirect.body = body if word.quoted else _expanded(parser, redirect, body)
    return min(resume, len(text))


def _expanded(parser: Parser, redirect: Redirect, body: Cooked) -> Cooked:
    """The body of a here-document whose delimiter isn't quoted; reads the commands in it."""
    text = body.text
    if "$" in text or "`" in text:
        redirect.expands = bool(_BODY_EXPANDS.search(_BODY_ESCAPED.sub("", text)))
        nested = parser.inner(body, parser.scopes)
        try:
            walk(nested, 0, len(text))
        except Unreadable:
            pass  # a shell complains when it runs
        else:
            parser.found += nested.found
    return unescape(body, 0, len(text), _BODY_ESCAPE, body.special + "$`\\")


def script_document(command: Command) -> Cooked | None:
    """The here-document that a command reads as its script, where nothing in it is expanded before."""
    if not command.words or (command.words[0].value or "").rpartition("/")[2] not in SHELLS:
        return None
    options = iter([word.value for word in command.words[1:]])
    for value in options:
        if value is None or not value.startswith("-") or "c" in value.lstrip("-")[:2]:
            return None
        if not value.startswith("--") and value.endswith("o"):  # `-o pipefail`
            next(options, None)
    bodies = [one for one in command.redirects if one.op in {"<<", "<<-"} and one.fd in {"", "0"}]
    return bodies[-1].body if bodies and not bodies[-1].expands else None
