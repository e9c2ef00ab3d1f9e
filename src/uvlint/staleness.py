"""Whether uv, with a cache, would notice that local sources have changed.

uv keeps the wheel of a local directory under the time its pyproject.toml, setup.py or setup.cfg was last changed. A COPY of
that file alone stays in the layer cache, time and all, while the sources beside it change: uv then installs the old ones.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from uvlint import context, reads
from uvlint.lazy import regex
from uvlint.model import normal
from uvlint.syntax import mount
from uvlint.tools.uv import is_on, reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Step
    from uvlint.plan import Install

_NO_SOURCE = regex(
    r"(?i)(?:uv\.lock|.*\.(?:lock|md|rst|txt|toml|ini|sh|ya?ml|json|env)|licen[cs]e.*|readme.*|makefile|\.\S*)\Z"
)
_LOCAL = regex(r"\.{0,2}/|\.{1,2}\Z|file:")
_FRESH = ("refresh", "refresh-package", "reinstall", "reinstall-package")
_WITHOUT_PROJECT = ("no-install-project", "no-install-workspace", "no-install-local")


def reason(install: Install) -> str:
    """Why a cache could bring back old sources, "" where it can't."""
    if any(install.has(one) for one in _FRESH):
        return ""
    verb = install.tool
    if verb in {"uv tool", "uv run", "uvx"} and _installs_directory(install):
        return "uv would not notice a change of the directory that it names"
    if verb in {"uv", "pip"}:
        found = reads.of(install)
        if found.local:
            return "a local directory in a requirements file is cached by uv"
        return _SPLIT if found.missing and not found.directories and any(_split(install.call.step)) else ""
    project = _project(install)
    apart = set(_split(install.call.step))
    if any(folder != project for folder in apart) and not install.has("no-install-local"):
        return _SPLIT
    if not _copied_in(install) or (project not in apart and not _mounted_apart(install.call.step)):
        return ""
    return _SPLIT


_SPLIT = "uv would not notice a change of sources that are copied apart from their pyproject.toml"


def _project(install: Install) -> str | None:
    call = install.call
    place = install.value("project") or install.value("directory") or call.variables.get("UV_PROJECT") or "."
    if place.startswith("/"):
        return normal(place)
    return None if call.workdir is None else normal(f"{call.workdir}/{place}")


def _copied_in(install: Install) -> bool:
    """Whether the project is installed as a copy of its sources, not as a link to them."""
    if install.tool in {"uv build", "uv lock", "uv compile", "uv venv", "pip wheel"} or any(
        install.has(one) for one in _WITHOUT_PROJECT
    ):
        return False
    if install.given is None:
        return True
    return install.has("no-editable") or is_on(install.call.variables.get("UV_NO_EDITABLE"))


def _installs_directory(install: Install) -> bool:
    end = reach(install.call.words, install.call.first)
    return any(
        _LOCAL.match(one.value or one.raw)
        for one in install.given or ()
        if one.first < end and (one.meaning in {"with", "from"} or (one.option is None and install.tool == "uv tool"))
    )


def _split(step: Step) -> Iterator[str]:
    """The folders whose project file came to the image before other files of theirs, by a COPY that names it."""
    named: dict[str, str] = {}
    apart: set[str] = set()
    for earlier in step.stage.before(step):
        sources = context.copied(earlier)
        target = context.destination(earlier) if sources else None
        if not sources or target is None:
            continue
        place = target.rstrip("/") or "/"
        files = [one for one in sources if posixpath.basename(one) in reads.PROJECT_FILES]
        if files:
            folder = posixpath.dirname(place) if posixpath.basename(place) in reads.PROJECT_FILES else place
            named[folder] = posixpath.normpath(files[0].lstrip("/"))
            apart.discard(folder)
            continue
        for folder, origin in named.items():
            if any(_brings(one, origin) for one in sources):
                apart.discard(folder)
            elif (place == folder or place.startswith(f"{folder.rstrip('/')}/")) and not all(
                _NO_SOURCE.match(posixpath.basename(one.rstrip("/"))) for one in sources
            ):
                apart.add(folder)
    yield from apart


def _brings(source: str, origin: str) -> bool:
    """Whether copying a source brings a file of the context again."""
    place = posixpath.normpath(source.lstrip("/") or ".")
    return place in {".", "*"} or origin.startswith(f"{place}/")


def _mounted_apart(step: Step) -> bool:
    """Whether a bind mount of the build context brings the project's file: its time is that of the context's own."""
    run = step.run
    for flag in run.flags_named("mount") if run is not None else ():
        one = mount(flag)
        if one is not None and one.type == "bind" and "from" not in one.keys:
            source = posixpath.basename(one.keys.get("source", "").rstrip("/"))
            if source in {"", ".", *reads.PROJECT_FILES}:
                return True
    return False
