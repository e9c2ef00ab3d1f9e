"""What `verify` reads from engines, images and build contexts, without an engine."""

from __future__ import annotations

import base64
import io
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from uvlint.config import Settings
from uvlint.verify import changes, compare, outcome, sides, smoke, tree
from uvlint.verify.outcome import Config, Environment, Image, PackageChange, Ran, Smoke
from uvlint.verify.progress import Plain, Raw
from uvlint.verify.sides import Subject
from uvlint.verify.tree import Tree

SITE = "/usr/local/lib/python3.12/site-packages"
VENV = "/app/.venv/lib/python3.12/site-packages"


def archive(
    files: Mapping[str, str | bytes],
    links: Mapping[str, str] | None = None,
    members: Mapping[str, Mapping[str, object]] | None = None,
) -> Tree:
    """A tree of files by path; `links` are hard links, `members` more fields of the file of that name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size = len(data)
            for name, value in (members or {}).get(os.path.basename(path), {}).items():
                setattr(member, name, value)
            file.addfile(member, io.BytesIO(data) if member.isreg() else None)
        for path, target in (links or {}).items():
            member = tarfile.TarInfo(path.lstrip("/"))
            member.type, member.linkname = tarfile.LNKTYPE, target.lstrip("/")
            file.addfile(member)
    buffer.seek(0)
    return tree.read(buffer)


def dist(folder: str, name: str, version: str = "1.0") -> dict[str, str | bytes]:
    info = f"{folder}/{name}-{version}.dist-info"
    return {f"{info}/METADATA": f"Name: {name}\nVersion: {version}\n", f"{info}/RECORD": f"{name}.py,,\n"}


def found(files: Tree) -> dict[str, tuple[str, dict[str, str]]]:
    return {one.prefix: (one.kind, one.packages) for one in files.environments}


# Distributions ----------------------------------------------------------------------------------------------------------


def test_distributions_are_read_environment_by_environment() -> None:
    files = archive(
        {
            **dist(SITE, "Ruamel.Yaml"),
            **dist("/usr/lib/python3/dist-packages", "debs"),
            "/usr/lib/python3/dist-packages/old-3.egg-info": "Name: old\nVersion: 3\n",
            "/app/.venv/pyvenv.cfg": "",
            "/app/.venv/CACHEDIR.TAG": "",
            **dist(VENV, "six"),
            "/opt/conda/conda-meta/numpy-base-2.1.0-py312_0.json": "{}",
            **dist("/vendor", "flat"),
        }
    )
    assert found(files) == {
        "/usr/local": ("system", {"ruamel-yaml": "1.0"}),
        "/usr": ("system", {"debs": "1.0", "old": "3"}),
        "/app/.venv": ("venv", {"six": "1.0"}),
        "/opt/conda": ("conda", {"numpy-base": "2.1.0"}),
        "/vendor": ("folder", {"flat": "1.0"}),
    }


@pytest.mark.parametrize(
    "files",
    [
        dist("/root/.cache/uv/archive-v0/x", "six"),
        dist("/tmp/build", "six"),
        {"/cache/CACHEDIR.TAG": "", **dist("/cache/archive-v0/x", "six")},
        dist(f"{SITE}/setuptools/_vendor", "six"),
        {"/app/src/six.egg-info/PKG-INFO": "Name: six\nVersion: 1\n"},
        {"/app/build/six-1.dist-info/METADATA": "Name: six\nVersion: 1\n"},
    ],
    ids=["uv cache", "temporary", "marked cache", "vendored", "project", "left by a build"],
)
def test_what_is_not_installed_is_no_distribution(files: dict[str, str | bytes]) -> None:
    assert found(archive(files)) == {}


def test_a_package_that_is_linked_from_a_cache_is_read() -> None:
    cached, installed = "/root/.cache/uv/a/x-1.0.dist-info/METADATA", f"{SITE}/x-1.0.dist-info/METADATA"
    assert found(archive({cached: "Name: x\nVersion: 1.0\n"}, {installed: cached}))["/usr/local"][1] == {"x": "1.0"}


def test_an_environment_of_poetry_is_none_of_its_caches() -> None:
    place = "/root/.cache/pypoetry/virtualenvs/app-py3.12"
    files = archive({f"{place}/pyvenv.cfg": "", **dist(f"{place}/lib/python3.12/site-packages", "six")})
    assert found(files) == {place: ("venv", {"six": "1.0"})}


def test_bytecode_is_told_by_top_level_name() -> None:
    more: dict[str, str | bytes] = {
        f"{SITE}/__pycache__/six.cpython-312.pyc": "",
        f"{SITE}/idna/__pycache__/core.pyc": "",
    }
    assert archive({**dist(SITE, "six"), **more}).environments[0].compiled == ("idna", "six")


@pytest.mark.parametrize(
    ("metadata", "name", "version"),
    [
        (b"Name: caf\xc3\xa9\nVersion: 1.0\n", "caf\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}", "1.0"),
        (b"Name: x\nVersion: 1\xff\n", "x", "1\N{REPLACEMENT CHARACTER}"),
        (b"Name: x\n", "x", ""),
    ],
)
def test_odd_metadata_is_read_as_far_as_it_goes(metadata: bytes, name: str, version: str) -> None:
    assert found(archive({f"{SITE}/x.dist-info/METADATA": metadata}))["/usr/local"][1] == {name: version}


def test_several_versions_of_a_package_at_once_are_all_told() -> None:
    assert found(archive({**dist(SITE, "x", "2.0"), **dist(SITE, "x", "1.0")}))["/usr/local"][1] == {"x": "1.0, 2.0"}


# Comparison -------------------------------------------------------------------------------------------------------------


def test_packages_lost_new_changed_moved_and_of_installers() -> None:
    old = {"/usr/local": {"a": "1", "b": "1", "c": "1", "pip": "24"}}
    new = {"/usr/local": {"b": "2", "d": "1", "uv": "0.13"}, "/venv": {"c": "1"}}
    assert {(one.name, one.kind, one.to) for one in compare.packages(old, new)} == {
        ("a", outcome.LOST, ""),
        ("b", outcome.CHANGED, ""),
        ("c", outcome.MOVED, "/venv"),
        ("d", outcome.NEW, ""),
        ("pip", outcome.INSTALLER, ""),
        ("uv", outcome.INSTALLER, ""),
    }


def image(config: Config, *environments: Environment) -> Image:
    return Image(0, config, (), environments)


def test_what_a_fresh_build_has_too_is_no_difference_of_the_files() -> None:
    changes_ = [
        PackageChange("/x", "a", outcome.CHANGED, "1", "2"),
        PackageChange("/x", "b", outcome.CHANGED, "1", "2"),
    ]
    fresh = image(Config(), Environment("/x", "venv", {"a": "2", "b": "1"}))
    assert [one.kind for one in compare.drifted(changes_, fresh)] == [outcome.DRIFTED, outcome.CHANGED]


@pytest.mark.parametrize(("path", "lost"), [("/venv/bin:/bin", []), ("/bin", ["a"])])
def test_a_package_that_moved_has_to_be_found(path: str, lost: list[str]) -> None:
    moved = [PackageChange("/usr/local", "a", outcome.MOVED, "1", "1", "/venv")]
    after = image(Config(env={"PATH": path}))
    assert [one.name for one in compare.unreachable(moved, after)] == lost


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Config(user=""), Config(user="root"), []),
        (Config(workdir=""), Config(workdir="/"), []),
        (Config(user="app"), Config(user=""), [("user", True)]),
        (Config(command=("a",)), Config(command=("b",)), [("command", True)]),
        (Config(env={"UV_X": "1", "PIP_X": "1"}), Config(), [("env PIP_X", False), ("env UV_X", False)]),
        (Config(env={"A": "1"}), Config(), [("env A", True)]),
        (Config(), Config(env={"A": "1"}), [("env A", False)]),
        (Config(env={"PATH": "/a:/b"}), Config(env={"PATH": "/v/bin:/a:/b"}), [("env PATH", False)]),
        (Config(env={"PATH": "/a:/b"}), Config(env={"PATH": "/b:/a"}), [("env PATH", True)]),
    ],
)
def test_configuration(before: Config, after: Config, expected: list[tuple[str, bool]]) -> None:
    assert [(one.field, one.counts) for one in compare.config(before, after)] == expected


def test_files_outside_environments_and_caches() -> None:
    before = archive(
        {
            "/app/a.py": "",
            "/etc/x": "",
            "/root/.cache/y": "",
            f"{SITE}/z.py": "",
            "/app/c.py": "",
            "/app/__pycache__/a.pyc": "",
        },
        members={"c.py": {"mode": 0o644}},
    )
    after = archive({"/bin/uv": "", "/app/c.py": ""}, members={"c.py": {"mode": 0o600, "uid": 5}})
    listed = compare.files(before, after, image(Config(workdir="/app")))
    assert [(one.path, one.before, one.after, one.counts) for one in listed] == [
        ("/app/a.py", "0:0 644", None, True),
        ("/app/c.py", "0:0 644", "5:0 600", True),
        ("/bin/uv", None, "0:0 644", False),
        ("/etc/x", "0:0 644", None, False),
    ]


def test_folders_that_change_hands_and_empty_ones_that_are_lost() -> None:
    folder = {"type": tarfile.DIRTYPE, "mode": 0o755}
    before = archive(
        {"/app": "", "/app/data": "", "/app/empty": "", "/app/full": "", "/app/full/x": "", "/app/full/old": ""},
        members={name: {**folder, "uid": 5} for name in ("app", "data", "empty", "full", "old")},
    )
    after = archive(
        {"/app": "", "/app/data": "", "/new": "", "/new/y": ""}, members=dict.fromkeys(("app", "data", "new"), folder)
    )
    listed = compare.files(before, after, image(Config(workdir="/app")))
    assert [(one.path, one.before, one.after, one.counts) for one in listed] == [
        ("/app", "5:0 755", "0:0 755", True),
        ("/app/data", "5:0 755", "0:0 755", True),
        ("/app/empty", "5:0 755", None, True),
        ("/app/full/old", "5:0 755", None, True),
        ("/app/full/x", "0:0 644", None, True),
        ("/new/y", None, "0:0 644", False),
    ]


def test_the_program_that_an_image_runs_counts_wherever_it_is() -> None:
    before = archive({"/usr/local/bin/start": "#!/bin/sh\n"})
    (change,) = compare.files(before, archive({}), image(Config()), "/usr/local/bin/start")
    assert change.counts


def test_installed_files_below_a_folder_that_the_user_can_not_enter() -> None:
    files = archive(
        {"/root": "", "/root/venv/pyvenv.cfg": ""}, members={"root": {"type": tarfile.DIRTYPE, "mode": 0o700}}
    )
    assert compare.shut(files, image(Config(user="1000"))) == ["/root/venv/pyvenv.cfg"]


def test_installed_files_that_the_user_can_not_read() -> None:
    files = archive({**dist(SITE, "six"), f"{SITE}/six.py": ""}, members={"six.py": {"mode": 0o600}})
    assert compare.shut(files, image(Config(user="1000"))) == [f"{SITE}/six.py"]
    assert compare.shut(files, image(Config(user="0"))) == []


# What starts ------------------------------------------------------------------------------------------------------------

PROGRAMS: dict[str, str | bytes] = {
    "/usr/local/bin/python": "\x7fELF",
    "/usr/local/bin/uvicorn": "#!/usr/local/bin/python\n",
    "/usr/local/bin/gunicorn": "#!/usr/local/bin/python\n",
    "/app/start.sh": "#!/bin/sh\n",
    "/bin/sh": "",
}
EXECUTABLE = {os.path.basename(path): {"mode": 0o755} for path in PROGRAMS}


@pytest.mark.parametrize(
    ("entrypoint", "command", "shown"),
    [
        ((), ("uvicorn", "app.main:app", "--port", "80"), "import uvicorn, app.main"),
        ((), ("/bin/sh", "-c", "exec gunicorn -w 4 wsgi:app"), "import gunicorn, wsgi"),
        (("python",), ("-m", "uvicorn", "--port", "80", "x:app"), "import uvicorn, x"),
        ((), ("uv", "run", "--no-sync", "uvicorn", "x:app"), "import uvicorn, x"),
        ((), ("python", "-u", "app.py"), "import app.py"),
        ((), ("missing", "x"), "missing (which is not in the image)"),
        ((), ("/app/start.sh",), ""),
        ((), ("/bin/sh", "-c", "cd x && uvicorn x:app"), ""),
        ((), ("python", "-c", "import x"), ""),
        ((), (), ""),
    ],
)
def test_what_an_image_runs_is_imported(entrypoint: tuple[str, ...], command: tuple[str, ...], shown: str) -> None:
    config = Config(entrypoint, command, workdir="/app", env={"PATH": "/usr/local/bin:/bin"})
    check = smoke.told(config, archive(PROGRAMS, members=EXECUTABLE))
    assert check.shown == shown
    assert bool(check.reason) is (not shown)


@pytest.mark.parametrize(
    ("command", "place"),
    [
        (("start.sh",), "/app/start.sh"),
        (("/app/start.sh",), "/app/start.sh"),
        (("/bin/sh", "-c", "exec start.sh x"), "/app/start.sh"),
        (("plain",), None),
        (("missing",), None),
        ((), None),
    ],
)
def test_where_the_program_is_that_an_image_runs(command: tuple[str, ...], place: str | None) -> None:
    files = archive({**PROGRAMS, "/app/plain": ""}, members=EXECUTABLE)
    assert smoke.program(Config((), command, workdir="/app", env={"PATH": "/app"}), files)[1] == place


@pytest.mark.parametrize("shell", [{}, {"/bin/sh": ""}])
def test_a_blank_command_is_no_command(shell: dict[str, str | bytes]) -> None:
    assert smoke.given(" ", archive(shell)).reason == "the command to run is blank"


@pytest.mark.parametrize(
    ("before", "after", "speaks"),
    [(0, 0, False), (0, 1, True), (1, 1, False), (1, 2, False), (None, 1, True), (0, None, True)],
)
def test_only_what_worked_before_can_fail(before: int | None, after: int | None, speaks: bool) -> None:
    ran = Smoke("x", Ran(before, 1.0), Ran(after, 1.0, ("said",)))
    assert bool(smoke.objection(ran)) is speaks


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


def test_a_copy_has_the_modes_of_its_folders(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    one = subject(tmp_path / "in", "FROM x\n", **{"a__b__c.py": ""})
    for folder in ("a/b", "a"):
        (tmp_path / "in" / folder).chmod(0o555)
    sides.copy(one, str(tmp_path / "out"))
    assert [(tmp_path / "out" / name).stat().st_mode & 0o777 for name in ("a", "a/b")] == [0o555, 0o555]
    assert (tmp_path / "out" / "a" / "b" / "c.py").exists()


def test_a_copy_holds_a_link_of_a_folder_that_is_hidden_otherwise(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    one = subject(tmp_path / "in", "FROM x\n", **{"b__c.py": ""})
    os.symlink("c.py", tmp_path / "in" / "b" / "a")
    (tmp_path / "in" / ".dockerignore").write_text("*\n!b/a\n")
    sides.copy(one, str(tmp_path / "out"))
    assert os.readlink(tmp_path / "out" / "b" / "a") == "c.py"


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
