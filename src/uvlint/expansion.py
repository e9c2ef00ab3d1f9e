"""Docker's own expansion of words: quotes, escapes and variables, as in every instruction but RUN, CMD and ENTRYPOINT."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from uvlint.arguments import SPACES
from uvlint.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPECIAL_NAMES = "@*#?-$!0"
_WORD_BREAK = regex(f"[{SPACES}]+")
_PLAIN = {"\\": re.compile(r"""[^$'"\\]*\Z"""), "`": re.compile(r"""[^$'"`]*\Z""")}


class ExpansionError(ValueError):
    """A word Docker refuses: bad syntax, or a `${x:?}` that fails."""


class LexedWord(NamedTuple):
    """A word, and the range of the raw text it was read from."""

    text: str
    start: int
    end: int


def expand(raw: str, env: Mapping[str, str | None], escape: str = "\\") -> str | None:
    """One word without its quotes and with its variables replaced, as Docker's ProcessWord.

    A name that `env` lacks is empty; one whose value is None is not known, and None comes back when that value is needed.
    Raises ExpansionError.
    """
    if _PLAIN[escape].match(raw):
        return raw
    return _Lexer(raw, env, escape).read()[0]


def expand_words(raw: str, env: Mapping[str, str | None], escape: str = "\\") -> list[str] | None:
    """As `expand()`, split at the blanks that no quotes protect, those of variables' values included."""
    value, words = _Lexer(raw, env, escape).read()
    return None if value is None else [word.text for word in words]


def names(raw: str, escape: str = "\\") -> set[str]:
    """The variables a word uses; those before the first syntax error where it has one."""
    if "$" not in raw:
        return set()
    lexer = _Lexer(raw, {}, escape, keep_unset=True)
    with suppress(ExpansionError):
        lexer.read()
    return lexer.used


def lex_words(raw: str) -> list[LexedWord]:
    """A line's words with quotes, escapes and variables kept: what Docker looks for heredocs in. Raises ExpansionError."""
    return _Lexer(raw, {}, "\\", keep_unset=True, raw_quotes=True, raw_escapes=True).read()[1]


def heredoc_word(text: str) -> tuple[str, bool] | None:
    """The name after `<<` and whether the body is expanded; None when this is no single word. Raises ExpansionError."""
    words = _Lexer(text, {}, "\\", keep_unset=True).read()[1]
    if len(words) != 1:
        return None
    quoted = _Lexer(text, {}, "\\", keep_unset=True, raw_quotes=True).read()[1]
    name = words[0].text
    return name, len(quoted) == 1 and _quotes(name) == _quotes(quoted[0].text)


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')


