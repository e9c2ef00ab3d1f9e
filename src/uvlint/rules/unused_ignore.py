from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import suppress, syntax
from uvlint.diagnostics import Diagnostic, Edit, Fix, apply
from uvlint.rules import rule
from uvlint.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build
    from uvlint.suppress import Unused
    from uvlint.syntax import Dockerfile


@rule("UVL001")
def unused_ignore(build: Build) -> Iterator[Diagnostic]:
    """An ignore comment that silences nothing, or names no rule."""
    found: list[Unused] = build.facts.get("unused ignores", [])  # type: ignore[assignment]
    for one in found:
        span = one.name[1] if one.name is not None else one.ignore.span
        if one.ignore.shell:
            yield Diagnostic(span, _message(one), help="it is part of what the shell is given: delete it by hand")
            continue
        edit = Edit(suppress.deletion(build.dockerfile.source, one), "")
        if _becomes_directive(build.dockerfile, edit):
            yield Diagnostic(span, _message(one), help="without it the comment below would be a parser directive")
        else:
            yield Diagnostic(span, _message(one), Fix("Delete what is not needed", (edit,)))


def _message(unused: Unused) -> str:
    if unused.name is None:
        return "there is nothing here to ignore"
    name = unused.name[0]
    return f"no rule is called `{name}`" if unused.why == "unknown" else f"`{name}` finds nothing to ignore here"


def _becomes_directive(dockerfile: Dockerfile, edit: Edit) -> bool:
    """Whether a comment below the deleted one would be read as a directive at the top of the file."""
    instructions = dockerfile.instructions
    if instructions and edit.span.start > instructions[0].span.start:
        return False
    after = syntax.parse(Source(apply(dockerfile.source.text, [edit])))
    return len(after.directives) != len(dockerfile.directives)
