"""What a shell script is read as: simple commands, their words, and the constructs around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint.lazy import regex
from uvlint.source import Cooked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uvlint.source import Span

_STATIC: frozenset[str] = frozenset()
_ACTIVE = regex(r"[*?\[{~]")
_SPLITS = regex(r"[ \t\n*?\[\\]")

# What can't be written verbatim, by the kind of quote around it; "exec" is a word of the exec form.
_SPECIAL = {"": " \t\n|&;()<>$`\\\"'*?[]{}~#", "'": "'", '"': '"$`\\', "$'": "'\\", "exec": ""}
_SPECIAL["\\"] = _SPECIAL[""]


class Parameter(NamedTuple):
    """A parameter expansion. `name` is empty when it is not one of `$X ${X} ${X:-w}` and their kin."""

    name: str
    operator: str
    operand: str
    names: tuple[str, ...]  # of every parameter read by it, those in its operand too


class Part(NamedTuple):
    """A piece `[start, end)` of the outer text; `value` is None for an expansion."""

    start: int
    end: int
    value: str | None
    quote: str  # "" unquoted, "'", '"', "$'", "\\" (an escape), "<(" (its own word), "exec"
    parameter: Parameter | None = None


class Word:
    """A word of a command.

    `start` and `end` are its range in `outer`, the text it was read from. `value` is what the shell makes of it, None
    unless that is one word known from the text alone. `dynamic` says why it isn't: "expansion" (a `$` or backtick),
    "splits" (it may become no word or several), "glob", "tilde", "brace", "array".
    """

    __slots__ = ("dynamic", "end", "outer", "parts", "start", "value")

    def __init__(  # noqa: PLR0917 (hot: positional arguments are the cheap ones)
        self,
        outer: Cooked,
        start: int,
        end: int,
        value: str | None,
        parts: list[Part] | None = None,
        dynamic: frozenset[str] = _STATIC,
    ) -> None:
        self.outer = outer
        self.start = start
        self.end = end
        self.value = value
        self.parts = parts  # None: unquoted and static
        self.dynamic = dynamic

    def __repr__(self) -> str:
        return f"Word({self.text!r})"

    @property
    def text(self) -> str:
        """The word as written in the outer text."""
        return self.outer.text[self.start : self.end]

    @property
    def span(self) -> Span:
        return self.outer.span(self.start, self.end)

    @property
    def quoted(self) -> bool:
        return self.parts is not None and any(part.quote not in {"", "<(", "exec"} for part in self.parts)

    @property
    def has_expansion(self) -> bool:
        return "expansion" in self.dynamic

    @property
    def splits(self) -> bool:
        return "splits" in self.dynamic

    @property
    def glob(self) -> bool:
        return "glob" in self.dynamic

    @property
    def literal(self) -> str | None:
        """The value when its globs match no file (the shell then leaves them as they are); None if else dynamic."""
        if self.value is not None or self.dynamic - {"glob", "splits"}:
            return self.value
        return "".join([part.value or "" for part in self.parts or ()])

    @property
    def prefix(self) -> str:
        """The literal text before the first part that isn't static."""
        if self.value is not None:
            return self.value
        found = ""
        for part in self.parts or ():
            if part.value is None:
                break
            if not part.quote and self.dynamic & {"glob", "brace", "tilde"}:
                active = _ACTIVE.search(part.value)
                if active:
                    return found + part.value[: active.start()]
            found += part.value
        return found

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables it reads, in order, but for those read by commands inside it."""
        found: dict[str, None] = {}
        for part in self.parts or ():
            if part.parameter:
                found.update(
                    dict.fromkeys(name for name in part.parameter.names if name[0] == "_" or name[0].isalpha())
                )
        return tuple(found)

    def resolve(self, env: Mapping[str, str | None]) -> str | None:
        """Its value with variables taken from `env`, where None or no entry means unknown; None if that isn't enough."""
        if self.value is not None or self.dynamic - {"expansion", "splits"}:
            return self.value
        values = []
        for part in self.parts or ():
            value = part.value if part.value is not None else _expand(part.parameter, env)
            if value is None:
                return None
            if part.value is None and not part.quote and "splits" in self.dynamic and _SPLITS.search(value):
                return None
            values.append(value)
        joined = "".join(values)
        return joined if joined or self.quoted or "splits" not in self.dynamic else None

    @property
    def cooked(self) -> Cooked | None:
        """The static value, each character with its place."""
        if self.value is None:
            return None
        outer = self.outer
        if self.parts is None:
            return outer.slice(self.start, self.end, outer.special + _SPECIAL[""])
        pieces: list[tuple[str, int, int]] = []
        special = outer.special
        for quote in dict.fromkeys([part.quote for part in self.parts] or [""]):
            special += _SPECIAL[quote]
        for part in self.parts:
            if part.value and len(part.value) == part.end - part.start:
                pieces += outer.pieces(part.start, part.end)
            elif part.value:
                pieces.append((part.value, *outer.span(part.start, part.end)))
        at = self.parts[0].start if self.parts else self.start
        return Cooked.join(pieces, special, empty_at=outer.place(at))


def _expand(parameter: Parameter | None, env: Mapping[str, str | None]) -> str | None:
    if parameter is None or not parameter.name:
        return None
    value = env.get(parameter.name)
    operator = parameter.operator
    if value is None or not operator:
        return value
    present = bool(value) or operator[0] != ":"
    if operator[-1] == "+":
        return parameter.operand if present else ""
    if operator[-1] == "?":
        return value if present else None
    return value if present else parameter.operand


