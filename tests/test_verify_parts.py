"""What `verify` reads from engines and build contexts, without an engine."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from uvlint.config import Settings
from uvlint.verify import changes, sides
from uvlint.verify.progress import Plain, Raw
from uvlint.verify.sides import Subject

# Progress ---------------------------------------------------------------------------------------------------------------


def test_buildkit_tells_steps_times_and_the_last_lines() -> None:
    raw = Raw()
    at = "2026-01-01T00:00:0{}.000000001Z".format
    old = "2025-12-31T00:00:00Z"  # a step that is found in the cache is said to begin when it was made
    said = base64.b64encode(b"first\n\nhttps://user:secret@a.example/ not found\n").decode()
    for event in (
        {"vertexes": [{"digest": "a", "name": "[1/2] FROM x", "started": old, "completed": at(1), "cached": True}]},
        {"vertexes": [{"digest": "b", "name": "[2/2] RUN y", "started": at(2)}]},
        {"logs": [{"vertex": "b", "data": said}]},
        {
            "vertexes": [
                {"digest": "b", "name": "[2/2] RUN y", "started": at(2), "completed": at(5), "error": "exit code: 1"}
            ]
        },
    ):
        raw.feed(json.dumps(event))
    raw.feed("ERROR: failed to build: exit code: 1")
    assert [(one.name, one.started, one.seconds, one.cached, one.error) for one in raw.steps()] == [
        ("[1/2] FROM x", 0, 0, True, ""),
        ("[2/2] RUN y", 0, 3, False, "exit code: 1"),
    ]
    assert (raw.where(), raw.why()) == ("[2/2] RUN y", "failed to build: exit code: 1")
    assert raw.tail()[0] == "first"
    assert "secret" not in raw.tail()[1]


@pytest.mark.parametrize("flag", ["type=cache,target=/root/.cache/uv", "type=cache,id=mine,target=/root/.cache/uv"])
def test_a_step_has_the_words_of_its_file_though_its_cache_mounts_are_its_own(tmp_path: Path, flag: str) -> None:
    step = f"RUN --mount={flag} uv sync"
    one = subject(tmp_path, f"FROM x\n{step}\n")
    built = sides.isolated(one.build(), "uvlint-verify-0123abcd-before-0").splitlines()[-1]
    assert "uvlint-verify" in built
    raw = Raw()
    raw.feed(json.dumps({"vertexes": [{"digest": "a", "name": f"[2/2] {built}", "started": "2026-01-01T00:00:00Z"}]}))
    assert [known.name for known in raw.steps()] == [f"[2/2] {step}"]


def test_podman_tells_steps_and_the_last_lines() -> None:
    times = iter(range(100))
    plain = Plain(lambda: next(times))
    for line in (
        "[1/2] STEP 1/2: FROM x",
        "--> Using cache 12",
        "STEP 2/2: RUN y",
        "oh",
        "Error: building at STEP: exit 1",
    ):
        plain.feed(line)
    plain.close()
    steps = [(one.name, one.seconds, one.cached) for one in plain.steps()]
    assert steps == [("[1/2] STEP 1/2: FROM x", 1, True), ("STEP 2/2: RUN y", 1, False)]
    assert (plain.where(), plain.why()) == ("STEP 2/2: RUN y", "building at STEP: exit 1")
    assert plain.tail() == ("oh", "Error: building at STEP: exit 1")


# Build contexts ---------------------------------------------------------------------------------------------------------


def subject(folder: Path, text: str, **files: str) -> Subject:
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(text)
    for name, content in files.items():
        place = folder / name.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    return Subject("x", text, str(folder / "Dockerfile"), str(folder), Settings(root=str(folder)))


def test_a_copy_is_what_docker_sees_with_what_is_changed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    one = subject(
        tmp_path / "in", "FROM x\n", **{"a.py": "1", "b__c.py": "2", "b__d.log": "3", "e__f": "4", "e__g": "5"}
    )
    (tmp_path / "in" / ".dockerignore").write_text("**/*.log\ne\n!e/g\n")
    os.symlink("a.py", tmp_path / "in" / "link")
    one.changed = {str(tmp_path / "in" / "new.txt"): "6"}
    one.text = "FROM y\n"
    copied = sides.copy(one, str(tmp_path / "out"))
    held = sorted(
        str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if not path.is_dir()
    )
    assert held == [".dockerignore", "Dockerfile", "a.py", "b/c.py", "e/g", "link", "new.txt"]
    assert os.readlink(tmp_path / "out" / "link") == "a.py"
    assert (tmp_path / "out" / "Dockerfile").read_text() == "FROM y\n"
    assert (tmp_path / "in" / "Dockerfile").read_text() == "FROM x\n"
    assert copied.folder == str(tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("# syntax=docker/dockerfile:1\r\nFROM x\n", "FROM x\n"),
        ("# escape=`\n#  Syntax = a\n# check=skip=all\nFROM x\n", "# escape=`\n# check=skip=all\nFROM x\n"),
        ("# syntax=a", ""),
        ("FROM x\n# syntax=a\n", "FROM x\n# syntax=a\n"),
    ],
)
def test_the_line_of_another_frontend_is_left_out(text: str, left: str) -> None:
    assert sides.without_syntax(text) == left


def test_a_copy_has_the_patterns_that_it_was_made_with(tmp_path: Path) -> None:
    files = {".dockerignore": "src\n", "Dockerfile.dockerignore": "Dockerfile*\n", "src__a": ""}
    copied = sides.copy(subject(tmp_path / "in", "FROM x\n", **files), str(tmp_path / "out"))
    assert (tmp_path / "out" / "src" / "a").exists()
    assert sides.ignoring(copied) == "Dockerfile*\n"


def test_a_copy_has_the_modes_of_its_folders(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    one = subject(tmp_path / "in", "FROM x\n", **{"a__b__c.py": ""})
    for folder in ("a/b", "a"):
        (tmp_path / "in" / folder).chmod(0o555)
    sides.copy(one, str(tmp_path / "out"))
    assert [(tmp_path / "out" / name).stat().st_mode & 0o777 for name in ("a", "a/b")] == [0o555, 0o555]
    assert (tmp_path / "out" / "a" / "b" / "c.py").exists()


def test_a_copy_has_the_modes_of_folders_that_are_hidden_otherwise(tmp_path: Path) -> None:
    one = subject(tmp_path / "in", "FROM x\n", **{"a__b__c.py": "", ".dockerignore": "*\n!a/b\n"})
    (tmp_path / "in" / "a").chmod(0o700)
    sides.copy(one, str(tmp_path / "out"))
    assert (tmp_path / "out" / "a").stat().st_mode & 0o777 == 0o700


def test_a_copy_holds_a_link_of_a_folder_that_is_hidden_otherwise(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    one = subject(tmp_path / "in", "FROM x\n", **{"b__c.py": ""})
    os.symlink("c.py", tmp_path / "in" / "b" / "a")
    (tmp_path / "in" / ".dockerignore").write_text("*\n!b/a\n")
    sides.copy(one, str(tmp_path / "out"))
    assert os.readlink(tmp_path / "out" / "b" / "a") == "c.py"


def test_a_link_to_the_users_own_file_is_not_written_through(tmp_path: Path) -> None:
    """Such a link is copied as it is: in the image it leads to nothing."""
    one = subject(tmp_path, "FROM x\n", **{"in__a.py": "", "real__file": "FROM x\n"})
    inner = tmp_path / "in"
    for name in ("Dockerfile", ".dockerignore", "pyproject.toml"):
        os.symlink(tmp_path / "real" / "file", inner / name)
    one = Subject("x", "FROM y\nCOPY . .\n", str(inner / "Dockerfile"), str(inner), one.settings)
    one.changed = {str(inner / ".dockerignore"): "e\n"}
    copied = sides.copy(one, str(tmp_path / "out"))
    assert os.path.islink(tmp_path / "out" / "Dockerfile")
    assert changes.requirement(copied.build(), copied, ()) is None
    assert (tmp_path / "real" / "file").read_text() == "FROM x\n"


def test_a_link_within_the_context_is_written_through(tmp_path: Path) -> None:
    one = subject(tmp_path, "FROM x\n", in__real__file="FROM x\n")
    os.symlink("real/file", tmp_path / "in" / "Dockerfile")
    one = Subject("x", "FROM y\n", str(tmp_path / "in" / "Dockerfile"), str(tmp_path / "in"), one.settings)
    sides.copy(one, str(tmp_path / "out"))
    assert os.readlink(tmp_path / "out" / "Dockerfile") == "real/file"
    assert (tmp_path / "out" / "Dockerfile").read_text() == "FROM y\n"


def test_a_context_that_holds_the_folder_for_copies_is_copied_without_it(tmp_path: Path) -> None:
    one = subject(tmp_path, "FROM x\n", **{"temporary__mine__other": "", "temporary__a.py": ""})
    sides.copy(one, str(tmp_path / "temporary" / "mine" / "before"))
    copied = tmp_path / "temporary" / "mine" / "before"
    assert sorted(str(path.relative_to(copied)) for path in copied.rglob("*")) == [
        "Dockerfile",
        "temporary",
        "temporary/a.py",
    ]


@pytest.mark.parametrize(("patterns", "said"), [("", "shut"), ("shut\n!shut/a\n", "")])
def test_a_folder_that_can_not_be_read_is_not_left_out_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patterns: str, said: str
) -> None:
    """The engine, too, fails for one that Docker would see."""
    one = subject(tmp_path / "in", "FROM x\n", shut__a="", **{".dockerignore": patterns})
    known = os.scandir

    def scan(path: str) -> object:
        if os.path.basename(path) == "shut":
            raise PermissionError(13, "Permission denied", path)
        return known(path)

    monkeypatch.setattr(os, "scandir", scan)
    try:
        sides.copy(one, str(tmp_path / "out"))
        found = ""
    except PermissionError as error:
        found = os.path.basename(error.filename)
    assert found == said


def test_a_file_that_can_not_be_written_is_changed_in_a_copy(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "a.py").chmod(0o444)
    sides.put(str(tmp_path / "a.py"), "2")
    assert ((tmp_path / "a.py").read_text(), (tmp_path / "a.py").stat().st_mode & 0o777) == ("2", 0o444)


def test_cache_mounts_of_their_own(tmp_path: Path) -> None:
    text = (
        "FROM x\nRUN --mount=type=cache,target=/root/.cache/uv --mount=type=bind,target=/s \\\n"
        "    --mount=target=/c,id=mine,type=cache a\n"
    )
    assert sides.isolated(subject(tmp_path, text).build(), "u") == (
        "FROM x\nRUN --mount=id=u--root-cache-uv,type=cache,target=/root/.cache/uv --mount=type=bind,target=/s \\\n"
        "    --mount=target=/c,id=u-mine,type=cache a\n"
    )


def test_stages_that_podman_can_tell_apart(tmp_path: Path) -> None:
    text = "FROM x AS a\r\nRUN b\nFROM a"
    labelled = sides.isolated(subject(tmp_path, text).build(), "u", labelled=True)
    assert labelled == "FROM x AS a\nLABEL uvlint.verify=u\r\nRUN b\nFROM a\nLABEL uvlint.verify=u"


REQUIRED = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD uvicorn pkg.main:app\n"


def test_the_entry_points_file_and_its_requirements_are_changed(tmp_path: Path) -> None:
    files = {"setup.py": "", "pkg__main.py": "x = 1", "a.py": "", "tests__main.py": "", "requirements.txt": "iniconfig"}
    one = subject(tmp_path, REQUIRED, **files)
    build = one.build()
    source = changes.source(build, one)
    requirement = changes.requirement(build, one, {"iniconfig", "toml"})
    assert source is not None
    assert requirement is not None
    assert (source.path, requirement.what) == ("pkg/main.py", "tabulate==0.9.0 added to requirements.txt")
    source.apply(one, "u")
    requirement.apply(one, "u")
    assert (tmp_path / "pkg" / "main.py").read_text() == "x = 1\n# u\n"
    assert (tmp_path / "requirements.txt").read_text() == "iniconfig\ntabulate==0.9.0\n# u\n"


def test_a_locked_list_only_gets_a_comment(tmp_path: Path) -> None:
    one = subject(tmp_path, REQUIRED, **{"requirements.txt": "six==1.17.0 --hash=sha256:12\n"})
    found_ = changes.requirement(one.build(), one, ())
    assert found_ is not None
    assert found_.line == "# {}\n"
    assert changes.source(one.build(), one) is None
