from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from reading import fixed
from uvlint import engine, rules
from uvlint.config import ConfigError, Settings
from uvlint.diagnostics import Diagnostic, Edit, Fix, Safety, apply
from uvlint.model import Build
from uvlint.rules import Rule
from uvlint.source import Source, Span

Check = Callable[[Build], Iterator[Diagnostic]]
Use = Callable[..., None]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Puts stand-ins in the place of the rules: `use(first=check, second=check)`, codes in that order."""

    def stand_in(**checks: Check) -> None:
        made = [
            Rule(name.replace("_", "-"), f"UVL9{number:02}", "", check)
            for number, (name, check) in enumerate(checks.items())
        ]
        monkeypatch.setattr(rules, "_loaded", {one.name: one for one in made})

    return stand_in


def write(pattern: str, text: str, safety: Safety = Safety.SAFE) -> Check:
    """A rule that writes `text` (a template of `re`) wherever the pattern is found."""

    def check(build: Build) -> Iterator[Diagnostic]:
        for match in re.finditer(pattern, build.dockerfile.source.text):
            span = Span(*match.span())
            yield Diagnostic(span, "found", Fix("write", (Edit(span, match.expand(text)),), safety))

    return check


def say(pattern: str) -> Check:
    def check(build: Build) -> Iterator[Diagnostic]:
        for match in re.finditer(pattern, build.dockerfile.source.text):
            yield Diagnostic(Span(*match.span()), "found")

    return check


TEXT = "FROM a\nRUN one && two && three\n"


# Check -----------------------------------------------------------------------------------------------------------------


def test_findings_come_in_the_order_of_their_places(use: Use) -> None:
    use(late=say("three"), early=say("one|two"))
    found = engine.check(Source(TEXT), Settings())
    assert [(TEXT[slice(*one.span)], one.rule, one.code) for one in found] == [
        ("one", "early", "UVL901"), ("two", "early", "UVL901"), ("three", "late", "UVL900"),
    ]  # fmt: skip


def test_only_selected_rules_run(use: Use) -> None:
    def never(_: Build) -> Iterator[Diagnostic]:
        raise AssertionError

    use(one=say("one"), other=never)
    assert [one.rule for one in engine.check(Source(TEXT), Settings(ignore=("other",)))] == ["one"]
    assert [one.rule for one in engine.check(Source(TEXT), Settings(select=("UVL900",)))] == ["one"]


def test_what_is_found_twice_is_told_once(use: Use) -> None:
    use(one=lambda build: iter([*say("one")(build), *say("one")(build)]))
    assert len(engine.check(Source(TEXT), Settings())) == 1


def test_a_comment_silences_what_it_names_and_only_that(use: Use) -> None:
    use(one=say("(?<= )one"), two=say("two"))
    text = TEXT.replace("RUN", "# uvlint: ignore[one]\nRUN")
    assert [one.rule for one in engine.check(Source(text), Settings())] == ["two"]


def test_what_is_silenced_is_not_fixed(use: Use) -> None:
    use(one=write("(?<= )one", "1"), two=write("two", "2"))
    text = TEXT.replace("RUN", "# uvlint: ignore[one]\nRUN")
    assert fixed(text).source.text == text.replace("two", "2")


# Choose ----------------------------------------------------------------------------------------------------------------


def offer(*ranges: tuple[int, int], code: str = "UVL900", text: str = "", safety: Safety = Safety.SAFE) -> Diagnostic:
    edits = tuple(Edit(Span(*one), text) for one in ranges)
    return Diagnostic(edits[0].span, f"{code} {ranges}", Fix("f", edits, safety), code=code, rule=code.lower())


@pytest.mark.parametrize(
    ("offers", "taken"),
    [
        ([offer((0, 2)), offer((3, 5))], [0, 1]),
        ([offer((3, 5)), offer((0, 2))], [1, 0]),  # by place
        ([offer((0, 2)), offer((2, 5))], [0]),  # they touch
        ([offer((0, 3)), offer((2, 5))], [0]),
        ([offer((0, 1), (8, 9)), offer((4, 5))], [0]),  # the hull is claimed, not the edits
        ([offer((4, 5)), offer((0, 1), (8, 9))], [1]),
        ([offer((0, 2), code="UVL902"), offer((0, 2), code="UVL901", text="x")], [1]),  # by code at one place
        ([offer((0, 2), code="UVL901"), offer((0, 2), code="UVL902")], [0, 1]),  # the same fix twice
        ([offer((0, 2)), offer((3, 4), safety=Safety.UNSAFE), offer((5, 6))], [0, 2]),
        ([offer((1, 1)), offer((1, 1), text="x")], [0]),  # two insertions at one place
    ],
)
def test_fixes_whose_claims_do_not_touch_are_taken(offers: list[Diagnostic], taken: list[int]) -> None:
    assert engine.choose(offers, Safety.SAFE) == [offers[index] for index in taken]


def test_findings_without_a_fix_are_not_chosen() -> None:
    assert engine.choose([Diagnostic(Span(0, 1), "m")], Safety.UNSAFE) == []
    assert engine.choose([offer((0, 1), safety=Safety.UNSAFE)], Safety.UNSAFE) != []


# Fix -------------------------------------------------------------------------------------------------------------------


def test_fixes_go_on_until_nothing_is_left(use: Use) -> None:
    use(first=write("one", "two"), second=write("two", "three"))
    result = fixed(TEXT)
    assert result.source.text == "FROM a\nRUN three && three && three\n"
    assert result.applied == {"first": 1, "second": 2}
    assert (result.diagnostics, result.error) == ([], None)


def test_what_overlaps_waits_for_the_next_reading(use: Use) -> None:
    use(outer=write(r"one && (\w+)", r"\1"), inner=write("two", "2"))
    result = fixed(TEXT)
    assert result.source.text == "FROM a\nRUN 2 && three\n"
    assert result.applied == {"outer": 1, "inner": 1}


def test_the_same_fix_of_two_findings_counts_for_both_and_is_applied_once(use: Use) -> None:
    def both(build: Build) -> Iterator[Diagnostic]:
        text = build.dockerfile.source.text
        if "LABEL" not in text:
            for word in ("one", "two"):
                at = text.index(word)
                yield Diagnostic(Span(at, at + 3), word, Fix("label", (Edit(Span(7, 7), "LABEL a=b\n"),)))

    use(both=both)
    result = fixed(TEXT)
    assert result.source.text == "FROM a\nLABEL a=b\nRUN one && two && three\n"
    assert result.applied == {"both": 2}


def test_equal_edits_of_one_fix_count_once() -> None:
    edit = Edit(Span(1, 1), "x")
    assert apply("ab", [edit, edit]) == "axb"
    with pytest.raises(ValueError, match="overlap"):
        apply("abc", [Edit(Span(0, 2), "x"), Edit(Span(1, 3), "y")])


def test_what_takes_the_ground_of_other_fixes_away_waits_for_them(use: Use) -> None:
    def tidy(build: Build) -> Iterator[Diagnostic]:
        for one in write("one", "1")(build):
            yield one._replace(fix=one.fix and one.fix._replace(last=True))

    use(tidy=tidy, other=write("two", "2"))
    found = engine.check(Source(TEXT), Settings())
    assert [one.rule for one in engine.choose(found, Safety.SAFE)] == ["other"]
    assert fixed(TEXT).source.text == TEXT.replace("one", "1").replace("two", "2")


def test_unsafe_fixes_are_applied_when_asked_and_after_the_safe_ones(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    use(risky=write("one", "1", Safety.UNSAFE), sure=write("two", "2"))
    assert fixed(TEXT).source.text == TEXT.replace("two", "2")
    assert [one.rule for one in fixed(TEXT).diagnostics] == ["risky"]
    proofs: list[tuple[bool, str]] = []
    monkeypatch.setattr(
        "uvlint.proof.objection",
        lambda _before, after, _edits, *, safe, **_: proofs.append((safe, after.dockerfile.source.text.split("\n")[1])),
    )
    assert fixed(TEXT, unsafe=True).source.text == TEXT.replace("two", "2").replace("one", "1")
    assert proofs == [(True, "RUN one && 2 && three"), (False, "RUN 1 && 2 && three")]


def test_a_template_is_left_as_it_is_and_told_what_would_be_done(use: Use) -> None:
    use(writes=write("debian", "alpine"))
    text = "FROM debian\n{% if more %}\nRUN true\n{% endif %}\n"
    result = engine.fix(Source(text, "Dockerfile"), Settings())
    assert result.source.text == text
    assert [(one.message, one.help) for one in result.diagnostics] == [("found", "write")]


def test_a_text_without_fixes_is_given_back_as_it_is(use: Use) -> None:
    use(one=say("one"))
    source = Source(TEXT)
    result = engine.fix(source, Settings())
    assert result.source is source
    assert len(result.diagnostics) == 1
    assert result.applied == {}


@pytest.mark.parametrize(
    ("checks", "error"),
    [
        ({"first": write("one", "1"), "second": write("1", "one")}, "the fixes of first, second undo each other"),
        ({"both": write(r"(one|two) && (one|two)", r"\2 && \1")}, "the fixes of both undo each other"),
        ({"grows": write("RUN ", "RUN a && ")}, "the fixes of grows found no end"),
        ({"same": write("one", "one")}, "the fixes of same undo each other"),
        ({"b": write("RUN", "RUM")}, "the file would no longer parse after the fixes of b"),
        (
            {"c": write(" one", " (one"), "d": write("two", "2")},
            "a RUN could no longer be read after the fixes of c, d",
        ),
        ({"e": write("FROM a", "FROM b")}, "the image would be used in another way after the fixes of e"),
    ],
)
def test_a_fix_that_fails_is_an_error_and_leaves_the_text_as_it_was(
    use: Use, checks: dict[str, Check], error: str
) -> None:
    use(good=write("three", "3"), **checks)
    result = fixed(TEXT)
    assert result.error is not None
    assert result.error.replace("good, ", "").replace(", good", "") == error
    assert result.source.text == TEXT
    assert result.applied == {}
    assert result.diagnostics == engine.check(Source(TEXT), Settings())


def test_passes_are_counted(use: Use) -> None:
    enough = "FROM a\nRUN echo" + " x" * (engine.PASSES - 5) + "\n"

    def first(build: Build) -> Iterator[Diagnostic]:
        yield from list(write(" x", "")(build))[:1]

    use(shrinks=first)
    assert fixed(enough).source.text == "FROM a\nRUN echo\n"
    assert fixed("FROM a\nRUN echo" + " x" * (engine.PASSES + 1) + "\n").error == "the fixes of shrinks found no end"


def test_selectors_that_name_no_rule_are_not_the_engines_to_refuse() -> None:
    from uvlint import config

    with pytest.raises(ConfigError, match="no rule `nope`"):
        config.verify(Settings(select=("nope",)), rules.load())
