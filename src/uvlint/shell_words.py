"""The words of a shell command: quotes and expansions, static values, and the place of each character.

`read_word()` reads one word of POSIX shell with bash's additions (`$'…'`, `<( )`, `$(( ))`). A part of a word is either
static or an expansion; a word's value is known when all its parts are static and nothing in it is a glob, a tilde or a
brace expansion. Commands inside a word (`$( )`, backticks, `<( )`) are read by the `Host` that asked for the word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from uvlint.lazy import regex
from uvlint.shell_tree import Parameter, Part, Word
from uvlint.source import Cooked

if TYPE_CHECKING:
    from collections.abc import Sequence

DEPTH = 40  # constructs inside constructs; more is not written by people and would exhaust the interpreter's stack

# What a word is read as: a command's word, an assignment's value (no globs, braces, splitting), the right side of `==`
# in `[[ ]]` (`@(…)` is part of it), the right side of `=~` (so are parentheses and `|`).
WORD, VALUE, PATTERN, REGEX = range(4)

_ASCII_IDENT = r"[A-Za-z_][A-Za-z0-9_]*+"
_RUN = regex(r"[^ \t\n|&;()<>$`\\\"']++")
_SINGLE = regex(r"'([^']*+)'")
_DOUBLE = regex(r'"([^"\\$`]*+)"')
_DOUBLE_RUN = regex(r'[^"\\$`]++')
_PARAMETER = regex(rf"\$(?:({_ASCII_IDENT}|[0-9@*#?$!-])|\{{({_ASCII_IDENT}|[0-9]++|[@*#?$!-])\}})")
_DEFAULT = regex(rf"\$\{{({_ASCII_IDENT})(:?[-+=?])([^}}$`\"'\\{{~*?\[]*+)\}}")
_BRACED = regex(rf"\$\{{[!#]?({_ASCII_IDENT})?(?:\[[@*0-9]\])?([%#^,~/])?")
_BRACED_RUN = regex(r"[^}\\$`\"']++")
_ANSI = regex(r"\$'((?:[^'\\]++|\\.)*+)'", re.DOTALL)
_ANSI_ESCAPE = regex(r"[^\\]++|\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|[^0-7xuUc])", re.DOTALL)
_BACKTICK = regex(r"`((?:[^`\\]++|\\.)*+)`", re.DOTALL)
_BACKTICK_ESCAPE = regex(r"\\[\\$`]")
_QUOTED_BACKTICK_ESCAPE = regex(r'\\[\\$`"]')
_BRACKETS = regex(r"[^()\[\]\\'\"`]++|\\.|'[^']*+'|\"(?:[^\"\\]++|\\.)*+\"|`(?:[^`\\]++|\\.)*+`|[()\[\]]", re.DOTALL)
_EXPANSION = regex(r"[$`\\]")
_ACTIVE = regex(r"[*?\[{~]")
_GLOB = regex(r"[*?]")
_ASSIGNS = regex(rf"{_ASCII_IDENT}\+?=")
_TILDE = regex(r"(?:^|[=:])~")
_ANSI_VALUES = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ANSI_VALUES |= {char: char for char in "\\'\"?"}


SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"})


class Unreadable(Exception):  # noqa: N818 (it is no error of the caller's: the text can't be read)
    """The text is not shell, or is beyond what is read here."""


class Host(Protocol):
    """What reads the text that words stand in."""

    text: str
    cooked: Cooked
    depth: int
    pairs: dict[int, int]

    def commands(self, start: int, kind: str) -> int:
        """Read commands from `start` to the `)` that ends them; the offset after it."""

    def script(self, cooked: Cooked, kind: str) -> None:
        """Read the commands of a backtick's text."""


def read_word(host: Host, start: int, mode: int = WORD) -> Word:
    """Read the word that begins at `start`; it is empty if none does."""
    text = host.text
    parts: list[Part] = []
    at = start
    while True:
        run = _RUN.match(text, at)
        if run:
            parts.append(Part(at, run.end(), run[0], ""))
            at = run.end()
        char = text[at : at + 1]
        if char == '"':
            at = _read_double(host, at, parts)
        elif char == "'":
            at = _read_single(text, at, parts)
        elif char == "$":
            at = _read_dollar(host, at, parts, "")
        elif char == "\\":
            at = _read_escape(text, at, parts)
        elif char == "`":
            at = _read_backtick(host, at, parts, "")
        elif char and char in "<>" and text[at + 1 : at + 2] == "(":
            end = host.commands(at + 2, "process")
            parts.append(Part(at, end, None, "<("))
            at = end
        elif char == "(" and (mode == REGEX or (mode == PATTERN and at > start and text[at - 1] in "@*+?!")):
            end = closing(host, at) + 1
            walk(host, at + 1, end - 1)
            parts.append(Part(at, end, None, ""))
            at = end
        elif char == "|" and mode == REGEX:
            parts.append(Part(at, at + 1, "|", ""))
            at += 1
        else:
            return _finish(host.cooked, start, at, parts, mode)


