"""What BuildKit refuses behind its parser: its instruction layer, and its conversion of stages as far as that is static."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uvlint.arguments import NOT_BLANK, SPACES, Flag, Mount, Problem, mount
from uvlint.expansion import ExpansionError, expand, heredoc_word
from uvlint.lazy import regex
from uvlint.source import Span
from uvlint.syntax import heredoc_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from uvlint.source import Cooked
    from uvlint.syntax import Dockerfile, Instruction

_BOOLEAN, _ONE, _MANY = "true or false", "one value", "several values"
_FLAGS: dict[str, dict[str, str]] = {
    "ADD": {
        "checksum": _ONE,
        "chmod": _ONE,
        "chown": _ONE,
        "exclude": _MANY,
        "keep-git-dir": _BOOLEAN,
        "link": _BOOLEAN,
        "unpack": _BOOLEAN,
    },
    "COPY": {"chmod": _ONE, "chown": _ONE, "exclude": _MANY, "from": _ONE, "link": _BOOLEAN, "parents": _BOOLEAN},
    "FROM": {"platform": _ONE},
    "HEALTHCHECK": {"interval": _ONE, "retries": _ONE, "start-interval": _ONE, "start-period": _ONE, "timeout": _ONE},
    "RUN": {"device": _MANY, "mount": _MANY, "network": _ONE, "security": _ONE},
}
_KEYWORDS = frozenset(
    [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ]
)
_IGNORE_FLAGS = frozenset(("ARG", "STOPSIGNAL"))
_NEEDS_ARGUMENTS = frozenset(("ARG", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "VOLUME"))
_NEEDS_ONE_ARGUMENT = frozenset(("MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"))
_CHOICES = {"network": ("default", "none", "host"), "security": ("sandbox", "insecure")}
_STAGE_NAME = regex(r"[a-z][a-z0-9\-_.]*\Z")
_DURATION = r"(?a)[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)\Z"
_DURATION_PART = r"(?a)(\d+\.?\d*|\.\d+)([a-z\u00b5\u03bc]+)"
_MILLISECONDS = {"ns": 1e-6, "us": 1e-3, "\u00b5s": 1e-3, "\u03bcs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}
_RETRIES = r"(?a)[-+]?\d{1,10}\Z"
_NUMBER = r"(?a)\d+\Z"
_OCTAL = r"[0-7]+\Z"
_SIZE = r"(?ai)\d+(?:\.\d+)? ?(?:[kmgtp]i?)?b?\Z"
_BOOLEANS = frozenset(("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"))
_MOUNT_TYPES = ("bind", "cache", "tmpfs", "secret", "ssh")
_MOUNT_KEYS = frozenset(
    [
        "type",
        "from",
        "source",
        "target",
        "readonly",
        "readwrite",
        "id",
        "sharing",
        "required",
        "size",
        "mode",
        "uid",
        "gid",
        "env",
    ]
)
_SHARING = ("shared", "private", "locked")


class _Unknown(dict[str, "str | None"]):
    """An environment that has every variable, each with a value not known."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def __missing__(self, name: str) -> None:
        return None


def known(keyword: str) -> bool:
    """Whether there is an instruction of this name (in upper case)."""
    return keyword in _KEYWORDS


def refused(dockerfile: Dockerfile) -> Iterator[Problem]:
    """What BuildKit refuses in a file that its parser reads, in order.

    Each instruction stands for itself here; what depends on values of variables or on other stages is not looked at.
    """
    in_stage = complained = False
    for instruction in dockerfile.instructions:
        found = list(_instruction(instruction, dockerfile))
        yield from found
        if instruction.keyword == "FROM":
            in_stage = True
        elif not in_stage and not complained and instruction.keyword != "ARG" and not found:
            complained = True
            message = f"{instruction.keyword} stands before any FROM: only ARG may"
            yield Problem(instruction.keyword_span, message, "begin the stage with `FROM image`")
    if not in_stage and not complained and dockerfile.instructions:
        span = dockerfile.instructions[-1].keyword_span
        yield Problem(span, "the file has no build stage", "add `FROM image`")


