from __future__ import annotations

import io
import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uvlint import config, reports
from uvlint.diagnostics import Diagnostic, Edit, Fix, Safety, apply
from uvlint.reports import out
from uvlint.reports.diff import diff
from uvlint.reports.full import columns, hunks, shown
from uvlint.reports.summary import Tally, checked, fixes, statistics, would_fix
from uvlint.run import Result
from uvlint.source import Source, Span


def told(pieces: Iterable[tuple[str, str]]) -> str:
    return "".join(text for text, _ in pieces)


def finding(source: Source, text: str, fix: Fix | None = None, note: str = "") -> Diagnostic:
    start = source.text.index(text)
    return Diagnostic(Span(start, start + len(text)), f"`{text}` is old", fix, note, "old-thing", "UVL901")


def replaced(source: Source, old: str, new: str, safety: Safety = Safety.SAFE) -> Fix:
    start = source.text.index(old)
    return Fix(f"Write `{new}`", (Edit(Span(start, start + len(old)), new),), safety, "it may differ")


def report(name: str, text: str, *, old: str, new: str | None = None, unsafe: bool = False, note: str = "") -> str:
    source = Source(text, "a/Dockerfile")
    fix = None if new is None else replaced(source, old, new, Safety.UNSAFE if unsafe else Safety.SAFE)
    return told(reports.get(name)([Result(source.path, source, [finding(source, old, fix, note)])], unsafe=False))


TEXT = "FROM a\nWORKDIR /b\nRUN one \\\n    two three\nCOPY . .\nUSER x\n"


def test_full_shows_source_carets_and_fix() -> None:
    assert report("full", TEXT, old="two", new="2") == (
        """UVL901 [*] old-thing: `two` is old
 --> a/Dockerfile:4:5
  |
2 | WORKDIR /b
3 | RUN one \\
4 |     two three
  |     ^^^
5 | COPY . .
6 | USER x
help: Write `2`
  |
2 | WORKDIR /b
3 | RUN one \\
  -     two three
4 +     2 three
5 | COPY . .
6 | USER x
  |

"""
    )


def test_full_says_why_a_fix_is_unsafe() -> None:
    shown_text = report("full", TEXT, old="two", new="2", unsafe=True)
    assert shown_text.startswith("UVL901 old-thing: ")
    assert "\nnote: This is an unsafe fix: it may differ\n" in shown_text


def test_full_without_a_fix_shows_the_way_out() -> None:
    assert report("full", "FROM a\n", old="FROM", note="write it anew") == (
        """UVL901 old-thing: `FROM` is old
 --> a/Dockerfile:1:1
  |
1 | FROM a
  | ^^^^
  |
help: write it anew

"""
    )


def test_full_marks_every_line_of_a_finding() -> None:
    text = report("full", "FROM a\nRUN one \\\n    two\nUSER x\n", old="one \\\n    two")
    assert "2 | RUN one \\\n  |     ^^^^^\n3 |     two\n  |     ^^^\n4 | USER x\n" in text


def test_full_leaves_out_the_middle_of_a_long_finding() -> None:
    lines = "".join(f"  w{number} \\\n" for number in range(40))
    text = report("full", f"FROM a\nRUN x \\\n{lines}  end\n", old=f"x \\\n{lines}  end")
    text = text.partition("-->")[2]
    assert " w0 " in text
    assert " w20 " not in text
    assert "  end\n" in text
    assert text.count("\n") < 40


@pytest.mark.parametrize(
    ("line", "marked", "carets"),
    [
        ("RUN two", "two", "    ^^^"),
        ("RUN\ttwo", "two", "       ^^^"),
        ("RUN 日本 two", "two", "         ^^^"),
        ("RUN 日本 two", "日本", "    ^^^^"),
        ("RUN e\u0301 two", "two", "      ^^^"),
        ("RUN \x1b[31m two", "two", "          ^^^"),
        ("RUN \udcff two", "two", "      ^^^"),
    ],
)
def test_carets_stand_under_what_they_mark(line: str, marked: str, carets: str) -> None:
    text = report("full", f"FROM a\n{line}\n", old=marked)
    at = [row for row in text.split("\n") if "^" in row]
    assert at == [f"  | {carets}"]


