from __future__ import annotations

import os
import shutil
import stat
import string
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uvlint import files, filesystem
from uvlint.config import Finder, Settings
from uvlint.patterns import Patterns

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
not_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="everything is allowed to root")


def tree(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("FROM a\n")


def found(*paths: str, **values: object) -> list[str]:
    return [one.path for one in files.find(paths, Finder(fixed=Settings(root=os.getcwd(), **values)))]  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "Dockerfile",
        "dockerfile",
        "DOCKERFILE",
        "Dockerfile.dev",
        "Dockerfile-dev",
        "Dockerfile_prod",
        "app-Dockerfile",
        "dev.Dockerfile",
        "foo.dockerfile",
        "Containerfile",
        "x.containerfile",
        "Dockerfile.python3.12",
    ],
)
def test_names_of_dockerfiles(name: str) -> None:
    assert files.is_dockerfile(name)


@pytest.mark.parametrize(
    "name",
    [
        "Dockerfile.j2",
        "Dockerfile.dockerignore",
        "Dockerfile.md",
        "Dockerfile.py",
        "Dockerfile.dev.tmpl",
        "Dockerfile.tpl",
        "uwsgi.Dockerfile.tpl",
        "Dockerfile.in",
        "Dockerfile.ejs",
        "Dockerfiles",
        "MyDockerfile",
        "docker-compose.yml",
        "dockerfile_parse.py",
        ".dockerignore",
    ],
)
def test_names_of_other_files(name: str) -> None:
    assert not files.is_dockerfile(name)


def test_a_folder_is_walked_in_order_of_names(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "b/Dockerfile",
        "a/Dockerfile.x",
        "a/Dockerfile",
        "Dockerfile",
        ".devcontainer/Dockerfile",
        "a/README.md",
    )
    assert found(".") == ["Dockerfile", ".devcontainer/Dockerfile", "a/Dockerfile", "a/Dockerfile.x", "b/Dockerfile"]
    assert found("a") == ["a/Dockerfile", "a/Dockerfile.x"]
    assert found(str(tmp_path / "b")) == [str(tmp_path / "b" / "Dockerfile")]


def test_a_named_file_is_taken_whatever_it_is_called_and_once(tmp_path: Path) -> None:
    tree(tmp_path, "x.txt", "a/Dockerfile")
    assert found("x.txt", "a", "./x.txt", "a/Dockerfile", "missing") == ["x.txt", "a/Dockerfile", "missing"]


def test_exclusions_by_name_hold_beside_and_above_the_root_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(
        tmp_path,
        "Dockerfile",
        "node_modules/x/Dockerfile",
        "b/.venv/Dockerfile",
        "b/docs/Dockerfile",
        "a/docs/Dockerfile",
    )
    monkeypatch.chdir(tmp_path / "a")
    assert found("..", extend_exclude=("/docs",)) == ["../Dockerfile", "../b/docs/Dockerfile"]
    assert found("../b/.venv/Dockerfile", "../b/docs/Dockerfile", force_exclude=True) == ["../b/docs/Dockerfile"]


def test_exclusions_leave_out_what_is_walked_but_not_what_is_named(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "node_modules/Dockerfile",
        "a/venv/Dockerfile",
        "docs/x/Dockerfile",
        "src/docs/Dockerfile",
        "Dockerfile",
    )
    assert found(".") == ["Dockerfile", "docs/x/Dockerfile", "src/docs/Dockerfile"]
    assert found(".", extend_exclude=("/docs",)) == ["Dockerfile", "src/docs/Dockerfile"]
    assert found(".", exclude=("docs", "venv")) == ["Dockerfile", "node_modules/Dockerfile"]
    named = ("docs/x/Dockerfile", "Dockerfile", "node_modules")
    assert found(*named, extend_exclude=("docs/",)) == [*named[:2], "node_modules/Dockerfile"]
    assert found(*named, extend_exclude=("docs/",), force_exclude=True) == ["Dockerfile"]


def test_exclusions_of_a_file_hold_from_its_folder_on(tmp_path: Path) -> None:
    tree(tmp_path, "a/x/Dockerfile", "x/Dockerfile")
    (tmp_path / "a" / "uvlint.toml").write_text("exclude = ['/x']")
    assert [one.path for one in files.find(["."], Finder())] == ["x/Dockerfile"]