def _instruction(instruction: Instruction, dockerfile: Dockerfile) -> Iterator[Problem]:
    keyword, span = instruction.keyword, instruction.keyword_span
    if keyword not in _KEYWORDS:
        written = dockerfile.source[span]
        written = written if len(written) == len(keyword) else keyword  # a continuation runs through it
        yield _unknown(span, f"unknown instruction `{written}`", keyword, _KEYWORDS, "see Docker's reference")
        return
    if keyword not in _IGNORE_FLAGS and not (keyword == "HEALTHCHECK" and _health_kind(instruction).upper() == "NONE"):
        yield from _flags(instruction)
    if keyword in _NEEDS_ARGUMENTS and not (instruction.args.text or instruction.inner):
        yield Problem(span, f"{keyword} requires at least one argument", "give it one, or remove it")
    elif keyword in _NEEDS_ONE_ARGUMENT and not instruction.args.text:
        yield Problem(span, f"{keyword} requires exactly one argument", "give it one, or remove it")
    else:
        check = _CHECKS.get(keyword)
        if check:
            yield from check(instruction)
        yield from _expansions(instruction, dockerfile.escape)


def _flags(instruction: Instruction) -> Iterator[Problem]:
    known = _FLAGS.get(instruction.keyword, {})
    seen: set[str] = set()
    for flag in instruction.flags:
        kind = known.get(flag.name)
        name = f"--{flag.name}"
        if kind is None:
            message = f"{instruction.keyword} has no flag {name}"
            yield _unknown(flag.span, message, name, [f"--{name}" for name in known], "remove it")
            continue
        if flag.name in seen and kind is not _MANY:
            yield Problem(flag.span, f"the flag {name} is given twice", "keep one of them")
        seen.add(flag.name)
        if flag.value is None and kind is not _BOOLEAN:
            yield Problem(flag.span, f"the flag {name} has no value", f"write `{name}=…`")
        elif flag.value is not None and kind is _BOOLEAN and flag.value.lower() not in ("true", "false"):
            message = f"the flag {name} takes true or false, not `{flag.value}`"
            yield Problem(
                (flag.value_span if flag.value else None) or flag.span, message, f"write `{name}` or `{name}=false`"
            )


def _run(instruction: Instruction) -> Iterator[Problem]:
    for flag in instruction.flags:
        if flag.value is None:
            continue
        if flag.name == "mount":
            yield from _mount(flag)
        choices = _CHOICES.get(flag.name)
        if choices and flag.value not in choices:
            message = f"`{flag.value}` is not valid for --{flag.name}"
            yield _unknown(
                flag.value_span or flag.span, message, flag.value, choices, "use one of " + ", ".join(choices)
            )


def _mount(flag: Flag) -> Iterator[Problem]:
    found = mount(flag)
    if found is None:
        message = "the fields of this --mount can't be read"
        yield Problem(flag.span, message, "write key=value pairs, with commas and no blanks between them")
        return
    for key, value in found.keys.items():
        message = _mount_field(found, key, value)
        if message and key not in _MOUNT_KEYS:
            names = _MOUNT_KEYS - {"env", "size"}
            yield _unknown(found.places[key], message, key, names, "see Docker's reference")
        elif message:
            yield Problem(found.places[key], message, "see `RUN --mount` in Docker's reference")
    if found.type == "cache" and "target" not in found.keys:
        yield Problem(flag.span, "a cache mount needs a target", "add `target=` and the folder to keep")
    if found.type == "secret" and not found.keys.keys() & {"source", "target", "id"}:
        yield Problem(flag.span, "a secret mount needs an id, a source or a target", "add `id=`")
    if found.type == "secret" and {"source", "id"} <= found.keys.keys():
        yield Problem(flag.span, "a secret mount takes either an id or a source", "keep one of them")