class _Lexer:
    """A reading of one raw text. None stands for a text that holds an unknown value."""

    __slots__ = ("at", "env", "escape", "keep_unset", "raw", "raw_escapes", "raw_quotes", "used")

    def __init__(
        self,
        raw: str,
        env: Mapping[str, str | None],
        escape: str,
        *,
        keep_unset: bool = False,
        raw_quotes: bool = False,
        raw_escapes: bool = False,
    ) -> None:
        self.raw = raw
        self.at = 0
        self.env = env
        self.escape = escape
        self.keep_unset = keep_unset
        self.raw_quotes = raw_quotes
        self.raw_escapes = raw_escapes
        self.used: set[str] = set()

    def peek(self) -> str:
        return self.raw[self.at : self.at + 1]

    def next(self) -> str:
        char = self.raw[self.at : self.at + 1]
        self.at += 1 if char else 0
        return char

    def read(self) -> tuple[str | None, list[LexedWord]]:
        """The value and its words (without those of unknown value)."""
        try:
            return self.until("", raw_escapes=self.raw_escapes)
        except RecursionError:
            raise ExpansionError("the variables are nested too deeply") from None

    def until(self, stop: str, *, raw_escapes: bool) -> tuple[str | None, list[LexedWord]]:
        result: list[str] = []
        known = True
        words = _Words()
        while char := self.peek():
            start = self.at
            if char == stop:
                self.at += 1
                return "".join(result) if known else None, words.done()
            if char == "$":
                value = self.dollar()
                known = known and value is not None
                words.add_split(value or "", start, self.at)
                result.append(value or "")
                continue
            if char == "'":
                text: str | None = self.single_quoted()
            elif char == '"':
                text = self.double_quoted(raw_escapes=raw_escapes)
            elif char == "<":
                text = self.angle()
            elif char == self.escape:
                self.at += 1
                text = (char if raw_escapes else "") + self.next()
            else:
                self.at += 1
                words.add_split(char, start, self.at)
                result.append(char)
                continue
            known = known and text is not None
            words.add(text or "", start, self.at)
            result.append(text or "")
        if stop:
            raise ExpansionError(f"unexpected end of statement while looking for matching {stop}")
        return "".join(result) if known else None, words.done()

    def angle(self) -> str:
        """`<<` takes the blanks behind it into its word, so that `<< EOF` is one."""
        start = self.at
        self.at += 1
        if self.peek() == "<":
            self.at += 1
            while (char := self.peek()) and char in SPACES:
                self.at += 1
        return self.raw[start : self.at]

    def single_quoted(self) -> str:
        end = self.raw.find("'", self.at + 1)
        if end < 0:
            self.at = len(self.raw)
            raise ExpansionError("unexpected end of statement while looking for matching single-quote")
        text = self.raw[self.at : end + 1]
        self.at = end + 1
        return text if self.raw_quotes else text[1:-1]

    def double_quoted(self, *, raw_escapes: bool) -> str | None:
        self.at += 1
        result = ['"' if self.raw_quotes else ""]
        known = True
        while char := self.peek():
            if char == '"':
                self.at += 1
                result.append('"' if self.raw_quotes else "")
                return "".join(result) if known else None
            if char == "$":
                value = self.dollar()
                known = known and value is not None
                result.append(value or "")
                continue
            self.at += 1
            if char == self.escape:
                if raw_escapes:
                    result.append(char)
                if (follower := self.peek()) in ('"', "$", self.escape):
                    self.at += 1
                    char = follower
                elif not follower:
                    continue
            result.append(char)
        raise ExpansionError("unexpected end of statement while looking for matching double-quote")

    def dollar(self) -> str | None:
        self.at += 1
        if self.peek() != "{":
            name = self.name()
            if not name:
                return "$"
            value, is_set = self.look_up(name)
            return "$" + name if self.keep_unset and not is_set else value
        self.at += 1
        if (char := self.peek()) in ("{", "}", ":"):
            raise ExpansionError("syntax error: missing '}'" if not char else "syntax error: bad substitution")
        start = self.at - 2
        name = self.name()
        operator = self.next()
        if operator == "}":
            value, is_set = self.look_up(name)
            return self.raw[start : self.at] if self.keep_unset and not is_set else value
        if operator == "/":
            return self.replaced(name)
        colon = operator == ":"
        if colon:
            operator = self.next()
        if (colon and operator in ("#", "%")) or (not colon and operator not in ("+", "-", "?", "#", "%")):
            raise ExpansionError(f"unsupported modifier ({':' * colon}{operator}) in substitution")
        return self.modified(name, operator, colon=colon)

    def name(self) -> str:
        start = self.at
        char = self.peek()
        if char.isdecimal():
            while self.peek().isdecimal():
                self.at += 1
        elif char and char in _SPECIAL_NAMES:
            self.at += 1
        else:
            while (char := self.peek()) == "_" or char.isalpha() or char.isdecimal():
                self.at += 1
        return self.raw[start : self.at]

    def look_up(self, name: str) -> tuple[str | None, bool]:
        self.used.add(name)
        return (self.env[name], True) if name in self.env else ("", False)

    def operand(self, stop: str, *, raw_escapes: bool, missing: str) -> str | None:
        try:
            return self.until(stop, raw_escapes=raw_escapes)[0]
        except ExpansionError:
            if not self.peek():
                raise ExpansionError(missing) from None
            raise

    def modified(self, name: str, operator: str, *, colon: bool) -> str | None:
        word = self.operand("}", raw_escapes=operator in ("#", "%"), missing="syntax error: missing '}'")
        value, is_set = self.look_up(name)
        mark = ":" * colon + operator
        if self.keep_unset and not is_set:
            return f"${{{name}{mark}{word}}}"
        if operator not in ("-", "+", "?", "#", "%"):
            raise ExpansionError(f"unsupported modifier ({mark}) in substitution")
        if value is None:
            return None
        if operator in ("#", "%"):
            return None if word is None else _trimmed(value, word, operator)
        missing = not is_set or (colon and not value)
        if operator == "-":
            return word if missing else value
        if operator == "+":
            return "" if missing else word
        if missing:
            raise ExpansionError(f"{name}: {word or 'is not allowed to be ' + ('empty' if is_set else 'unset')}")
        return value

    def replaced(self, name: str) -> str | None:
        every = self.peek() == "/"
        self.at += every
        pattern = self.operand("/", raw_escapes=True, missing="syntax error: missing '/' in ${}")
        replacement = self.operand("}", raw_escapes=True, missing="syntax error: missing '}'")
        value, is_set = self.look_up(name)
        if self.keep_unset and not is_set:
            return f"${{{name}/{pattern}/{replacement}}}"
        if value is None or pattern is None or replacement is None:
            return None
        found = re.compile("".join(_glob(pattern, greedy=True)))
        pieces = []
        at = 0
        for match in found.finditer(value):
            if match.start() == match.end() == at > 0:
                continue  # Go finds no empty match directly behind another one
            pieces += [value[at : match.start()], replacement]
            at = match.end()
            if not every:
                break
        return "".join(pieces) + value[at:]


