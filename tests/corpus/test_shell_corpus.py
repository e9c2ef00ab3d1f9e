"""Every RUN of real Dockerfiles, held against bash."""

from __future__ import annotations

import functools
import shutil
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from loader import dockerfiles

from uvlint.shell import Assignment, Redirect, Script, Word, parse
from uvlint.source import Cooked

if TYPE_CHECKING:
    from pathlib import Path

dockerfile = pytest.importorskip("dockerfile")
pytestmark = pytest.mark.skipif(not shutil.which("bash"), reason="bash is the oracle")


@functools.cache
def runs() -> dict[str, Script | None]:
    texts = set()
    for source in dockerfiles():
        try:
            instructions = dockerfile.parse_string(source.text)
        except (dockerfile.GoParseError, UnicodeEncodeError):
            continue
        texts |= {i.value[0] for i in instructions if i.cmd.lower() == "run" and not i.json and i.value}
    return {text: parse(Cooked.plain(text, 0)) for text in sorted(texts)}


def bash_reads(text: str) -> bool:
    return subprocess.run(["bash", "-n"], input=text.encode(), capture_output=True, check=False).returncode == 0


def test_what_bash_reads_is_read_and_nothing_else() -> None:
    texts = list(runs().items())
    assert [text for text, script in texts if (script is not None) != bash_reads(text)] == []
    assert sum(script is not None for _, script in texts) > 1000


def test_static_words_are_those_of_bash(tmp_path: Path) -> None:
    words = sorted({(w.text, w.value or "") for s in runs().values() if s for c in s.commands for w in c.words
                    if w.value is not None})  # fmt: skip
    lines = "".join(f"printf '%s\\0' {text}\n" for text, _ in words)
    done = subprocess.run(
        ["bash", "--norc"], input=lines.encode(), capture_output=True, cwd=tmp_path, env={}, check=False
    )
    found = done.stdout.decode().split("\0")[:-1]
    assert [(text, got) for (text, _), got in zip(words, found, strict=True)] == words
    assert len(words) > 1000


def test_ranges_are_in_order_and_apart() -> None:
    for text, script in runs().items():
        for command in script.commands if script else ():
            parts: list[Word | Assignment | Redirect] = [*command.words, *command.assignments, *command.redirects]
            parts.sort(key=lambda part: part.start)
            assert command.start == parts[0].start
            assert command.end == parts[-1].end
            assert all(a.end <= b.start for a, b in pairwise(parts))
            for word in command.words:
                assert command.cooked.text[word.start : word.end] == word.text
                if script and word.outer is script.cooked:
                    assert text[slice(*word.span)] == word.text
