"""An instruction of the stage that is split, and what is written of it in each of the two."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uvlint import reads, scripts
from uvlint.lazy import regex
from uvlint.model import normal, text_of
from uvlint.record import field, record
from uvlint.splitting import commands
from uvlint.splitting.commands import Line, Use
from uvlint.splitting.declined import DeclinedError, line

if TYPE_CHECKING:
    from uvlint.model import Step


_INSTALLER = regex(r"(?<![\w./-])(?:uvx?|pip3?)(?![\w./=-])|\$\{?\w*(?i:pip|uv)\w*")
"""An installer that a RUN names, as a command or by a variable."""

_UNTOUCHED = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "LABEL", "MAINTAINER"})


@record()
class Piece:
    """One instruction: its text in the builder and in the final stage, None where it is not there.

    `lines` and `uses` are a RUN's commands and what they are for; `tool`: it brings uv, or is nothing but uv's settings.
    """

    step: Step
    build: str | None = None
    run: str | None = None
    lines: list[Line] = field(default_factory=list)
    uses: set[Use] = field(default_factory=set)
    tool: bool = False

    @property
    def keyword(self) -> str:
        return self.step.instruction.keyword

    @property
    def index(self) -> int:
        return self.step.index

    @property
    def written(self) -> str:
        """The instruction as it stands in the file."""
        return self.step.stage.build.dockerfile.source[self.step.instruction.span]

    @property
    def text(self) -> str:
        """What it hands on: a RUN's script, any other instruction's arguments."""
        run = self.step.run
        return text_of(run) if run is not None else self.step.instruction.args.text

    @property
    def environment(self) -> bool:
        return Use.ENVIRONMENT in self.uses

    def bare(self, text: str) -> str:
        """A text of the instruction without the comments inside it, which stand in its other text."""
        if not self.step.instruction.comments or self.step.instruction.heredocs:
            return text
        return "".join(one for one in re.split(r"(?<=\n)", text) if not one.lstrip().startswith("#"))


def read(step: Step) -> Piece:
    """An instruction with its commands; raises DeclinedError for what can't be read."""
    found = Piece(step)
    if step.onbuild:
        raise DeclinedError(f"{line(step)} is for the builds of other images")
    named = commands.touches_packages(found.text) if found.keyword not in _UNTOUCHED else ""
    if named:
        raise DeclinedError(f"{line(step)} names `{named}`, which would be elsewhere")
    if step.run is None:
        return found
    if step.script is None:
        raise DeclinedError(f"{line(step)} can't be read")
    found.lines = commands.lines(step)
    found.uses = {one.use for one in found.lines}
    _looked_into(step, found)
    hidden = _INSTALLER.search(found.text) if Use.ENVIRONMENT not in found.uses else None
    if hidden is not None:
        raise DeclinedError(f"{line(step)} names `{hidden[0].strip()}`: what it does with it can't be told")
    return found


def _looked_into(step: Step, piece: Piece) -> None:
    """Raises DeclinedError for a script of the context that changes packages, where they would be elsewhere."""
    for one in piece.lines:
        word = scripts.named(one.call) if one.call is not None else None
        value = word.resolve(one.call.variables) if word is not None and one.call is not None else None
        if one.call is None or not value or (one.call.workdir is None and not value.startswith("/")):
            continue
        file = reads.look(one.call, normal(value if value.startswith("/") else f"{one.call.workdir}/{value}"))
        named = commands.touches_packages((file.data or b"").decode("utf-8", "replace")) if file is not None else ""
        if named:
            raise DeclinedError(f"`{value}`, which {line(step)} runs, names `{named}`")
