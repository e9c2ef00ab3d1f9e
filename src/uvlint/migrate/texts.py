"""The texts of a project's files."""

from __future__ import annotations

import os

from uvlint import filesystem


def text_of(root: str, path: str) -> str | None:
    """The text of a project's file; None where there is none, or it is outside of the project."""
    if path.startswith(("../", "/")) or path == "..":
        return None
    try:
        data = filesystem.read(os.path.join(root, path))
    except OSError:
        return None
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    return data.decode("utf-8", "replace")
