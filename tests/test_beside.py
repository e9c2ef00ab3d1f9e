"""Fixes that change other files of the build context: what is written, what is shown, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import uvlint
from uvlint import engine, files, model, proof, run, syntax
from uvlint.config import Settings
from uvlint.context import Context
from uvlint.diagnostics import Diagnostic, Edit, FileEdit, Fix, Safety
from uvlint.source import Source, Span

ROOT = Path(__file__).parent.parent
DOCKERFILE = "FROM python:3.12-slim\nCOPY . /app\n"
ONLY = ("--isolated", "--select", "venv-in-context")

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """The command, run in a folder with a Dockerfile, an environment, and a repository around it."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    for folder in (".venv", ".git"):
        (tmp_path / folder).mkdir()
    (tmp_path / ".venv/pyvenv.cfg").write_text("home = /usr/bin\n")

    def called(*words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        return subprocess.run(
            [sys.executable, "-m", "uvlint", "check", *ONLY, *words],
            cwd=tmp_path, env=env, input=stdin, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return called


def test_a_file_is_made(command: Command, tmp_path: Path) -> None:
    assert command().returncode == 1
    done = command("--fix")
    assert (done.returncode, done.stdout) == (0, "Found 1 error (1 fixed, 0 remaining).\n")
    assert (tmp_path / ".dockerignore").read_text() == ".venv\n.git\n"
    assert (tmp_path / "Dockerfile").read_text() == DOCKERFILE
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / ".dockerignore").stat().st_mode & 0o777 == 0o666 & ~mask
    assert sorted(one.name for one in tmp_path.iterdir()) == [".dockerignore", ".git", ".venv", "Dockerfile"]
    assert command("--fix").stdout == "All checks passed!\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"docs\n", b"docs\n.venv\n.git\n"),
        (b"docs", b"docs\n.venv\n.git\n"),
        (b"docs\r\n\xff\r\n", b"docs\r\n\xff\r\n.venv\r\n.git\r\n"),
        (b".git\n", b".git\n.venv\n"),
        (b"", b".venv\n.git\n"),
    ],
)
def test_a_file_is_added_to(command: Command, tmp_path: Path, before: bytes, after: bytes) -> None:
    (tmp_path / ".dockerignore").write_bytes(before)
    assert command("--fix").returncode == 0
    assert (tmp_path / ".dockerignore").read_bytes() == after


def test_a_diff_shows_it_and_writes_nothing(command: Command, tmp_path: Path) -> None:
    (tmp_path / "dev.Dockerfile").write_text(DOCKERFILE)
    done = command("--diff")
    assert done.stdout == "--- /dev/null\n+++ .dockerignore\n@@ -0,0 +1,2 @@\n+.venv\n+.git\n"
    assert (done.returncode, done.stderr) == (1, "Would fix 2 errors.\n")
    assert not (tmp_path / ".dockerignore").exists()
    (tmp_path / ".dockerignore").write_text("docs\n")
    assert (
        command("--diff", "Dockerfile").stdout
        == "--- .dockerignore\n+++ .dockerignore\n@@ -1 +1,3 @@\n docs\n+.venv\n+.git\n"
    )


def test_two_files_share_it(command: Command, tmp_path: Path) -> None:
    (tmp_path / "dev.Dockerfile").write_text(DOCKERFILE)
    assert command("--fix").returncode == 0
    assert (tmp_path / ".dockerignore").read_text() == ".venv\n.git\n"


def test_standard_input_changes_no_other_file(command: Command, tmp_path: Path) -> None:
    for words in (["--fix"], ["--diff"]):
        done = command(*words, "-", "--stdin-filename", "Dockerfile", stdin=DOCKERFILE)
        assert done.stdout == (DOCKERFILE if words == ["--fix"] else "")
    found = command("-", "--stdin-filename", "Dockerfile", "--output-format", "json", stdin=DOCKERFILE)
    (item,) = json.loads(found.stdout)
    assert (item["fix"], item["help"]) == (None, "Make `.dockerignore`")
    assert not (tmp_path / ".dockerignore").exists()


