"""The pre-commit hooks, as pre-commit itself runs them (it installs the checkout with pip)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from uvlint import files

ROOT = Path(__file__).parents[1]
MANIFEST = (ROOT / ".pre-commit-hooks.yaml").read_text()
SHIPPED = ("src", "rules", "pyproject.toml", ".pre-commit-hooks.yaml", "README.md", "LICENSE")
pre_commit = pytest.mark.skipif(
    not shutil.which("pre-commit") or not shutil.which("git"), reason="pre-commit is not installed"
)


def keys(name: str) -> list[str]:
    return re.findall(rf"^  {name}: '?(.*?)'?$", MANIFEST, re.MULTILINE)


def test_the_hooks_take_the_files_that_a_walk_finds() -> None:
    assert keys("files") == [files.FILES] * 2
    assert keys("exclude") == [files.NOT_FILES] * 2


def test_there_is_a_hook_that_looks_and_one_that_fixes() -> None:
    assert re.findall(r"^- id: (.*)$", MANIFEST, re.MULTILINE) == ["uvlint", "uvlint-fix"]
    assert keys("entry") == ["uvlint check --force-exclude", "uvlint check --fix --force-exclude"]


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # Not the settings of whoever runs the tests, least of all those of a pre-commit that runs them.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT", "PYTHON"))}
    return subprocess.run(
        command,
        cwd=cwd,
        env={**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def commit(folder: Path) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "all")):
        done = run("git", *command, cwd=folder)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that holds what is in the checkout now."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    commit(folder)
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "docker").mkdir()
    (tmp_path / "Dockerfile").write_text("FROM python:3.13-slim\nRUN pip install six==1.17.0\n")
    (tmp_path / "docker" / "app-Dockerfile").write_text(
        "FROM python:3.13-slim\n# uvlint: ignore[no-such-rule]\nRUN pip install six\n"
    )
    (tmp_path / "Dockerfile.j2").write_text("{{ template }}\n")
    (tmp_path / "README.md").write_text("FROM no Dockerfile\n")
    commit(tmp_path)
    return tmp_path


@pre_commit
def test_the_manifest_is_valid() -> None:
    done = run("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml", cwd=ROOT)
    assert done.returncode == 0, done.stdout


@pre_commit
def test_the_hooks_run_with_try_repo(hooks: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = str(tmp_path_factory.mktemp("pre-commit"))
    before = (repository / "Dockerfile").read_bytes()
    looked = run(
        "pre-commit", "try-repo", str(hooks), "uvlint", "--all-files", "--verbose", cwd=repository, PRE_COMMIT_HOME=home
    )
    if looked.returncode == 3 and "No matching distribution" in looked.stdout:
        pytest.skip("what the hook needs can't be installed here")
    assert looked.returncode == 1, looked.stdout + looked.stderr
    assert "Dockerfile:2:" in looked.stdout
    assert "app-Dockerfile:" in looked.stdout
    assert "j2" not in looked.stdout
    assert (repository / "Dockerfile").read_bytes() == before

    fixed = run(
        "pre-commit",
        "try-repo",
        str(hooks),
        "uvlint-fix",
        "--all-files",
        "--verbose",
        cwd=repository,
        PRE_COMMIT_HOME=home,
    )
    assert fixed.returncode == 1, fixed.stdout + fixed.stderr
    assert "files were modified by this hook" in fixed.stdout
    assert "uv pip install" in (repository / "Dockerfile").read_text()
