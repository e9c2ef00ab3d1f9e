"""What the packages of Debian, Alpine and Fedora are for: to build with, to run with, or either.

The table is `data/system_packages.tsv`; docs/packages.md says where its rows come from.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Literal, NamedTuple, cast

from uvlint import filesystem
from uvlint.lazy import regex
from uvlint.tools import bases

Role = Literal["build", "run", "both"]

_RELEASES = ("bullseye", "bookworm", "trixie", "forky")
"""The releases of Debian that the table knows, oldest first."""
_NUMBERS = {"11": "bullseye", "12": "bookworm", "13": "trixie", "14": "forky"}
_PYTHONS = {9: "bullseye", 10: "bullseye", 11: "bullseye", 12: "bookworm", 13: "bookworm", 14: "trixie", 15: "trixie"}
"""The oldest release that the official image of Python 3.N stood on, where its tag named none."""
_TAG = regex(r"(?:latest|3|3\.(?P<minor>\d+)(?P<patch>\.\w+)?)?(?:(?:\A|-)slim)?\Z")
_BEHIND = regex(r"(?::[a-z0-9]+)?(?:[=~<>@/].*)?\Z")
"""What may stand behind a package's name: an architecture, a version, a release."""

_IN_PYTHON_IMAGES = frozenset(
    {
        *("libssl1.1", "libssl3", "libssl3t64", "zlib1g", "libffi7", "libffi8", "libbz2-1.0", "liblzma5", "libuuid1"),
        *("libreadline8", "libreadline8t64", "libsqlite3-0", "libncursesw6", "libtinfo6", "libgdbm6", "libgdbm6t64"),
    }
)
"""What the official Python images keep because their own Python is linked with it."""


class _Row(NamedTuple):
    role: Role
    runtime: dict[str, tuple[str, ...]]
    programs: tuple[str, ...]


def role(family: str, name: str) -> Role | None:
    """Where a package is needed: while an image is built, while it runs, or maybe both; None for one that isn't known.

    `family` is "debian" (and Ubuntu), "alpine" or "fedora"; `name` as an install command has it, with version and architecture.
    A package to build with may still be called while the image runs: see `programs`.
    """
    row = _row(family, name)
    return None if row is None else row.role


def programs(family: str, name: str) -> tuple[str, ...]:
    """The programs that a package to build with brings: who calls one of them while the image runs needs the package there.

    () for headers, and for a package that isn't known.
    """
    row = _row(family, name)
    return () if row is None else row.programs


def runtime_of(family: str, name: str, image: str | None = None) -> tuple[str, ...] | None:
    """What must be there to run what was built with a package; () for nothing, None where that isn't known.

    Debian's libraries have other names in other releases. Which one it is, the image's tag says; where that leaves several
    open, the names are only known if they are the same in all of them. What the image has itself is left out.
    """
    row = _row(family, name)
    if row is None or row.role != "build":
        return None
    if "*" in row.runtime:
        return row.runtime["*"]
    found = [row.runtime.get(release, row.runtime.get("")) for release in releases(image)]
    if not found or None in found:
        return None
    base = bases.base(image)
    held = _IN_PYTHON_IMAGES if base.kind in {"python", "uv"} and base.python is not None else frozenset()
    left = [tuple(one for one in names or () if one not in held) for names in found]
    return left[-1] if all(set(one) == set(left[-1]) for one in left) else None


def releases(image: str | None) -> tuple[str, ...]:
    """The releases of Debian that an image may stand on, oldest first; () where they aren't known, or not all in the table.

    A tag that names none moves from one to the next: those of the official Python images moved to trixie in August 2025, and
    a copy of an older one may still be at hand.
    """
    if image is None:
        return ()
    name, tag, digest = bases.reference(image)
    named = [release for release in _RELEASES if release in tag]
    if named:
        return tuple(named) if len(named) == 1 else ()
    base, plain = bases.base(image), name.rpartition("/")[2]
    if plain == "debian" and base.family == "debian":
        number = tag.removesuffix("-slim").partition("-")[0].partition(".")[0]
        if number in {"", "latest", "stable"}:
            return _from("bullseye" if digest else "bookworm")
        return (_NUMBERS[number],) if number in _NUMBERS else ()
    match = _TAG.match(tag) if plain == "python" and base.kind == "python" else None
    if match is None:
        return ()
    oldest = _PYTHONS.get(int(match["minor"]), "") if match["minor"] else "bullseye"
    fixed = bool(digest or match["patch"])
    return _from("bookworm" if oldest == "bullseye" and not fixed else oldest)


def _from(oldest: str) -> tuple[str, ...]:
    return _RELEASES[_RELEASES.index(oldest) :] if oldest else ()


def _row(family: str, name: str) -> _Row | None:
    return _table().get((family, _BEHIND.sub("", name)))


@cache
def _table() -> dict[tuple[str, str], _Row]:
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "system_packages.tsv")
    lines = filesystem.read(place).decode("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return {
        (family, name): _Row(cast("Role", role), _runtime(cell), tuple(programs.split()))
        for family, name, role, cell, programs in rows
    }


def _runtime(cell: str) -> dict[str, tuple[str, ...]]:
    """A cell of the table by release; "" for all that the table knows, "*" for every one."""
    found = {}
    for part in cell.split():
        release, _, names = part.rpartition(":")
        found[release] = () if names == "-" else tuple(names.split(","))
    return found
