from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uvlint import suppress, syntax
from uvlint.diagnostics import Diagnostic
from uvlint.source import Source, Span


class Rule(NamedTuple):
    name: str
    code: str


KNOWN = {rule.name: rule for rule in (Rule("foo", "UVL101"), Rule("bar", "UVL102"))}


def outcome(text: str, selected: frozenset[str] | None = None) -> tuple[list[str], list[str]]:
    """The rules that still speak (each speaks on its name in the text, in order), and what was not needed."""
    source = Source(text)
    diagnostics = [
        Diagnostic(Span(at, at + 3), "", rule=name)
        for at in range(len(text))
        for name in KNOWN
        if text.startswith("@" + name, at)
    ]
    kept, unused = suppress.apply(suppress.read(syntax.parse(source)), diagnostics, KNOWN, selected)
    return (
        [f"{source.line(one.span.start)} {one.rule}" for one in kept],
        [f"{one.why} {one.name[0] if one.name else '*'}" for one in unused],
    )


@pytest.mark.parametrize(
    ("text", "kept", "unused"),
    [
        ("FROM a\nRUN @foo @bar\n", ["2 foo", "2 bar"], []),
        ("FROM a\n# uvlint: ignore[foo]\nRUN @foo @bar\n", ["3 bar"], []),
        ("FROM a\n# uvlint: ignore[UVL101]\nRUN @foo\n", [], []),
        ("FROM a\n# uvlint: ignore[foo, UVL102] because\nRUN @foo @bar\n", [], []),
        ("FROM a\n#uvlint:ignore[foo,bar]\nRUN @foo @bar\n", [], []),
        ("FROM a\n# uvlint: ignore [foo]\nRUN @foo @bar\n", ["3 bar"], []),
        ("FROM a\n# uvlint: ignore\nRUN @foo @bar\n", [], []),
        ("FROM a\n# uvlint: ignore all is well\nRUN @foo @bar\nRUN @foo\n", ["4 foo"], []),
        ("FROM a\n# uvlint: ignore[foo]\n# more\nRUN @foo\nRUN @foo\n", ["5 foo"], []),
        ("FROM a\nRUN x \\\n  # uvlint: ignore[foo]\n  @foo \\\n  @bar\nRUN @foo\n", ["5 bar", "6 foo"], []),
        ("FROM a\nRUN @foo\n# uvlint: ignore-file[foo]\nRUN @foo @bar\n", ["4 bar"], []),
        ("# uvlint: ignore-file\nFROM a\nRUN @foo @bar\n", [], []),
        ("FROM a\n# uvlint: ignore[foo]\nRUN @bar\n", ["3 bar"], ["unused foo"]),
        ("FROM a\n# uvlint: ignore[foo, bar]\nRUN @bar\n", [], ["unused foo"]),
        ("FROM a\n# uvlint: ignore[nope]\nRUN @bar\n", ["3 bar"], ["unknown nope"]),
        ("FROM a\n# uvlint: ignore[]\nRUN @bar\n", ["3 bar"], ["unused *"]),
        ("FROM a\n# uvlint: ignore\nRUN x\n", [], ["unused *"]),
        ("FROM a\nRUN @foo\n# uvlint: ignore[foo]\n", ["2 foo"], ["unused foo"]),
        ("FROM a\n# uvlint: ignore[foo\nRUN @foo\n", ["3 foo"], []),
        ("FROM a\n# uvlint: ignored[foo]\nRUN @foo\n", ["3 foo"], []),
        ("FROM a\n# see uvlint: ignore[foo]\nRUN @foo\n", ["3 foo"], []),
        ("FROM a\nRUN <<E\n# uvlint: ignore[foo]\n@foo @bar\nE\nRUN @foo\n", ["4 bar", "6 foo"], []),
        ("FROM a\nRUN @foo @bar # uvlint: ignore[foo] why\nRUN @foo\n", ["2 bar", "3 foo"], []),
        ("FROM a\nONBUILD RUN @foo\t#uvlint:ignore[foo]", [], []),
        ("FROM a\nRUN @foo # uvlint: ignore[bar]", ["2 foo"], ["unused bar"]),
        ("FROM a\nRUN @foo x#uvlint: ignore", ["2 foo"], []),
        ("FROM a\nENV A=@foo # uvlint: ignore[foo]", ["2 foo"], []),
        ("FROM a\nCOPY <<E /f\n# uvlint: ignore\n@foo\nE\n", ["4 foo"], []),
        ("FROM a\n# uvlint: ignore-file[foo]\n# uvlint: ignore[foo]\nRUN @foo\n", [], []),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_comments_silence_rules(text: str, kept: list[str], unused: list[str], newline: str) -> None:
    assert outcome(text.replace("\n", newline)) == (kept, unused)


def test_names_of_rules_that_did_not_run_are_not_called_unused() -> None:
    text = "FROM a\n# uvlint: ignore[foo, bar, nope]\nRUN x\n"
    assert outcome(text, frozenset({"bar"}))[1] == ["unused bar", "unknown nope"]


def test_a_reason_is_read() -> None:
    ignores = suppress.read(syntax.parse(Source("# uvlint: ignore[foo] not  ours \r\nFROM a\n")))
    assert [(one.reason, one.names[0][0]) for one in ignores] == [("not  ours", "foo")]


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("# uvlint: ignore[foo]", ""),
        ("# uvlint: ignore", ""),
        ("# uvlint: ignore[foo, bar] why", "# uvlint: ignore[bar] why\n"),
        ("# uvlint: ignore[bar, foo]", "# uvlint: ignore[bar]\n"),
        ("# uvlint: ignore[bar,foo ,UVL101x]", "# uvlint: ignore[bar ,UVL101x]\n"),
    ],
)
def test_what_is_not_needed_can_be_deleted(comment: str, left: str) -> None:
    source = Source(f"FROM a\n{comment}\nRUN @bar\n")
    diagnostics = [Diagnostic(Span(source.text.index("RUN"), len(source.text)), "", rule="bar")]
    if "bar" not in comment:
        diagnostics = []
    unused = suppress.apply(suppress.read(syntax.parse(source)), diagnostics, KNOWN)[1][0]
    span = suppress.deletion(source, unused)
    assert source.text[: span.start] + source.text[span.end :] == f"FROM a\n{left}RUN @bar\n"


def test_a_last_line_without_its_end_can_be_deleted() -> None:
    source = Source("FROM a\n# uvlint: ignore[foo]")
    unused = suppress.apply(suppress.read(syntax.parse(source)), [], KNOWN)[1][0]
    assert source[suppress.deletion(source, unused)] == "# uvlint: ignore[foo]"


@given(st.text("# uvlint:ignore[]fo,-\n\\FROM", max_size=60))
def test_names_have_their_places(text: str) -> None:
    source = Source("# uvlint: ignore" + text)
    for ignore in suppress.read(syntax.parse(source)):
        assert [source[place] for _, place in ignore.names] == [name for name, _ in ignore.names]
        assert all(ignore.span.covers(place) for _, place in ignore.names)
