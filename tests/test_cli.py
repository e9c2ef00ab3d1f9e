from __future__ import annotations

import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from uvlint import book, cli, config, rules, run
from uvlint.config import Settings
from uvlint.diagnostics import Diagnostic, Edit, Fix, Safety, apply
from uvlint.engine import Fixed
from uvlint.source import Source, Span

# A stand-in for the engine ---------------------------------------------------------------------------------------------


class Rule(NamedTuple):
    name: str
    code: str
    summary: str = ""


KNOWN = {rule.name: rule for rule in (Rule("no-safe", "UVL901"), Rule("no-unsafe", "UVL902"), Rule("no-bad", "UVL801"))}
WORDS = {"no-safe": ("safe", Safety.SAFE), "no-unsafe": ("risky", Safety.UNSAFE), "no-bad": ("bad", None)}


def check(source: Source, settings: Settings, **_: object) -> list[Diagnostic]:
    if "crash" in source.text:
        raise ZeroDivisionError("of all things")
    found = []
    for name in config.chosen(settings, KNOWN, source.path):
        word, safety = WORDS[name]
        for match in re.finditer(word, source.text):
            span = Span(*match.span())
            fix = Fix(f"Write `{word.upper()}`", (Edit(span, word.upper()),), safety) if safety else None
            found.append(Diagnostic(span, f"`{word}` is not allowed", fix, "", name, KNOWN[name].code))
    return sorted(found, key=lambda one: one.span)


def fix(source: Source, settings: Settings, *, unsafe: bool = False, **_: object) -> Fixed:
    found = check(source, settings)
    chosen = [one for one in found if one.fix and (unsafe or one.fix.safety is Safety.SAFE)]
    if "broken" in source.text:
        return Fixed(source, found, error="the fixes of no-safe undo each other")
    after = Source(apply(source.text, (edit for one in chosen if one.fix for edit in one.fix.edits)), source.path)
    return Fixed(after, check(after, settings), Counter(one.rule for one in chosen))


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


Uvlint = Callable[..., Outcome]