def _finish(outer: Cooked, start: int, end: int, parts: list[Part], mode: int) -> Word:
    dynamic = set()
    active = False
    for part in parts:
        if part.value is None:
            dynamic.add("expansion")
            if mode == WORD and (not part.quote or (part.parameter and "@" in outer.text[part.start : part.end])):
                dynamic.add("splits")
        elif not part.quote and _ACTIVE.search(part.value):
            active = True
    if active:
        dynamic |= _active(outer.text, end, parts, mode)
    if dynamic:
        return Word(outer, start, end, None, parts, frozenset(dynamic))
    return Word(outer, start, end, "".join([part.value or "" for part in parts]), parts)


def _active(text: str, end: int, parts: list[Part], mode: int) -> set[str]:
    """What the unquoted `* ? [ { ~` of a word make of it."""
    found = set()
    skeleton = "".join([part.value if part.value is not None and not part.quote else "\0" for part in parts])
    if mode != VALUE:
        unquoted = [part for part in parts if part.value and not part.quote]
        opens = next((part.start + part.value.index("[") for part in unquoted if part.value and "[" in part.value), end)
        if _GLOB.search(skeleton) or text.find("]", opens, end) >= 0:
            found |= {"glob", "splits"}
        brace = skeleton[skeleton.find("{") : skeleton.rfind("}")] if "{" in skeleton else ""
        if "," in brace or ".." in brace:
            found |= {"brace", "splits"}
    if skeleton[0] == "~" or (
        "~" in skeleton and (mode == VALUE or _ASSIGNS.match(skeleton)) and _TILDE.search(skeleton)
    ):
        found.add("tilde")
    return found


def _read_single(text: str, at: int, parts: list[Part]) -> int:
    single = _SINGLE.match(text, at)
    if not single:
        raise Unreadable
    parts.append(Part(at + 1, single.end() - 1, single[1], "'"))
    return single.end()


def _read_escape(text: str, at: int, parts: list[Part]) -> int:
    following = text[at + 1 : at + 2]
    if not following:
        raise Unreadable  # dropped from a file, kept in `sh -c`
    if following != "\n":
        parts.append(Part(at, at + 2, following, "\\"))
    return at + 2


def _read_double(host: Host, at: int, parts: list[Part]) -> int:
    text = host.text
    simple = _DOUBLE.match(text, at)
    if simple:
        parts.append(Part(at + 1, simple.end() - 1, simple[1], '"'))
        return simple.end()
    at += 1
    parts.append(Part(at, at, "", '"'))
    while True:
        run = _DOUBLE_RUN.match(text, at)
        if run:
            parts.append(Part(at, run.end(), run[0], '"'))
            at = run.end()
        char = text[at : at + 1]
        if char == '"':
            return at + 1
        if char == "$":
            at = _read_dollar(host, at, parts, '"')
        elif char == "`":
            at = _read_backtick(host, at, parts, '"')
        elif char == "\\":
            following = text[at + 1 : at + 2]
            if following and following in '$`"\\':
                parts.append(Part(at, at + 2, following, '"'))
            elif following != "\n":
                parts.append(Part(at, at + 2, "\\" + following, '"'))
            at += 2
        else:
            raise Unreadable


def _read_dollar(host: Host, at: int, parts: list[Part], quote: str) -> int:
    text = host.text
    simple = _PARAMETER.match(text, at)
    if simple:
        name = simple[1] or simple[2]
        parts.append(Part(at, simple.end(), None, quote, Parameter(name, "", "", (name,))))
        return simple.end()
    following = text[at + 1 : at + 2]
    if following == "{":
        return _read_braced(host, at, parts, quote)
    if following == "'" and not quote:
        return _read_ansi(text, at, parts)
    if following == "(":
        end = _read_parenthesis(host, at + 1)
    elif following == "[":
        end = closing(host, at + 1) + 1
        walk(host, at + 2, end - 1)
    elif following == '"' and not quote:
        quote, end = '"', _read_double(host, at + 1, [])
    elif text.startswith("\\\n", at + 1):
        raise Unreadable  # bash joins the lines first, so that almost anything may follow
    else:
        parts.append(Part(at, at + 1, "$", quote))
        return at + 1
    parts.append(Part(at, end, None, quote))
    return end


def _read_parenthesis(host: Host, at: int) -> int:
    """Read `( … )` of `$( )` or `$(( ))`."""
    if host.text.startswith("((", at):
        end = closing(host, at)
        if host.text[end - 1] == ")" and closing(host, at + 1) == end - 1:
            walk(host, at + 2, end - 1)
            return end + 1
    return host.commands(at + 1, "substitution")


