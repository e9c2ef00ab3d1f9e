from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import images, lending
from uvlint.diagnostics import Diagnostic, Fix, Safety
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build

_NOTE = "who works in a container of the image finds no uv there"


@rule("UVL406")
def uv_in_final_image(build: Build) -> Iterator[Diagnostic]:
    """uv in the final stage, where only RUN steps use it."""
    if images.program(build) is None:
        return
    final = build.stages[-1]
    copies = [step for step in final.before() if lending.brings_uv(step)]
    if not copies or lending.runs_uv(final):
        return
    from uvlint import splitting  # noqa: PLC0415 - only for the few files that ship uv

    for step in copies:
        span = step.instruction.args.whole
        users = lending.users(step)
        used = bool(users) if not isinstance(users, str) else True
        message = "uv (44 MB) stays in the image, which doesn't run it"
        if not build.settings.bind_mounts and used:
            yield Diagnostic(span, message, help="install in a stage of its own, and copy the environment from it")
            continue
        made = lending.edits_for(step, users) if not isinstance(users, str) else users
        if used and splitting.waits(build):  # and then stays in a stage of its own
            made = splitting.WAITS
        if isinstance(made, str):
            yield Diagnostic(span, message, help=made)
        else:
            title = "Mount uv in the steps that use it" if used else "Leave uv out"
            yield Diagnostic(span, message, Fix(title, tuple(made), Safety.UNSAFE, _NOTE, last=True))
