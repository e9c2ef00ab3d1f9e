from __future__ import annotations

import pickle

import pytest

from uvlint.record import field, record, replace


@record()
class Thing:
    """What it is."""

    name: str
    size: int = 1
    parts: list[str] = field(default_factory=list)

    @property
    def twice(self) -> int:
        return self.size * 2


@record(eq=True)
class Point:
    x: int
    y: int = 0
    _cache: int | None = field(default=None, init=False)


def test_fields_come_by_place_or_by_name_and_have_defaults() -> None:
    one = Thing("a", parts=["b"])
    assert (one.name, one.size, one.parts, one.twice) == ("a", 1, ["b"], 2)
    assert Thing.__doc__ == "What it is."
    with pytest.raises(TypeError, match="name"):
        Thing()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="colour"):
        Thing("a", colour="red")  # type: ignore[call-arg]


def test_a_default_that_is_made_is_made_for_each() -> None:
    Thing("a").parts.append("b")
    assert Thing("c").parts == []


def test_there_are_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        Thing("a").colour = "red"  # type: ignore[attr-defined]


def test_it_equals_itself_alone_unless_it_is_compared_by_its_fields() -> None:
    assert Thing("a") != Thing("a")
    assert len({Thing("a"), Thing("a")}) == 2
    one, other = Point(1), Point(1)
    other._cache = 5
    assert one == other
    assert one != Point(2)
    assert one != object()
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_a_copy_has_the_other_values() -> None:
    one = Point(1, 2)
    one._cache = 3
    copy = replace(one, y=4)
    assert (copy.x, copy.y, copy._cache, one.y) == (1, 4, None, 2)


def test_it_shows_its_fields_and_goes_to_other_processes() -> None:
    one = Point(1, 2)
    assert repr(one) == "Point(x=1, y=2)"
    assert pickle.loads(pickle.dumps(one)) == one
