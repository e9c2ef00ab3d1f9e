from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uvlint.shell import Command, Script, Word, parse, parse_exec
from uvlint.source import Cooked, Source, Span


def read(text: str) -> Script:
    script = parse(Cooked.plain(text, 0))
    assert script is not None
    return script


def command(text: str) -> Command:
    (found,) = read(text).commands
    return found


def word(text: str) -> Word:
    (found,) = read(f"x {text}").commands[0].words[1:]
    assert found.text == text
    return found


@pytest.mark.parametrize(
    ("text", "argvs"),
    [
        ("", []),
        ("# pip install a", []),
        ("pip install a", [["pip", "install", "a"]]),
        ("pip  install\ta # why", [["pip", "install", "a"]]),
        ("pip install a#b", [["pip", "install", "a#b"]]),
        ("pip install \\\n  a \\\n  b", [["pip", "install", "a", "b"]]),
        ("pip in\\\nstall", [["pip", "install"]]),
        ("a && b || c; d & e\nf", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("a &&\n\n b", [["a"], ["b"]]),
        ("a | b |& c", [["a"], ["b"], ["c"]]),
        ("! a", [["a"]]),
        ("time -p a b", [["a", "b"]]),
        ("(a; b)", [["a"], ["b"]]),
        ("{ a; b; }", [["a"], ["b"]]),
        ("if a; then b; elif c; then d; else e; fi", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("while a; do b; done", [["a"], ["b"]]),
        ("until a; do b; done", [["a"], ["b"]]),
        ("for x in a b; do c; done", [["c"]]),
        ("for x do c; done", [["c"]]),
        ("for x in $(a)\ndo c\ndone", [["a"], ["c"]]),
        ("for ((i = 0; i < 3; i++)); do c; done", [["c"]]),
        ("select x in a b; do c; done", [["c"]]),
        ("case $x in a | b) c ;; (d) ;; e) f ;& *) g ;;& h) i; esac", [["c"], ["f"], ["g"], ["i"]]),
        ("f() { a; }; f", [["a"], ["f"]]),
        ("f ()\n(a)", [["a"]]),
        ("function f { a; }", [["a"]]),
        ("function f () if a; then b; fi", [["a"], ["b"]]),
        ("[[ -f x && ( $a == @(b|c) || ! $d =~ ^(e f)|g$ ) ]] && h", [["h"]]),
        ("[[ $(a) < b ]]", [["a"]]),
        ("[ -f x ] && a", [["[", "-f", "x", "]"], ["a"]]),
        ("((x = $(a) + 1)) && b", [["a"], ["b"]]),
        ("((a); b)", [["a"], ["b"]]),
        ("echo $((1 + (2))) $[3]", [["echo", None, None]]),
        ("echo $(a $(b))", [["echo", None], ["a", None], ["b"]]),
        ("echo $( (a); b)", [["echo", None], ["a"], ["b"]]),
        ("echo $((a); b)", [["echo", None], ["a"], ["b"]]),
        ('echo "x $(a "y z") w"', [["echo", None], ["a", "y z"]]),
        ("echo `a \\`b\\``", [["echo", None], ["a", None], ["b"]]),
        ("echo `if`", [["echo", None]]),
        ("diff <(a) >(b)", [["diff", None, None], ["a"], ["b"]]),
        ("echo ${x:-$(a)}", [["echo", None], ["a"]]),
        ("echo $(case x in a) b;; esac)", [["echo", None], ["b"]]),
        ("x=$(a) b", [["b"], ["a"]]),
        ("x=(a $(b) [3]=c) d", [["d"], ["b"]]),
        ("x[1 + $(a)]=b c", [["c"], ["a"]]),
        ("declare -a x=(a b)", [["declare", "-a", None]]),
        ("a 2>&1>b <c >|d &>e 2>>f {g}<&-", [["a"]]),
        ("> f", [[]]),
        ("a <<< b", [["a"]]),
        ("echo if then fi", [["echo", "if", "then", "fi"]]),
        ("sh -c 'a b; c'", [["sh", "-c", "a b; c"], ["a", "b"], ["c"]]),
        (
            '/bin/bash -euo pipefail -c "a \\"b c\\""',
            [["/bin/bash", "-euo", "pipefail", "-c", 'a "b c"'], ["a", "b c"]],
        ),
        ("bash -c -e a", [["bash", "-c", "-e", "a"], ["a"]]),
        ("bash --login -c a b", [["bash", "--login", "-c", "a", "b"], ["a"]]),
        ("busybox sh -c a", [["busybox", "sh", "-c", "a"], ["a"]]),
        ("busybox ash -c a", [["busybox", "ash", "-c", "a"], ["a"]]),
        ("busybox wget -c a", [["busybox", "wget", "-c", "a"]]),
        ('sh -c "a $b"', [["sh", "-c", None]]),
        ("sh -c 'if'", [["sh", "-c", "if"]]),
        ("sh x -c a", [["sh", "x", "-c", "a"]]),
        ("sh -c", [["sh", "-c"]]),
        ("cat <<EOF\n$(a)\nEOF\nb", [["cat"], ["a"], ["b"]]),
        ("cat <<'EOF'\n$(a)\nEOF\nb", [["cat"], ["b"]]),
        ("cat <<EOF | b\nx\nEOF", [["cat"], ["b"]]),
        ("cat <<A <<B; c\n1\nA\n2\nB\nd", [["cat"], ["c"], ["d"]]),
        ("cat <<-EOF\n\tx\n\tEOF\nb", [["cat"], ["b"]]),
        ("cat <<EOF\nx\\\nEOF\nEOF\nb", [["cat"], ["b"]]),
        ("cat <<EOF\nx", [["cat"]]),
        ("cat <<EOF\n$(\nEOF\nb", [["cat"], ["b"]]),
        ("echo $(cat <<EOF\nx\nEOF\n)", [["echo", None], ["cat"]]),
        ("echo $(cat <<EOF\nx\nEOF)", [["echo", None], ["cat"]]),
    ],
)
def test_the_commands_of_a_script(text: str, argvs: list[list[str | None]]) -> None:
    assert [found.argv for found in read(text).commands] == argvs


@pytest.mark.parametrize(
    "text",
    [
        "a &&", "&& a", "a ; ; b", ";", "a ;; b", "| a", "a |", "a & && b",
        "'a", '"a', "`a", "$(a", "${a", "$((1", "(a", "a)", "()", "{ a; ", "{ }", "}", "a > ", "a > > b", "$'a",
        "if a; then fi", "if a; fi", "then", "fi", "do", "while a; done", "for x in a; b", "for ((;)); do a; done",
        "case x in a b) c;; esac", "case x in a) b", "a (b)", "echo a=(b)", "f() a", "f() function g { a; }", "x=(a",
        "[[ ]]", "[[ a", "[[ a b ]]", "[[ -f ]]", "[[ -f && a ]]", "[[ a == ]]", "a | ! b", "in", "]]", "{ a; }x", "for i in a; {b; }", "{ a; }$x", "a\0b", "a \\",
    ],
)  # fmt: skip
def test_what_is_no_shell_is_no_script(text: str) -> None:
    assert parse(Cooked.plain(text, 0)) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(",
            "$(",
            "$((",
            "((",
            "${x:-",
            "if ",
            "f() ",
            "{ ",
            "<(",
            "`\\",
            "x=(",
            "a[",
            '"$(',
            "[[ a == @(",
            "echo $[",
        ),
        *("[[ " + "( " * 9, "! (", "a | { ", "x=$("),
    ],
)
def test_hostile_nesting_is_no_script(text: str) -> None:
    assert parse(Cooked.plain(text * 9999, 0)) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", "a"), ("a=b", "a=b"), ("a~b", "a~b"), ("foo~=1", "foo~=1"), ("{}", "{}"), ("a{b}", "a{b}"), ("[", "["),
        ("a]", "a]"), ("-", "-"), ("é", "é"), ("\xa0", "\xa0"), ("a!", "a!"), ("x{a", "x{a"), ("--p=~/x", "--p=~/x"),
        ("''", ""), ('""', ""), ("'a b'", "a b"), ("'a\\b'", "a\\b"), ("a'b'c", "abc"), ("'a'\"b\"", "ab"),
        ('"a b"', "a b"), ('"a\\"b"', 'a"b'), ('"\\a\\$\\`\\\\"', "\\a$`\\"), ('"a\\\nb"', "ab"), ('"~*{a,b}"', "~*{a,b}"),
        ("\\a", "a"), ("\\*", "*"), ("a\\ b", "a b"), ("a\\\nb", "ab"), ("'a\\\nb'", "a\\\nb"), ("\\~", "~"),
        ("a$", "a$"), ('"a$"', "a$"), ("$'a\\nb\\'\\x41\\101'", "a\nb'AA"), ("$'\\q'", "\\q"),
        ("$a", None), ("${a}", None), ('"$a"', None), ("$(a)", None), ("`a`", None), ("$((1))", None), ("$?", None),
        ("*", None), ("a?", None), ("a[bc]", None), ("{a,b}", None), ("{1..3}", None), ('{"a",b}', None), ("~", None),
        ("~/a", None), ("a=~", None), ("a=b:~", None), ("$'\\u00e9'", None), ("$'\\0'", None), ('$"a"', None),
        ("<(a)", None),
    ],
)  # fmt: skip
def test_the_value_of_a_word(text: str, value: str | None) -> None:
    found = word(text)
    assert found.value == value
    assert found.cooked is None if value is None else found.cooked is not None and found.cooked.text == value


