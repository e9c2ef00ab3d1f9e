"""A `uv.lock`: what of it needs a compiler where it is installed, and what its project asks for."""

from __future__ import annotations

from typing import Any

from uvlint.lazy import regex

_WHEEL = regex(r"(?P<python>[^-/]+)-(?P<abi>[^-/]+)-(?P<platform>[^-/]+)\.whl(?:[?#].*)?\Z")
_MANYLINUX = regex(r"manylinux(?:1|2010|2014|_2_(?P<glibc>\d+))_(?P<machine>\w+)\Z")
_MUSLLINUX = regex(r"musllinux_1_(?P<musl>\d+)_(?P<machine>\w+)\Z")
_MACHINES = frozenset({"x86_64", "aarch64"})
_GLIBC, _MUSL = 28, 2
"""The second numbers of the C libraries that all images in use have."""


def without_wheels(tables: dict[str, Any], python: str, family: str) -> list[str]:
    """The packages of a lock file that come in no wheel for a CPython such as "3.12", on amd64 and on arm64: `NAME==VERSION`.

    `family` is the system's: "alpine" has musl, others glibc. The project itself, where it is installed at all, is for the
    caller to judge; any other local project, archive or repository is not known to need no compiler: `NAME @`.
    """
    minor = int(python.partition(".")[2])
    return [_required(one) for one in dicts(tables.get("package")) if not _comes_in_wheels(one, minor, family)]


def _required(package: dict[str, Any]) -> str:
    name = str(package.get("name", ""))
    return f"{name}=={package.get('version')}" if "registry" in _source(package) else f"{name} @"


def names(tables: dict[str, Any]) -> set[str]:
    """All packages that a lock file has."""
    return {str(one.get("name", "")) for one in dicts(tables.get("package"))}


def asked_for(tables: dict[str, Any]) -> set[str]:
    """The packages that the projects of the build context name themselves, their extras and groups included."""
    found: set[str] = set()
    for one in dicts(tables.get("package")):
        if _source(one).keys() & {"virtual", "editable", "directory"}:
            several = [one.get("dependencies")]
            for key in ("optional-dependencies", "dev-dependencies"):
                listed = one.get(key)
                several += listed.values() if isinstance(listed, dict) else ()
            found |= {str(each.get("name", "")) for group in several for each in dicts(group)}
    return found


def dicts(value: object) -> list[dict[str, Any]]:
    """The tables of a list; none where it is none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _source(package: dict[str, Any]) -> dict[str, Any]:
    source = package.get("source")
    return source if isinstance(source, dict) else {}


def _comes_in_wheels(package: dict[str, Any], minor: int, family: str) -> bool:
    source = _source(package)
    if "virtual" in source or source.get("editable") == ".":
        return True
    if "registry" not in source:
        return False
    machines: set[str] = set()
    for one in dicts(package.get("wheels")):
        match = _WHEEL.search(str(one.get("url") or one.get("path") or one.get("filename") or ""))
        if match is not None and _is_for(match["python"].split("."), match["abi"].split("."), minor):
            machines.update(*(_machines(each, family) for each in match["platform"].split(".")))
    return machines >= _MACHINES


def _is_for(pythons: list[str], abis: list[str], minor: int) -> bool:
    """Whether a wheel's tags are for a CPython 3.`minor`."""
    if "none" in abis and any(one in {"py3", f"py3{minor}", f"cp3{minor}"} for one in pythons):
        return True
    if f"cp3{minor}" in pythons and f"cp3{minor}" in abis:
        return True
    stable = [one.removeprefix("cp3") for one in pythons if one.startswith("cp3")] if "abi3" in abis else []
    return any(one.isdecimal() and int(one) <= minor for one in stable)


def _machines(platform: str, family: str) -> frozenset[str]:
    """The machines that a wheel's platform tag is for."""
    if platform == "any":
        return _MACHINES
    match = (_MUSLLINUX if family == "alpine" else _MANYLINUX).match(platform)
    if match is None:
        return frozenset()
    needed, had = (match["musl"], _MUSL) if family == "alpine" else (match["glibc"] or "5", _GLIBC)
    return frozenset({match["machine"]}) if int(needed) <= had else frozenset()
