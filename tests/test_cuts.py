from __future__ import annotations

import pytest

from reading import step
from uvlint import cuts
from uvlint.diagnostics import apply


@pytest.mark.parametrize(
    ("before", "cut", "after"),
    [
        ("a && \\\n    # why\n    b", " && \\\n    # why\n    b", "a\n    # why"),
        ("a \\\n    # why\n    && b", "&& b", "a\n    # why"),
        ("a \\\n    # why\n\n    && b \\\n    # what\n    && c", "&& b", "a \\\n    # why\n\n    # what\n    && c"),
        ("a \\\n    # why\n    && b", "a \\\n    # why\n    && ", "\\\n    # why\nb"),
        ("a x \\\n    # why\n    y && b", "x \\\n    # why\n    y ", "a \\\n    # why\n&& b"),
        ("a \\\n    # why\n    b \\\n    # what\n    c", "b \\\n    # what\n    c", "a\n    # why\n    # what"),
        ("a\\\n# why\nb c", "b ", None),  # `ac` would be one word
    ],
)
def test_a_range_goes_and_its_comments_stay(before: str, cut: str, after: str | None) -> None:
    text = f"FROM a\nRUN {before}\nCMD x\n"
    found = step(text)
    assert found.run is not None
    args = found.run.args
    start = text.index(cut, text.index("RUN ") + 4)
    inside = [index for index in range(len(args)) if start <= args.place(index) < start + len(cut)]
    edits = cuts.around_comments(found, inside[0], inside[-1] + 1)
    if after is None:
        assert edits is None
    else:
        assert edits is not None
        assert apply(text, edits) == f"FROM a\nRUN {after}\nCMD x\n"