class Operator(NamedTuple):
    """One of `&& || ; & | |&` or a newline, at `[start, end)` of the text its commands stand in."""

    text: str
    start: int
    end: int


class Redirect:
    """A redirect such as `2>&1`: `fd` is what stands before `op` ("" if nothing), a number or `{name}`.

    For a here-document `target` is the delimiter, `body` the text the command is handed but with expansions as written
    (an unquoted delimiter's escapes undone, `<<-`'s tabs dropped), and `expands` tells whether there are any.
    """

    __slots__ = ("body", "cooked", "end", "expands", "fd", "op", "start", "target")

    def __init__(  # noqa: PLR0917 (as Word)
        self, cooked: Cooked, op: str, fd: str, target: Word | None, start: int, end: int
    ) -> None:
        self.cooked = cooked
        self.op = op
        self.fd = fd
        self.target = target
        self.start = start
        self.end = end
        self.body: Cooked | None = None
        self.expands = False

    def __repr__(self) -> str:
        return f"Redirect({self.cooked.text[self.start : self.end]!r})"

    @property
    def span(self) -> Span:
        return self.cooked.span(self.start, self.end)


class Assignment:
    """`name=value` or, with `append`, `name+=value`, before a command's first word.

    An array's value, and that of an element (`name[…]=value`), is unknown.
    """

    __slots__ = ("append", "end", "name", "start", "value")

    def __init__(self, name: str, value: Word, start: int, *, append: bool) -> None:
        self.name = name
        self.value = value
        self.append = append
        self.start = start
        self.end = value.end

    def __repr__(self) -> str:
        return f"Assignment({self.value.outer.text[self.start : self.end]!r})"

    @property
    def span(self) -> Span:
        return self.value.outer.span(self.start, self.end)


class Scope:
    """A construct around commands, at `[start, end)` of `cooked`.

    `kind` is "group", "subshell", "if", "while", "until", "for", "select", "case", "function", "substitution",
    "process" (`<( )`), "shell" (the script of a `sh -c`) or "pipeline". `part` is "condition" or "body". Each branch of
    an `if` or `case` is a "body" of its own, over the same range, and the condition of an `elif` an `if` in its branch.
    `branch` tells branches apart of which no two run: it differs between them, and is the same where one runs into the
    next (`;&`).
    `name` is a function's name or a loop's variable; `words` are what a `for` or `select` goes through (None: `"$@"`)
    or what a `case` looks at.
    """

    __slots__ = ("branch", "cooked", "end", "kind", "name", "part", "redirects", "start", "words")

    def __init__(self, kind: str, cooked: Cooked, start: int, end: int = -1, part: str = "body") -> None:
        self.kind = kind
        self.cooked = cooked
        self.start = start
        self.end = end
        self.part = part
        self.branch = 0
        self.name = ""
        self.words: list[Word] | None = None
        self.redirects: list[Redirect] = []

    def instead(self, *, after: bool = False) -> Scope:
        """Another branch of the same construct; `after`: one into which this may run."""
        found = Scope(self.kind, self.cooked, self.start, part=self.part)
        found.branch = self.branch + (not after)
        found.words = self.words
        return found

    def excludes(self, other: Scope) -> bool:
        """Whether both are branches of one construct, of which only one runs."""
        same = self.cooked is other.cooked and (self.start, self.kind, self.part) == (
            other.start,
            other.kind,
            other.part,
        )
        return same and self.branch != other.branch

    def __repr__(self) -> str:
        return f"Scope({self.kind!r}, {self.start}, {self.end}, {self.part!r})"


class Command:
    """A simple command: at least one of words, assignments and redirects.

    `start` and `end` are its range in `cooked`, from the first to the last of its parts. `before` and `after` are the
    nearest operators beside it in its own list. `scopes` are the constructs around it, outermost first. `negated` tells
    of a `!` before its pipeline.
    """

    __slots__ = (
        "after",
        "assignments",
        "before",
        "cooked",
        "end",
        "negated",
        "redirects",
        "scopes",
        "start",
        "words",
    )

    def __init__(  # noqa: PLR0917 (as Word)
        self,
        cooked: Cooked,
        start: int,
        end: int,
        words: list[Word],
        assignments: list[Assignment],
        redirects: list[Redirect],
        scopes: tuple[Scope, ...],
        before: Operator | None,
        negated: bool,  # noqa: FBT001 (one caller, on the hot path)
    ) -> None:
        self.cooked = cooked
        self.start = start
        self.end = end
        self.words = words
        self.assignments = assignments
        self.redirects = redirects
        self.scopes = scopes
        self.before = before
        self.after: Operator | None = None
        self.negated = negated

    def __repr__(self) -> str:
        return f"Command({self.cooked.text[self.start : self.end]!r})"

    @property
    def span(self) -> Span:
        return self.cooked.span(self.start, self.end)

    @property
    def name(self) -> str | None:
        """The first word's value, None where there is none or it isn't static."""
        return self.words[0].value if self.words else None

    @property
    def argv(self) -> list[str | None]:
        return [word.value for word in self.words]


class Script:
    """All simple commands of a text, in order, those inside others (`$( )`, functions, `sh -c`) after their outer one."""

    __slots__ = ("commands", "cooked", "functions")

    def __init__(self, cooked: Cooked, commands: list[Command], functions: frozenset[str]) -> None:
        self.cooked = cooked
        self.commands = commands
        self.functions = functions

    def __repr__(self) -> str:
        return f"Script({self.commands!r})"