@pytest.mark.parametrize(
    ("text", "prefix", "dynamic", "variables"),
    [
        ("a", "a", set(), ()),
        ("a'b'", "ab", set(), ()),
        ("a$b", "a", {"expansion", "splits"}, ("b",)),
        ('"a b$c"', "a b", {"expansion"}, ("c",)),
        ("${a:-b}${c}", "", {"expansion", "splits"}, ("a", "c")),
        ('"${a:-$b}${a%.*}${#d}"', "", {"expansion"}, ("a", "b", "d")),
        ('"$@"', "", {"expansion", "splits"}, ()),
        ('"${a[@]}"', "", {"expansion", "splits"}, ("a",)),
        ('"$(b $a)"', "", {"expansion"}, ()),
        ("a*b", "a", {"glob", "splits"}, ()),
        ("foo[bar]==1", "foo", {"glob", "splits"}, ()),
        ("a{b,c}", "a", {"brace", "splits"}, ()),
        ("~/a", "", {"tilde"}, ()),
        ("'a'*$b", "a", {"glob", "expansion", "splits"}, ("b",)),
    ],
)
def test_what_makes_a_word_dynamic(text: str, prefix: str, dynamic: set[str], variables: tuple[str, ...]) -> None:
    found = word(text)
    assert (found.prefix, set(found.dynamic), found.variables) == (prefix, dynamic, variables)
    assert (found.has_expansion, found.splits, found.glob) == tuple(
        x in dynamic for x in ("expansion", "splits", "glob")
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("foo[bar]", "foo[bar]"), ("'a'*", "a*"), ("a", "a"), ("$a", None), ("~", None), ("a*$b", None), ("{a,b}", None)],
)
def test_a_glob_that_matches_nothing_stays(text: str, value: str | None) -> None:
    assert word(text).literal == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", "a"), ("$A", "1"), ('"x${A}y"', "x1y"), ("$A$A", "11"), ("$unknown", None), ("$missing", None),
        ("${A:-2}", "1"), ("${empty:-2}", "2"), ("${empty-2}", None), ('"${empty-2}"', ""), ("${empty:+2}", None),
        ("${A:+2}", "2"), ("x${empty:+2}", "x"), ("${A:?m}", "1"), ("${empty:?m}", None), ("${missing:-2}", None),
        ("$blank", None), ('"$blank"', "a b"), ("x$star", None), ('"$star"', "*"), ("$empty", None), ('"$empty"', ""),
        ("$A$(b)", None), ("${A%x}", None), ("$A*", None), ("~/$A", None), ("${A:-$b}", None), ("$?", None),
    ],
)  # fmt: skip
def test_a_word_resolved(text: str, value: str | None) -> None:
    env = {"A": "1", "empty": "", "blank": "a b", "star": "*", "unknown": None}
    assert word(text).resolve(env) == value


