"""What system packages are for, and what must be there to run what was built with them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import uvlint
from uvlint import packages

TABLE = Path(uvlint.__file__).parent / "data" / "system_packages.tsv"
ROWS = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    ("family", "name", "role"),
    [
        ("debian", "build-essential", "build"),
        ("debian", "libpq-dev", "build"),
        ("debian", "git", "build"),
        ("debian", "libpq5", "run"),
        ("debian", "ffmpeg", "run"),
        ("debian", "ca-certificates", "both"),
        ("debian", "python3-pip", "both"),
        ("debian", "libxyz-dev", None),
        ("alpine", "build-base", "build"),
        ("alpine", "libmagic", "run"),
        ("fedora", "gcc-c++", "build"),
        ("conda", "gcc", None),
    ],
)
def test_a_package_is_to_build_with_or_to_run_with(family: str, name: str, role: str | None) -> None:
    assert packages.role(family, name) == role


@pytest.mark.parametrize("name", ["curl=7.88.1-10+deb12u8", "curl:arm64", "curl/bookworm-backports", "curl~=8", "curl"])
def test_a_version_or_an_architecture_behind_the_name_changes_nothing(name: str) -> None:
    assert packages.role("debian", name) == "build"


@pytest.mark.parametrize(
    ("image", "name", "found"),
    [
        ("python:3.12-slim", "libpq-dev", ("libpq5",)),
        ("python:3.12-slim", "default-libmysqlclient-dev", ("libmariadb3",)),
        ("python:3.12-slim-bookworm", "libxml2-dev", ("libxml2",)),
        ("debian:trixie-slim", "libssl-dev", ("libssl3t64",)),
        ("debian:12", "libssl-dev", ("libssl3",)),
        ("debian:11-slim", "libffi-dev", ("libffi7",)),
        ("node:22-bookworm-slim", "libgdal-dev", ("libgdal32",)),
        ("ghcr.io/astral-sh/uv:python3.12-trixie-slim", "libgdal-dev", ("libgdal36",)),
    ],
)
def test_the_library_is_called_as_in_the_release_of_the_image(image: str, name: str, found: tuple[str, ...]) -> None:
    assert packages.runtime_of("debian", name, image) == found


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("python:3.12-slim", "libxml2-dev"),  # libxml2, and libxml2-16 in the release after
        ("python:3.12", "libgdal-dev"),
        ("python:3.11.2-slim", "unixodbc-dev"),  # that image is bullseye's, a later 3.11 bookworm's
        ("ubuntu:22.04", "libpq-dev"),
        ("debian:sid", "libpq-dev"),
        ("python:3.6-slim", "libpq-dev"),
        ("company/python:3.12-slim", "libgdal-dev"),
        ("python:3.12-slim", "libmysqlclient-dev"),  # Ubuntu's
        ("python:3.12-slim", "libxyz-dev"),
        (None, "libpq-dev"),
    ],
)
def test_a_name_that_depends_on_what_isnt_known_is_none(image: str | None, name: str) -> None:
    assert packages.runtime_of("debian", name, image) is None


@pytest.mark.parametrize("image", ["python:3.12-slim", "python:3.12-slim-bookworm", "python:3.11-trixie", "python:3"])
def test_what_the_python_image_has_itself_is_left_out(image: str) -> None:
    held = ["libssl-dev", "libffi-dev", "zlib1g-dev", "libbz2-dev", "liblzma-dev", "libsqlite3-dev", "libreadline-dev"]
    assert {name: packages.runtime_of("debian", name, image) for name in held} == dict.fromkeys(held, ())


@pytest.mark.parametrize("image", [None, "python:3.12-slim", "ubuntu:24.04"])
def test_what_compilers_bring_along_has_one_name_everywhere(image: str | None) -> None:
    assert packages.runtime_of("debian", "build-essential", image) == ("libgomp1",)
    assert packages.runtime_of("debian", "gfortran", image) == ("libgfortran5", "libgomp1")
    assert packages.runtime_of("debian", "git", image) == ()
    assert packages.runtime_of("debian", "python3-dev", image) == ()
    assert packages.runtime_of("alpine", "build-base", image) == ("libstdc++", "libgcc", "libgomp")


def test_only_what_is_to_build_with_has_something_that_runs() -> None:
    assert packages.runtime_of("debian", "ffmpeg", "python:3.12-slim") is None
    assert packages.runtime_of("alpine", "libffi-dev") == ("libffi",)
    assert packages.runtime_of("fedora", "libpq-devel") is None


def test_the_programs_of_a_package_are_known() -> None:
    assert packages.programs("debian", "git") == ("git",)
    assert {"gcc", "g++", "make"} <= set(packages.programs("debian", "build-essential"))
    assert packages.programs("debian", "gcc-12") == ("gcc-12", "gcc", "cc")
    assert packages.programs("debian", "libpq-dev") == packages.programs("debian", "xyz") == ()


@pytest.mark.parametrize(
    ("image", "found"),
    [
        ("python:3.12-slim", ("bookworm", "trixie", "forky")),
        ("python", ("bookworm", "trixie", "forky")),
        ("docker.io/library/python:slim", ("bookworm", "trixie", "forky")),
        ("python:3.14-slim", ("trixie", "forky")),
        ("python:3.11-slim", ("bookworm", "trixie", "forky")),
        ("python:3.11.1-slim", ("bullseye", "bookworm", "trixie", "forky")),
        ("python:3.11-slim@sha256:0", ("bullseye", "bookworm", "trixie", "forky")),
        ("python:3.9-slim-bullseye", ("bullseye",)),
        ("debian:stable-slim", ("bookworm", "trixie", "forky")),
        ("debian:13.1-slim", ("trixie",)),
        ("python:3.12-alpine", ()),
        ("python:2.7", ()),
        ("ubuntu:24.04", ()),
        ("node:22", ()),
        (None, ()),
    ],
)
def test_the_releases_that_an_image_may_stand_on(image: str | None, found: tuple[str, ...]) -> None:
    assert packages.releases(image) == found


def test_each_row_of_the_table_is_well_formed_and_there_once() -> None:
    name = r"[a-z0-9][a-z0-9.+-]*"
    names = rf"(?:-|{name}(?:,{name})*)"
    cell = re.compile(rf"(?:\*:{names}|{names}|(?:(?:bullseye|bookworm|trixie|forky):{name}(?:,{name})*(?: |\Z))+)?\Z")
    assert [
        row for row in ROWS if len(row) != 5 or row[2] not in {"build", "run", "both"} or not cell.match(row[3])
    ] == []
    assert [row for row in ROWS if (row[3] or row[4]) and row[2] != "build"] == []
    assert [one for one, count in Counter((row[0], row[1]) for row in ROWS).items() if count > 1] == []


def test_no_run_time_package_is_one_to_build_with() -> None:
    build = {(row[0], row[1]) for row in ROWS if row[2] == "build"}
    named = {(row[0], one) for row in ROWS for part in row[3].split() for one in part.rpartition(":")[2].split(",")}
    assert build & named == set()
