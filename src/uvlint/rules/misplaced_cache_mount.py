from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import caches, downloads, edits, mounting, offers
from uvlint.diagnostics import Diagnostic, Fix
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.diagnostics import Edit
    from uvlint.model import Build
    from uvlint.plan import Install
    from uvlint.syntax import Mount


@rule("UVL205")
def misplaced_cache_mount(build: Build) -> Iterator[Diagnostic]:
    """A cache mount that is not where the tool keeps its cache, or that its user can't write to."""
    for tool in ("uv", "pip"):
        for group in downloads.by_step(mounting.found_by(build, tool)).values():
            serving = [(one, mount) for one in group if (mount := caches.serving(one.call, tool)) is not None]
            if serving:
                yield from _unwritable(*serving[0])
            else:
                yield from _elsewhere(group, tool)


def _unwritable(one: Install, mount: Mount) -> Iterator[Diagnostic]:
    who = caches.owner(one.call)
    if who is None or who[0] == "0" or mount.keys.get("uid") == who[0] or "$" in mount.keys.get("uid", ""):
        return
    message = f"user {who[0]} can't write to this cache mount"
    edit = offers.owned(one.call.step, mount, who)
    fix = Fix(f"Give the mount to user {who[0]}", (edit,)) if edit is not None else None
    yield Diagnostic(mount.span, message, fix, "" if fix else f"add `uid={who[0]}`")


def _elsewhere(group: list[Install], tool: str) -> Iterator[Diagnostic]:
    call = group[0].call
    step = call.step
    mount = caches.meant(call, tool)
    other = caches.named(step, "pip") if mount is None and tool == "uv" and offers.alone(call) else None
    mount = mount or other
    place = caches.target(step, mount) if mount is not None else None
    actual = {caches.folder(one.call, tool) for one in group}
    if mount is None or place is None or caches.off(call, tool):
        return
    made = _aimed(group, mount, tool) if len(actual) == 1 else None
    if None in actual:
        who = caches.owner(call)
        if who is None or who[0] in {"0", mount.keys.get("uid")} or "$" in mount.keys.get("uid", ""):
            return
        message, why = (
            f"user {who[0]} can't write to this cache mount",
            f"mount one for user {who[0]}, with `uid={who[0]}`",
        )
    else:
        where = min(one for one in actual if one)
        message, why = f"{tool} keeps its cache in `{where}`, not in this mount", f"mount `{where}`"
    fix = Fix("Mount the cache where it is", tuple(made)) if made is not None else None
    yield Diagnostic(mount.places.get("target", mount.span), message, fix, "" if fix else why)


def _aimed(group: list[Install], mount: Mount, tool: str) -> list[Edit] | None:
    found: list[Edit] = []
    for one in group:
        placed = offers.where_for(one.call, tool)
        if isinstance(placed, str):
            return None
        where, options, words = placed
        edit = offers.aimed(one.call.step, mount, where, options)
        if edit is None:
            return None
        found.append(edit)
        if words:
            more = edits.insert_after(one.call, downloads.verb(one), words)
            if more is None:
                return None
            found += more
    return list(dict.fromkeys(found))
