"""What `verify` reads from images, and finds different in them, without an engine."""

from __future__ import annotations

import os
import tarfile
from dataclasses import replace

import pytest

from trees import SITE, VENV, archive, dist, found, image
from uvlint.verify import compare, outcome
from uvlint.verify.compare import Seen
from uvlint.verify.outcome import Config, Environment, Image, PackageChange

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
            **dist("/opt/free/lib/python3.13t/site-packages", "six"),
            **dist("/opt/pypy/lib/pypy3.10/site-packages", "six"),
        }
    )
    assert found(files) == {
        "/usr/local": ("system", {"ruamel-yaml": "1.0"}),
        "/usr": ("system", {"debs": "1.0", "old": "3"}),
        "/app/.venv": ("venv", {"six": "1.0"}),
        "/opt/conda": ("conda", {"numpy-base": "2.1.0"}),
        "/vendor": ("folder", {"flat": "1.0"}),
        "/opt/free": ("system", {"six": "1.0"}),
        "/opt/pypy": ("system", {"six": "1.0"}),
    }


def test_what_setuptools_installs_by_itself_is_installed() -> None:
    files = archive(
        {
            f"{SITE}/odd-1.0-py3.12.egg/EGG-INFO/PKG-INFO": "Name: odd\nVersion: 1.0\n",
            f"{SITE}/In_One-3.0-py3.12.egg": b"PK",
            f"{SITE}/My-Project.egg-link": "/app/src\n../",
            "/app/src/my_project.egg-info/PKG-INFO": "Name: My_Project\nVersion: 2.0\n",
        }
    )
    assert found(files) == {"/usr/local": ("system", {"odd": "1.0", "in-one": "3.0", "my-project": "2.0"})}


@pytest.mark.parametrize(
    "files",
    [
        dist("/root/.cache/uv/archive-v0/x", "six"),
        dist("/tmp/build", "six"),
        {"/cache/CACHEDIR.TAG": "", **dist("/cache/archive-v0/x", "six")},
        dist(f"{SITE}/setuptools/_vendor", "six"),
        dist("/opt/conda/pkgs/six-1.0-py_0/lib/python3.12/site-packages", "six"),
        {"/app/src/six.egg-info/PKG-INFO": "Name: six\nVersion: 1\n"},
        {"/app/build/six-1.dist-info/METADATA": "Name: six\nVersion: 1\n"},
    ],
    ids=["uv cache", "temporary", "marked cache", "vendored", "unpacked by conda", "project", "left by a build"],
)
def test_what_is_not_installed_is_no_distribution(files: dict[str, str | bytes]) -> None:
    conda: dict[str, str | bytes] = {"/opt/conda/conda-meta/x-1-0.json": "{}"}
    assert found(archive({**files, **conda})) == {"/opt/conda": ("conda", {"x": "1"})}


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


@pytest.mark.parametrize(
    ("before", "after", "fresh", "expected"),
    [
        ({"/x": "1"}, {"/x": "2"}, ({"/x": "2"}, {"/x": "2"}), [(outcome.DRIFTED, "1", "2")]),
        ({"/x": "2"}, {"/x": "1"}, ({"/x": "2"}, {"/x": "2"}), [(outcome.DRIFTED, "2", "1")]),
        ({"/x": "1"}, {"/x": "2"}, ({"/x": "3"}, {"/x": "3"}), [(outcome.DRIFTED, "1", "2")]),
        ({"/x": "1"}, {"/x": "2"}, ({"/x": "1"}, {"/x": "2"}), [(outcome.CHANGED, "1", "2")]),
        ({"/x": "1"}, {"/y": "2"}, ({"/x": "2"}, {"/y": "2"}), [(outcome.MOVED, "2", "2")]),
        ({"/x": "1"}, {}, ({"/x": "2"}, {}), [(outcome.LOST, "2", None)]),
    ],
    ids=["of an earlier day before", "and after", "on both sides", "pinned", "moved", "lost"],
)
def test_what_does_not_differ_in_fresh_builds_is_no_difference_of_the_files(
    before: dict[str, str],
    after: dict[str, str],
    fresh: tuple[dict[str, str], dict[str, str]],
    expected: list[tuple[str, str, str | None]],
) -> None:
    def holding(where: dict[str, str]) -> Image:
        return image(Config(), *(Environment(place, "venv", {"a": version}) for place, version in where.items()))

    differ = compare.packages(*(compare.versions(holding(side).environments) for side in (before, after)))
    judged = compare.drifted(differ, holding(fresh[0]), holding(fresh[1]))
    assert [(one.kind, one.before, one.after) for one in judged] == expected


PYTHONS: dict[str, str | bytes] = {
    "/usr/local/bin/python": "\x7fELF",
    "/venv/bin/python": "\x7fELF",
    "/usr/bin/python3": "\x7fELF",
}


def seen(config: Config, files: dict[str, str | bytes], links: dict[str, str] | None = None) -> Seen:
    """An image in which all programs can be run."""
    members: dict[str, dict[str, object]] = {
        os.path.basename(path): {"mode": 0o755} for path in files if "/bin/" in path
    }
    members |= {
        os.path.basename(path): {"type": tarfile.SYMTYPE, "linkname": target} for path, target in (links or {}).items()
    }
    return Seen(image(config), archive({**files, **dict.fromkeys(links or {}, "")}, members=members))


