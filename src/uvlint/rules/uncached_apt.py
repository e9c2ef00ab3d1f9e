from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import leftovers, system_caches
from uvlint.diagnostics import Diagnostic, Fix, Safety
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build

_NOTES = {
    "apt": "the image's apt is told to keep what it fetches, and its layers hold no package lists",
    "apk": "the image's apk is told to keep what it fetches, and packages may come from an index that is hours old",
    "dnf": "packages may come from metadata that is hours old",
}


@rule("UVL208")
def uncached_apt(build: Build) -> Iterator[Diagnostic]:
    """Packages of the system that no later build can reuse: no cache mount."""
    if not build.settings.cache_mounts:
        return
    for tool, call, verb, made in system_caches.lacking(build):
        message = f"{tool}'s downloads are kept for no later build: no cache mount"
        span = leftovers.named(call, verb)
        if isinstance(made, str):
            yield Diagnostic(span, message, help=made)
        else:
            yield Diagnostic(span, message, Fix(f"Mount {tool}'s cache", made, Safety.UNSAFE, _NOTES[tool]))
