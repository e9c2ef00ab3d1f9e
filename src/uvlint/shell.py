"""Shell scripts as commands, with static values and exact places.

A recursive descent over the POSIX shell grammar with bash's additions: `[[ ]]`, `(( ))`, arrays, `<( )`, `<<<`, `&>`,
`|&`, `function`, `for (( ))`, `select`, `;&`. Where shells differ it reads as bash does. What can't be read yields no
script at all, never a guess; what bash refuses is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint.lazy import regex
from uvlint.shell_compound import COMPOUND, read_function
from uvlint.shell_heredoc import read_document, script_document
from uvlint.shell_tree import Assignment, Command, Operator, Parameter, Part, Redirect, Scope, Script, Word
from uvlint.shell_words import (
    VALUE,
    Unreadable,
    closing,
    enter,
    read_word,
    script_word,
    walk,
)
from uvlint.source import Cooked

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Assignment",
    "Command",
    "Operator",
    "Parameter",
    "Part",
    "Redirect",
    "Scope",
    "Script",
    "Word",
    "parse",
    "parse_exec",
]

# A redirect's operator, a word with nothing to expand or unquote (or a lone `{ [ [[`), an operator, the start of any
# other word, the end. Blanks and a comment may precede.
_TOKEN = regex(
    r"(?:[ \t]++|\\\n)*+(?:#[^\n]*+)?"
    r"(?:(?P<redirect>(?:[0-9]++|\{[A-Za-z_][A-Za-z0-9_]*+\})?(?:<<<|<<-?|<[>&]|<(?!\()|>[>|&]|>(?!\())|&>>?)"
    r"|(?P<plain>(?:\[\[?|\{|[^ \t\n|&;()<>$`\\\"'*?\[{~#][^ \t\n|&;()<>$`\\\"'*?\[{~]*+)(?=[ \t\n|&;()]|[<>](?!\()|\Z))"
    r"|(?P<op>&&|\|\||\|&|;;&|;;|;&|[;&|()\n])"
    r"|(?P<word>[^ \t\n])"
    r"|(?P<end>\Z))"
)
_FD = regex(r"[0-9]+|\{\w+\}")
_ASSIGNMENT = regex(r"([A-Za-z_][A-Za-z0-9_]*+)(\+?)=")
_ELEMENT = regex(r"([A-Za-z_][A-Za-z0-9_]*+)\[")
_EQUALS = regex(r"(\+?)=")
_PLAIN_VALUE = regex(r"[^ \t\n|&;()<>$`\\\"'~]*+(?=[ \t\n|&;()]|[<>](?!\()|\Z)")
_NUMBER = regex(r"[ \t]*+([0-9]++)(?=[<>])")  # in `2>&1>f` the 1 is no descriptor of the second redirect
_BROKEN_FD = regex(r"[0-9\\\n]*\\\n[0-9\\\n]*[<>]")

_CLOSING = frozenset({"then", "do", "done", "fi", "elif", "else", "esac", "}"})
_RESERVED = _CLOSING | frozenset(
    {"if", "while", "until", "for", "select", "case", "in", "function", "{", "[[", "]]", "!", "time", "coproc"}
)
_DECLARES = frozenset({"alias", "declare", "export", "local", "readonly", "typeset", "eval", "let"})


class Parser:
    """Reads one text. The token at hand is `kind`, `symbol`, `[start, end)`; `previous` is where the last one ended."""

    __slots__ = (
        "cooked",
        "depth",
        "end",
        "found",
        "functions",
        "inside",
        "kind",
        "pairs",
        "pending",
        "previous",
        "scopes",
        "start",
        "symbol",
        "text",
    )

    def __init__(self, cooked: Cooked, depth: int = 0, scopes: tuple[Scope, ...] = ()) -> None:
        self.cooked = cooked
        self.text = cooked.text
        self.depth = depth
        self.scopes = scopes
        self.pairs: dict[int, int] = {}
        self.found: list[Command] = []
        self.functions: set[str] = set()
        self.pending: list[Redirect] = []  # here-documents whose bodies follow the next newline
        self.inside = False  # a `$( )`: its `)` may stand right after a here-document's delimiter
        self.kind = self.symbol = ""
        self.start = self.end = self.previous = 0

    # Tokens

    def advance(self) -> None:
        match = _TOKEN.match(self.text, self.end)
        if match is None:
            raise Unreadable
        self.previous = self.end
        self.kind = kind = match.lastgroup or "end"
        self.symbol = match[kind]
        self.start, self.end = match.span(kind)
        if self.pending and self.symbol in ("\n", ""):
            self._bodies()

    def newlines(self) -> None:
        while self.symbol == "\n":
            self.advance()

    def expect(self, symbol: str) -> None:
        if self.symbol != symbol or self.kind == "word":
            raise Unreadable
        self.advance()

    def _operator(self) -> Operator:
        return Operator(self.symbol, self.start, self.start + len(self.symbol))

    def word(self) -> Word:
        """The word at hand; none is an error."""
        if self.kind == "plain":
            word = Word(self.cooked, self.start, self.end, self.symbol)
        elif self.kind == "word":
            word = read_word(self, self.start)
            self.end = word.end
        else:
            raise Unreadable
        self.advance()
        return word

    # Lists and pipelines

    def script_to_end(self) -> None:
        self.advance()
        self.read_list()
        if self.kind != "end":
            raise Unreadable

    def _closes(self) -> bool:
        """Whether the token at hand ends a list."""
        symbol = self.symbol
        if self.kind == "op":
            return symbol == ")" or symbol[:2] in (";;", ";&")
        return self.kind == "end" or (self.kind == "plain" and symbol in _CLOSING)

    def read_list(self) -> bool:
        """Commands up to a token that closes a list. False if there are none."""
        before: Operator | None = None
        self.newlines()
        while not self._closes():
            last = self._and_or(before)
            if self.kind == "op" and self.symbol in (";", "&", "\n"):
                before = self._operator()
                if last:
                    last.after = before
                self.advance()
                self.newlines()
            elif self._closes():
                return True
            else:
                raise Unreadable
        return before is not None

    def body(self, scope: Scope, opening: str, closing_token: str) -> None:
        """`opening commands closing_token`, the commands in `scope`."""
        self.expect(opening)
        self.commands_in(scope)
        self.expect(closing_token)

    def commands_in(self, *scopes: Scope) -> None:
        outer = self.scopes
        self.scopes = (*outer, *scopes)
        if not self.read_list():
            raise Unreadable
        self.scopes = outer

    def _and_or(self, before: Operator | None) -> Command | None:
        while True:
            last = self._pipeline(before)
            if self.kind != "op" or self.symbol not in ("&&", "||"):
                return last
            before = self._operator()
            if last:
                last.after = before
            self.advance()
            self.newlines()

    def _pipeline(self, before: Operator | None) -> Command | None:
        first, start = len(self.found), self.start
        prefixed = negated = False
        while self.kind == "plain" and self.symbol in ("!", "time"):
            prefixed = True
            if self.symbol == "!":
                negated = not negated
                self.advance()
                continue
            self.advance()
            if self.symbol == "-p":
                self.advance()
            if self.symbol == "--":
                self.advance()
        if prefixed and (self.kind == "end" or self.symbol in (";", "\n")):
            return None
        last = self._command(before, negated)
        if self.kind != "op" or self.symbol not in ("|", "|&"):
            return last
        scope = Scope("pipeline", self.cooked, start)
        outer = self.scopes
        place = len(outer)
        for command in self.found[first:]:
            command.scopes = (*command.scopes[:place], scope, *command.scopes[place:])
        self.scopes = (*outer, scope)
        while self.kind == "op" and self.symbol in ("|", "|&"):
            before = self._operator()
            if last:
                last.after = before
            self.advance()
            self.newlines()
            last = self._command(before, negated)
        scope.end = self.previous
        self.scopes = outer
        return last

    def _command(self, before: Operator | None, negated: bool) -> Command | None:  # noqa: FBT001
        """A simple command, or None for a compound one."""
        if self.kind == "plain" and self.symbol in _RESERVED:
            if self.symbol not in COMPOUND:
                raise Unreadable
            self.compound()
            return None
        if self.kind == "op":
            self.compound()
            return None
        return self._simple(before, negated)

    # Simple commands

    def _simple(self, before: Operator | None, negated: bool) -> Command | None:  # noqa: FBT001
        cooked = self.cooked
        first, start = len(self.found), self.start
        words: list[Word] = []
        assignments: list[Assignment] = []
        redirects: list[Redirect] = []
        end = start
        while True:
            kind = self.kind
            if kind == "redirect":
                redirects.append(self._redirect())
                end = redirects[-1].end
            elif kind not in ("plain", "word"):
                if self.symbol != "(" or not words or not self._declares(words):
                    break
                words[-1] = self._array(words[-1].start, self.start)
                end = words[-1].end
            elif not words and (assignment := self._assignment()):
                assignments.append(assignment)
                end = assignment.end
            elif kind == "plain":
                end = self.end
                words.append(Word(cooked, self.start, end, self.symbol))
                self.advance()
            else:
                words.append(self._argument())
                end = words[-1].end
        if self.symbol == "(" and kind == "op":
            if len(words) != 1 or assignments or redirects:
                raise Unreadable
            self.expect("(")
            self.expect(")")
            read_function(self, start, words[0])
            return None
        if end == start or (words and not assignments and not redirects and words[0].text != words[0].value
                            and words[0].value in _RESERVED and not words[0].quoted):  # fmt: skip
            raise Unreadable
        command = Command(cooked, start, end, words, assignments, redirects, self.scopes, before, negated)
        if first == len(self.found):
            self.found.append(command)
        else:
            self.found.insert(first, command)
        if words:
            self.shell(words)
        return command

    def _declares(self, words: list[Word]) -> bool:
        """Whether the `(` at hand begins the array of a `declare name=( … )`."""
        last = words[-1]
        return last.end == self.start and words[0].value in _DECLARES and bool(_ASSIGNMENT.fullmatch(last.text))

    def _argument(self) -> Word:
        word = read_word(self, self.start)
        if word.end < len(self.text) and self.text[word.end] in "<>" and _BROKEN_FD.match(self.text, self.start):
            raise Unreadable
        self.end = word.end
        self.advance()
        return word

    def _assignment(self) -> Assignment | None:
        """The assignment at hand, if it is one."""
        text, start = self.text, self.start
        match = _ASSIGNMENT.match(text, start)
        if match:
            at = match.end()
            if text.startswith("(", at):
                return Assignment(match[1], self._array(at, at), start, append=bool(match[2]))
            plain = _PLAIN_VALUE.match(text, at)
            value = Word(self.cooked, at, plain.end(), plain[0]) if plain else read_word(self, at, VALUE)
            self.end = value.end
            self.advance()
            return Assignment(match[1], value, start, append=bool(match[2]))
        match = _ELEMENT.match(text, start) if self.kind == "word" else None
        if not match:
            return None
        at = closing(self, match.end() - 1) + 1
        equals = _EQUALS.match(text, at)
        if not equals:
            if read_word(self, start).end < at:
                raise Unreadable
            return None
        walk(self, match.end(), at - 1)
        value = read_word(self, equals.end(), VALUE)
        array = Part(value.start, value.start, None, '"')
        value = Word(self.cooked, value.start, value.end, None, [array], frozenset(["array"]))
        self.end = value.end
        self.advance()
        return Assignment(match[1], value, start, append=bool(equals[1]))

    def _array(self, start: int, at: int) -> Word:
        """An array's `( … )` at `at`, as a word from `start`."""
        enter(self)
        self.end = at + 1
        self.advance()
        while self.symbol != ")":
            if self.kind in ("plain", "word"):
                self._element()
            elif self.symbol == "\n":
                self.advance()
            else:
                raise Unreadable
        self.depth -= 1
        word = Word(self.cooked, start, self.end, None, [Part(start, self.end, None, '"')], frozenset(["array"]))
        self.advance()
        return word

    def _element(self) -> None:
        if self.text[self.start] == "[":
            at = closing(self, self.start) + 1
            equals = _EQUALS.match(self.text, at)
            if equals:
                walk(self, self.start + 1, at - 1)
                self.end = read_word(self, equals.end(), VALUE).end
                self.advance()
                return
        self.word()

    def _redirect(self) -> Redirect:
        start, fd = self.start, _FD.match(self.symbol)
        op = self.symbol[fd.end() :] if fd else self.symbol
        number = _NUMBER.match(self.text, self.end) if op in (">&", "<&") else None
        if number:
            target = Word(self.cooked, number.start(1), number.end(), number[1])
            self.end = number.end()
            self.advance()
        else:
            self.advance()
            target = self.word()
        redirect = Redirect(self.cooked, op, fd[0] if fd else "", target, start, target.end)
        if op in ("<<", "<<-"):
            self.pending.append(redirect)
            if self.symbol in ("\n", "") and self.kind in ("op", "end"):
                self._bodies()
        return redirect

    # Here-documents

    def _bodies(self) -> None:
        pending, self.pending = self.pending, []
        for redirect in pending:
            self.end = read_document(self, redirect, self.end)

    # Commands inside words

    def commands(self, start: int, kind: str) -> int:
        enter(self)
        saved = (self.kind, self.symbol, self.start, self.end, self.previous, self.scopes, self.pending, self.inside)
        scope = Scope(kind, self.cooked, start - 2)
        self.scopes = (*self.scopes, scope)
        self.pending, self.inside, self.end = [], True, start
        self.advance()
        self.read_list()
        if self.symbol != ")" or self.pending:
            raise Unreadable
        scope.end = end = self.end
        self.kind, self.symbol, self.start, self.end, self.previous, self.scopes, self.pending, self.inside = saved
        self.depth -= 1
        return end

    def inner(self, cooked: Cooked, scopes: tuple[Scope, ...]) -> Parser:
        """A parser for a text inside this one's."""
        return Parser(cooked, self.depth, scopes)

    def script(self, cooked: Cooked, kind: str) -> None:
        enter(self)
        nested = self.inner(cooked, (*self.scopes, Scope(kind, cooked, 0, len(cooked.text))))
        try:
            nested.script_to_end()
        except Unreadable:
            pass  # no shell reads it before it runs
        else:
            self.found += nested.found
            self.functions |= nested.functions
        self.depth -= 1

    def shell(self, words: list[Word]) -> None:
        """The commands of a `sh -c`."""
        word = script_word(words)
        script = word.cooked if word else None
        if script:
            self.script(script, "shell")

    def documents(self) -> None:
        """The commands of here-documents that a shell reads: `bash <<EOF`."""
        found, self.found = self.found, []
        for command in found:
            self.found.append(command)
            body = script_document(command)
            if body is not None:
                self.scopes = command.scopes
                self.script(body, "shell")

    # Compound commands

    def compound(self) -> None:
        enter(self)
        read = COMPOUND.get(self.symbol)
        if not read:
            raise Unreadable
        scopes = read(self)
        redirects: list[Redirect] = []
        for scope in scopes:
            scope.end = self.previous
            scope.redirects = redirects
        while self.kind == "redirect":
            redirects.append(self._redirect())
        self.depth -= 1