def running(path: str, *command: str, **env: str) -> Config:
    return Config(command=command, env={"PATH": path, **env}, workdir="/app")


@pytest.mark.parametrize(
    ("config", "reached"),
    [
        (running("/venv/bin:/usr/local/bin"), True),
        (running("/usr/local/bin:/venv/bin"), False),
        (running("/usr/local/bin", "/venv/bin/python", "x.py"), True),
        (running("/usr/local/bin", "python", "x.py", PYTHONPATH="/venv/lib/python3.12/site-packages"), True),
        (running("/usr/local/bin", "uv", "run", "python", "x.py", UV_PROJECT_ENVIRONMENT="/venv"), True),
        (running("/usr/local/bin", "python", "x.py"), False),
    ],
    ids=["first on PATH", "behind another Python", "by its Python", "on PYTHONPATH", "uv run", "nowhere"],
)
def test_a_package_that_moved_has_to_be_found_by_the_python_that_is_run(config: Config, *, reached: bool) -> None:
    moved = [PackageChange("/usr/local", "a", outcome.MOVED, "1", "1", "/venv")]
    before = seen(running("/usr/local/bin"), PYTHONS)
    assert bool(compare.unreachable(moved, before, seen(config, PYTHONS))) is not reached


@pytest.mark.parametrize(("user", "to"), [("", "/root/.local"), ("app", "/srv/.local"), ("1000", "/srv/.local")])
def test_packages_of_the_user_are_found(user: str, to: str) -> None:
    both = seen(
        replace(running("/usr/local/bin"), user=user), {**PYTHONS, "/etc/passwd": "app:x:1000:1000::/srv:/bin/sh\n"}
    )
    assert compare.unreachable([PackageChange("/usr/local", "a", outcome.MOVED, "1", "1", to)], both, both) == []


@pytest.mark.parametrize(("shared", "reached"), [("true", True), ("false", False)])
def test_an_environment_hides_the_packages_of_the_system(shared: str, *, reached: bool) -> None:
    moved = [PackageChange("/venv", "a", outcome.MOVED, "1", "1", "/usr/local")]
    said = f"home = /usr/local/bin\ninclude-system-site-packages = {shared}\n"
    both = seen(running("/venv/bin:/usr/local/bin"), {**PYTHONS, "/venv/pyvenv.cfg": said})
    assert bool(compare.unreachable(moved, both, both)) is not reached


@pytest.mark.parametrize(("path", "lost"), [("/venv/bin:/bin", []), ("/bin", ["a"])])
def test_a_package_of_an_image_without_a_python_has_to_be_found(path: str, lost: list[str]) -> None:
    moved = [PackageChange("/usr/local", "a", outcome.MOVED, "1", "1", "/venv")]
    image_ = Seen(image(Config(env={"PATH": path})), archive({}))
    assert [one.name for one in compare.unreachable(moved, image_, image_)] == lost


@pytest.mark.parametrize(
    ("path", "kind"), [("/usr/local/bin:/usr/bin", outcome.SYSTEM), ("/usr/bin", outcome.LOST), ("", outcome.LOST)]
)
def test_packages_of_a_python_that_the_image_does_not_run_are_the_systems(path: str, kind: str) -> None:
    lost = [PackageChange("/usr", "mercurial", outcome.LOST, "6.3", None)]
    both = seen(running(path or "/nowhere"), PYTHONS)
    assert [one.kind for one in compare.placed(lost, both, both)] == [kind]


SCRIPT = "#!/usr/local/bin/python\n"


@pytest.mark.parametrize(
    ("after", "lost"),
    [
        ({"/usr/local/bin/celery": SCRIPT}, []),
        ({"/venv/bin/celery": "#!/venv/bin/python\n"}, []),
        ({"/opt/bin/celery": SCRIPT}, ["celery"]),
        ({"/venv/bin/celery": "#!/build/bin/python\n"}, ["celery"]),
        ({}, ["celery"]),
    ],
    ids=["the same", "in an environment", "not on PATH", "for a Python that is elsewhere", "gone"],
)
def test_programs_that_packages_brought_have_to_be_found(after: dict[str, str | bytes], lost: list[str]) -> None:
    record: dict[str, str | bytes] = {
        f"{SITE}/celery-5.dist-info/RECORD": "../../../bin/celery,,\n../../../bin/pip,,\n"
    }
    config = running("/venv/bin:/usr/local/bin:/usr/bin")
    before = seen(config, {**PYTHONS, **record, "/usr/local/bin/celery": SCRIPT, "/usr/local/bin/pip": SCRIPT})
    assert compare.programs(before, seen(config, {**PYTHONS, **record, **after})) == lost


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


