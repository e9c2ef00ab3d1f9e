"""Real Dockerfiles, fixed by all rules: nothing is lost, nothing breaks, and nothing is left to do for a second run."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import dataclass
from functools import cache

import pytest
from loader import corpus_rows, dockerfiles

from uvlint import engine, proof, rules, syntax
from uvlint.config import Settings
from uvlint.context import Context
from uvlint.diagnostics import ENVIRONMENT
from uvlint.engine import Fixed
from uvlint.source import Source
from uvlint.syntax import Dockerfile

SOURCES = dockerfiles()
LEVELS = ["safe", "unsafe"]
SETTINGS = Settings(select=("ALL", *rules.load()))
MOVABLE = {"RUN"}
"""The instructions that a fix may take out: of the others there are as many afterwards as before, or more."""


@dataclass(slots=True)
class Outcome:
    """A file and what became of it."""

    before: Source
    fixed: Fixed
    context: Context | None = None

    @property
    def changed(self) -> bool:
        return self.fixed.source.text != self.before.text


def outcome(source: Source, *, unsafe: bool, context: Context | None = None) -> Outcome:
    return Outcome(source, engine.fix(source, SETTINGS, unsafe=unsafe, context=context), context)


@pytest.fixture(scope="session", params=LEVELS)
def outcomes(request: pytest.FixtureRequest) -> list[Outcome]:
    """Every file of the corpus, fixed once for each level; those of projects with the files around them."""
    unsafe = request.param == "unsafe"
    found = [outcome(source, unsafe=unsafe) for source in SOURCES]
    for row in corpus_rows("projects.jsonl"):
        place = row["dockerfile"]
        source = Source(row["files"][place], f"{row['name']}/{place}")
        found.append(outcome(source, unsafe=unsafe, context=Context.of(row["files"], place)))
    return found


@pytest.fixture
def unsafe(outcomes: list[Outcome], request: pytest.FixtureRequest) -> bool:
    assert outcomes
    return bool(request.node.callspec.params["outcomes"] == "unsafe")


def test_without_fixes_a_text_comes_back_byte_by_byte() -> None:
    for source in SOURCES:
        data = source.encode()
        found = engine.fix(Source.decode(data, source.path), Settings(select=()), unsafe=True)
        assert (found.source.encode(), found.diagnostics, found.error) == (data, [], None), source.path


def test_no_fix_fails(outcomes: list[Outcome]) -> None:
    assert [(one.before.path, one.fixed.error) for one in outcomes if one.fixed.error] == []
    assert sum(one.changed for one in outcomes) > 50


def test_a_second_run_changes_nothing(outcomes: list[Outcome], unsafe: bool) -> None:
    wrong = []
    for one in outcomes:
        if not one.changed:
            continue
        again = engine.fix(one.fixed.source, SETTINGS, unsafe=unsafe, context=one.context)
        if again.error or again.source.text != one.fixed.source.text:
            wrong.append((one.before.path, again.error, dict(again.applied)))
    assert wrong == []


GIVES_UP = ("pip", "setuptools", "wheel")
"""What pip-self-upgrade may take out."""
NAMED = {"transient-export", "system-python-sync", "unquoted-specifier", "secret-in-index"}
"""Rules whose unsafe fixes have something else installed, and say so in `drops`, which the engine holds them to."""


def test_nothing_that_was_asked_for_is_lost(outcomes: list[Outcome], unsafe: bool) -> None:
    """From the first reading to the last; the engine has proved each step between them."""
    for one in outcomes:
        if not one.changed or (unsafe and NAMED & one.fixed.applied.keys()):
            continue
        before = engine.read(one.before, SETTINGS, one.context)
        after = engine.read(one.fixed.source, SETTINGS, one.context)
        assert unsafe or proof.same_plan(before, after), one.before.path
        elsewhere = {ENVIRONMENT} if one.fixed.applied["single-stage"] else set()
        assert proof.lost(before, after, {*GIVES_UP, *elsewhere} if unsafe else ()) == "", one.before.path


@cache
def parsed(text: str) -> Dockerfile:
    return syntax.parse(Source(text))


def test_every_file_still_parses(outcomes: list[Outcome]) -> None:
    for one in outcomes:
        if one.changed:
            before, after = parsed(one.before.text), parsed(one.fixed.source.text)
            assert len(proof.problems(after)) <= len(proof.problems(before)), one.before.path


def test_every_file_still_parses_as_buildkit_sees_it(outcomes: list[Outcome]) -> None:
    oracle = pytest.importorskip("dockerfile")

    def accepted(text: str) -> bool:
        try:
            oracle.parse_string(text)
        except (oracle.GoParseError, UnicodeEncodeError):
            return False
        return True

    changed = [one for one in outcomes if one.changed and accepted(one.before.text)]
    assert changed
    assert [one.before.path for one in changed if not accepted(one.fixed.source.text)] == []


def bodies(text: str) -> list[str]:
    """What the RUNs of a file hand to a shell."""
    found = []
    for instruction in parsed(text).instructions:
        run = instruction.inner or instruction
        if run.keyword == "RUN" and run.json is None:
            whole = run.args.text
            for heredoc in run.heredocs:
                whole += f"\n{heredoc.body.text}{heredoc.name}\n"
            found.append(whole)
            found += [one.body.text for one in run.heredocs if len(run.args) == one.word[1] and not one.word[0]]
    return found


@cache
def bash_reads(text: str) -> bool:
    data = text.encode("utf-8", "surrogateescape")
    return subprocess.run(["bash", "-n"], input=data, capture_output=True, check=False).returncode == 0


def test_every_shell_script_still_parses_as_bash_sees_it(outcomes: list[Outcome]) -> None:
    for one in outcomes:
        if not one.changed:
            continue
        before, after = Counter(bodies(one.before.text)), Counter(bodies(one.fixed.source.text))
        refused = [text for text in (after - before).elements() if not bash_reads(text)]
        excused = [text for text in (before - after).elements() if refused and not bash_reads(text)]
        assert len(refused) <= len(excused), (one.before.path, refused)


def test_no_instruction_is_lost(outcomes: list[Outcome]) -> None:
    for one in outcomes:
        if not one.changed:
            continue
        before, after = (
            Counter(each.keyword for each in parsed(s.text).instructions) for s in (one.before, one.fixed.source)
        )
        lost = before - after
        copies = {"COPY"} if "uv-in-final-image" in one.fixed.applied else set()  # uv's own, lent to the steps instead
        assert set(lost) <= MOVABLE | copies, (one.before.path, lost)
        assert lost.total() <= one.fixed.applied.total(), (one.before.path, lost)


def comments(text: str) -> Counter[str]:
    dockerfile = parsed(text)
    every = [*dockerfile.comments, *(one for each in dockerfile.instructions for one in each.comments)]
    found = Counter(dockerfile.source[one.span].rstrip() for one in every)
    return Counter({comment: count for comment, count in found.items() if "uvlint:" not in comment})


def test_no_comment_is_lost(outcomes: list[Outcome]) -> None:
    for one in outcomes:
        if one.changed:
            assert comments(one.before.text) - comments(one.fixed.source.text) == Counter(), one.before.path


def test_line_endings_are_kept(outcomes: list[Outcome]) -> None:
    for one in outcomes:
        before, after = one.before.text, one.fixed.source.text
        if one.changed and before.count("\r\n") == before.count("\n"):
            assert after.count("\r\n") == after.count("\n"), one.before.path
        elif one.changed and "\r" not in before:
            assert "\r" not in after, one.before.path


def test_windows_line_endings_change_nothing_but_themselves(outcomes: list[Outcome], unsafe: bool) -> None:
    """Of every fourth file; in a heredoc the \\r is part of the script, so files with one are left out."""
    for one in outcomes[::4]:
        if "\r" in one.before.text or "<<" in one.before.text:
            continue
        other = outcome(
            Source(one.before.text.replace("\n", "\r\n"), one.before.path), unsafe=unsafe, context=one.context
        )
        assert other.fixed.error is None, one.before.path
        assert other.fixed.source.text == one.fixed.source.text.replace("\n", "\r\n"), one.before.path


def test_what_is_found_has_a_place(outcomes: list[Outcome]) -> None:
    known = rules.load()
    for one in outcomes:
        length = len(one.fixed.source.text)
        for found in one.fixed.diagnostics:
            assert 0 <= found.span.start <= found.span.end <= length, one.before.path
            assert known[found.rule].code == found.code
            assert found.message
            assert "\n" not in found.message + found.help
            for edit in found.fix.edits if found.fix else ():
                assert 0 <= edit.span.start <= edit.span.end <= length, one.before.path
