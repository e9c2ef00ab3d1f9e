"""The cache of results: a second run prints what the first one did, and no other run does."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import uvlint
from uvlint import cache, cli, filesystem

# Files of a test are new, which would keep a run from being kept; `-` on standard error: what was kept was printed.
START = """
import os, sys
from uvlint import cache, filesystem
from uvlint.__main__ import main
filesystem.SETTLED = {settled}
cache.ENTRIES = {entries}
leave = os._exit
def _exit(status):
    if "uvlint.checking" not in sys.modules:
        os.write(2, b"-")
    leave(status)
os._exit = _exit
main()
"""
SEARCH = [str(Path(uvlint.__file__).parents[1]), *(one for one in sys.path if one.endswith("-packages"))]
BARE = {"PYTHONPATH": os.pathsep.join(SEARCH), "PATH": os.environ["PATH"]}


class Outcome(NamedTuple):
    out: bytes
    status: int
    kept: bool
    """Whether it was printed from the cache."""


Uvlint = Callable[..., Outcome]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a Dockerfile in a folder of its own, and nothing else."""
    folder = tmp_path / "project" / "app"
    folder.mkdir(parents=True)
    (folder.parent / ".git").mkdir()
    (folder / "Dockerfile").write_text(
        "FROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt .\n"
        'RUN pip install --no-cache-dir -r requirements.txt\nCOPY . .\nCMD ["python", "main.py"]\n'
    )  # fmt: skip
    return folder


@pytest.fixture
def uvlint_(project: Path, tmp_path: Path) -> Uvlint:
    """The command, started anew in the project with a cache in `tmp_path / "cache"`."""

    def call(*arguments: str, settled: int = -(2**63), entries: int = cache.ENTRIES, **variables: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-S", "-c", START.format(settled=settled, entries=entries), *arguments],
            cwd=project,
            env={**BARE, "UVLINT_CACHE_DIR": str(tmp_path / "cache"), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return Outcome(done.stdout, done.returncode, done.stderr == b"-")

    return call


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "runs").glob("[0-9a-f]*"))


# What is kept ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        ([], {}),
        (["check", "."], {}),
        (["Dockerfile"], {}),
        (["--exit-zero", "Dockerfile"], {}),
        (["--output-format", "json"], {}),
        (["--statistics"], {}),
        (["--select", "pip-install", "-q"], {}),
        (["--ignore", "ALL"], {}),
        (["--color", "always", "Dockerfile"], {}),
        (["Dockerfile"], {"FORCE_COLOR": "1", "TERM": "xterm-256color"}),
        (["Dockerfile"], {"UVLINT_OUTPUT_FORMAT": "concise", "PYTHONIOENCODING": "latin-1"}),
    ],
)
def test_a_second_run_prints_the_same_from_the_cache(
    uvlint_: Uvlint, arguments: list[str], variables: dict[str, str]
) -> None:
    plain = uvlint_(*arguments, UVLINT_NO_CACHE="1", **variables)
    first = uvlint_(*arguments, **variables)
    second = uvlint_(*arguments, **variables)
    assert plain.out.count(b"\n") > 0
    assert (first.kept, second.kept) == (False, True)
    assert first[:2] == second[:2] == plain[:2]


def test_bytes_of_any_kind_come_back(uvlint_: Uvlint, project: Path) -> None:
    (project / "Dockerfile").write_bytes(b"FROM python:3.12\r\nRUN pip install \xff\xfe\xe9 caf\xc3\xa9\r\n")
    first, second = uvlint_("--output-format", "full"), uvlint_("--output-format", "full")
    assert second == (first.out, 1, True)


