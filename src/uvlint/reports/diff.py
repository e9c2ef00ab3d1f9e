"""What fixes would change, as a unified diff that `patch` and `git apply` take.

It holds the file's own lines, secrets in them included: a diff with others could not be applied.
"""

from __future__ import annotations

import os
from difflib import unified_diff
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uvlint.diagnostics import FileEdit
    from uvlint.reports import Pieces
    from uvlint.source import Source


def diff(before: Source, after: Source) -> Pieces:
    """Line endings and bytes that are not UTF-8 stay as they are in the text."""
    return _diff(before.text, after.text, before.path, before.path)


def diff_of(edit: FileEdit) -> Pieces:
    """What becomes of another file of the build context."""
    return changed(edit.path, edit.before, edit.after)


def changed(path: str, before: str | None, after: str | None) -> Pieces:
    """What becomes of a file; None stands for none."""
    shown = near(path)
    old, new = ("/dev/null" if one is None else shown for one in (before, after))
    return _diff(before or "", after or "", old, new)


def near(path: str) -> str:
    """A path as seen from the working folder, where it is below that."""
    here = os.path.relpath(path) if os.path.isabs(path) else path
    return path if here.startswith(os.pardir) else here


def _diff(before: str, after: str, old: str, new: str) -> Pieces:
    for line in unified_diff(_lines(before), _lines(after), old, new):
        style = {"+": "added", "-": "removed", "@": "hunk"}.get(line[0], "")
        yield line, style
        if not line.endswith("\n"):
            yield "\n\\ No newline at end of file\n", ""


def _lines(text: str) -> list[str]:
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
