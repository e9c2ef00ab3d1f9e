"""`uvlint verify` as a command, and against commits, without an engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from uvlint.config import Settings
from uvlint.verify import sides
from uvlint.verify.engines import EngineError
from uvlint.verify.sides import Subject


def subject(folder: Path, text: str) -> Subject:
    (folder / "Dockerfile").write_text(text)
    return Subject("x", text, str(folder / "Dockerfile"), str(folder), Settings(root=str(folder)))


def run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    source = str(Path(sides.__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": source, "PATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "uvlint", "verify", *args],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_an_engine_there_is_one_clear_error(tmp_path: Path) -> None:
    subject(tmp_path, "FROM python:3.12\nRUN pip install six==1.17.0\n")
    done = run(tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "error: there is nothing to build with: no docker command; no podman command; no buildah command\n"
    )


def test_where_nothing_is_fixed_nothing_is_built(tmp_path: Path) -> None:
    subject(tmp_path, "FROM scratch\nCOPY a /\n")
    done = run(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing to build" in done.stdout


def test_what_no_engine_would_build_is_not_equivalent_to_itself(tmp_path: Path) -> None:
    subject(tmp_path, "FROM scratch\nCOPPY a /\n")
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: Dockerfile:2:1: ")


def test_the_same_text_with_other_patterns_of_its_own_is_not_the_same(tmp_path: Path) -> None:
    subject(tmp_path, "FROM scratch\nCOPY a /\n")
    (tmp_path / "Dockerfile.after").write_text("FROM scratch\nCOPY a /\n")
    assert "nothing to build" in run(tmp_path, "--against", "Dockerfile.after").stdout
    (tmp_path / "Dockerfile.after.dockerignore").write_text("a/b\n")
    assert "there is nothing to build with" in run(tmp_path, "--against", "Dockerfile.after").stderr


def test_a_reader_that_has_gone_changes_nothing(tmp_path: Path) -> None:
    subject(tmp_path, "FROM scratch\nCOPY a /\n")
    reading, writing = os.pipe()
    os.close(reading)
    env = {**os.environ, "PYTHONPATH": str(Path(sides.__file__).parents[2])}
    command = [sys.executable, "-m", "uvlint", "verify", "-o", "x.json"]
    done = subprocess.run(
        command, cwd=tmp_path, env=env, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
    assert '"equivalent"' in (tmp_path / "x.json").read_text()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["missing"], "error: missing: "),
        (["--against", "nowhere"], "error: --against"),
        (["--against", "Dockerfile", "--unsafe-fixes"], "--against"),
        (["--against", "Dockerfile", "--select", "pip-install"], "--select"),
        (["--engine", "podman", "--builder", "x"], "--builder"),
        (["--select", "no-such-rule"], "no-such-rule"),
        (["-o", "no-such-folder/x.html"], "error: no-such-folder/x.html: there is no folder no-such-folder"),
    ],
)
def test_wrong_usage(tmp_path: Path, args: list[str], said: str) -> None:
    subject(tmp_path, "FROM python:3.12\nRUN pip install six==1.17.0\n")
    done = run(tmp_path, *args)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


# Commits ----------------------------------------------------------------------------------------------------------------


def git(folder: Path, *args: str) -> None:
    who = ["-c", "user.name=x", "-c", "user.email=x@a.example", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", "-C", folder, *who, *args], check=True)


def state(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose project, in a folder of it, is built from `app` there."""
    folder = tmp_path / "repository"
    (folder / "project" / "app").mkdir(parents=True)
    (folder / ".gitattributes").write_text("tests.py export-ignore\n")
    (folder / "beside").write_text("")
    (folder / "project" / "Dockerfile").write_text("FROM a\n")
    (folder / "project" / "app" / "main.py").write_text("1\n")
    (folder / "project" / "app" / "tests.py").write_text("2\n")
    (folder / "project" / "app" / "run").write_text("#!/bin/sh\n")
    (folder / "project" / "app" / "run").chmod(0o700)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")
    return folder


def at_head(repository: Path) -> Subject:
    to = repository.parent / "to"
    to.mkdir()
    return sides.at("HEAD", subject(repository / "project", "FROM b\n"), str(to))


def test_a_commit_is_all_that_it_holds_of_the_context(repository: Path) -> None:
    before = at_head(repository)
    assert before.text == "FROM a\n"
    assert state(Path(before.folder)) == {
        "Dockerfile": b"FROM a\n",
        "app/main.py": b"1\n",
        "app/tests.py": b"2\n",
        "app/run": b"#!/bin/sh\n",
    }


def test_modes_that_git_does_not_know_of_are_those_of_the_tree(repository: Path) -> None:
    app = repository / "project" / "app"
    (app / "main.py").chmod(0o640)
    (app / "tests.py").chmod(0o755)  # this it knows: it was not so
    app.chmod(0o750)
    before = Path(at_head(repository).folder) / "app"
    assert [path.stat().st_mode & 0o777 for path in (before, before / "main.py", before / "run")] == [
        0o750,
        0o640,
        0o700,
    ]
    assert not (before / "tests.py").stat().st_mode & 0o100


def test_a_commit_is_read_and_nothing_is_written(repository: Path) -> None:
    (repository / "project" / "app" / "main.py").write_text("changed, not added\n")
    (repository / "project" / "Dockerfile").write_text("FROM b\n")
    held = state(repository)
    at_head(repository)
    assert state(repository) == held


def test_a_commit_without_the_file_is_told(repository: Path) -> None:
    git(repository, "mv", "project/Dockerfile", "project/Dockerfile.old")
    git(repository, "commit", "-q", "-m", "y")
    with pytest.raises(EngineError, match="Dockerfile is not in that commit"):
        at_head(repository)


def test_the_patterns_that_belong_to_a_file_outside_its_context_are_those_of_the_commit(repository: Path) -> None:
    project = repository / "project"
    (project / "Dockerfile.dockerignore").write_text("*.log\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "y")
    (project / "Dockerfile.dockerignore").write_text("*.txt\n")
    one = subject(project, "FROM b\n")
    one.folder = str(project / "app")
    to = repository.parent / "to"
    to.mkdir()
    assert sides.ignoring(sides.at("HEAD", one, str(to))) == "*.log\n"


def test_a_file_that_was_a_link_is_what_it_led_to(repository: Path) -> None:
    project = repository / "project"
    (project / "Dockerfile").rename(project / "app" / "Dockerfile")
    os.symlink("app/Dockerfile", project / "Dockerfile")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "y")
    (project / "Dockerfile").unlink()
    assert at_head(repository).text == "FROM a\n"


def test_a_commit_is_read_and_nothing_is_written_whatever_git_is_set_to(repository: Path) -> None:
    hook = repository / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {repository}/ran\n")
    hook.chmod(0o755)
    git(repository, "config", "core.splitIndex", "true")
    held = state(repository)
    (repository / "project" / "Dockerfile").write_bytes(held["project/Dockerfile"])
    one = Subject("x", "FROM b\n", str(repository / "project" / "Dockerfile"), str(repository / "project"), Settings())
    sides.at("HEAD", one, str(repository.parent))
    assert state(repository) == held


def test_why_git_can_not_tell_is_said(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"neither such a file nor such a commit \(git: not a git repository"):
        sides.at("HEAD", subject(tmp_path, "FROM b\n"), str(tmp_path))