@pytest.mark.parametrize(
    ("text", "assignments"),
    [
        ("A=1 b", [("A", "1", False)]),
        ("A= B='x y' C+=z", [("A", "", False), ("B", "x y", False), ("C", "z", True)]),
        ("A=* B={a,b} C=[d]", [("A", "*", False), ("B", "{a,b}", False), ("C", "[d]", False)]),
        ("A=~/x B=x:~ C=a~", [("A", None, False), ("B", None, False), ("C", "a~", False)]),
        ("A=$x B=(1 2) C[0]=3", [("A", None, False), ("B", None, False), ("C", None, False)]),
        (">f A=1 b", [("A", "1", False)]),
        ("b A=1", []),
        ("export A=1", []),
        ("'A'=1", []),
        ("1A=1", []),
    ],
)
def test_assignments_stand_before_the_first_word(text: str, assignments: list[tuple[str, str | None, bool]]) -> None:
    assert [(a.name, a.value.value, a.append) for a in command(text).assignments] == assignments


def test_an_assigned_expansion_does_not_split() -> None:
    (assignment,) = command("A=$x/b").assignments
    assert assignment.value.resolve({"x": "a b"}) == "a b/b"
    assert not assignment.value.splits


@pytest.mark.parametrize(
    ("text", "redirects"),
    [
        ("a > b", [("", ">", "b")]),
        ("a 2>&1 >b", [("2", ">&", "1"), ("", ">", "b")]),
        ("a 2>&1>b", [("2", ">&", "1"), ("", ">", "b")]),
        ("a2>b", [("", ">", "b")]),
        ("a 2 > b", [("", ">", "b")]),
        ("pip install foo>=1.0", [("", ">", "=1.0")]),
        ("a &>b &>>c", [("", "&>", "b"), ("", "&>>", "c")]),
        ("a <<<'b c' <>d >|e", [("", "<<<", "b c"), ("", "<>", "d"), ("", ">|", "e")]),
        ("a {fd}>b 3<&-", [("{fd}", ">", "b"), ("3", "<&", "-")]),
        ("a < <(b)", [("", "<", None)]),
    ],
)
def test_redirects(text: str, redirects: list[tuple[str, str, str | None]]) -> None:
    found = read(text).commands[0].redirects
    assert [(r.fd, r.op, r.target and r.target.value) for r in found] == redirects


