from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import downloads, edits, projects
from uvlint.diagnostics import Diagnostic, Fix
from uvlint.model import normal
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build
    from uvlint.projects import Sync

_RESOLVES = {
    "upgrade": "--upgrade",
    "upgrade-package": "--upgrade-package",
    "upgrade-group": "--upgrade-group",
    "resolution": "--resolution",
    "prerelease": "--prerelease",
    "pre": "--pre",
    "fork-strategy": "--fork-strategy",
    "exclude-newer": "--exclude-newer",
    "exclude-newer-package": "--exclude-newer-package",
    "index": "--default-index",
    "extra-index": "--index",
    "find-links": "--find-links",
    "no-index": "--no-index",
    "index-strategy": "--index-strategy",
    "no-sources": "--no-sources",
}
_VARIABLES = (
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_EXCLUDE_NEWER"),
    *("UV_RESOLUTION", "UV_PRERELEASE", "UV_FORK_STRATEGY", "UV_INDEX_STRATEGY", "UV_NO_SOURCES", "UV_CONFIG_FILE"),
)


@rule("UVL302")
def unlocked_sync(build: Build) -> Iterator[Diagnostic]:
    """`uv sync` without `--locked` or `--frozen`: what is installed may change from one build to the next."""
    for sync in projects.syncs(build):
        if _settled(sync):
            continue
        install = sync.install
        reason = _reason(sync)
        made = None if reason else edits.insert_after(install.call, install.first, "--locked")
        fix = None if made is None else Fix("Install what the lock file says", tuple(made))
        help_ = reason if fix is None else ""
        message = "`uv sync` without `--locked` resolves anew where `uv.lock` is missing or out of date"
        yield Diagnostic(downloads.span(install), message, fix, help=help_ or ("" if fix else "add `--locked`"))


def _settled(sync: Sync) -> bool:
    words = {word.value for word in sync.install.call.words}
    return any(sync.set(one) is not False for one in ("locked", "frozen")) or bool(
        {"--no-locked", "--no-frozen"} & words
    )


def _reason(sync: Sync) -> str:
    """Why `--locked` can't be added, "" where it can."""
    install = sync.install
    if sync.step.onbuild:
        return "it runs in the builds of other images, whose lock files aren't known"
    for meaning, name in _RESOLVES.items():
        if install.has(meaning):
            return f"`{name}` asks for another resolution than the lock file's"
    known = {**sync.step.state.args, **install.call.variables}
    for name in _VARIABLES:
        if name in known:
            return f"{name} may ask for another resolution than the lock file's"
    if sync.lock is None:
        return "no `uv.lock` is seen to be there when it runs: copy it with `pyproject.toml`"
    if not projects.certain(sync.lock, sync.step.stage.build):
        return "whether the build context has a `uv.lock` can't be told"
    return projects.outdated(sync) or _incomplete(sync)


def _incomplete(sync: Sync) -> str:
    """Which project that the lock file names isn't there, so that it can't be held against it."""
    for one in sync.locals or ():
        if one.kind == "path" or sync.lock is None:
            continue
        place = normal(f"{sync.lock.image.rpartition('/')[0]}/{one.path}/pyproject.toml")
        if projects.look(sync, place) is None:
            return f"`{one.path}/pyproject.toml`, which `uv.lock` names, isn't seen to be there"
    return ""