def _mount_field(found: Mount, key: str, value: str) -> str:
    """What is wrong with one field, or nothing. Values with variables in them are as good as any."""
    kind = found.type
    if key not in _MOUNT_KEYS:
        return f"a mount has no key `{key}`"
    if key == "from":
        if re.search(r"\$.", value):
            return "`from` can't hold a variable: name a stage for it instead"
        return "a secret mount takes no `from`" if kind == "secret" else ""
    if "$" in value:
        return ""
    if key == "type":
        return "" if kind in _MOUNT_TYPES else f"`{value}` is no type of mount: there are {', '.join(_MOUNT_TYPES)}"
    if "$" in kind:
        return ""
    if key == "sharing":
        if kind != "cache":
            return f"`sharing` is for cache mounts, not for {kind}"
        return "" if value.lower() in _SHARING else f"`sharing` is one of {', '.join(_SHARING)}, not `{value}`"
    if key in ("mode", "uid", "gid"):
        if kind not in ("secret", "ssh", "cache"):
            return f"`{key}` is not for {kind} mounts"
        return "" if re.match(_OCTAL if key == "mode" else _NUMBER, value) else f"`{value}` is not valid for `{key}`"
    if key in ("readonly", "readwrite", "required"):
        if key == "required" and kind not in ("secret", "ssh"):
            return f"`required` is not for {kind} mounts"
        return "" if value in _BOOLEANS else f"`{key}` takes true or false, not `{value}`"
    if key == "size":
        return "" if kind == "tmpfs" and re.match(_SIZE, value) else f"`size={value}` is not valid for {kind} mounts"
    return ""


def _from(instruction: Instruction) -> Iterator[Problem]:
    words = instruction.words()
    if len(words) == 3 and words[1].text.lower() == "as":
        if not _STAGE_NAME.match(words[2].text.lower()):
            message = f"`{words[2].text}` can't name a stage"
            yield Problem(words[2].whole, message, "begin with a letter; letters, digits, `-`, `_` and `.` may follow")
    elif len(words) != 1:
        span = Span(words[1].whole.start, words[-1].whole.end) if words else instruction.keyword_span
        yield Problem(span, "FROM takes `image` or `image AS name`", "a comment must stand on a line of its own")


def _copy(instruction: Instruction) -> Iterator[Problem]:
    words = instruction.words()
    keyword = instruction.keyword
    if len(words) < 2:
        span = words[0].whole if words else instruction.keyword_span
        yield Problem(span, f"{keyword} requires a source and a destination", "add the destination")
        return
    parts = heredoc_parts(words[-1].text)
    try:
        named = parts and heredoc_word(parts[2])
    except ExpansionError:
        named = None
    if named:
        yield Problem(
            words[-1].whole, f"{keyword} can't take a heredoc as destination", "add the destination behind it"
        )


def _healthcheck(instruction: Instruction) -> Iterator[Problem]:
    args = instruction.args
    kind = _health_kind(instruction)
    command = instruction.command
    if kind.upper() == "NONE":
        if len(command):
            yield Problem(command.whole, "HEALTHCHECK NONE takes no arguments", "remove them")
        return
    if kind.upper() != "CMD":
        yield Problem(
            args.span(0, len(kind)), f"HEALTHCHECK takes CMD or NONE, not `{kind}`", "write `HEALTHCHECK CMD …`"
        )
    elif not len(command) or (instruction.json is not None and not instruction.json):
        yield Problem(args.whole, "HEALTHCHECK CMD has no command", "add one")
    for flag in instruction.flags:
        if flag.value and flag.name == "retries":
            if not re.match(_RETRIES, flag.value) or not 0 <= int(flag.value) < 2**31:
                yield Problem(flag.span, f"--retries takes a number, not `{flag.value}`", "write `--retries=3`")
        elif flag.value and flag.name in _FLAGS["HEALTHCHECK"] and not _is_duration(flag.value):
            message = f"`{flag.value}` is no duration of at least 1ms"
            yield Problem(flag.span, message, "write it as in `30s` or `1m30s`")


def _is_duration(text: str) -> bool:
    """As Go writes them; nothing at all, or from a millisecond on."""
    if not re.match(_DURATION, text):
        return False
    total = sum(float(number) * _MILLISECONDS[unit] for number, unit in re.findall(_DURATION_PART, text))
    return total == 0 or (total >= 1 and text[0] != "-")


