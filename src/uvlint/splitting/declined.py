"""Why a stage can't be split."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uvlint.model import Step


class DeclinedError(Exception):
    """What can't be told apart safely, in words that end a diagnostic's help."""


class WaitingError(DeclinedError):
    """What another fix changes first."""


def line(step: Step) -> str:
    """A step as a message names it."""
    source = step.stage.build.dockerfile.source
    return f"line {source.line(step.instruction.span.start)}"
