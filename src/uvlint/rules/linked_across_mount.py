from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import caches, downloads, mounting
from uvlint.diagnostics import Diagnostic, Fix
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build


@rule("UVL207")
def linked_across_mount(build: Build) -> Iterator[Diagnostic]:
    """A cache mount without `UV_LINK_MODE=copy`: uv can't link across it, and warns."""
    for group in downloads.by_step(downloads.with_uv(build)).values():
        for one in group:
            mount = caches.serving(one.call, "uv")
            if (
                mount is None
                or not downloads.links(one)
                or caches.link_mode(one.call) != ""
                or caches.off(one.call, "uv")
            ):
                continue
            edits = mounting.linked(one)
            fix = Fix("Copy from the cache", tuple(edits)) if edits else None
            yield Diagnostic(
                mount.span,
                "uv can't link across this mount: `UV_LINK_MODE=copy` is not set",
                fix,
                "" if fix else "set it with ENV",
            )
            break
