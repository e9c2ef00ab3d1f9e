"""What a project says it requires: in pyproject.toml, setup.cfg or setup.py, which is read and never executed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvlint.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

_VCS = regex(r"(?:git|hg|svn|bzr)\+")
_PURE = frozenset(
    {
        "flit_core.buildapi",
        "hatchling.build",
        "poetry.core.masonry.api",
        "pdm.backend",
        "uv_build",
        "setuptools.build_meta",
    }
)
"""Backends that compile nothing; setuptools does so where a setup.py tells it."""

_EXTENSIONS = regex(
    r"(?m)^\s*(?:\[+\s*tool\.setuptools\.)?ext-modules\b|^\s*\[+\s*tool\.(?:poetry\.build|hatch\.build\b.*\.hooks)\b"
)
"""What has a backend compile all the same: setuptools' own list, a build script of Poetry's, a hook of Hatch's."""

_KEYS = ("install_requires", "setup_requires")


def from_version_control(name: str, data: bytes) -> list[str]:
    """The requirements of a project's file that come from version control, as written; none where it can't be read."""
    text = data.decode("utf-8", "replace")
    if not _VCS.search(text):
        return []
    found = _toml(text) if name.endswith(".toml") else _cfg(text) if name.endswith(".cfg") else _setup(text)
    return [one.strip() for one in found if _VCS.search(one)]


def of_python_alone(data: bytes) -> list[str] | None:
    """What a pyproject.toml requires of a project that needs no compiler itself; None where that can't be told."""
    text = data.decode("utf-8", "replace")
    tables = _tables(text)
    project, build = tables.get("project"), tables.get("build-system")
    backend = build.get("build-backend") if isinstance(build, dict) else None
    if not isinstance(project, dict) or backend not in _PURE or "dependencies" in project.get("dynamic", ()):
        return None
    if _EXTENSIONS.search(text):
        return None
    found = project.get("dependencies", [])
    return found if isinstance(found, list) and all(isinstance(one, str) for one in found) else None


def _tables(text: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - only for the few projects that are looked into

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _toml(text: str) -> Iterator[str]:
    """The project's own requirements and those of its build; not those of its extras and groups, which are asked for apart."""
    tables = _tables(text)
    for table, key in (("project", "dependencies"), ("build-system", "requires")):
        owner = tables.get(table)
        values = owner.get(key) if isinstance(owner, dict) else None
        yield from (one for one in values if isinstance(one, str)) if isinstance(values, list) else ()


def _cfg(text: str) -> Iterator[str]:
    import configparser  # noqa: PLC0415 - as tomllib

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for key in _KEYS:
        yield from parser.get("options", key, fallback="").splitlines()


def _setup(text: str) -> Iterator[str]:
    """The strings of the lists that `setup()` is given."""
    from uvlint import pysource  # noqa: PLC0415 - brings libcst along

    module = pysource.parse(text)
    for node in module.calls() if module is not None else ():
        if module is None or module.dotted(module.callee(node)).rpartition(".")[2] != "setup":
            continue
        given = module.arguments(node)
        for key in _KEYS:
            for part in (module.elements(given[key]) if key in given else None) or ():
                yield module.text(part.value) or ""