@pytest.mark.skipif(sys.platform not in {"linux", "darwin"}, reason="there are no pseudo-terminals")
def test_a_terminal_gets_its_colours_from_the_cache_too(uvlint_: Uvlint, project: Path, tmp_path: Path) -> None:
    import pty

    def on_terminal() -> tuple[bytes, bytes]:
        ours, theirs = pty.openpty()
        with open(ours, "rb", buffering=0) as terminal, open(theirs, "wb") as stream:
            done = subprocess.run(
                [sys.executable, "-S", "-c", START.format(settled=-(2**63), entries=9)],
                cwd=project,
                env={**BARE, "UVLINT_CACHE_DIR": str(tmp_path / "cache"), "TERM": "xterm"},
                stdout=stream, stderr=subprocess.PIPE, check=False,
            )  # fmt: skip
            return terminal.read(100_000), done.stderr

    plain = uvlint_()
    first, second = on_terminal(), on_terminal()
    assert b"\x1b[" in first[0]
    assert b"\x1b[" not in plain.out
    assert (first[1], second) == (b"", (first[0], b"-"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-cache"],
        ["-n", "Dockerfile"],
        ["--diff"],
        ["--output-file", "report.txt"],
        ["--fix-only", "--select", "UVL5"],
        ["-"],
        ["missing"],
        ["--select", "nothing"],
        ["--version"],
        ["rule", "pip-install"],
    ],
)
def test_these_runs_are_not_kept(uvlint_: Uvlint, tmp_path: Path, arguments: list[str]) -> None:
    first = uvlint_(*arguments)
    assert uvlint_(*arguments)[1:] == (first.status, False)
    assert kept(tmp_path) == []


def test_a_run_that_fixes_because_the_settings_say_so_is_not_kept(
    uvlint_: Uvlint, project: Path, tmp_path: Path
) -> None:
    (project / "uvlint.toml").write_text("fix = true\n")
    uvlint_("--select", "UVL5")
    assert kept(tmp_path) == []


def test_a_run_of_many_files_is_not_kept(uvlint_: Uvlint, project: Path, tmp_path: Path) -> None:
    for number in range(cache.FILES):
        (project / f"Dockerfile.{number}").write_text("FROM scratch\n")
    assert not uvlint_().kept
    assert kept(tmp_path) == []


def test_a_run_on_a_file_that_was_just_changed_is_not_kept(uvlint_: Uvlint, project: Path, tmp_path: Path) -> None:
    os.utime(project / "Dockerfile", (0, 0))  # what counts is also when the system says that it was changed
    uvlint_(settled=10**18)
    assert kept(tmp_path) == []
    assert filesystem.SETTLED == 2 * 10**9


# What makes it void ----------------------------------------------------------------------------------------------------


def _rewritten(folder: Path) -> None:
    """Other bytes, of the same length, and the old time put back."""
    place = folder / "Dockerfile"
    before = place.stat()
    place.write_text(place.read_text().replace("3.12", "3.11"))
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replaced(folder: Path) -> None:
    (folder / "new").write_text((folder / "Dockerfile").read_text())
    (folder / "new").replace(folder / "Dockerfile")