def parse(cooked: Cooked) -> Script | None:
    """Read a script as bash would; None where it isn't one or can't be read. Never raises."""
    if "\0" in cooked.text:
        return None
    parser = Parser(cooked)
    try:
        parser.script_to_end()
        if "<<" in cooked.text:
            parser.documents()
    except (Unreadable, RecursionError):
        return None
    return Script(cooked, parser.found, frozenset(parser.functions))


def parse_exec(argv: Sequence[Cooked]) -> Script | None:
    """The exec form: one command whose words are the strings as they are, and the script of a `sh -c` in it."""
    if not argv:
        return None
    pieces: list[tuple[str, int, int]] = []
    bounds = []
    length = 0
    for index, cooked in enumerate(argv):
        if index:
            pieces.append((" ", argv[index - 1].whole.end, cooked.whole.start))
            length += 1
        pieces += cooked.pieces(0, len(cooked.text))
        bounds.append((length, length + len(cooked.text)))
        length += len(cooked.text)
    joined = Cooked.join(pieces, argv[0].special, empty_at=argv[0].place(0))
    words = [
        Word(joined, start, end, joined.text[start:end], [Part(start, end, joined.text[start:end], "exec")])
        for start, end in bounds
    ]
    parser = Parser(joined)
    parser.found.append(Command(joined, 0, length, words, [], [], (), None, negated=False))
    parser.shell(words)
    return Script(joined, parser.found, frozenset(parser.functions))
