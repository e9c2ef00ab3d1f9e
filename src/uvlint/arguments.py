"""What stands behind an instruction's keyword, as Docker splits it: flags, words, JSON strings, pairs, mounts."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import cache
from typing import NamedTuple

from uvlint.lazy import regex
from uvlint.record import record
from uvlint.source import Cooked, Span

# Go's unicode.IsSpace, which is not Python's str.isspace.
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
BLANKS = "\t\v\f\r "
# Pairs in which nothing can be wrong, to spare most of them a closer look.
PLAIN_PAIRS = regex(r"""(?:[^\s=\'"\\`]++=(?:[^\s\'"\\`]++|"[^"\\`]*+")*+(?:[ \t]++|\Z))++\Z""")
NOT_BLANK = regex(r"[^\t\v\f\r ]+")

_QUOTES = "'\"\\"
_JSON_SPECIAL = '"\\' + "".join(map(chr, range(32)))
_JSON_STRING = r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"'
_JSON_ARRAY = regex(rf"\[[ \t\n\r]*+(?:{_JSON_STRING}[ \t\n\r]*+(?:,[ \t\n\r]*+{_JSON_STRING}[ \t\n\r]*+)*+)?\]\Z")
_JSON_STRINGS = regex(_JSON_STRING)
# Compiled when first used, by re's own cache: few files need these.
_JSON_PART = r"[^\\]+|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\."
_JSON_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SIMPLE_FLAG = regex(r"--([^\s=\"'\\]+)(?:(=)([^\s\"'\\]*))?(?:[\t\v\f\r ]+|\Z)", re.ASCII)
_FLAG_PART = r"""(?as)([^\s"'\\]++)|\\(.)|"((?:[^"\\]++|\\.)*+)(?:"|\\?\Z)|'((?:[^'\\]++|\\.)*+)(?:'|\\?\Z)|\\\Z"""
_MOUNT_NAMES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly", "rw": "readwrite"}
_MOUNT_BARE = frozenset(("readonly", "readwrite", "required"))
_CSV_FIELD = r'(?:"((?:[^"]|"")*+)"|([^",\r\n]*+))(?:,|\Z)'


class Problem(NamedTuple):
    """What BuildKit refuses, and where."""

    span: Span
    message: str
    help: str


@record()
class Flag:
    """`--name=value` before an instruction's arguments.

    `value` is unquoted, None without a `=`; `cooked` is the same text with its places; `value_span` is the value as
    written, quotes included.
    """

    name: str
    value: str | None
    span: Span
    value_span: Span | None
    cooked: Cooked


class Pair(NamedTuple):
    """One `key=value` of ENV, LABEL or ARG; quotes are kept on both sides. `legacy`: written as `key value`."""

    key: str
    value: Cooked | None
    span: Span
    legacy: bool


@record()
class Mount:
    """A `RUN --mount`: `keys` in their canonical spelling, lower-case, values not expanded; bare ones are "true".

    `places` tells for each key where its field, `key=value`, stands.
    """

    type: str
    keys: dict[str, str]
    places: dict[str, Span]
    span: Span
    flag: Flag


def cut(text: Cooked, start: int, end: int, special: str = "") -> Cooked:
    """`text.slice()` for a text whose characters all stand in the source as they are: no escapes."""
    at = text.at
    if start >= end:
        place = text.place(start)
        return Cooked("", [0], [place], [place], special)
    if len(at) == 1:
        place = text.starts[0]
        return Cooked(text.text[start:end], [0], [place + start], [place + end], special)
    low, high = bisect_right(at, start) - 1, bisect_left(at, end)
    starts, ends = text.starts[low:high], text.ends[low:high]
    ends[-1] = starts[-1] + end - at[high - 1]
    starts[0] += start - at[low]
    return Cooked(text.text[start:end], [0, *[index - start for index in at[low + 1 : high]]], starts, ends, special)


def read_flags(line: Cooked, at: int, end: int) -> tuple[list[Flag], int]:
    """The leading `--…` words of `line[at:end]`, and where the arguments begin. A word `--` ends them."""
    text = line.text
    flags: list[Flag] = []
    while text.startswith("--", at, end):
        simple = _SIMPLE_FLAG.match(text, at, end)
        if simple:
            flags.append(_simple_flag(line, simple))
            at = simple.end()
            continue
        pieces: list[tuple[str, int, int]] = []
        pattern = re.compile(_FLAG_PART)
        begin = at
        while part := pattern.match(text, at, end):
            at = part.end()
            if part.lastindex:
                first, last = part.span(part.lastindex)
                for run in _unescaped(text, first, last) if part.lastindex > 2 else [(first, last)]:
                    pieces += line.pieces(*run)
        word = Cooked.join(pieces, SPACES + _QUOTES, empty_at=line.place(begin))
        if word.text != "--":
            flags.append(_flag(word, line.span(begin, at)))
        while at < end and text[at] in BLANKS:
            at += 1
        if word.text == "--":
            break
    return flags, at


def _simple_flag(line: Cooked, match: re.Match[str]) -> Flag:
    name, equals, value = match.groups()
    stop = match.end(3) if equals else match.end(1)
    cooked = cut(line, match.start(3), stop, SPACES + _QUOTES) if equals else cut(line, stop, stop)
    span = line.span(match.start(), stop)
    return Flag(
        name,
        value if equals else None,
        span,
        Span(line.place(match.end(2) - 1) + 1, span.end) if equals else None,
        cooked,
    )


def _flag(word: Cooked, span: Span) -> Flag:
    name, equals, value = word.text[2:].partition("=")
    if not equals:
        return Flag(name, None, span, None, word.slice(len(word), len(word)))
    at = len(name) + 2
    return Flag(name, value, span, Span(word.place(at) + 1, span.end), word.slice(at + 1, len(word)))


def _unescaped(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The ranges of quoted text that remain when each backslash is dropped and what follows it kept."""
    ranges = []
    while start < end:
        escape = text.find("\\", start, end)
        if escape < 0:
            ranges.append((start, end))
            break
        ranges += [(start, escape), (escape + 1, escape + 2)]
        start = escape + 2
    return [run for run in ranges if run[0] < run[1]]


def read_json(args: Cooked, start: int = 0) -> tuple[tuple[Cooked, ...] | None, bool]:
    """The strings of the JSON array at `start`, None when it is not one; and whether Docker refuses it.

    A valid array that holds anything but strings is refused; whatever is no valid JSON is simply not exec form.
    """
    text = args.text
    if _JSON_ARRAY.match(text, start):
        return tuple(_json_string(args, *found.span()) for found in _JSON_STRINGS.finditer(text, start)), False
    import json  # noqa: PLC0415 - only odd files get here

    try:
        return None, isinstance(json.loads(text[start:], parse_constant=_refuse_constant), list)
    except (ValueError, RecursionError):
        return None, False


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _json_string(args: Cooked, start: int, end: int) -> Cooked:
    start, end = start + 1, end - 1
    if "\\" not in args.text[start:end]:
        return cut(args, start, end, _JSON_SPECIAL)
    pieces: list[tuple[str, int, int]] = []
    for part in re.compile(_JSON_PART).finditer(args.text, start, end):
        if part[0][0] == "\\":
            pieces.append((_json_escape(part[0]), *args.span(*part.span())))
        else:
            pieces += args.pieces(*part.span())
    return Cooked.join(pieces, _JSON_SPECIAL, empty_at=args.place(start))


def _json_escape(escape: str) -> str:
    if escape[1] != "u":
        return _JSON_ESCAPES.get(escape[1], escape[1])
    code = int(escape[2:6], 16)
    if len(escape) > 6:
        code = 0x10000 + ((code - 0xD800) << 10) + int(escape[8:12], 16) - 0xDC00
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)


def split_words(args: Cooked) -> list[Cooked]:
    """Words between blanks: here quotes and escapes mean nothing to Docker."""
    return [cut(args, *found.span()) for found in NOT_BLANK.finditer(args.text)]


@cache
def _quoted_words(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(
        rf"""(?:[^{SPACES}'"{mark}]++|{mark}.|'[^']*+(?:'|\Z)|"(?:[^"{mark}]++|{mark}.)*+(?:"|({mark})?\Z))++""",
        re.DOTALL,
    )


def read_pairs(keyword: str, args: Cooked, escape: str) -> tuple[list[Pair], Problem | None]:
    """The pairs of ENV, LABEL and ARG, and what the parser refuses in them."""
    text = args.text
    ranges = [
        (found.start(), found.end() if found.start(1) < 0 else found.start(1))
        for found in _quoted_words(escape).finditer(text)
    ]
    if not ranges:
        return [], None
    if keyword != "ARG" and "=" not in text[slice(*ranges[0])]:
        name = NOT_BLANK.match(text)
        value = NOT_BLANK.search(text, name.end()) if name else None
        if name is None or value is None:
            return [], Problem(args.whole, f"{keyword} must have two arguments", f"write `{keyword} name=value`")
        return [Pair(name[0], cut(args, value.start(), len(text)), args.whole, legacy=True)], None
    pairs = []
    problem = None
    for start, end in ranges:
        span = args.span(start, end)
        equals = text.find("=", start, end)
        if equals >= 0:
            pairs.append(Pair(text[start:equals], cut(args, equals + 1, end), span, legacy=False))
        elif keyword == "ARG":
            pairs.append(Pair(text[start:end], None, span, legacy=False))
        elif problem is None:
            message = f"can't find = in `{text[start:end]}`: it must be of the form name=value"
            problem = Problem(span, message, "quote a value that holds blanks, or add the `=`")
    return pairs, problem


def _mount_fields(value: str) -> list[tuple[str, int, int]] | None:
    """The fields of a `--mount` value, read as one CSV record, with where they are; None when it is none."""
    fields = []
    at = 0
    while at <= len(value):
        found = re.compile(_CSV_FIELD).match(value, at)
        if not found:
            return None
        quoted, plain = found.groups()
        text = plain if quoted is None else quoted.replace('""', '"')
        fields.append((text, *found.span(2 if quoted is None else 1)))
        if found.end() == len(value) and not value.endswith(",", at):
            break
        at = found.end()
    return fields


def mount(flag: Flag) -> Mount | None:
    """A `--mount` flag's fields; None when they can't be told apart."""
    if flag.name != "mount" or not flag.value:
        return None
    fields = _mount_fields(flag.value)
    if fields is None:
        return None
    keys: dict[str, str] = {}
    places: dict[str, Span] = {}
    for field, start, end in fields:
        key, equals, value = field.partition("=")
        key = key.lower()
        key = _MOUNT_NAMES.get(key, key)
        if not equals and key not in _MOUNT_BARE:
            return None
        keys[key] = value if equals else "true"
        places[key] = flag.cooked.span(start, end)
    return Mount(keys.get("type", "bind").lower(), keys, places, flag.span, flag)