@pytest.mark.parametrize("folder", ["dev", "run", "tmp", "var/log"])
def test_a_folder_of_the_application_is_no_cache_for_its_name(folder: str) -> None:
    (change,) = compare.files(
        archive({f"/app/{folder}/a.py": "", "/dev/x": "", "/tmp/y": ""}), archive({}), image(Config(workdir="/app"))
    )
    assert (change.path, change.counts) == (f"/app/{folder}/a.py", True)


def test_what_the_build_of_a_package_left_is_not_the_application() -> None:
    left: dict[str, str | bytes] = {
        f"/app/{name}": ""
        for name in ("src/X.egg-info/PKG-INFO", "build/lib/x.py", "build/bdist.linux-x86_64/y", "dist/X-1.0-py3.12.egg")
    }
    config = image(Config(workdir="/app"))
    project: dict[str, str | bytes] = {"/app/setup.py": ""}
    assert compare.files(archive({**project, **left}), archive(project), config) == []
    listed = compare.files(archive({**left, "/app/src/Y.egg-info/x": ""}), archive({}), config)
    assert [one.path for one in listed] == [
        "/app/build/bdist.linux-x86_64/y",
        "/app/build/lib/x.py",
        "/app/dist/X-1.0-py3.12.egg",
        "/app/src/Y.egg-info/x",
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


def test_lists_that_only_installs_read_do_not_count() -> None:
    names = ("requirements.txt", "poetry.lock", "notes.txt")
    before, config = archive({f"/app/{name}": "" for name in names}), image(Config(workdir="/app"))
    listed = compare.files(before, archive({}), config, lists={"/app/requirements.txt"})
    assert {one.path.rpartition("/")[2]: one.counts for one in listed} == dict(
        zip(names, (False, False, True), strict=True)
    )


def test_the_program_that_an_image_runs_counts_wherever_it_is() -> None:
    before = archive({"/usr/local/bin/start": "#!/bin/sh\n"})
    (change,) = compare.files(before, archive({}), image(Config()), {"/usr/local/bin/start"})
    assert change.counts


@pytest.mark.parametrize(
    ("config", "counts"),
    [
        (Config(command=("python", "/srv/main.py")), True),
        (Config(command=("/srv/start",)), True),
        (Config(env={"PYTHONPATH": "/x:/srv"}), True),
        (Config(command=("python", "main.py")), False),
        (Config(command=("cat", "/srv/helper.txt")), False),
    ],
)
def test_the_application_is_where_what_is_run_is_too(config: Config, *, counts: bool) -> None:
    members = {"start": {"mode": 0o755}}
    before = archive({"/srv/main.py": "", "/srv/start": "#!/bin/sh\n", "/srv/helper.py": ""}, members=members)
    after = archive({"/srv/main.py": "", "/srv/start": "#!/bin/sh\n"}, members=members)
    (change,) = compare.files(before, after, image(config))
    assert (change.path, change.counts) == ("/srv/helper.py", counts)


def test_a_link_of_the_application_that_leads_to_nothing_any_more_is_lost() -> None:
    config = Config(workdir="/app")
    before = seen(config, {"/old/x": ""}, {"/app/x-link": "/old/x", "/app/dead": "/nowhere"})
    after = seen(config, {"/new/x": ""}, {"/app/x-link": "/old/x", "/app/dead": "/nowhere"})
    listed = compare.files(before.files, after.files, before.image)
    assert [(one.path, one.after) for one in listed if one.counts] == [("/app/x-link", None)]


def test_installed_files_below_a_folder_that_the_user_can_not_enter() -> None:
    after = archive(
        {"/root": "", "/root/venv/pyvenv.cfg": ""}, members={"root": {"type": tarfile.DIRTYPE, "mode": 0o700}}
    )
    before, now = (Seen(image(Config(user="1000")), one) for one in (archive({}), after))
    assert compare.shut(before, now) == ["/root/venv/pyvenv.cfg"]


def test_a_python_behind_a_link_that_the_user_can_not_follow() -> None:
    members: dict[str, dict[str, object]] = {
        "root": {"type": tarfile.DIRTYPE, "mode": 0o700},
        "python": {"type": tarfile.SYMTYPE, "linkname": "/root/uv/python3"},
    }
    after = archive(
        {"/root": "", "/root/uv/python3": "", "/venv/pyvenv.cfg": "", "/venv/bin/python": ""}, members=members
    )
    before, now = (Seen(image(Config(user="1000")), one) for one in (archive({}), after))
    assert compare.shut(before, now) == ["/venv/bin/python"]


@pytest.mark.parametrize(("user", "shut"), [("1000", [f"{SITE}/six.py"]), ("0", [])])
def test_installed_files_that_the_user_can_not_read(user: str, shut: list[str]) -> None:
    private: dict[str, str | bytes] = {f"{SITE}/key": ""}
    members = {"six.py": {"mode": 0o600}, "key": {"mode": 0o600}}
    files = archive({**dist(SITE, "six"), f"{SITE}/six.py": "", **private}, members=members)
    before = archive({**dist(VENV, "six"), f"{VENV}/six.py": "", f"{VENV}/key": ""}, members={"key": {"mode": 0o600}})
    config = Config(user=user)
    assert compare.shut(Seen(image(config), before), Seen(image(config), files)) == shut
