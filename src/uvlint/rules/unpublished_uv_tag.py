from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import references
from uvlint.diagnostics import Diagnostic
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build

_HELP = "uv 0.10 and later come on Debian 13 (`trixie`), on Alpine 3.22 or later, and with Python 3.9 or later"


@rule("UVL306")
def unpublished_uv_tag(build: Build) -> Iterator[Diagnostic]:
    """A tag of uv's image that is no longer published, so that it stands still at an old uv."""
    for one, tag, digest in references.of_uv(build):
        if digest or not references.stale(tag):
            continue
        if references.never(tag):
            yield Diagnostic(one.written.whole, f"uv's image was never published as `{tag}`", help=_HELP)
        elif references.release(tag) is None:
            message = f"uv's image `{tag}` is no longer published: it stands still at an old uv"
            yield Diagnostic(one.written.whole, message, help=_HELP)