def test_gitignore_is_honoured(tmp_path: Path) -> None:
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("mine/\n")
    (tmp_path / ".gitignore").write_text("build/\n*.dev\n!keep.Dockerfile\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".gitignore").write_text("!Dockerfile.dev\nkeep.Dockerfile\n")
    tree(
        tmp_path,
        "build/Dockerfile",
        "a/build/Dockerfile",
        "Dockerfile.dev",
        "a/Dockerfile.dev",
        "a/keep.Dockerfile",
        "mine/Dockerfile",
        "keep.Dockerfile",
    )
    assert found(".") == ["keep.Dockerfile", "a/Dockerfile.dev"]
    assert found("a") == ["a/Dockerfile.dev"]
    assert len(found(".", respect_gitignore=False)) == 7
    assert found("build/Dockerfile") == ["build/Dockerfile"]
    assert found("build/Dockerfile", "a/Dockerfile.dev", force_exclude=True) == ["a/Dockerfile.dev"]


def test_links_are_taken_once_and_folders_not_followed(tmp_path: Path) -> None:
    tree(tmp_path, "a/Dockerfile", "a/base.txt", "outside")
    os.symlink("a/Dockerfile", "Dockerfile")
    os.symlink("a/base.txt", "Dockerfile.base")
    os.symlink("nowhere", "Dockerfile.gone")
    os.symlink("..", "a/loop")
    os.symlink("Dockerfile.loop", "Dockerfile.loop")
    assert found(".") == ["Dockerfile.base", "a/Dockerfile"]


@not_root
def test_a_folder_that_may_not_be_read_is_an_error_and_the_walk_goes_on(tmp_path: Path) -> None:
    tree(tmp_path, "a/Dockerfile", "b/Dockerfile")
    (tmp_path / "a").chmod(0)
    try:
        result = list(files.find(["."], Finder(fixed=Settings())))
    finally:
        (tmp_path / "a").chmod(0o700)
    assert [(one.path, bool(one.error)) for one in result] == [("a", True), ("b/Dockerfile", False)]


# Patterns -------------------------------------------------------------------------------------------------------------

CASES = ["a", "b", "ab", "a/a", "a/b", "a/b/c", "a/b/c/a", "b/a/c", "a.b", "x/a.b", "!a", "#a", "a ", "[a]", "a/*", "-"]
PATTERNS = [
    "a", "/a", "a/", "/a/", "a/b", "/a/b", "*", "/*", "*.b", "?", "??", "**", "**/a", "a/**", "a/**/c", "**/b/**", "[ab]",
    "[!a]", "[^a]", "[a-b]", "[]-]", "[a-", "\\a", "\\!a", "\\#a", "!a", "#a", "a\\ ", "a  ", "[[:alpha:]]", "[[]a]", "a\\",
    "a/*", "*/c", "**a", "a**b", "/", "//", "a//b", "\\*", "[\\]a]", "[-a]", "[--*]", "[?--]", "[a-a-b]", "[b-a]", "[!-a]", "[a\\-b]", "[\\a-b]",
]  # fmt: skip


@pytest.fixture(scope="session")
def repository() -> str:
    folder = tempfile.mkdtemp()
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


def git_says(repository: str, lines: list[str], paths: list[str]) -> set[str]:
    Path(repository, ".gitignore").write_text("\n".join(lines) + "\n")
    shown = subprocess.run(
        ["git", "-C", repository, "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(paths),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
    )
    return set(filter(None, shown.stdout.split("\0")))


@needs_git
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_matches_what_git_ignores(repository: str, pattern: str) -> None:
    patterns = Patterns([pattern], "/r")
    assert {path for path in CASES if patterns.covers("/r/" + path)} == git_says(repository, [pattern], CASES)


@needs_git
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text("ab*?/![]-\\.", min_size=1, max_size=7), min_size=1, max_size=4))
def test_several_patterns_match_what_git_ignores(repository: str, lines: list[str]) -> None:
    patterns = Patterns(lines, "/r")
    assert {path for path in CASES if patterns.covers("/r/" + path)} == git_says(repository, lines, CASES)


@given(st.text(string.printable, max_size=20), st.text(string.printable, max_size=20))
def test_any_line_is_a_pattern_or_nothing(line: str, path: str) -> None:
    assert Patterns([line], "/r").covers("/r/" + path) in (True, False)


# Reading and writing --------------------------------------------------------------------------------------------------


def test_writing_keeps_mode_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"old")
    path.chmod(0o754)
    files.write(str(path), b"new\r\n\xff")
    assert path.read_bytes() == b"new\r\n\xff"
    assert stat.S_IMODE(path.stat().st_mode) == 0o754
    assert os.listdir(tmp_path) == ["Dockerfile"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root may give a file away")
def test_writing_keeps_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"old")
    os.chown(path, 1234, 5678)
    path.chmod(0o640)
    files.write(str(path), b"new")
    after = path.stat()
    assert (after.st_uid, after.st_gid, stat.S_IMODE(after.st_mode)) == (1234, 5678, 0o640)


def test_writing_through_a_link_writes_its_target(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    link = tmp_path / "Dockerfile"
    link.symlink_to("real")
    files.write(str(link), b"new")
    assert link.is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        files.write(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["Dockerfile"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Dockerfile")
    with pytest.raises(OSError, match="not a regular file but a pipe"):
        filesystem.read(str(tmp_path / "Dockerfile"))