def _read_braced(host: Host, at: int, parts: list[Part], quote: str) -> int:
    text = host.text
    default = _DEFAULT.match(text, at)
    if default:
        name, operator, operand = default.groups()
        parts.append(Part(at, default.end(), None, quote, Parameter(name, operator, operand, (name,))))
        return default.end()
    enter(host)
    opening = _BRACED.match(text, at)
    name, pattern = opening.groups() if opening else (None, None)
    end = opening.end() if opening else at + 2
    inner: list[Part] = []
    while True:
        run = _BRACED_RUN.match(text, end)
        end = run.end() if run else end
        char = text[end : end + 1]
        if char == "}":
            break
        if char == "$":
            end = _read_dollar(host, end, inner, quote)
        elif char == "`":
            end = _read_backtick(host, end, inner, quote)
        elif char == '"':
            end = _read_double(host, end, inner)
        elif char == "'" and quote and not pattern:
            end += 1
        elif char == "'":
            end = _read_single(text, end, inner)
        elif char == "\\":
            end += 2
        else:
            raise Unreadable
    host.depth -= 1
    names = [found for part in inner if part.parameter for found in part.parameter.names]
    parameter = Parameter("", "", "", (name, *names) if name else tuple(names))
    parts.append(Part(at, end + 1, None, quote, parameter))
    return end + 1


def _read_ansi(text: str, at: int, parts: list[Part]) -> int:
    ansi = _ANSI.match(text, at)
    if not ansi:
        raise Unreadable
    index, stop = at + 2, ansi.end() - 1
    parts.append(Part(index, index, "", "$'"))
    while index < stop:
        piece = _ANSI_ESCAPE.match(text, index, stop)
        if not piece:
            parts.append(Part(index, stop, None, "$'"))
            break
        written = piece[0]
        value: str | None = written
        if piece[1] or piece[2]:
            code = int(piece[1], 16) if piece[1] else int(piece[2], 8)
            value = chr(code) if 0 < code < 128 else None
        elif written[0] == "\\":
            value = _ANSI_VALUES.get(written[1], written)
        parts.append(Part(index, piece.end(), value, "$'"))
        index = piece.end()
    return ansi.end()


def _read_backtick(host: Host, at: int, parts: list[Part], quote: str) -> int:
    backtick = _BACKTICK.match(host.text, at)
    if not backtick:
        raise Unreadable
    outer, stop = host.cooked, backtick.end() - 1
    escape = _QUOTED_BACKTICK_ESCAPE if quote else _BACKTICK_ESCAPE
    host.script(unescape(outer, at + 1, stop, escape, outer.special + '`\\$"'), "substitution")
    parts.append(Part(at, stop + 1, None, quote))
    return stop + 1


def unescape(outer: Cooked, start: int, end: int, escape: re.Pattern[str], special: str) -> Cooked:
    """`[start, end)` with each match of `escape`, a backslash and a character, become that character (or no newline)."""
    pieces: list[tuple[str, int, int]] = []
    index = start
    for match in escape.finditer(outer.text, start, end):
        pieces += outer.pieces(index, match.start())
        index = match.end()
        if match[0][1] != "\n":
            pieces.append((match[0][1], *outer.span(match.start(), index)))
    pieces += outer.pieces(index, end)
    return Cooked.join(pieces, special, empty_at=outer.place(start))


def walk(host: Host, start: int, end: int) -> None:
    """Read the expansions of an arithmetic expression or a subscript, for the commands in them."""
    enter(host)
    found = _EXPANSION.search(host.text, start, end)
    while found:
        at = found.start()
        if found[0] == "$":
            start = _read_dollar(host, at, [], '"')
        elif found[0] == "`":
            start = _read_backtick(host, at, [], '"')
        else:
            start = at + 2
        if start > end:
            raise Unreadable
        found = _EXPANSION.search(host.text, start, end)
    host.depth -= 1


def closing(host: Host, at: int) -> int:
    """The offset of the bracket that closes the one at `at`, quotes skipped. Each text is scanned once."""
    pairs = host.pairs
    if at not in pairs:
        text = host.text
        opens = text[at]
        closes = ")" if opens == "(" else "]"
        stack: list[int] = []
        index = at
        while True:
            token = _BRACKETS.match(text, index)
            if not token or len(stack) > 10 * DEPTH:
                raise Unreadable
            if token[0] == opens:
                stack.append(index)
            elif token[0] == closes:
                pairs[stack.pop()] = index
                if not stack:
                    break
            index = token.end()
    return pairs[at]


def enter(host: Host) -> None:
    """Go one construct deeper."""
    host.depth += 1
    if host.depth > DEPTH:
        raise Unreadable


def script_word(words: Sequence[Word]) -> Word | None:
    """The word that is the script of `sh -c script`, `bash -euo pipefail -c script`, `busybox sh -c script`."""
    name = (words[0].value or "").rpartition("/")[2]
    index = 1
    if name not in SHELLS:
        return None
    if name == "busybox":
        if len(words) < 2 or words[1].value not in SHELLS:
            return None
        index = 2
    command = False
    while index < len(words):
        value = words[index].value
        index += 1
        if value is None or value[:1] not in ("-", "+") or len(value) < 2:
            return words[index - 1] if command else None
        if value.startswith("--"):
            if value == "--":
                return words[index] if command and index < len(words) else None
            index += value in ("--rcfile", "--init-file")
            continue
        command = command or (value[0] == "-" and "c" in value)
        index += sum(letter in "oO" for letter in value)
    return None