@pytest.mark.parametrize(
    ("text", "body", "expands"),
    [
        ("a <<E\nx\ny\nE\n", "x\ny\n", False),
        ("a <<E\n$x\n\\$y\nE", "$x\n$y\n", True),
        ("a <<E\n\\$y $ \\`\\\\\nE", "$y $ `\\\n", False),
        ("a <<'E'\n$x\\\nE", "$x\\\n", False),
        ('a <<"E F"\nx\nE F', "x\n", False),
        ("a <<-E\n\tx\n\t\ty\n\tE", "x\ny\n", False),
        ("a <<E\nx\\\ny\nE", "xy\n", False),
        ("a <<E\nE", "", False),
        ("a <<E\nx", "x", False),
        ("a <<E", "", False),
    ],
)
def test_the_body_of_a_here_document(text: str, body: str, expands: bool) -> None:
    (redirect,) = command(text).redirects
    assert redirect.body is not None
    assert (redirect.body.text, redirect.expands) == (body, expands)


@pytest.mark.parametrize(
    ("text", "beside"),
    [
        ("a", [(None, None)]),
        ("a;", [(None, ";")]),
        ("a && b || c", [(None, "&&"), ("&&", "||"), ("||", None)]),
        ("a; b & c\n\nd", [(None, ";"), (";", "&"), ("&", "\n"), ("\n", None)]),
        ("a && b | c; d", [(None, "&&"), ("&&", "|"), ("|", ";"), (";", None)]),
        ("a && (b; c) && d", [(None, "&&"), (None, ";"), (";", None), ("&&", None)]),
        ("a | { b; } | c", [(None, "|"), (None, ";"), ("|", None)]),
        ("a $(b | c)", [(None, None), (None, "|"), ("|", None)]),
    ],
)
def test_the_operators_beside_a_command(text: str, beside: list[tuple[str | None, str | None]]) -> None:
    script = read(text)
    found = [(c.before and c.before.text, c.after and c.after.text) for c in script.commands]
    assert found == beside
    for each in script.commands:
        for operator in (each.before, each.after):
            assert operator is None or text[operator.start : operator.end] == operator.text


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        ("x", []),
        ("(x)", ["subshell"]),
        ("{ x; }", ["group"]),
        ("if x; then a; fi", ["if/condition"]),
        ("if a; then x; fi", ["if"]),
        ("if a; then b; elif x; then c; fi", ["if", "if/condition"]),
        ("if a; then b; elif c; then d; else x; fi", ["if"]),
        ("while x; do a; done", ["while/condition"]),
        ("until a; do x; done", ["until"]),
        ("for i in a; do x; done", ["for"]),
        ("for i in $(x); do a; done", ["substitution"]),
        ("case a in b) x;; esac", ["case"]),
        ("f() { x; }", ["function", "group"]),
        ("a | x | b", ["pipeline"]),
        ("(x) | a", ["pipeline", "subshell"]),
        ("a `x`", ["substitution"]),
        ("a <(x)", ["process"]),
        ("(sh -c 'a | x')", ["subshell", "shell", "pipeline"]),
        ("a <<E\n$(x)\nE", ["substitution"]),
    ],
)
def test_the_constructs_around_a_command(text: str, scopes: list[str]) -> None:
    (found,) = [each for each in read(text).commands if each.name == "x"]
    assert [s.kind + ("/condition" if s.part == "condition" else "") for s in found.scopes] == scopes
    for scope in found.scopes:
        assert 0 <= scope.start < scope.end <= len(scope.cooked.text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a; (b; x); c", "(b; x)"),
        ("{ x; } > f", "{ x; }"),
        ("a; for i in 1 2; do x; done; c", "for i in 1 2; do x; done"),
        ("a | x; c", "a | x"),
        ("f() { x; }; a", "f() { x; }"),
        ("a b$(x)c", "$(x)"),
    ],
)
def test_the_range_of_a_scope(text: str, written: str) -> None:
    (found,) = [each for each in read(text).commands if each.name == "x"]
    scope = found.scopes[0]
    assert scope.cooked.text[scope.start : scope.end] == written


