"""A project that `uvlint migrate` is run on, with an index of this machine's own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import package_index
import pytest
from migrating import Outcome

from uvlint import cli


@pytest.fixture(scope="session")
def index() -> Iterator[str]:
    with package_index.serve(package_index.PACKAGES) as url:
        yield url


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: str) -> Callable[..., Path]:
    """Makes a project of texts by path, and goes there; a.example is the index of this machine."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", index)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setenv("UV_PYTHON", sys.executable)

    def make(files: Mapping[str, str]) -> Path:
        root = tmp_path / "service"
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.replace("https://a.example/simple", index).encode())
        monkeypatch.chdir(root)
        return root

    return make


@pytest.fixture
def migrate(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def run(*arguments: str) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            cli.main(["migrate", *arguments])
        return Outcome(int(ended.value.code or 0), *capsys.readouterr())

    return run
