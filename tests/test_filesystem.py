"""All that a check asks the file system is on record: what it keeps of a run is void once one answer changes."""

from __future__ import annotations

import builtins
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from uvlint import book, cli, filesystem


class Watch:
    """Notes each path that the process looks at, whoever asks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: set[str] = set()
        for owner, name in ((os, "stat"), (os, "lstat"), (os, "open"), (os, "scandir"), (os, "listdir"),
                            (os, "readlink"), (os, "access"), (builtins, "open"), (io, "open")):  # fmt: skip
            monkeypatch.setattr(owner, name, self._noting(getattr(owner, name)))

    def _noting(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any = ".", *more: Any, **options: Any) -> Any:
            if isinstance(path, (str, os.PathLike)):
                self.seen.add(os.path.abspath(path))
            return real(path, *more, **options)

        return call


def projects() -> Iterator[tuple[str, dict[str, str]]]:
    """The examples of the rules that have files beside the Dockerfile."""
    for name in book.names():
        for example in book.read(name).examples:
            if example.files:
                yield f"{name}:{example.line}", {**example.files, "Dockerfile": example.before}
    for path in sorted((Path(__file__).parent / "rules").glob("*.md")):
        for example in book.examples(path.read_text(encoding="utf-8")):
            if example.files:
                yield f"tests-{path.stem}:{example.line}", {**example.files, "Dockerfile": example.before}


@pytest.mark.parametrize("files", [pytest.param(files, id=name) for name, files in projects()])
def test_all_that_a_run_looks_at_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> None:
    top = tmp_path / "project"
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    (top / ".git").mkdir(exist_ok=True)
    monkeypatch.chdir(top)
    monkeypatch.delenv("UVLINT_NO_CACHE")
    monkeypatch.setenv("UVLINT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "utf-8"))
    with monkeypatch.context() as patch:
        watch = Watch(patch)
        with pytest.raises(SystemExit):
            cli.main(["."], b"a run")
    record = filesystem.recorded()
    assert record is not None
    asked = {os.path.abspath(path) for path in (*record.kinds, *record.states, *record.places)}
    links = {str(above) for path in record.places for above in Path(path).absolute().parents}  # on the way to a place
    inside = {path for path in watch.seen if path.startswith(f"{tmp_path}/") and path != str(tmp_path / "cache")}
    assert str(top / "Dockerfile") in inside
    assert {path for path in inside if not path.startswith(f"{tmp_path}/cache/")} - asked - links == set()
