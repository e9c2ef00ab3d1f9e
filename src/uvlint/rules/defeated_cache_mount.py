from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import caches, calls, clearing, downloads, edits, mounting, staleness
from uvlint.diagnostics import Diagnostic, Fix
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build
    from uvlint.plan import Install


@rule("UVL204")
def defeated_cache_mount(build: Build) -> Iterator[Diagnostic]:
    """A cache mount that an option, a variable or a clean-up in the same RUN makes useless."""
    for tool in ("uv", "pip"):
        for one in mounting.found_by(build, tool):
            if caches.serving(one.call, tool) is not None and caches.off(one.call, tool):
                yield from _switched_off(one, tool)
    for step, line in calls.all_calls(build).items():
        places = (
            [where for one in caches.mounts(step) if (where := caches.target(step, one)) is not None] if line else []
        )
        if places:
            yield from _cleaned(line, places)


def _switched_off(one: Install, tool: str) -> Iterator[Diagnostic]:
    call = one.call
    stale = staleness.reason(one) if tool == "uv" else ""
    for index in caches.option_indexes(call, tool):
        word = call.words[index]
        made = edits.delete_words(call, index, index + 1) if not stale else None
        fix = Fix("Let it use the cache", tuple(made)) if made is not None else None
        why = stale or "remove it, or the cache mount"
        yield Diagnostic(word.span, f"`{word.text}` leaves the cache mount unused", fix, "" if fix else why)
    if caches.unset(call, tool):
        variable = caches.NO_CACHE[tool]
        fix = (mounting.unset(call, tool) or mounting.unset_in_front(call, tool)) if not stale else None
        why = stale or f"take {variable} away if no other command needs it, or the cache mount"
        yield Diagnostic(downloads.span(one), f"{variable} leaves the cache mount unused", fix, "" if fix else why)


def _cleaned(line: list[Call], places: list[str]) -> Iterator[Diagnostic]:
    for call in line:
        if call.program == "rm":
            yield from _removed(call, places)
        else:
            words = clearing.purge(call)
            if words and any(
                caches.is_below(folder, place) or caches.is_below(place, folder)
                for folder in words[1]
                for place in places
            ):
                made = edits.delete_command(call)
                fix = Fix("Keep the cache", tuple(made)) if made is not None else None
                span = call.command.cooked.span(call.words[call.first].start, call.words[words[0]].end)
                yield Diagnostic(span, "this empties the cache mount", fix, "" if fix else "remove it")


def _removed(call: Call, places: list[str]) -> Iterator[Diagnostic]:
    hit = clearing.removed(call, places)
    if not hit:
        return
    made = clearing.without_words(call, hit)
    fix = Fix("Keep the cache", tuple(made)) if made is not None else None
    for index in hit:
        word = call.words[index]
        yield Diagnostic(
            word.span, f"`rm` of `{word.text}` empties the cache mount, or fails on it", fix, "" if fix else "remove it"
        )