def write(place: Path) -> None:
    place.parent.mkdir()
    place.write_text("FROM scratch\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "the Dockerfile is another": lambda folder: (folder / "Dockerfile").write_text("FROM scratch\n"),
    "the Dockerfile is as long and as old": _rewritten,
    "the Dockerfile is a new one": _replaced,
    "requirements.txt is there": lambda folder: (folder / "requirements.txt").write_text("six==1.16.0\n"),
    ".dockerignore is there": lambda folder: (folder / ".dockerignore").write_text("*\n"),
    "the Dockerfile's own .dockerignore is there": lambda folder: (folder / "Dockerfile.dockerignore").write_text("*"),
    ".gitignore is there": lambda folder: (folder / ".gitignore").write_text("a.*\n"),
    ".gitignore is there, above": lambda folder: (folder.parent / ".gitignore").write_text("a.*\n"),
    "uvlint.toml is there": lambda folder: (folder / "uvlint.toml").write_text('ignore = ["ALL"]\n'),
    "pyproject.toml is there, above": lambda folder: (folder.parents[1] / "pyproject.toml").write_text("[tool.uvlint]"),
    "a second Dockerfile is there": lambda folder: (folder / "b.Dockerfile").write_text("FROM scratch\n"),
    "a second Dockerfile is there, below": lambda folder: write(folder / "b" / "Dockerfile"),
    "the repository is none": lambda folder: (folder.parent / ".git").rmdir(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_makes_a_new_run(uvlint_: Uvlint, project: Path, change: str) -> None:
    (project / "a.Dockerfile").write_text("FROM scratch\n")
    uvlint_()
    assert uvlint_().kept
    CHANGES[change](project)
    third = uvlint_()
    assert not third.kept
    assert third.out == uvlint_("--no-cache").out or change == "the Dockerfile is as long and as old"
    assert uvlint_() == (third.out, third.status, True)


def test_a_change_of_a_file_that_the_build_reads_makes_a_new_run(uvlint_: Uvlint, project: Path) -> None:
    (project / "requirements.txt").write_text("six\n")
    uvlint_("Dockerfile")
    assert uvlint_("Dockerfile").kept
    (project / "requirements.txt").write_text("six==1.16.0\n")
    assert not uvlint_("Dockerfile").kept


@pytest.mark.skipif(os.name == "nt", reason="links are not for everyone there")
def test_a_link_that_leads_elsewhere_makes_a_new_run(uvlint_: Uvlint, project: Path) -> None:
    for name in ("one", "two"):
        (project / name).mkdir()
        (project / name / "web").write_text("FROM scratch\n")
    (project / "Dockerfile").unlink()
    (project / "Dockerfile").symlink_to("one/web")
    uvlint_()
    assert uvlint_().kept
    (project / "Dockerfile").unlink()
    (project / "Dockerfile").symlink_to("two/web")
    assert not uvlint_().kept
    assert uvlint_().kept
    (project / "two").rename(project / "three")
    (project / "two").symlink_to("one")
    assert not uvlint_().kept


def test_a_change_that_no_run_looked_at_makes_none(uvlint_: Uvlint, project: Path) -> None:
    uvlint_("Dockerfile")
    (project / "main.py").write_text("print()\n")
    assert uvlint_("Dockerfile").kept


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--select", "ALL"], {}),
        (["./Dockerfile"], {}),
        (["Dockerfile", "--no-cache"], {}),
        (["Dockerfile"], {"UVLINT_OUTPUT_FORMAT": "json"}),
        (["Dockerfile"], {"UVLINT_NO_CACHE": "1"}),
        (["Dockerfile"], {"FORCE_COLOR": "1"}),
        (["Dockerfile"], {"PYTHONIOENCODING": "ascii"}),
    ],
)
def test_other_arguments_and_variables_make_a_new_run(
    uvlint_: Uvlint, arguments: list[str], variables: dict[str, str]
) -> None:
    uvlint_("Dockerfile")
    assert not uvlint_(*arguments, **variables).kept
    assert uvlint_("Dockerfile").kept


def test_another_folder_makes_a_new_run(uvlint_: Uvlint, project: Path) -> None:
    uvlint_()
    before = project.rename(project.with_name("elsewhere"))
    shutil.copytree(before, project)
    assert not uvlint_().kept