@pytest.fixture
def uvlint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Uvlint:
    """The command, run in an empty folder with the stand-in; `stdin` is what it reads."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "engine", SimpleNamespace(check=check, fix=fix))
    monkeypatch.setattr(rules, "load", lambda: KNOWN)
    for name in ("NO_COLOR", "FORCE_COLOR", "UVLINT_OUTPUT_FORMAT", "UVLINT_JOBS", "UVLINT_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str, stdin: bytes = b"") -> Outcome:
        streams = [io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2)]
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            with pytest.raises(SystemExit) as end:
                cli.main(arguments)
            for stream in streams:
                stream.flush()
        texts = [stream.buffer.getvalue().decode("utf-8", "surrogateescape") for stream in streams]
        return Outcome(int(end.value.code or 0), *texts)

    return call


def write(text: str | bytes = "FROM a\n", name: str = "Dockerfile") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


# Exit status and streams -----------------------------------------------------------------------------------------------

CLEAN, SAFE, UNSAFE, BAD = "FROM a\n", "FROM safe\n", "FROM risky\n", "FROM bad\n"


@pytest.mark.parametrize(
    ("text", "arguments", "status"),
    [
        (CLEAN, [], 0),
        (SAFE, [], 1),
        (SAFE, ["--exit-zero"], 0),
        (SAFE, ["--fix"], 0),
        (SAFE, ["--fix", "--exit-non-zero-on-fix"], 1),
        (CLEAN, ["--fix", "--exit-non-zero-on-fix"], 0),
        (UNSAFE, ["--fix"], 1),
        (UNSAFE, ["--fix", "--unsafe-fixes"], 0),
        (BAD, ["--fix"], 1),
        (BAD, ["--fix-only"], 0),
        (SAFE + BAD, ["--fix-only"], 0),
        (SAFE, ["--fix-only", "--exit-non-zero-on-fix"], 1),
        (SAFE, ["--diff"], 1),
        (SAFE, ["--diff", "--exit-zero"], 0),
        (BAD, ["--diff"], 0),
        (BAD, ["--statistics"], 1),
        (BAD, ["--ignore", "no-bad"], 0),
        (BAD, ["--output-format", "json"], 1),
        ("FROM crash\n", [], 1),
        ("FROM crash\n", ["--fix-only"], 1),
        ("FROM broken\n", ["--fix"], 1),
    ],
)
def test_the_exit_status(uvlint: Uvlint, text: str, arguments: list[str], status: int) -> None:
    write(text)
    assert uvlint(*arguments).status == status


@pytest.mark.parametrize("arguments", [[], ["."], ["check"], ["check", "."], ["Dockerfile"], ["-q", "."], ["--no-fix"]])
def test_check_is_what_is_done_unless_told_otherwise(uvlint: Uvlint, arguments: list[str]) -> None:
    write(BAD)
    result = uvlint(*arguments, "--output-format=concise")
    assert result.out.startswith("Dockerfile:1:6: UVL801 no-bad: `bad` is not allowed\n")
    assert (result.status, result.err) == (1, "")


def test_the_report_and_its_summary_are_on_standard_output(uvlint: Uvlint) -> None:
    write(SAFE + UNSAFE + BAD, "b/Dockerfile")
    write(CLEAN, "a.dockerfile")
    result = uvlint("--output-format", "concise")
    assert result.out == (
        "b/Dockerfile:1:6: UVL901 [*] no-safe: `safe` is not allowed\n"
        "b/Dockerfile:2:6: UVL902 no-unsafe: `risky` is not allowed\n"
        "b/Dockerfile:3:6: UVL801 no-bad: `bad` is not allowed\n"
        "Found 3 errors.\n"
        "[*] 1 fixable with `--fix` (1 unsafe fix available with `--fix --unsafe-fixes`).\n"
    )
    assert "UVL902 [*]" in uvlint("--output-format", "concise", "--unsafe-fixes").out


def test_a_clean_run_says_so(uvlint: Uvlint) -> None:
    write()
    assert uvlint() == (0, "All checks passed!\n", "")
    assert uvlint("-q") == (0, "", "")


def test_nothing_to_check_is_a_warning(uvlint: Uvlint) -> None:
    assert uvlint() == (0, "All checks passed!\n", "warning: no Dockerfiles found under the given path(s)\n")


def test_a_bad_file_does_not_keep_the_others_from_being_checked(uvlint: Uvlint) -> None:
    write(BAD, "a/Dockerfile")
    write(b"\xff\x00\r\nbad", "b/Dockerfile")
    write("crash", "c/Dockerfile")
    os.mkfifo("Dockerfile.pipe")
    result = uvlint("missing", ".", "--output-format=concise")
    lines = result.out.split("\n")
    assert lines[0] == "missing: error: No such file or directory"
    assert lines[1] == "Dockerfile.pipe: error: not a regular file but a pipe"
    assert lines[2].startswith("a/Dockerfile:1:6: UVL801")
    assert lines[3].startswith("b/Dockerfile:2:1: UVL801")
    assert lines[4].startswith("c/Dockerfile: error: internal error (ZeroDivisionError: of all things at test_cli.py:")
    assert lines[5] == "Found 5 errors."
    assert result.status == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--no-such-option"], "No such option"),
        (["--select", "nope"], "error: --select: there is no rule `nope`"),
        (["--ignore", "no-saef"], "error: --ignore: there is no rule `no-saef`, did you mean `no-safe`?"),
        (["--extend-select", "X,no-bad"], "error: --extend-select: there is no rule `X`"),
        (["--output-format", "xml"], "'xml' is not one of 'full', 'concise', 'json'"),
        (["--config", "missing.toml"], "missing.toml: No such file"),
        (["--config", "pyproject.toml"], "there is no [tool.uvlint] table"),
        (["--config", "pyproject.toml", "--isolated"], "exclude each other"),
        (["-", "Dockerfile"], "can't be combined"),
        (["--jobs", "0"], "--jobs"),
        (["-o", "no/such/folder"], "can't write the report"),
        (["rule"], "give the name of a rule"),
        (["rule", "nope", "--all"], "give the name of a rule"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_2(uvlint: Uvlint, arguments: list[str], message: str) -> None:
    write(BAD)
    write("[project]\n", "pyproject.toml")
    result = uvlint(*arguments)
    assert result.status == 2
    assert message in result.err
    assert result.out == ""


@pytest.mark.parametrize("text", ["selekt = []", "select = ['nope']", "fix = 3", "= ["])
def test_a_wrong_configuration_anywhere_is_refused_before_anything_is_reported(uvlint: Uvlint, text: str) -> None:
    write(BAD)
    write(BAD, "z/Dockerfile")
    write(text, "z/uvlint.toml")
    result = uvlint()
    assert (result.status, result.out) == (2, "")
    assert "z/uvlint.toml" in result.err


# Settings ---------------------------------------------------------------------------------------------------------------


def test_the_closest_configuration_holds_for_each_file(uvlint: Uvlint) -> None:
    write(SAFE + BAD, "a/Dockerfile")
    write("select = ['UVL8']", "a/uvlint.toml")
    write(SAFE + BAD, "b/Dockerfile")
    write("[tool.uvlint]\nignore = ['no-bad']\noutput-format = 'concise'", "pyproject.toml")
    assert re.findall(r"^(\w)/.*(UVL\d+)", uvlint().out, re.MULTILINE) == [("a", "UVL801"), ("b", "UVL901")]
    assert len(re.findall("UVL", uvlint("--isolated", "--output-format=concise").out)) == 4
    assert re.findall("UVL9..", uvlint("--select", "UVL9", "--ignore=UVL801").out) == ["UVL901", "UVL901"]
    assert re.findall("UVL8..", uvlint("--config", "a/uvlint.toml", "--output-format=concise").out) == ["UVL801"] * 2


def test_the_environment_may_choose_the_format(uvlint: Uvlint, monkeypatch: pytest.MonkeyPatch) -> None:
    write(BAD)
    monkeypatch.setenv("UVLINT_OUTPUT_FORMAT", "json")
    assert json.loads(uvlint().out)[0]["code"] == "UVL801"


def test_a_configuration_may_turn_fixing_on_and_the_command_line_off(uvlint: Uvlint) -> None:
    path = write(SAFE + UNSAFE)
    write("fix = true\nunsafe-fixes = true\nshow-fixes = true", "uvlint.toml")
    assert uvlint("--no-fix").status == 1
    assert path.read_text() == SAFE + UNSAFE
    assert uvlint("--no-unsafe-fixes").status == 1
    assert path.read_text() == "FROM SAFE\nFROM risky\n"
    assert (
        uvlint().out
        == "Fixed 1 error:\n- Dockerfile:\n    1 × UVL902 (no-unsafe)\n\nFound 1 error (1 fixed, 0 remaining).\n"
    )


def test_named_files_are_left_out_with_force_exclude(uvlint: Uvlint) -> None:
    write(BAD, "vendor/Dockerfile")
    write("extend-exclude = ['vendor']", "uvlint.toml")
    assert uvlint("vendor/Dockerfile").status == 1
    assert uvlint("vendor/Dockerfile", "--force-exclude").status == 0
    assert uvlint("vendor/Dockerfile", "--force-exclude", "--exclude", "other").status == 0
    assert uvlint("--exclude", "other", "--config", "uvlint.toml").status == 0


# Fixing -----------------------------------------------------------------------------------------------------------------


def test_fixes_are_written_and_what_is_left_is_reported(uvlint: Uvlint) -> None:
    path = write(b"FROM safe\r\n# \xff\r\nFROM risky bad\r\n")
    path.chmod(0o600)
    result = uvlint("--fix", "--output-format=concise")
    assert path.read_bytes() == b"FROM SAFE\r\n# \xff\r\nFROM risky bad\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert result.out == (
        "Dockerfile:3:6: UVL902 no-unsafe: `risky` is not allowed\n"
        "Dockerfile:3:12: UVL801 no-bad: `bad` is not allowed\n"
        "Found 3 errors (1 fixed, 2 remaining).\n"
        "1 unsafe fix available with `--fix --unsafe-fixes`.\n"
    )


def test_a_file_that_needs_nothing_is_not_touched(uvlint: Uvlint) -> None:
    path = write(BAD)
    os.utime(path, (1, 1))
    uvlint("--fix")
    assert path.stat().st_mtime == 1


def test_a_failed_proof_is_told_and_the_file_left(uvlint: Uvlint) -> None:
    path = write("FROM broken safe\n")
    result = uvlint("--fix", "--output-format=concise")
    assert "Dockerfile: error: the fixes of no-safe undo each other\n" in result.out
    assert path.read_text() == "FROM broken safe\n"


def test_a_fix_that_can_not_be_written_is_told(uvlint: Uvlint, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(SAFE)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    result = uvlint("--fix", "--output-format=concise")
    assert "Dockerfile: error: can't write the fixed file: No space left on device\n" in result.out
    assert "Dockerfile:1:6: UVL901" in result.out
    assert (result.status, path.read_text(), os.listdir()) == (1, SAFE, ["Dockerfile"])


def test_diff_writes_nothing_but_the_diff(uvlint: Uvlint) -> None:
    path = write(SAFE + UNSAFE + "# \udcff\r\n".replace("\udcff", "é"))
    result = uvlint("--diff")
    assert (
        result.out == "--- Dockerfile\n+++ Dockerfile\n@@ -1,3 +1,3 @@\n-FROM safe\n+FROM SAFE\n FROM risky\n # é\r\n"
    )
    assert result.err == "Would fix 1 error (1 additional fix available with `--unsafe-fixes`).\n"
    assert uvlint("--diff", "--unsafe-fixes", "-q").err == ""
    assert path.read_text().startswith(SAFE)


@pytest.mark.skipif(shutil.which("patch") is None, reason="patch is not installed")
@pytest.mark.parametrize(
    "text", [b"a\r\nsafe\r\n\xff\xfe", b"safe", b"x\n\nsafe\n\n", b"\x0c\nsafe\x0csafe\n" + b"y\n" * 9 + b"safe"]
)
def test_a_diff_can_be_applied(uvlint: Uvlint, text: bytes) -> None:
    path = write(text)
    diff = uvlint("--diff").out.encode("utf-8", "surrogateescape")
    subprocess.run(["patch", "--binary", "-s", "-p0"], input=diff, check=True)
    assert path.read_bytes() == text.replace(b"safe", b"SAFE")


def test_fix_only_says_what_was_fixed_and_not_what_is_left(uvlint: Uvlint) -> None:
    path = write(SAFE + BAD)
    assert uvlint("--fix-only") == (0, "", "Fixed 1 error.\n")
    assert path.read_text() == "FROM SAFE\nFROM bad\n"


# Standard input ---------------------------------------------------------------------------------------------------------


def test_standard_input_is_checked(uvlint: Uvlint) -> None:
    result = uvlint("-", "--stdin-filename", "x/Dockerfile", "--output-format=concise", stdin=b"FROM bad\n")
    assert result.out == "x/Dockerfile:1:6: UVL801 no-bad: `bad` is not allowed\nFound 1 error.\n"
    assert uvlint("-", "--output-format=concise", stdin=b"bad").out.startswith("-:1:1: UVL801")


def test_standard_input_is_fixed_to_standard_output(uvlint: Uvlint) -> None:
    result = uvlint("-", "--fix", "--output-format=concise", stdin=b"FROM safe\r\n\xffbad")
    assert result.out.encode("utf-8", "surrogateescape") == b"FROM SAFE\r\n\xffbad"
    assert result.err == "-:2:2: UVL801 no-bad: `bad` is not allowed\nFound 2 errors (1 fixed, 1 remaining).\n"
    assert result.status == 1
    assert uvlint("-", "--fix-only", stdin=b"safe bad") == (0, "SAFE bad", "Fixed 1 error.\n")
    assert uvlint("-", "--diff", stdin=b"safe\n").out == "--- -\n+++ -\n@@ -1 +1 @@\n-safe\n+SAFE\n"


@pytest.mark.parametrize("text", [b"crash", b"broken safe", b""])
def test_standard_input_comes_back_whatever_happens(uvlint: Uvlint, text: bytes) -> None:
    assert uvlint("-", "--fix", stdin=text).out.encode() == text


def test_the_name_of_standard_input_finds_its_settings(uvlint: Uvlint) -> None:
    write("ignore = ['no-safe']\nexclude = ['b']", "x/uvlint.toml")
    arguments = ("-", "--force-exclude", "--fix", "--stdin-filename")
    assert uvlint(*arguments, "x/a/Dockerfile", stdin=b"safe bad")[:2] == (1, "safe bad")
    assert uvlint(*arguments, "x/b/Dockerfile", stdin=b"safe bad") == (0, "safe bad", "")


# Reports ----------------------------------------------------------------------------------------------------------------


def test_a_report_may_go_to_a_file(uvlint: Uvlint) -> None:
    write(BAD)
    assert uvlint("-o", "report.json", "--output-format", "json") == (1, "", "")
    assert json.loads(Path("report.json").read_text())[0]["name"] == "no-bad"


def test_json_is_json_whatever_is_found(uvlint: Uvlint) -> None:
    write()
    assert json.loads(uvlint("--output-format", "json").out) == []
    write(BAD + SAFE)
    assert len(json.loads(uvlint("--output-format", "json", "missing", ".").out)) == 3


def test_statistics_stand_in_place_of_the_report(uvlint: Uvlint) -> None:
    write(BAD + BAD + SAFE)
    assert uvlint("--statistics").out == (
        "2\tUVL801\t[ ] no-bad\n1\tUVL901\t[*] no-safe\nFound 3 errors.\n[*] 1 fixable with `--fix`.\n"
    )


@pytest.mark.parametrize(
    "arguments", [["--output-format=full"], ["--output-format=concise"], ["--diff"], ["--statistics"]]
)
def test_colour_on_demand(uvlint: Uvlint, arguments: list[str]) -> None:
    write(SAFE + BAD)
    plain = uvlint(*arguments)
    colour = uvlint(*arguments, "--color", "always")
    assert "\x1b[" not in plain.out
    assert "\x1b[" in colour.out
    assert re.sub(r"\x1b\[[\d;]*m", "", colour.out) == plain.out.expandtabs()


# rule -------------------------------------------------------------------------------------------------------------------

PAGE = (
    "# {} ({})\n\nFinds it.\n\n## Why\n\nSo.\n\n## Examples\n\n```dockerfile\nFROM a\n```\n\n## Fix safety\n\nNone.\n"
)


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    monkeypatch.setattr(book, "folder", lambda: str(folder))
    for name, code in (("no-bad", "UVL801"), ("a-one", "UVL901")):
        (folder / f"{name}.md").write_text(PAGE.format(name, code))


@pytest.mark.usefixtures("pages")
class TestRule:
    @pytest.mark.parametrize("name", ["no-bad", "UVL801", "uvl801"])
    def test_a_page_is_printed(self, uvlint: Uvlint, name: str) -> None:
        result = uvlint("rule", name)
        assert result.out.startswith("# no-bad (UVL801)\n\nNo fix is available.\n\nFinds it.\n\n## Why")
        assert (result.status, result.err) == (0, "")

    def test_all_pages_are_printed_in_the_order_of_their_codes(self, uvlint: Uvlint) -> None:
        assert re.findall(r"^# (.*)", uvlint("rule", "--all").out, re.MULTILINE) == [
            "no-bad (UVL801)",
            "a-one (UVL901)",
        ]

    def test_an_unknown_name_is_refused_with_a_suggestion(self, uvlint: Uvlint) -> None:
        result = uvlint("rule", "no-bat")
        assert result.status == 2
        assert "there is no rule `no-bat`, did you mean `no-bad`?" in result.err

    def test_json(self, uvlint: Uvlint) -> None:
        page = json.loads(uvlint("rule", "no-bad", "--output-format=json").out)
        assert (page["name"], page["code"], page["summary"], page["fix"]) == ("no-bad", "UVL801", "Finds it", "none")
        assert len(json.loads(uvlint("rule", "--all", "--output-format=json").out)) == 2

    def test_colour(self, uvlint: Uvlint) -> None:
        assert "\x1b[" in uvlint("rule", "no-bad", "--color=always").out


def test_version_and_help(uvlint: Uvlint) -> None:
    assert uvlint("--version").out.startswith("uvlint ")
    for arguments in (["--help"], ["check", "--help"], ["rule", "-h"]):
        assert "Usage: uvlint" in uvlint(*arguments).out