@pytest.mark.parametrize("text", ["FROM a", "FROM a\n", "FROM a\r\nRUN b\r\n", "FROM a\n\n\n"])
def test_a_finding_at_the_end_of_a_file_is_shown(text: str) -> None:
    source = Source(text, "D")
    one = Diagnostic(Span(len(text), len(text)), "more is needed", rule="r", code="UVL900")
    shown_text = told(reports.get("full")([Result("D", source, [one])], unsafe=False))
    assert "more is needed" in shown_text
    assert "^" in shown_text
    assert "\r" not in shown_text


def test_concise_is_a_line_a_finding() -> None:
    assert report("concise", TEXT, old="two", new="2") == "a/Dockerfile:4:5: UVL901 [*] old-thing: `two` is old\n"
    assert (
        report("concise", TEXT, old="two", new="2", unsafe=True) == "a/Dockerfile:4:5: UVL901 old-thing: `two` is old\n"
    )
    assert report("concise", "RUN a\nb", old="a\nb") == "a/Dockerfile:1:5: UVL901 old-thing: `a␊b` is old\n"


@pytest.mark.parametrize("name", ["full", "concise"])
def test_an_error_is_told_beside_findings(name: str) -> None:
    result = Result("a\x1b/D", Source(""), errors=["No such file or directory"])
    assert told(reports.get(name)([result], unsafe=False)).rstrip() == "a␛/D: error: No such file or directory"


def test_json_says_all() -> None:
    source = Source(TEXT, "D")
    fix = replaced(source, "two", "2", Safety.UNSAFE)
    result = Result(
        "D", source, [finding(source, "two", fix), finding(source, "USER", note="leave it")], errors=["broken"]
    )
    first, second, third = json.loads(told(reports.get("json")([result], unsafe=False)))
    assert first == {
        "code": "UVL901",
        "name": "old-thing",
        "message": "`two` is old",
        "filename": "D",
        "location": {"row": 4, "column": 5},
        "end_location": {"row": 4, "column": 8},
        "severity": "error",
        "url": None,
        "help": None,
        "fix": {
            "applicability": "unsafe",
            "message": "Write `2`",
            "note": "it may differ",
            "edits": [
                {"content": "2", "location": {"row": 4, "column": 5}, "end_location": {"row": 4, "column": 8}},
            ],
        },
    }
    assert (second["fix"], second["help"]) == (None, "leave it")
    assert (third["name"], third["code"], third["message"], third["location"]) == ("io-error", None, "broken", None)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_is_one_list(count: int) -> None:
    source = Source(TEXT, "D")
    results = [Result("D", source, [finding(source, "two")]), Result("E", source)] * count
    assert len(json.loads(told(reports.get("json")(results, unsafe=False)))) == count


@pytest.mark.parametrize("name", config.FORMATS)
@given(text=st.text(max_size=40), start=st.integers(0, 40), length=st.integers(0, 20), new=st.text(max_size=20))
def test_any_text_can_be_reported(name: str, text: str, start: int, length: int, new: str) -> None:
    start = min(start, len(text))
    span = Span(start, min(len(text), start + length))
    one = Diagnostic(span, text, Fix(new, (Edit(span, new),)), text, "r", "UVL900")
    pieces = told(reports.get(name)([Result("D", Source(text, "D"), [one])], unsafe=True))
    pieces.encode("utf-8")
    assert "\x1b" not in pieces


@given(st.text("a日\u0301\t\x00\udcff", max_size=10))
def test_columns_are_those_of_what_is_shown(text: str) -> None:
    assert columns(text) == columns(shown(text))
    assert columns(text + "a") == columns(text) + 1


@given(
    st.lists(st.text("ab", max_size=3), min_size=1, max_size=12).map("\n".join),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 8), st.text("ax\n", max_size=5)), max_size=3),
)
def test_hunks_rebuild_the_fixed_text(text: str, changes: list[tuple[int, int, str]]) -> None:
    edits, last = [], -1
    for start, length, new in sorted(changes):
        if last < start <= len(text):
            last = min(len(text), start + length)
            edits.append(Edit(Span(start, last), new))
    lines = text.split("\n")
    for hunk in reversed(list(hunks(Source(text), edits))):
        at = hunk.first - 1
        assert lines[at : at + len(hunk.old)] == hunk.old
        lines[at : at + len(hunk.old)] = hunk.new
    assert "\n".join(lines) == apply(text, edits)


def test_a_diff_is_as_patch_takes_it() -> None:
    before, after = Source("a\r\nb\udcff\nc", "D"), Source("a\r\nB\udcff\nc\n", "D")
    assert told(diff(before, after)) == (
        "--- D\n+++ D\n@@ -1,3 +1,3 @@\n a\r\n-b\udcff\n-c\n\\ No newline at end of file\n+B\udcff\n+c\n"
    )