def test_a_loop_names_its_variable_and_words() -> None:
    (scope,) = command("for p in a 'b c'; do x $p; done > log").scopes
    assert (scope.name, [w.value for w in scope.words or []]) == ("p", ["a", "b c"])
    assert [r.op for r in scope.redirects] == [">"]


def test_functions_are_named() -> None:
    assert read("f() { a; }; function g { b; }; h").functions == {"f", "g"}


@pytest.mark.parametrize(("text", "negated"), [("! a", True), ("! ! a", False), ("a", False), ("! time a", True)])
def test_negation(text: str, negated: bool) -> None:
    assert command(text).negated is negated


def test_every_range_is_that_of_the_text() -> None:
    text = "A=1 B='2' pip install 'a b' > log && x <<E\ny\nE\n"
    first, second = read(text).commands
    assert text[slice(*first.span)] == "A=1 B='2' pip install 'a b' > log"
    assert [text[slice(*w.span)] for w in first.words] == ["pip", "install", "'a b'"]
    assert [text[slice(*a.span)] for a in first.assignments] == ["A=1", "B='2'"]
    assert [text[slice(*r.span)] for r in first.redirects] == ["> log"]
    assert text[slice(*second.span)] == "x <<E"


def test_a_nested_script_knows_its_place() -> None:
    text = 'RUN sh -c "pip install \\"a b\\" \'c\'"'
    script = parse(Cooked.plain(text[4:], 4))
    assert script is not None
    pip = script.commands[1]
    assert pip.argv == ["pip", "install", "a b", "c"]
    assert [text[slice(*w.span)] for w in pip.words] == ["pip", "install", '\\"a b\\"', "'c'"]
    assert pip.scopes[0].cooked is pip.cooked