def test_a_module_that_was_changed_makes_a_new_run(uvlint_: Uvlint, tmp_path: Path) -> None:
    copy = tmp_path / "lib" / "uvlint"
    shutil.copytree(Path(uvlint.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    where = {"PYTHONPATH": os.pathsep.join([str(copy.parent), *SEARCH[1:]])}
    uvlint_(**where)
    assert uvlint_(**where).kept
    os.utime(copy / "rules" / "pip_install.py")
    assert not uvlint_(**where).kept
    assert uvlint_(**where).kept
    (copy / "rules" / "one_more.py").touch()
    assert not uvlint_(**where).kept


# Caches that are none --------------------------------------------------------------------------------------------------


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _one_bit(data: bytes) -> bytes:
    return data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]


@pytest.mark.parametrize("damage", [_cut, _one_bit, bytes, lambda data: bytes(len(data)), lambda _: b""])
def test_a_damaged_entry_is_none_and_is_written_anew(
    uvlint_: Uvlint, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    first = uvlint_()
    (entry,) = kept(tmp_path)
    data = entry.read_bytes()
    entry.write_bytes(damage(data))
    assert uvlint_() == (first.out, first.status, damage is bytes)
    assert uvlint_().kept
    assert entry.read_bytes() == data


def test_an_entry_of_another_run_under_this_name_is_none(uvlint_: Uvlint, tmp_path: Path) -> None:
    uvlint_()
    (first,) = kept(tmp_path)
    uvlint_("--exit-zero")
    (second,) = set(kept(tmp_path)) - {first}
    shutil.copyfile(second, first)
    assert uvlint_().status == 1


@pytest.mark.skipif(os.name == "nt", reason="modes are not so there")
def test_an_entry_that_others_could_have_written_is_none(uvlint_: Uvlint, tmp_path: Path) -> None:
    uvlint_()
    (entry,) = kept(tmp_path)
    assert entry.stat().st_mode & 0o077 == 0
    assert entry.parent.stat().st_mode & 0o077 == 0
    entry.chmod(0o666)
    assert not uvlint_().kept
    entry.unlink()
    entry.parent.chmod(0o777)
    uvlint_()
    assert kept(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root alone may write everywhere")
def test_root_leaves_nothing_in_the_home_of_another_user(uvlint_: Uvlint, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 65534, -1)
    assert uvlint_(UVLINT_CACHE_DIR=str(home / ".cache" / "uvlint")).status == 1
    assert list(home.iterdir()) == []
    os.chown(home, 0, -1)
    uvlint_(UVLINT_CACHE_DIR=str(home / ".cache" / "uvlint"))
    assert list(home.iterdir()) == [home / ".cache"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_the_place_of_an_entry_is_not_waited_for(uvlint_: Uvlint, tmp_path: Path) -> None:
    uvlint_()
    (entry,) = kept(tmp_path)
    entry.unlink()
    os.mkfifo(entry)
    assert not uvlint_().kept


def test_a_cache_that_cant_be_written_is_none(uvlint_: Uvlint, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    first = uvlint_()
    assert (first.status, first.kept) == (1, False)
    assert uvlint_() == first


def test_the_oldest_runs_go_and_nothing_else(uvlint_: Uvlint, tmp_path: Path) -> None:
    uvlint_()
    other = tmp_path / "cache" / "runs" / "notes.txt"
    other.touch()
    (first,) = kept(tmp_path)
    os.utime(first, (0, 0))
    for number in range(4):
        uvlint_("--exclude", str(number), entries=4)
    assert len(kept(tmp_path)) == 3
    assert first not in kept(tmp_path)
    assert other.exists()


@pytest.mark.skipif(sys.platform not in {"linux", "darwin"}, reason="places of Unix")
def test_without_a_name_the_cache_is_where_the_users_caches_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UVLINT_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    assert cache.folder() is None
    monkeypatch.setenv("HOME", "/home/a")
    assert cache.folder() == f"/home/a/{'.cache' if sys.platform == 'linux' else 'Library/Caches'}/uvlint/runs"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert (cache.folder() or "").startswith("/home/a/")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache.folder() == "/caches/uvlint/runs"
    monkeypatch.setenv("UVLINT_CACHE_DIR", "here")
    assert cache.folder() == "here/runs"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_report_that_cant_be_written_is_an_error_from_the_cache_too(
    uvlint_: Uvlint, project: Path, tmp_path: Path
) -> None:
    uvlint_()
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-S", "-c", START.format(settled=-(2**63), entries=9)],
            cwd=project, env={**BARE, "UVLINT_CACHE_DIR": str(tmp_path / "cache")},
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "error: No space left on device\n")


# What is asked ---------------------------------------------------------------------------------------------------------


def test_all_that_a_report_reads_of_the_environment_is_in_the_key(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Noting(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            names.add(key)
            return super().get(key, default)

        def __getitem__(self, key: str) -> str:
            names.add(key)
            return super().__getitem__(key)

    names: set[str] = set()
    pytest.importorskip("rich.console")
    monkeypatch.chdir(project)
    with pytest.raises(SystemExit):
        cli.main(["check", "--help"])  # for its help alone, and once, click asks what language it is
    monkeypatch.setattr("rich.console.Console._environ", Noting())
    monkeypatch.setattr(os, "environ", Noting())
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "utf-8"))
    for choice in ("auto", "always"):
        with pytest.raises(SystemExit):
            cli.main(["--color", choice, "--isolated"])
    assert {"NO_COLOR", "FORCE_COLOR", "TERM", "UVLINT_OUTPUT_FORMAT"} <= names
    assert {name for name in names if not name.startswith("UVLINT_")} - cache.VARIABLES == set()


def test_a_kept_run_imports_next_to_nothing(uvlint_: Uvlint, project: Path, tmp_path: Path) -> None:
    uvlint_()
    code = START.replace('b"-"', '" ".join(sys.modules).encode()').format(settled=0, entries=9)
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=project, env={**BARE, "UVLINT_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = set(done.stderr.split())
    assert {name for name in names if name.startswith("uvlint")} == {
        "uvlint", "uvlint.__main__", "uvlint.cache", "uvlint.filesystem",
    }  # fmt: skip
    assert names & {"click", "typing", "re", "enum", "dataclasses", "functools", "collections"} == set()