def test_a_form_feed_does_not_end_a_line_of_a_diff() -> None:
    assert told(diff(Source("a\x0cb\u2028\n", "D"), Source("a\x0cc\n", "D"))).count("\n") == 5


# Summary --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tally", "fix", "unsafe", "expected"),
    [
        (Tally(), False, False, "All checks passed!\n"),
        (Tally(left=1), False, False, "Found 1 error.\n"),
        (Tally(errors=2), False, False, "Found 2 errors.\n"),
        (Tally(left=5, safe=2), False, False, "Found 5 errors.\n[*] 2 fixable with `--fix`.\n"),
        (
            Tally(left=5, safe=2, unsafe=1),
            False,
            False,
            "Found 5 errors.\n[*] 2 fixable with `--fix` (1 unsafe fix available with `--fix --unsafe-fixes`).\n",
        ),
        (Tally(left=5, safe=2, unsafe=1), False, True, "Found 5 errors.\n[*] 3 fixable with `--fix`.\n"),
        (
            Tally(left=2, unsafe=2),
            False,
            False,
            "Found 2 errors.\n2 unsafe fixes available with `--fix --unsafe-fixes`.\n",
        ),
        (Tally(left=0, by_file={"D": {"a": 2}}), True, False, "Found 2 errors (2 fixed, 0 remaining).\n"),
        (
            Tally(left=1, unsafe=1, by_file={"D": {"a": 2}}),
            True,
            False,
            "Found 3 errors (2 fixed, 1 remaining).\n1 unsafe fix available with `--fix --unsafe-fixes`.\n",
        ),
        (Tally(left=1, unsafe=1, errors=1), True, True, "Found 2 errors.\n"),
    ],
)
def test_the_summary_counts(tally: Tally, fix: bool, unsafe: bool, expected: str) -> None:
    assert told(checked(tally, fix=fix, unsafe=unsafe)) == expected


def test_statistics_and_fixes_are_counted_by_rule() -> None:
    source = Source(TEXT, "D")
    one = finding(source, "two", replaced(source, "two", "2"))
    other = Diagnostic(Span(0, 1), "", rule="new-thing", code="UVL902")
    tally = Tally()
    result = Result("D", source, [one, one, other], applied={"x": 10, "new-thing": 1}, before=source)
    assert list(tally.count([result])) == [result]
    assert told(statistics(tally)) == "2\tUVL901\t[*] old-thing\n1\tUVL902\t[ ] new-thing\n"
    assert told(fixes(tally, {"new-thing": "UVL902", "x": "UVL903"})) == (
        "Fixed 11 errors:\n- D:\n    10 × UVL903 (x)\n     1 × UVL902 (new-thing)\n\n"
    )
    assert told(would_fix(tally, unsafe=False)) == "Would fix 11 errors.\n"


# Streams --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "environment", "terminal", "expected"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_when_colour_is_used(
    choice: str, environment: dict[str, str], terminal: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    assert out.coloured(stream, choice) is expected


def test_colour_changes_nothing_but_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    import re

    monkeypatch.setenv("NO_COLOR", "1")  # the choice was made before
    stream = io.StringIO()
    source = Source(TEXT.replace("three", "[bold]:smile: " + "x" * 300), "D")
    results = [Result("D", source, [finding(source, "two", replaced(source, "two", "2"))])]
    out.writer(stream, colour=True)(reports.get("full")(results, unsafe=False))
    assert "\x1b[1;91m^^^" in stream.getvalue()
    assert re.sub("\x1b\\[[0-9;]*m", "", stream.getvalue()) == told(reports.get("full")(results, unsafe=False))


@pytest.mark.parametrize(
    ("encoding", "expected"), [("utf-8", "é\udcff"), ("ascii", "\\xe9\\udcff"), ("latin-1", "é\\udcff")]
)
def test_a_stream_takes_any_text(encoding: str, expected: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    out.prepare(stream)
    out.writer(stream, colour=False)([("é\udcff\n", "")])
    stream.flush()
    assert raw.getvalue() == (expected + "\n").encode(encoding, "surrogateescape")


def test_every_format_has_a_report() -> None:
    assert len({reports.get(name) for name in config.FORMATS}) == len(config.FORMATS)