def test_reports_show_it(command: Command, tmp_path: Path) -> None:
    full = command("--output-format", "full").stdout
    assert "help: Make `.dockerignore`\n --> .dockerignore (new)\n  |\n1 + .venv\n2 + .git\n" in full
    (item,) = json.loads(command("--output-format", "json").stdout)
    assert item["fix"]["edits"] == []
    assert item["fix"]["files"] == [{"filename": ".dockerignore", "created": True, "content": ".venv\n.git\n"}]
    (tmp_path / ".dockerignore").write_text("docs\n")
    assert "help: Add to `.dockerignore`\n --> .dockerignore\n  |\n1 | docs\n2 + .venv\n3 + .git\n" in command().stdout


def test_the_public_face_offers_no_other_file(command: Command, tmp_path: Path) -> None:
    assert command is not None
    path = str(tmp_path / "Dockerfile")
    (found,) = uvlint.check(DOCKERFILE, path=path, select=["venv-in-context"])
    assert found.fix is None
    assert uvlint.fix(DOCKERFILE, path=path, select=["venv-in-context"]) == DOCKERFILE


def test_what_was_changed_meanwhile_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "Dockerfile"
    place.write_text("FROM a\n")
    beside = tmp_path / ".dockerignore"
    for before in (None, "docs\n"):
        edit = FileEdit(str(beside), before, f"{before or ''}.venv\n")
        outcome = engine.Fixed(Source("FROM a\n", str(place)), [], files=[edit])
        monkeypatch.setattr(engine, "fix", lambda *_, outcome=outcome, **__: outcome)
        monkeypatch.setattr(engine, "check", lambda *_, **__: [])
        beside.write_text("of another\n")
        result = run.file(files.Found(str(place), Settings()), run.Job(fix=True, write=True))
        assert len(result.errors) == 1
        assert ".dockerignore" in result.errors[0]
        assert beside.read_text() == "of another\n"
        beside.write_text(edit.after)  # the same, made by another process
        assert run.file(files.Found(str(place), Settings()), run.Job(fix=True, write=True)).errors == []


def build(files: dict[str, str], text: str = DOCKERFILE) -> model.Build:
    return model.build(syntax.parse(Source(text)), Settings(), Context.of(files))


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (FileEdit(".dockerignore", "a\nb\n", "a\nc\nb\n"), None),
        (FileEdit(".dockerignore", None, "c\n"), None),
        (FileEdit(".dockerignore", "a\nb\n", "a\n"), ".dockerignore would lose a line"),
        (FileEdit(".dockerignore", "a\nb\n", "b\na\n"), ".dockerignore would lose a line"),
        (FileEdit("notes.txt", None, "a\n"), "notes.txt would be written, which no proof is known for"),
    ],
)
def test_a_file_is_proved(edit: FileEdit, why: str | None) -> None:
    same = build({"x": ""})
    assert proof.of_files(same, same, [edit]) == why


def test_what_is_copied_has_to_be_seen_still() -> None:
    text = "FROM a\nCOPY docs /docs\n"
    before = build({"docs/a": ""}, text)
    after = build({"docs/a": "", ".dockerignore": "docs\n"}, text)
    edit = FileEdit(".dockerignore", None, "docs\n")
    assert proof.of_files(before, after, [edit]) == "what is copied would no longer be seen"


def test_fixes_of_one_file_wait_for_each_other() -> None:
    def offer(code: str, *paths: str, at: int | None = None) -> Diagnostic:
        edits = () if at is None else (Edit(Span(at, at + 1), code),)
        fix = Fix("t", edits, files=tuple(FileEdit(path, None, code) for path in paths))
        return Diagnostic(Span(0, 0), "m", fix, "", code, code)

    one, two, three, four = offer("A", "x"), offer("B", "x"), offer("C", "y", at=3), offer("D", at=0)
    chosen = engine.choose([one, two, three, four, one], Safety.SAFE)
    assert [each.code for each in chosen] == ["A", "A", "D", "C"]
