"""The compound commands of the shell: groups, conditionals, loops, functions, `(( ))` and `[[ ]]`.

Each function here reads one construct from its first token to its last and returns its scopes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint.lazy import regex
from uvlint.shell_tree import Scope
from uvlint.shell_words import PATTERN, REGEX, Unreadable, closing, enter, read_word, walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from uvlint.shell import Parser
    from uvlint.shell_tree import Word

_BLANKS = regex(r"(?:[ \t]++|\\\n)*+")
_ARITHMETIC_JOINED = regex(r"(?:\\\n)+\(")
_UNARY = frozenset(f"-{letter}" for letter in "abcdefghknoprstuvwxzGLNORS")
_BINARY = regex(r"(?:==?|!=|=~|-(?:eq|ne|l[te]|g[te]|nt|ot|ef))(?=[ \t\n\\])|[<>](?=[^<>&|(])")


def _parenthesis(parser: Parser) -> tuple[Scope, ...]:
    if parser.text.startswith("(", parser.end):
        end = closing(parser, parser.end)
        if parser.text.startswith("))", end):
            walk(parser, parser.end + 1, end)
            parser.end = end + 2
            parser.advance()
            return ()
    elif _ARITHMETIC_JOINED.match(parser.text, parser.end):
        raise Unreadable
    scope = Scope("subshell", parser.cooked, parser.start)
    parser.body(scope, "(", ")")
    return (scope,)


def _group(parser: Parser) -> tuple[Scope, ...]:
    scope = Scope("group", parser.cooked, parser.start)
    parser.body(scope, "{", "}")
    return (scope,)


def _if(parser: Parser) -> tuple[Scope, ...]:
    condition = Scope("if", parser.cooked, parser.start, part="condition")
    body = Scope("if", parser.cooked, parser.start)
    parser.advance()
    parser.commands_in(condition)
    parser.expect("then")
    parser.commands_in(body)
    branch = body
    scopes = [condition, body]
    while parser.symbol == "elif":
        branch = branch.instead()
        inner = Scope("if", parser.cooked, parser.start, part="condition")
        scopes += [branch, inner]
        parser.advance()
        parser.commands_in(branch, inner)
        parser.expect("then")
        parser.commands_in(branch)
    if parser.symbol == "else":
        scopes.append(branch := branch.instead())
        parser.advance()
        parser.commands_in(branch)
    parser.expect("fi")
    return tuple(scopes)


def _while(parser: Parser) -> tuple[Scope, ...]:
    condition = Scope(parser.symbol, parser.cooked, parser.start, part="condition")
    body = Scope(parser.symbol, parser.cooked, parser.start)
    parser.advance()
    parser.commands_in(condition)
    parser.body(body, "do", "done")
    return condition, body


def _for(parser: Parser) -> tuple[Scope, ...]:
    scope = Scope(parser.symbol, parser.cooked, parser.start)
    parser.advance()
    if parser.kind == "op" and scope.kind == "for" and parser.text.startswith("((", parser.start):
        end = closing(parser, parser.start + 1)
        if not parser.text.startswith("))", end) or parser.text.count(";", parser.start, end) != 2:
            raise Unreadable
        walk(parser, parser.start + 2, end)
        parser.end = end + 2
        parser.advance()
        if parser.symbol == ";":
            parser.advance()
    else:
        _over(parser, scope)
    parser.newlines()
    if parser.symbol == "{":
        parser.body(scope, "{", "}")
    else:
        parser.body(scope, "do", "done")
    return (scope,)


def _over(parser: Parser, scope: Scope) -> None:
    """The variable and words of a `for` or `select`."""
    scope.name = parser.word().value or ""
    if parser.symbol == ";":
        parser.advance()
        return
    parser.newlines()
    if parser.symbol != "in":
        return
    parser.advance()
    scope.words = []
    while parser.kind in ("plain", "word"):
        scope.words.append(parser.word())
    if parser.kind != "op" or parser.symbol not in (";", "\n"):
        raise Unreadable
    parser.advance()


def _case(parser: Parser) -> tuple[Scope, ...]:
    scope = Scope("case", parser.cooked, parser.start)
    parser.advance()
    scope.words = [parser.word()]
    parser.newlines()
    parser.expect("in")
    parser.newlines()
    outer = parser.scopes
    scopes, more = [scope], False
    while parser.symbol != "esac":
        if parser.symbol == "(":
            parser.advance()
        parser.word()
        while parser.symbol == "|":
            parser.advance()
            parser.word()
        parser.expect(")")
        parser.scopes = (*outer, scope)
        parser.read_list()
        parser.scopes = outer
        if parser.kind == "op" and parser.symbol in (";;", ";&", ";;&"):
            more = more or parser.symbol == ";;&"
            scopes.append(scope := scope.instead(after=more or parser.symbol == ";&"))
            parser.advance()
            parser.newlines()
        elif parser.symbol != "esac":
            raise Unreadable
    parser.advance()
    return tuple(scopes)


def _function_word(parser: Parser) -> tuple[Scope, ...]:
    start = parser.start
    parser.advance()
    word = parser.word()
    if parser.symbol == "(" and parser.text[parser.start : parser.end + 1] != "((":
        parser.advance()
        parser.expect(")")
    read_function(parser, start, word)
    return ()


def read_function(parser: Parser, start: int, word: Word) -> None:
    scope = Scope("function", parser.cooked, start)
    if word.value:
        scope.name = word.value
        parser.functions.add(word.value)
    parser.newlines()
    if parser.symbol == "function" or parser.kind not in ("plain", "op"):
        raise Unreadable
    outer = parser.scopes
    parser.scopes = (*outer, scope)
    parser.compound()
    parser.scopes = outer
    scope.end = parser.previous


def _condition(parser: Parser) -> tuple[Scope, ...]:
    parser.advance()
    _tests(parser)
    parser.expect("]]")
    return ()


def _tests(parser: Parser) -> None:
    while True:
        parser.newlines()
        while parser.symbol == "!" and parser.kind == "plain":
            parser.advance()
        if parser.symbol == "(" and parser.kind == "op":
            enter(parser)
            parser.advance()
            _tests(parser)
            parser.expect(")")
            parser.depth -= 1
        else:
            _test(parser)
        parser.newlines()
        if parser.kind != "op" or parser.symbol not in ("&&", "||"):
            return
        parser.advance()


def _test(parser: Parser) -> None:
    if parser.symbol == "]]":
        raise Unreadable
    unary = parser.kind == "plain" and parser.symbol in _UNARY
    parser.word()
    if unary:
        if parser.symbol == "]]":
            raise Unreadable
        parser.word()
        return
    binary = _BINARY.match(parser.text, parser.start)
    if binary:
        blanks = _BLANKS.match(parser.text, binary.end())
        start = blanks.end() if blanks else binary.end()
        word = read_word(parser, start, REGEX if binary[0] == "=~" else PATTERN)
        if word.end == start or word.text == "]]":
            raise Unreadable
        parser.end = word.end
        parser.advance()


COMPOUND: dict[str, Callable[[Parser], tuple[Scope, ...]]] = {
    "(": _parenthesis,
    "{": _group,
    "if": _if,
    "while": _while,
    "until": _while,
    "for": _for,
    "select": _for,
    "case": _case,
    "function": _function_word,
    "[[": _condition,
}
