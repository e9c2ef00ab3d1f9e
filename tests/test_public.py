from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import uvlint
from uvlint import diagnostics
from uvlint.config import ConfigError

TEXT = "FROM python:3.12-slim\nRUN pip install six==1.16.0\n"


def test_the_public_face_is_these_names_and_no_others() -> None:
    assert uvlint.__all__ == ["Diagnostic", "Edit", "Fix", "Safety", "check", "fix"]
    for name in ("Diagnostic", "Edit", "Fix", "Safety"):
        assert getattr(uvlint, name) is getattr(diagnostics, name)
    with pytest.raises(AttributeError, match="no attribute 'lint'"):
        _ = uvlint.lint


def test_importing_it_imports_nothing_of_it() -> None:
    code = "import sys, uvlint; print(*sorted(name for name in sys.modules if name.startswith('uvlint')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["uvlint"]


@pytest.mark.parametrize("text", [TEXT, TEXT.encode()])
def test_check_finds(text: str | bytes) -> None:
    (found,) = uvlint.check(text, select=["pip-install"])
    assert (found.rule, found.code) == ("pip-install", "UVL101")
    assert TEXT[slice(*found.span)] == "pip install six==1.16.0"
    assert found.fix is not None
    assert found.fix.safety is uvlint.Safety.SAFE
    assert uvlint.check(text, ignore=["ALL"]) == []


def test_what_check_offers_can_be_applied_by_hand() -> None:
    (found,) = uvlint.check(TEXT, select=["pip-install"])
    assert found.fix is not None
    text = TEXT
    for edit in sorted(found.fix.edits, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert text == uvlint.fix(TEXT, select=["pip-install"])


def test_fix_gives_back_the_type_it_was_given() -> None:
    text = uvlint.fix(TEXT, select=["pip-install"])
    assert "uv pip install --system six==1.16.0" in text
    assert uvlint.fix(TEXT.encode(), select=["pip-install"]) == text.encode()
    assert uvlint.fix(text, select=["pip-install"]) == text


def test_fix_applies_unsafe_fixes_only_when_asked() -> None:
    text = TEXT.replace("python:3.12-slim", "example/of-unknown-make")
    assert uvlint.fix(text, select=["pip-install"]) == text
    assert "uv pip install" in uvlint.fix(text, select=["pip-install"], unsafe=True)


def test_any_bytes_come_back() -> None:
    data = b"\xef\xbb\xbfFROM scratch\r\nLABEL a=\xff\xfe\x00b\r\n"
    assert uvlint.fix(data) == data
    assert [one for one in uvlint.check(data) if one.rule == "pip-install"] == []


def test_settings_are_the_keys_of_the_configuration() -> None:
    assert "astral-sh/uv:0.9.9 " in uvlint.fix(TEXT, uv_version="0.9.9")
    assert "--mount=type=cache" not in uvlint.fix(TEXT, cache_mounts=False)
    with pytest.raises(TypeError, match="colour"):
        uvlint.check(TEXT, colour="red")
    with pytest.raises(ConfigError, match="no rule `pip-instal`, did you mean `pip-install`"):
        uvlint.check(TEXT, select=["pip-instal"])


def test_a_path_shows_the_files_beside_it(tmp_path: Path) -> None:
    text = "FROM python:3.12-slim\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
    (tmp_path / "requirements.txt").write_text("six==1.16.0\n")
    place = str(tmp_path / "Dockerfile")
    assert "uv pip install" in uvlint.fix(text, path=place, select=["pip-install"])
    assert uvlint.fix(text, select=["pip-install"]) == text
    assert uvlint.check(text, path=place, root=str(tmp_path), per_file_ignores={"Dockerfile": ("ALL",)}) == []


def test_a_fix_that_fails_its_proof_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uvlint.proof.objection", lambda *_, **__: "the file would no longer parse")
    with pytest.raises(RuntimeError, match="no longer parse after the fixes of pip-install"):
        uvlint.fix(TEXT, select=["pip-install"])
