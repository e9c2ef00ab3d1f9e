"""Several files changed together, or none of them."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import pytest

from uvlint.migrate.transaction import Change, Refused, commit


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        one.name: (one.read_bytes(), stat.S_IMODE(one.lstat().st_mode)) for one in folder.iterdir() if one.is_file()
    }


def changes(folder: Path) -> list[Change]:
    (folder / "kept").write_text("old")
    (folder / "kept").chmod(0o754)
    (folder / "gone").write_text("x")
    return [
        Change(str(folder / "new"), None, b"new"),
        Change(str(folder / "kept"), b"old", b"changed"),
        Change(str(folder / "gone"), b"x", None),
    ]


def test_all_changes_are_made_and_modes_stay(tmp_path: Path) -> None:
    wanted = changes(tmp_path)
    mask = os.umask(0o027)
    try:
        commit(wanted)
    finally:
        os.umask(mask)
    assert state(tmp_path) == {"new": (b"new", 0o640), "kept": (b"changed", 0o754)}


@pytest.mark.parametrize(
    ("function", "number"), [("replace", 0), ("replace", 1), ("unlink", 2), ("fsync", 0), ("fsync", 1)]
)
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_whatever_fails_all_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int, error: BaseException
) -> None:
    wanted = changes(tmp_path)
    before = state(tmp_path)
    calls = iter(range(100))
    real = getattr(os, function)

    def failing(*arguments: object) -> None:
        if next(calls) == number:
            raise error
        real(*arguments)

    monkeypatch.setattr(os, function, failing)
    with pytest.raises((Refused, KeyboardInterrupt)) as raised:
        commit(wanted)
    assert state(tmp_path) == before
    if isinstance(error, OSError):
        assert "No space left" in str(raised.value)


def test_a_file_that_was_changed_meanwhile_is_left(tmp_path: Path) -> None:
    wanted = changes(tmp_path)
    (tmp_path / "gone").write_text("other")
    before = state(tmp_path)
    with pytest.raises(Refused, match="changed meanwhile"):
        commit(wanted)
    assert state(tmp_path) == before


def test_a_file_that_came_meanwhile_is_left(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("theirs")
    with pytest.raises(Refused, match="changed meanwhile"):
        commit([Change(str(tmp_path / "new"), None, b"ours")])
    assert state(tmp_path)["new"][0] == b"theirs"


def test_the_target_of_a_link_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    commit([Change(str(tmp_path / "link"), b"old", b"new")])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_write_protected_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = changes(tmp_path)
    before = state(tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(Refused, match="write-protected"):
        commit(wanted)
    assert state(tmp_path) == before


def test_a_link_goes_and_its_target_stays(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("old")
    (tmp_path / "link").symlink_to("theirs")
    commit([Change(str(tmp_path / "link"), b"old", None)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["theirs"]
    assert (tmp_path / "theirs").read_text() == "old"


def test_a_link_that_went_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs").write_text("old")
    (tmp_path / "link").symlink_to("theirs")
    wanted = [Change(str(tmp_path / "link"), b"old", None), Change(str(tmp_path / "new"), None, b"new")]

    real = os.replace

    def full(old: str, new: str) -> None:
        if not new.endswith("link"):
            raise OSError(28, "No space left on device")
        real(old, new)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(Refused, match="No space left"):
        commit(wanted)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "theirs"]
    assert os.readlink(tmp_path / "link") == "theirs"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_between_two_files_does_not_part_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: signal.Signals
) -> None:
    wanted = changes(tmp_path)
    real = os.replace
    handler = signal.getsignal(sent)

    def interrupted(old: str, new: str) -> None:
        real(old, new)
        os.kill(os.getpid(), sent)

    monkeypatch.setattr(os, "replace", interrupted)
    commit(wanted)
    assert all(
        not os.path.exists(one.path) if one.after is None else Path(one.path).read_bytes() == one.after
        for one in wanted
    )
    assert signal.getsignal(sent) == handler