class _Words:
    """Words in the making."""

    __slots__ = ("end", "found", "start", "text")

    def __init__(self) -> None:
        self.found: list[LexedWord] = []
        self.text = ""
        self.start = self.end = 0

    def add(self, text: str, start: int, end: int) -> None:
        if not self.text:
            self.start = start
        self.text += text
        self.end = end

    def add_split(self, text: str, start: int, end: int) -> None:
        """Unquoted text: blanks in it end the word."""
        if not text:
            return
        first, *rest = _WORD_BREAK.split(text)
        if first:
            self.add(first, start, end)
        for word in rest:
            self.done()
            if word:
                self.add(word, start, end)

    def done(self) -> list[LexedWord]:
        if self.text:
            self.found.append(LexedWord(self.text, self.start, self.end))
            self.text = ""
        return self.found


def _glob(pattern: str, *, greedy: bool) -> list[str]:
    """A shell pattern (`*`, `?`, `\\*`; no brackets) as pieces of a regular expression."""
    pieces = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            pieces.append(".*" if greedy else ".*?")
        elif char == "?":
            pieces.append(".")
        elif char == "\\":
            follower = pattern[at : at + 1]
            if follower in ("}", "/"):
                continue
            if follower not in ("*", "?", "\\"):
                raise ExpansionError(f"invalid pattern ({pattern}) in substitution: invalid escape '\\{follower}'")
            pieces.append(re.escape(follower))
            at += 1
        else:
            pieces.append(re.escape(char))
    return pieces


def _trimmed(value: str, word: str, operator: str) -> str:
    greedy = word[:1] == operator
    pieces = _glob(word[1:] if greedy else word, greedy=greedy)
    if operator == "#":
        found = re.match("".join(pieces), value)
        return value[found.end() :] if found else value
    # The shortest suffix is the shortest prefix of the reversed text.
    backwards = value[::-1]
    found = re.match("".join(reversed(pieces)), backwards)
    return backwards[found.end() :][::-1] if found else value