@pytest.mark.parametrize(
    ("text", "refused", "taken"),
    [("a", " $'*>;", "=.b-"), ("'a'", "'", '" $>*'), ('"a"', '"$`\\', "' >*"), ("a\\ b", " '", "b"), ("''", "'", " a")],
)
def test_what_can_be_written_in_a_word(text: str, refused: str, taken: str) -> None:
    cooked = word(text).cooked
    assert cooked is not None
    assert [char for char in refused if cooked.takes(char)] == []
    assert cooked.takes(taken)


def strings(text: str) -> list[Cooked]:
    """The strings of a JSON array without escapes, each with its place."""
    found, at = [], 0
    for value in json.loads(text):
        at = text.index('"', at) + 1
        found.append(Cooked.plain(value, at, special='"\\'))
        at += len(value) + 1
    return found


def test_the_exec_form() -> None:
    text = '["pip",  "install", "", "$a *"]'
    script = parse_exec(strings(text))
    assert script is not None
    (pip,) = script.commands
    assert pip.argv == ["pip", "install", "", "$a *"]
    assert [pip.cooked.text[w.start : w.end] for w in pip.words] == pip.argv
    assert [Source(text)[w.span] for w in pip.words] == pip.argv
    assert pip.words[2].span == Span(21, 21)
    assert Source(text)[pip.span] == 'pip",  "install", "", "$a *'
    last = pip.words[3].cooked
    assert last is not None
    assert last.takes("$ '*")
    assert not last.takes('"')


def test_a_shell_in_exec_form() -> None:
    text = '["/bin/sh", "-ec", "pip install \'a b\' && c"]'
    script = parse_exec(strings(text))
    assert script is not None
    assert [c.name for c in script.commands] == ["/bin/sh", "pip", "c"]
    assert Source(text)[script.commands[1].span] == "pip install 'a b'"
    assert [s.kind for s in script.commands[1].scopes] == ["shell"]


def test_an_empty_exec_form_is_no_script() -> None:
    assert parse_exec([]) is None


PIECES = [
    *("a", "b", "pip", "=", "A=", "$X", "${X}", "${X:-d}", "${", "}", "{", "'", '"', "`", "$(", "$((", ")", "))", "("),
    *("((", "[[", "]]", "[", "]", ";", "&&", "||", "|", "&", ";;", "<", ">", ">>", "2>&1", "<<E", "E", "\\", "#", "if"),
    *("then", "fi", "else", "elif", "for", "in", "do", "done", "while", "case", "esac", "!", "time", "function", "f()"),
    *("<(", "<<<", "$'", "*", "?", "~", "{a,b}", "{1..2}", "=~", "==", "-f", "$", "1", "2", "@", "é", " ", " ", " "),
    *("\n", "\t", "\nE\n", "\\\n"),
]
SHELLISH = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
QUOTING = [
    *("a", "é", "'", '"', "' '", "\\", "\\\n", "$", "$'", "\\n", "\\x41", "{", "}", ",", "..", "~", "=", ":"),
    *("*", "[", "]", "#", "!"),
]


@settings(max_examples=300, deadline=None)
@given(SHELLISH | st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    script = parse(Cooked.plain(text, 0))
    for found in script.commands if script else ():
        assert found.cooked.text[found.start : found.end]
        end = found.start
        for each in found.words:
            assert end <= each.start < each.end <= found.end
            assert each.cooked is None or each.cooked.text == each.value
            assert each.resolve({}) == each.value
            end = each.end


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is the oracle")
@settings(max_examples=80, deadline=None)
@given(text=st.lists(st.sampled_from(QUOTING), min_size=1, max_size=8).map("".join))
def test_static_words_are_those_of_bash(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    script = parse(Cooked.plain(f"x {text} b{text}", 0))
    words = [w for c in script.commands for w in c.words if w.value is not None] if script else []
    assert bash_words(words, tmp_path_factory.mktemp("empty")) == [w.value for w in words]


def bash_words(words: list[Word], folder: Path) -> list[str]:
    """What bash makes of static words, which run nothing."""
    lines = "".join(f"printf '%s\\0' {w.text}\n" for w in words)
    done = subprocess.run(
        ["bash", "--norc"], input=lines.encode(), capture_output=True, cwd=folder, env={}, check=False
    )
    return done.stdout.decode().split("\0")[:-1]
