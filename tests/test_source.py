from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uvlint.source import Cooked, Position, Source, Span


@given(st.binary())
def test_any_bytes_round_trip(data: bytes) -> None:
    assert Source.decode(data).encode() == data


@pytest.mark.parametrize(
    ("text", "offset", "position"),
    [
        ("", 0, (1, 1)),
        ("ab\ncd", 0, (1, 1)),
        ("ab\ncd", 2, (1, 3)),
        ("ab\ncd", 3, (2, 1)),
        ("ab\ncd\n", 6, (3, 1)),
        ("é\r\nx", 3, (2, 1)),
        ("a\rb", 2, (1, 3)),
    ],
)
def test_positions_count_from_one(text: str, offset: int, position: tuple[int, int]) -> None:
    assert Source(text).position(offset) == Position(*position)


@pytest.mark.parametrize(
    ("text", "lines"),
    [("", [""]), ("a\nb", ["a", "b"]), ("a\r\nb\n", ["a", "b", ""]), ("a\rb\n", ["a\rb", ""])],
)
def test_lines_are_told_without_their_endings(text: str, lines: list[str]) -> None:
    source = Source(text)
    assert [source[source.line_span(number)] for number in range(1, len(lines) + 1)] == lines


@pytest.mark.parametrize(("text", "newline"), [("", "\n"), ("a\nb\r\n", "\n"), ("a\r\nb\n", "\r\n"), ("\n", "\n")])
def test_the_first_line_tells_the_line_ending(text: str, newline: str) -> None:
    assert Source(text).newline == newline


@pytest.mark.parametrize(
    ("one", "other", "touches", "covers"),
    [
        ((0, 3), (3, 5), True, False),
        ((0, 3), (4, 5), False, False),
        ((0, 5), (1, 2), True, True),
        ((1, 2), (0, 5), True, False),
    ],
)
def test_spans_touch_and_cover(one: tuple[int, int], other: tuple[int, int], touches: bool, covers: bool) -> None:
    assert (Span(*one).touches(Span(*other)), Span(*one).covers(Span(*other))) == (touches, covers)


SOURCE = 'RUN a \\\n  b "c\\"d"'
JOINED = Cooked.join([("a ", 4, 6), ("  b ", 8, 12), ("c", 13, 14), ('"', 14, 16), ("d", 16, 17)])


def test_joined_text_knows_its_places() -> None:
    assert JOINED.text == 'a   b c"d'
    assert [JOINED.place(index) for index in range(10)] == [4, 5, 8, 9, 10, 11, 13, 14, 16, 17]
    assert JOINED.whole == (4, 17)
    assert SOURCE[slice(*JOINED.span(4, 5))] == "b"
    assert SOURCE[slice(*JOINED.span(7, 8))] == '\\"'


@pytest.mark.parametrize(
    ("start", "end", "exact"), [(0, 2, True), (0, 3, False), (2, 6, True), (6, 8, False), (7, 8, False), (3, 3, True)]
)
def test_only_what_stands_just_so_may_be_replaced(start: int, end: int, exact: bool) -> None:
    assert JOINED.exact(start, end) is exact


@given(st.integers(0, 9), st.integers(0, 9))
def test_slices_keep_their_places(start: int, end: int) -> None:
    part = JOINED.slice(start, end)
    assert part.text == JOINED.text[start:end]
    assert [part.place(index) for index in range(len(part))] == [JOINED.place(index) for index in range(start, end)]
    if start < end:
        assert part.whole == JOINED.span(start, end)


def test_pieces_join_to_the_same() -> None:
    again = Cooked.join(JOINED.pieces(0, len(JOINED)))
    assert (again.text, again.at, again.starts, again.ends) == (JOINED.text, JOINED.at, JOINED.starts, JOINED.ends)


def test_an_empty_text_has_a_place() -> None:
    assert Cooked.join([("", 1, 2)], empty_at=7).whole == (7, 7)
    assert Cooked.plain("", 3).place(0) == 3


def test_special_characters_cannot_be_written() -> None:
    assert Cooked.plain("a", 0).takes('"')
    assert not Cooked.plain("a", 0, special='"\\').takes('say "x"')
