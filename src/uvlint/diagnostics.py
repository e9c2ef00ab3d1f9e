"""What a rule says, and what it offers to do about it."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from uvlint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterable


class Safety(IntEnum):
    """How far a fix may be trusted: a safe one asks the installers for the same and leaves the image as it was."""

    UNSAFE = 1
    SAFE = 2


class Edit(NamedTuple):
    """Replace what stands at `span` by `text`; an empty span inserts."""

    span: Span
    text: str


class FileEdit(NamedTuple):
    """Another file of the build context as it was, None where there was none, and as it is to be.

    `path` is the context's own; text that is not UTF-8 is as `Source.decode` has it.
    """

    path: str
    before: str | None
    after: str


ENVIRONMENT = "environment"
"""What a fix drops that has packages installed into another environment."""


class Fix(NamedTuple):
    """Edits that only make sense together: of the text, and of other files of the build context.

    `title` says what they do, in the imperative. `note` says, of an unsafe fix, what may come out differently, and `drops`
    which requirements, files and indexes it no longer asks for, as they are written: any other has to be asked for still.
    `claim` is what no other fix may touch at the same time, where that is more than lies between its edits.
    `last`: it takes away what other fixes may count on, so it waits until none of them is left.
    """

    title: str
    edits: tuple[Edit, ...]
    safety: Safety = Safety.SAFE
    note: str = ""
    files: tuple[FileEdit, ...] = ()
    drops: tuple[str, ...] = ()
    claim: Span | None = None
    last: bool = False

    @property
    def hull(self) -> Span:
        """What the fix claims of the text: from its first edit to its last, unless it says more."""
        if self.claim is not None:
            return self.claim
        starts, ends = zip(*(edit.span for edit in self.edits), strict=True) if self.edits else ((0,), (0,))
        return Span(min(starts), max(ends))


class Diagnostic(NamedTuple):
    """A finding at a place. `help` is the way out where there is no fix: why there is none, or what to do.

    `rule` (name) and `code` are filled in by the rule's decorator.
    """

    span: Span
    message: str
    fix: Fix | None = None
    help: str = ""
    rule: str = ""
    code: str = ""


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits that do not overlap; equal edits count once."""
    pieces, at = [], 0
    for edit in sorted(set(edits)):
        if edit.span.start < at:
            raise ValueError("edits overlap")
        pieces += [text[at : edit.span.start], edit.text]
        at = edit.span.end
    return "".join([*pieces, text[at:]])
