"""Where the corpus is: `UVLINT_CORPUS`, or `../shared/corpus` beside the checkout. Tests skip where there is none."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from uvlint.source import Source

CORPUS = Path(os.environ.get("UVLINT_CORPUS") or Path(__file__).resolve().parents[3] / "shared" / "corpus")


def corpus_file(name: str) -> Path:
    """A file of the corpus; skips the calling test (or module) when it is absent."""
    path = CORPUS / name
    if not path.is_file():
        pytest.skip(f"the corpus has no {name} here", allow_module_level=True)
    return path


def corpus_rows(name: str) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file."""
    with corpus_file(name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def row_source(row: dict[str, Any], key: str = "text") -> Source:
    """A row's text as a Source, whether it is held as text or in base64."""
    if key in row:
        return Source.decode(row[key].encode("utf-8", "surrogatepass"), row["name"])
    return Source.decode(base64.b64decode(row["base64" if key == "text" else f"{key}_base64"]), row["name"])


def dockerfiles() -> list[Source]:
    """Every real Dockerfile of the corpus."""
    return [row_source(row) for row in corpus_rows("dockerfiles.jsonl")]
