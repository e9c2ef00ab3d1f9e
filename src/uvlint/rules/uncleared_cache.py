from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import caches, calls, clearing, downloads, edits, leftovers, mounting, offers
from uvlint.diagnostics import Diagnostic, Fix
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build, Stage
    from uvlint.plan import Install

_OPTIONS = {"uv": "--no-cache", "pip": "--no-cache-dir"}


@rule("UVL203")
def uncleared_cache(build: Build) -> Iterator[Diagnostic]:
    """A package manager's cache is left in a layer of the image."""
    shipped = leftovers.layers(build)
    for tool in _OPTIONS:
        yield from _installers(build, tool, shipped)
    for step, line in calls.all_calls(build).items():
        if line and step.stage in shipped:
            for left in leftovers.of(step, line):
                yield Diagnostic(left.span, f"this leaves {left.text} in the layer", left.fix, left.help)


def _installers(build: Build, tool: str, shipped: set[Stage]) -> Iterator[Diagnostic]:
    mountable = {id(one) for one, _ in mounting.lacking(build, tool)}
    for one in mounting.found_by(build, tool):
        if one.call.step.stage not in shipped or id(one) in mountable or not _left(one, tool):
            continue
        message = f"this leaves {tool}'s cache in the layer"
        if caches.wanted_later(one.call, tool):
            yield Diagnostic(downloads.span(one), message, help="a later command works offline, from that cache")
            continue
        place = caches.folder(one.call, tool)
        if place is not None and offers.wanted(one.call, place):
            yield Diagnostic(downloads.span(one), message, help="another command works on that cache")
            continue
        made = edits.insert_after(one.call, downloads.verb(one), _OPTIONS[tool])
        fix = Fix(f"Keep no cache of {tool}", tuple(made)) if made is not None else None
        yield Diagnostic(downloads.span(one), message, fix, "" if fix else f"give it `{_OPTIONS[tool]}`")


def _left(one: Install, tool: str) -> bool:
    call = one.call
    if caches.off(call, tool) or caches.meant(call, tool) is not None:
        return False
    place = caches.folder(call, tool)
    return not (place is not None and caches.outside(call.step, place)) and not clearing.cleared(call, tool, place)
