"""A random sample of what uvlint finds in real Dockerfiles, to be read and judged.

    python benchmarks/findings.py --seed 20261121 --count 200

Every finding of the default rules in the corpus ($UVLINT_CORPUS, or `../shared/corpus` beside the checkout), without the build
context; files that a walk through a folder would not take for Dockerfiles are left out. What is printed is the finding, with the
lines around it; docs/findings.md holds the judgements.
"""

from __future__ import annotations

import argparse
import json
import random
from typing import TYPE_CHECKING

from adoption import CORPUS

from uvlint import engine, files
from uvlint.config import Settings
from uvlint.source import Source

if TYPE_CHECKING:
    from uvlint.diagnostics import Diagnostic


def findings() -> list[tuple[Source, Diagnostic]]:
    """All findings, in the order of the corpus and of the files."""
    found = []
    settings = Settings()
    with (CORPUS / "dockerfiles.jsonl").open(encoding="utf-8") as rows:
        for row in map(json.loads, rows):
            if "text" in row and files.is_dockerfile(row["path"].rpartition("/")[2]):
                source = Source(row["text"], row["name"])
                found += [(source, one) for one in engine.check(source, settings)]
    return found


def shown(source: Source, one: Diagnostic, around: int) -> str:
    """A finding and the lines around it, the one that it begins in marked."""
    line, column = source.position(one.span.start)
    lines = source.text.splitlines()
    first = max(line - around, 1)
    quoted = [
        f"{'>' if number == line else ' '} {number:4} {lines[number - 1]}"
        for number in range(first, min(line + around, len(lines)) + 1)
    ]
    said = f"{source.path}:{line}:{column}: {one.code} {one.message}"
    return "\n".join([said, *([f"  help: {one.help}"] if one.help else []), *quoted])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--around", type=int, default=6, help="lines shown above and below")
    options = parser.parse_args()
    found = findings()
    drawn = random.Random(options.seed).sample(range(len(found)), min(options.count, len(found)))
    print(f"{len(drawn)} of {len(found)} findings\n")
    for number, index in enumerate(sorted(drawn), 1):
        print(f"[{number}] {shown(*found[index], options.around)}\n")


if __name__ == "__main__":
    main()
