from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uvlint.expansion import ExpansionError, expand, expand_words, heredoc_word, lex_words, names

ENV = {"A": "1", "E": "", "P": "x.tar.gz", "Q": "a/b/a", "U": None}


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("plain", "plain"),
        ("$A-${A}", "1-1"),
        ("$Ab", ""),
        ("${A}b", "1b"),
        ("'$A'", "$A"),
        ('"$A"', "1"),
        (r"\$A", "$A"),
        (r'"\$A \x"', r"$A \x"),
        ("a\\", "a"),
        ("$", "$"),
        ("$.", "$."),
        ("$1x", "x"),
        ("$$", ""),
        ("${N:-d}", "d"),
        ("${E:-d}", "d"),
        ("${E-d}", ""),
        ("${N-${A}}", "1"),
        ("${A:+y}${E:+y}${E+y}${N+y}", "yy"),
        ("${A:?no}", "1"),
        ("${E?no}", ""),
        ("${P%.*}", "x.tar"),
        ("${P%%.*}", "x"),
        ("${P#*.}", "tar.gz"),
        ("${P##*.}", "gz"),
        ("${P%z}", "x.tar.g"),
        ("${P#?}", ".tar.gz"),
        ("${Q/a/c}", "c/b/a"),
        ("${Q//a/c}", "c/b/c"),
        (r"${Q/\//-}", "a-b/a"),
        ("${Q//*/-}", "-"),
        ("${Q#b}", "a/b/a"),
    ],
)
def test_a_word_expands(raw: str, value: str) -> None:
    assert expand(raw, ENV) == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("$U", None),
        ('"a$U"', None),
        ("${U:-d}", None),
        ("${U:+d}", None),
        ("${U%x}", None),
        ("${U/a/b}", None),
        ("${U:?x}", None),
        ("${A:-$U}", "1"),
        ("${N:+$U}", ""),
        ("${N:-$U}", None),
        ("'$U'", "$U"),
    ],
)
def test_what_is_not_known_is_not_guessed(raw: str, value: str | None) -> None:
    assert expand(raw, ENV) == value


@pytest.mark.parametrize(
    "raw",
    [
        "${",
        "${}",
        "${A",
        "${:x}",
        "${A:=x}",
        "${A:x}",
        "${A^}",
        "${A:#x}",
        "'a",
        '"a',
        "${N?}",
        "${E:?}",
        "${N:?why}",
        "${A/x}",
        r"${A#\x}",
    ],
)
def test_what_docker_refuses_is_an_error(raw: str) -> None:
    with pytest.raises(ExpansionError):
        expand(raw, ENV)


def test_no_depth_is_too_deep() -> None:
    raw = "${a:-" * 9000 + "}" * 9000
    with pytest.raises(ExpansionError, match="too deeply"):
        expand(raw, {})
    assert names(raw) <= {"a"}


def test_the_message_of_a_failed_demand_is_the_authors() -> None:
    with pytest.raises(ExpansionError, match=r"^N: why not$"):
        expand("${N:?why not}", ENV)


def test_the_escape_character_is_the_directives() -> None:
    assert expand(r"C:\x`$A", ENV, "`") == r"C:\x$A"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("a b", ["a", "b"]),
        ("'a b' c", ["a b", "c"]),
        (r"a\ b", ["a b"]),
        ("$W", ["1", "2"]),
        ('"$W"', ["1 2"]),
        ("", []),
        ("$U", None),
    ],
)
def test_words_split_at_blanks(raw: str, words: list[str] | None) -> None:
    assert expand_words(raw, {"W": "1 2", "U": None}) == words


@pytest.mark.parametrize(
    ("raw", "used"),
    [
        ("a", set()),
        ("$a${b}", {"a", "b"}),
        ("'$a'", set()),
        ("${a:-$b}${c%$d}", {"a", "b", "c", "d"}),
        ("${a:?}", {"a"}),
        (r"\$a", set()),
        ("$a${", {"a"}),
    ],
)
def test_the_variables_of_a_word_are_told(raw: str, used: set[str]) -> None:
    assert names(raw) == used


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("EOF", ("EOF", True)),
        ("'EOF'", ("EOF", False)),
        ('E"O"F', ("EOF", False)),
        (r"\EOF", ("EOF", True)),
        ("$E", ("$E", True)),
        ("", None),
    ],
)
def test_any_quote_in_its_name_keeps_a_heredoc_from_expanding(text: str, name: tuple[str, bool] | None) -> None:
    assert heredoc_word(text) == name


def test_lexed_words_know_their_places() -> None:
    raw = "RUN a 'b c' << EOF x"
    assert [(word.text, raw[word.start : word.end]) for word in lex_words(raw)] == [
        (text, text) for text in ("RUN", "a", "'b c'", "<< EOF", "x")
    ]


@given(st.text(alphabet="ab $\\\"'`{}:/#%?-+<*\n\udcff", max_size=30), st.sampled_from("\\`"))
def test_any_text_expands_or_is_refused(raw: str, escape: str) -> None:
    names(raw, escape)
    try:
        value = expand(raw, ENV, escape)
    except ExpansionError:
        with pytest.raises(ExpansionError):
            expand_words(raw, ENV, escape)
    else:
        words = expand_words(raw, ENV, escape)
        assert value is not None
        assert words is not None
        assert sum(map(len, words)) <= len(value)


@given(st.text(alphabet="ab1/.:-_ é", max_size=20))
def test_text_without_special_characters_stays(raw: str) -> None:
    assert expand(raw, {}) == raw
