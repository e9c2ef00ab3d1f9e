"""Every example of every page, as it stands and in other dress.

The pages in `rules/` are what users read; `tests/rules/` holds the long tail of cases in the same format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from uvlint import book, engine, proof, rules, syntax
from uvlint.book import Example
from uvlint.config import OPT_IN, Settings
from uvlint.context import Context
from uvlint.diagnostics import Safety, apply
from uvlint.engine import Fixed
from uvlint.source import Source
from uvlint.syntax import Dockerfile

HERE = Path(__file__).parent
KNOWN = rules.load()


@dataclass(frozen=True)
class Case:
    """An example and the rule it is of."""

    rule: str
    example: Example

    def check(self, text: str, *, fixed: bool = False) -> list[str]:
        """What the rule says of a text, in its context or in the one that the fixes have made of that."""
        source = Source(text)
        seen = self.context.holding(self.example.changed) if fixed and self.context is not None else self.context
        found = engine.check(source, Settings(select=(self.rule,)), context=seen)
        return [
            "{}:{}: {}".format(*source.position(one.span.start), one.message) for one in found if one.rule == self.rule
        ]

    def fix(self, text: str, *, unsafe: bool | None = None, select: tuple[str, ...] = ()) -> Fixed:
        unsafe = self.example.unsafe if unsafe is None else unsafe
        settings = Settings(select=select or (self.rule,))
        return engine.fix(Source(text), settings, unsafe=unsafe, context=self.context)

    @property
    def context(self) -> Context | None:
        return Context.of(self.example.files) if self.example.files else None

    @property
    def expected(self) -> str:
        """What the rule's fixes make of the example: the example itself where it has none."""
        return self.example.before if self.example.after is None else self.example.after


def cases() -> list[tuple[str, Case]]:
    found = []
    for path in sorted([*Path(book.folder()).glob("*.md"), *(HERE / "rules").glob("*.md")]):
        text = path.read_text(encoding="utf-8")
        examples = book.parse(text).examples if path.parent.name != "rules" or path.parent.parent != HERE else None
        for example in book.examples(text) if examples is None else examples:
            place = f"{'tests-' if examples is None else ''}{path.stem}:{example.line}"
            found.append((place, Case(path.stem, example)))
    return found


CASES = cases()
every = pytest.mark.parametrize("case", [pytest.param(case, id=place) for place, case in CASES])


# Modules and pages -----------------------------------------------------------------------------------------------------


def test_every_rule_has_its_page_and_every_page_its_rule() -> None:
    assert sorted(KNOWN) == book.names()
    assert {path.stem for path in (HERE / "rules").glob("*.md")} <= set(KNOWN)
    assert set(OPT_IN) <= set(KNOWN)


def test_codes_are_unique_and_names_are_those_of_the_modules() -> None:
    assert len({one.code for one in KNOWN.values()}) == len(KNOWN)
    modules = {path.stem for path in (HERE.parent / "src/uvlint/rules").glob("[!_]*.py")}
    assert {name.replace("-", "_") for name in KNOWN} == modules


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_page_and_module_say_the_same(name: str) -> None:
    page, rule = book.read(name), KNOWN[name]
    assert (page.name, page.code, page.summary) == (rule.name, rule.code, rule.summary)
    assert page.examples, "a page shows what the rule is about"
    assert any(one.after is None and one.report is None for one in page.examples), "a page shows what is left alone"


# As it stands ----------------------------------------------------------------------------------------------------------


@every
def test_an_example_comes_out_as_the_page_says(case: Case) -> None:
    example = case.example
    fixed = case.fix(example.before)
    assert fixed.error is None
    assert fixed.source.text == case.expected
    if example.after is not None:
        assert case.check(example.before), "a fixed example draws a finding first"
        assert case.check(example.after, fixed=True) == [], "the fixed text draws none"
        assert {one.path: one.after for one in fixed.files} == example.changed
        if example.unsafe:
            safe = case.fix(example.before, unsafe=False)
            assert (safe.source.text, bool(safe.files)) != (example.after, bool(example.changed)), "this is safe"
    else:
        assert case.check(example.before) == list(example.report or ())
        assert case.fix(example.before, unsafe=True).source.text == example.before, "what is only reported has no fix"


@every
def test_a_second_fix_changes_nothing(case: Case) -> None:
    again = case.fix(case.expected)
    assert (again.source.text, again.error) == (case.expected, None)


@every
def test_text_outside_the_edits_is_untouched(case: Case) -> None:
    text = case.example.before
    source = Source(text)
    found = engine.check(source, Settings(select=(case.rule,)), context=case.context)
    chosen = engine.choose(found, Safety.UNSAFE if case.example.unsafe else Safety.SAFE)
    edits = sorted({edit for one in chosen if one.fix for edit in one.fix.edits})
    assert all(source[edit.span] != edit.text for edit in edits), "an edit changes something"
    once = apply(text, edits)
    if not edits or case.fix(once).applied:
        return
    result = case.fix(text).source.text
    start, end = min(edit.span.start for edit in edits), max(edit.span.end for edit in edits)
    assert result == once
    assert result.startswith(text[:start])
    assert result.endswith(text[end:])
    at = 0
    for one in edits:  # what stands between two edits is there, in order
        kept = text[at : one.span.start]
        assert kept in result
        at = one.span.end


