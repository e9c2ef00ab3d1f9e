"""The command, started as a user would, and the arguments that it reads without click."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from uvlint import checking, cli, run

# The real command -------------------------------------------------------------------------------------------------------


def real(*arguments: str, cwd: Path, code: Sequence[str] = ("-m", "uvlint")) -> subprocess.CompletedProcess[str]:
    source = str(Path(run.__file__).parents[1])
    return subprocess.run(
        [sys.executable, *code, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )


HEAVY = (
    "rich",
    "libcst",
    "dockerfile_parse",
    "asyncio",
    "multiprocessing",
    "importlib.metadata",
    "importlib.resources",
    "pygls",
    "pathspec",
)
SHOW_MODULES = "import os, sys, atexit; os._exit = sys.exit; atexit.register(lambda: sys.stderr.write('\\n'.join(sys.modules))); from uvlint.__main__ import main; sys.argv[0] = 'uvlint'; main()"


def test_a_check_on_a_pipe_loads_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.13\nRUN apt-get update\n")
    (tmp_path / ".gitignore").write_text("build\n")
    before = set(
        real(cwd=tmp_path, code=("-c", "import sys; sys.stderr.write('\\n'.join(sys.modules))")).stderr.split()
    )
    loaded = set(real("check", cwd=tmp_path, code=("-c", SHOW_MODULES)).stderr.split())
    assert "uvlint.engine" in loaded
    assert not (loaded - before).intersection(HEAVY)


def test_the_order_of_the_report_is_that_of_the_files_however_many_processes_work(tmp_path: Path) -> None:
    for number in range(run.SERIAL + 30):
        path = tmp_path / f"d{number:04}" / "Dockerfile"
        path.parent.mkdir()
        path.write_text(f"FROM a\n# uvlint: ignore[no-{number}]\nRUN pip install six==1.{number}\n")
    one, two = (
        real("--isolated", "--output-format=json", "--color=never", jobs, cwd=tmp_path) for jobs in ("-j1", "-j2")
    )
    assert one.stdout == two.stdout
    assert (one.returncode, one.stderr) == (two.returncode, two.stderr)
    names = list(dict.fromkeys(item["filename"] for item in json.loads(one.stdout)))
    assert names == [f"d{number:04}/Dockerfile" for number in range(run.SERIAL + 30)]


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\n" + "RUN pip install six\n" * 30)
    ends = os.pipe()
    os.close(ends[0])
    with os.fdopen(ends[1], "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "uvlint", "--isolated"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(run.__file__).parents[1])},
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, b"")


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A line for sh in which $uvlint is the command."""
    env = {
        **os.environ,
        "PYTHONPATH": str(Path(run.__file__).parents[1]),
        "uvlint": f"{sys.executable} -m uvlint --isolated",
    }
    return subprocess.run(["sh", "-c", line], cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["."], ["check", "--isolated", "."], ["verify"]])
def test_an_interrupt_is_no_finding(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("uvlint.checking.check", interrupted)
    monkeypatch.setattr("uvlint.verify.cli._check", interrupted)
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == (2 if arguments == ["verify"] else 130)
    assert capsys.readouterr().err.strip() in {"Aborted!", "interrupted: nothing was kept"}


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("$uvlint >&-", 1),
        ("$uvlint --output-format=json >&-", 1),
        ("$uvlint 2>&-", 1),
        ("$uvlint --fix - <&-", 1),
        ("$uvlint --fix - <Dockerfile >&-", 0),
    ],
)
def test_closed_streams_are_no_error(tmp_path: Path, line: str, status: int) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.12\nRUN pip install six\n")
    done = shell(line, tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device here")
@pytest.mark.parametrize("options", ["", "--output-format=json", "--fix - <Dockerfile", "--diff"])
def test_a_report_that_can_not_be_written_is_told(tmp_path: Path, options: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.12\nRUN pip install six\n")
    done = shell(f"$uvlint {options} >/dev/full", tmp_path)
    assert (done.returncode, done.stderr) == (2, "error: No space left on device\n")


def test_a_working_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    done = shell("mkdir gone && cd gone && rmdir ../gone && $uvlint", tmp_path)
    assert done.returncode == 2
    assert done.stderr.endswith("error: the working folder is gone\n")


def test_a_file_that_can_not_be_read_does_not_keep_others_from_being_checked(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.12\nRUN pip install six\n")
    (tmp_path / "closed").write_text("FROM a\n")
    (tmp_path / "closed").chmod(0)
    done = shell("$uvlint --output-format=concise closed Dockerfile", tmp_path)
    assert done.returncode == 1
    assert "Dockerfile:2:5: UVL101" in done.stdout
    if os.geteuid():
        assert "closed: error: Permission denied" in done.stdout


# Arguments that are read without click ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["check"],
        ["Dockerfile"],
        ["check", "rule"],
        ["check", "a", "b/c", "Dockerfile.dev"],
        ["./rule", "rule"],
        ["--fix", "a", "--unsafe-fixes"],
        ["--diff", "--isolated", "--quiet"],
        ["--exit-zero", "--output-format", "concise", "a", "--statistics"],
        ["check", "--force-exclude", "--no-cache", "--output-format", "json", "a"],
    ],
)
def test_what_is_read_without_click_is_what_click_reads(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UVLINT_NO_CACHE")
    given = checking.plain(arguments)
    assert given is not None
    read = cli.check.make_context("check", arguments[arguments[:1] == ["check"] :]).params
    assert {"paths": given[0], **given[1]} == read


@pytest.mark.parametrize(
    "arguments",
    [
        ["rule"],
        ["lock-file"],
        ["--help"],
        ["-h"],
        ["--version"],
        ["-"],
        ["--", "a"],
        ["a", "--no-fix"],
        ["-q"],
        ["--fi"],
        ["a", "--select", "b"],
        ["--output-format"],
        ["--output-format", "none"],
        ["--output-format=json"],
        [""],
    ],
)
def test_other_arguments_are_clicks(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UVLINT_NO_CACHE")
    assert checking.plain(arguments) is None


@pytest.mark.parametrize("name", ["UVLINT_OUTPUT_FORMAT", "UVLINT_NO_CACHE", "_UVLINT_COMPLETE"])
def test_variables_that_click_reads_are_clicks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UVLINT_NO_CACHE")
    monkeypatch.setenv(name, "1")
    assert checking.plain(["Dockerfile"]) is None


def test_the_commands_are_told_from_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UVLINT_NO_CACHE")
    assert [name for name in cli.group.list_commands(click.Context(cli.group)) if checking.plain([name])] == ["check"]
