from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import ignoring
from uvlint.diagnostics import Diagnostic, Fix
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build


@rule("UVL409")
def venv_in_context(build: Build) -> Iterator[Diagnostic]:
    """An environment, a cache or `.git` is sent to the build and copied: no `.dockerignore` leaves it out."""
    found = ignoring.sent(build)
    if found is None:
        return
    names = [f"`{name}`" for name in found.names]
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    name = found.edit.path.rpartition("/")[2]
    message = f"`{found.step.instruction.keyword} {found.word.text}` brings {listed} along"
    title = f"{'Make' if found.edit.before is None else 'Add to'} `{name}`"
    yield Diagnostic(found.word.whole, message, Fix(title, (), files=(found.edit,)))