# In other dress --------------------------------------------------------------------------------------------------------


def has_heredoc(text: str) -> bool:
    return any(one.heredocs or (one.inner and one.inner.heredocs) for one in syntax.parse(Source(text)).instructions)


def dressed(case: Case, before: str, expected: str, shift: int = 0) -> None:
    """The example in other dress comes out as its expected text in that dress."""
    fixed = case.fix(before)
    assert fixed.error is None
    assert fixed.source.text == expected
    if case.example.after is None:
        places = [re.sub(r"^\d+", lambda line: str(int(line[0]) + shift), one) for one in case.example.report or ()]
        assert case.check(before) == places


@every
def test_with_windows_line_endings(case: Case) -> None:
    before, expected = (text.replace("\n", "\r\n") for text in (case.example.before, case.expected))
    if has_heredoc(case.example.before):  # the shell gets the \r: other words, which need not be fixed alike
        fixed = case.fix(before)
        assert fixed.error is None
        assert case.fix(fixed.source.text).source.text == fixed.source.text
        return
    dressed(case, before, expected)


def backtick(text: str) -> str | None:
    """The text with the backtick for its escape character; None where it has a heredoc or backslashes elsewhere."""
    if "`" in text or "# escape" in text or has_heredoc(text):
        return None
    written = "# escape=`\n" + re.sub(r"\\(?=[ \t]*$)", "`", text, flags=re.MULTILINE)
    return None if "\\" in written else written


@every
def test_with_the_backtick_as_escape_character(case: Case) -> None:
    before, expected = backtick(case.example.before), backtick(case.expected)
    if before is not None and expected is not None:
        dressed(case, before, expected, shift=1)
    else:
        assert (
            "`" in case.example.before + case.expected
            or "\\" in case.example.before
            or "<<" in case.example.before
            or ("# escape" in case.example.before)
        )


def with_comments(text: str) -> tuple[str, list[str]]:
    """The text with a comment line and a blank line in each continuation, and those comments."""
    dockerfile = syntax.parse(Source(text))
    source = dockerfile.source
    continued: set[int] = set()
    for instruction in dockerfile.instructions:
        first, last = (
            source.line(instruction.span.start),
            source.line(max(instruction.span.start, instruction.span.end - 1)),
        )
        bodies = instruction.heredocs or (instruction.inner.heredocs if instruction.inner else ())
        if bodies:
            last = source.line(bodies[0].span.start) - 1
        for line in range(first, last):
            written = source[source.line_span(line)].rstrip()
            if written.endswith(dockerfile.escape) and not written.lstrip().startswith("#"):
                continued.add(line)
    comments: list[str] = []
    lines = text.split("\n")
    for number in sorted(continued, reverse=True):
        comments.append(f"# said in between {number}")
        lines[number:number] = [f"    {comments[-1]}", ""]
    return "\n".join(lines), comments


def read(dockerfile: Dockerfile) -> list[tuple[object, ...]]:
    """The instructions, blanks in a row counting once."""
    return [
        (
            one.keyword,
            [flag.cooked.text for flag in one.flags],
            one.args.text.split(),
            [doc.body.text for doc in one.heredocs],
        )
        for one in dockerfile.instructions
    ]


@every
def test_with_comments_in_the_continuations(case: Case) -> None:
    before, comments = with_comments(case.example.before)
    fixed = case.fix(before)
    assert fixed.error is None
    after = syntax.parse(fixed.source)
    assert read(after) == read(syntax.parse(Source(case.expected)))
    assert all(fixed.source.text.count(one) == 1 for one in comments)
    assert case.fix(fixed.source.text).source.text == fixed.source.text
    if case.example.after is None:
        assert len(case.check(before)) == len(case.example.report or ())


@every
@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_all_rules_together_converge(case: Case, *, unsafe: bool) -> None:
    fixed = case.fix(case.example.before, unsafe=unsafe, select=("ALL", *KNOWN))
    assert fixed.error is None
    again = case.fix(fixed.source.text, unsafe=unsafe, select=("ALL", *KNOWN))
    assert (again.source.text, again.error) == (fixed.source.text, None)
    before, after = (proof.problems(syntax.parse(Source(text))) for text in (case.example.before, fixed.source.text))
    assert len(after) <= len(before)


def test_the_dresses_fit() -> None:
    text = "FROM a\nRUN b \\\n  c\n"
    assert backtick(text) == "# escape=`\nFROM a\nRUN b `\n  c\n"
    assert backtick('RUN echo "\\n"\n') is None
    assert with_comments(text) == ("FROM a\nRUN b \\\n    # said in between 2\n\n  c\n", ["# said in between 2"])
    plain, other = (syntax.parse(Source(one)) for one in (text, with_comments(text)[0]))
    assert read(plain) == read(other)