def _health_kind(instruction: Instruction) -> str:
    """CMD or NONE, as written."""
    found = NOT_BLANK.match(instruction.args.text)
    return found[0] if found else ""


def _onbuild(instruction: Instruction) -> Iterator[Problem]:
    inner = instruction.inner
    if inner and inner.keyword in ("ONBUILD", "FROM", "MAINTAINER"):
        yield Problem(inner.keyword_span, f"ONBUILD can't hold {inner.keyword}", "remove one of the two")


def _shell(instruction: Instruction) -> Iterator[Problem]:
    if not instruction.args.text or instruction.json == ():
        yield Problem(
            instruction.keyword_span, "SHELL requires at least one argument", 'write `SHELL ["/bin/sh", "-c"]`'
        )
    elif instruction.json is None:
        yield Problem(instruction.args.whole, "SHELL requires a JSON array", 'write `SHELL ["/bin/sh", "-c"]`')


def _volume(instruction: Instruction) -> Iterator[Problem]:
    words = instruction.words()
    if not words:
        yield Problem(instruction.keyword_span, "VOLUME requires at least one argument", "give it one, or remove it")
    for word in words:
        if not word.text.strip(SPACES):
            yield Problem(word.whole, "a VOLUME can't be an empty string", "remove it")


def _pairs(instruction: Instruction) -> Iterator[Problem]:
    for pair in instruction.pairs():
        if not pair.key:
            yield Problem(pair.span, f"a name in {instruction.keyword} is empty", "write name=value")


_CHECKS: dict[str, Callable[[Instruction], Iterator[Problem]]] = {
    "ADD": _copy,
    "ARG": _pairs,
    "COPY": _copy,
    "ENV": _pairs,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _pairs,
    "ONBUILD": _onbuild,
    "RUN": _run,
    "SHELL": _shell,
    "VOLUME": _volume,
}


def _expanded(instruction: Instruction) -> Iterator[tuple[str, Span]]:
    """The texts of an instruction in which Docker itself replaces variables."""
    keyword = instruction.keyword

    def place(text: Cooked) -> tuple[str, Span]:
        return text.text, text.whole

    if keyword in ("ADD", "COPY", "EXPOSE", "VOLUME"):
        yield from map(place, instruction.words())
    elif keyword == "FROM":
        yield from map(place, instruction.words()[:1])
    elif keyword in ("ARG", "ENV", "LABEL"):
        for pair in instruction.pairs():
            yield pair.key, pair.span
            if pair.value is not None:
                yield place(pair.value)
    elif keyword in ("STOPSIGNAL", "USER", "WORKDIR"):
        yield place(instruction.args)


def _expansions(instruction: Instruction, escape: str) -> Iterator[Problem]:
    for text, span in _expanded(instruction):
        try:
            expand(text, _UNKNOWN, escape)
        except ExpansionError as error:
            yield Problem(span, f"Docker can't read this: {error}", "see Docker's reference on quotes and variables")


def _unknown(span: Span, message: str, word: str, words: Collection[str], otherwise: str) -> Problem:
    """A problem with the nearest of the words that would do."""
    distance, nearest = min(((_distance(word, each), each) for each in sorted(words)), default=(9, ""))
    near = distance <= min(2, (len(word) + 1) // 3)
    return Problem(span, message, f"did you mean `{nearest}`?" if near else otherwise)


def _distance(one: str, other: str) -> int:
    """How many letters must be added, removed, replaced, or swapped with their neighbour."""
    if abs(len(one) - len(other)) > 2:
        return 9
    before: list[int] = []
    row = list(range(len(other) + 1))
    for index, char in enumerate(one, 1):
        above, row = row, [index]
        for at, against in enumerate(other, 1):
            cost = min(above[at] + 1, row[-1] + 1, above[at - 1] + (char != against))
            if index > 1 and at > 1 and char == other[at - 2] and against == one[index - 2]:
                cost = min(cost, before[at - 2] + 1)
            row.append(cost)
        before = above
    return row[-1]


_UNKNOWN = _Unknown()
