"""How a fix writes in a Python script of the build context that RUN instructions execute."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from uvlint import context, plan, scripts
from uvlint.calls import BESIDE
from uvlint.diagnostics import Edit, FileEdit, Fix, Safety, apply
from uvlint.model import text_of
from uvlint.source import Span
from uvlint.translation import Refusal, translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvlint.model import Build
    from uvlint.plan import Install
    from uvlint.scripts import Ran

_ELSEWHERE = "whatever else runs the script needs uv as well"


def fix(ran: Ran, installs: Sequence[Install]) -> Fix | str:
    """The fix that hands the installs of a script to uv, wherever the Dockerfile runs it; or why there is none."""
    build = ran.call.step.stage.build
    root = context.root(build)
    if ran.origin is None or build.context is None or root is None:
        return "the script is written by the Dockerfile: change it there"
    if not ran.python:
        return "uvlint writes in no shell script: let it run `uv pip install`, and copy uv in before it"
    same = [one for one in scripts.ran(build) if one.origin == ran.origin]
    if _named_elsewhere(build, ran.origin, same):
        return "another instruction names the script, and may run it where uv is not"
    lines = {ran.line(one.call) for one in installs}
    own: set[tuple[Edit, ...]] = set()
    made: list[Edit] = []
    notes: list[str] = []
    for one in same:
        edits: list[Edit] = []
        for install in filter(None, map(plan.of, one.calls)):
            if install.tool != "pip" or one.line(install.call) not in lines:
                continue
            fixed = translate(install)
            if isinstance(fixed, Refusal):
                return fixed.reason
            edits += fixed.edits
            notes += fixed.note.split("; ") if fixed.note else []
        made += [edit for edit in edits if edit.span.start < BESIDE]
        own.add(tuple(sorted({_placed(edit) for edit in edits if edit.span.start >= BESIDE})))
    if len(own) != 1:
        return "it runs in several environments, for which uv would be called in several ways"
    text = ran.source.text
    changed = FileEdit(build.context.place(root, ran.origin), text, apply(text, own.pop()))
    note = "; ".join(dict.fromkeys([*notes, _ELSEWHERE]))
    return Fix("Install with uv", tuple(sorted(set(made))), Safety.UNSAFE, note, (changed,))


def _named_elsewhere(build: Build, origin: str, known: Sequence[Ran]) -> bool:
    """Whether an instruction that runs something names a script and is not known to run it."""
    name = re.compile(rf"(?<![\w.-]){re.escape(posixpath.basename(origin))}(?![\w.-])")
    steps = {one.call.step for one in known}
    for step in build.steps:
        text = step.instruction.args.text if step.run is None else text_of(step.run)
        if step.instruction.keyword not in {"COPY", "ADD"} and step not in steps and name.search(text):
            return True
    return False


def _placed(edit: Edit) -> Edit:
    """An edit of the script, with its place in it."""
    return Edit(Span(edit.span.start - BESIDE, edit.span.end - BESIDE), edit.text)
