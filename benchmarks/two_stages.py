"""How many real services in one stage become two, and why the others don't.

    python benchmarks/two_stages.py --output docs/two-stages.md

Every Dockerfile of the corpus ($UVLINT_CORPUS, or `../shared/corpus` beside the checkout) whose last stage installs Python
packages and starts a program is fixed with `--unsafe-fixes`: those that came alone without their build context and with a
made-up one in which everything is there that the file copies and installs, those of projects with the files of the project.
What `docs/two-stages.md` says above its tables is kept.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from adoption import CORPUS, corpus, made_up, share

from uvlint import engine, images, plan, splitting
from uvlint.config import Settings
from uvlint.context import Context
from uvlint.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uvlint.model import Build

TOOLS = frozenset({"pip", "uv", "uv sync", "poetry", "pipenv", "conda", "mamba", "micromamba", "pdm"})
MARK = "<!-- written by benchmarks/two_stages.py -->"


@dataclass(slots=True)
class Count:
    """What came of the services of one kind."""

    services: int = 0
    split: int = 0
    failed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def is_service(build: Build) -> bool:
    """Whether the last stage installs Python packages itself and starts a program."""
    if not build.stages or images.program(build) is None:
        return False
    stage = build.stages[-1]
    return any(
        one.call.step.stage in stage.chain and one.tool in TOOLS and not one.empty for one in plan.installs(build)
    )


def reason(build: Build) -> str:
    """Why a service is still in one stage, with what is particular to it left out."""
    if not is_service(build):
        return "it installs by a command that a variable holds, or brings nothing but pip up to date"
    said = splitting.of(build)
    if not isinstance(said, str):
        return "nothing but its packages is in it: uv is mounted, and no build tools come with it"
    said = re.sub(r"line \d+", "line N", said)
    said = re.sub(r"`([^`]*)`", lambda one: one[0] if one[1] in {"uv pip", "uv sync"} else "`X`", said)
    return re.sub(r"(?<= )/\S+?(?=,? )", "/X", said)


def survey(sources: Iterable[tuple[Source, Context | None]]) -> Count:
    found = Count()
    settings = Settings()
    for source, seen in sources:
        if not is_service(engine.read(source, settings, seen)):
            continue
        found.services += 1
        fixed = engine.fix(source, settings, unsafe=True, context=seen)
        if fixed.error is not None:
            found.failed += 1
        elif fixed.applied["single-stage"]:
            found.split += 1
        else:
            found.reasons[reason(engine.read(fixed.source, settings, seen))] += 1
    return found


def projects() -> Iterable[tuple[Source, Context | None]]:
    for line in (CORPUS / "projects.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        place = row["dockerfile"]
        yield Source(row["files"][place], f"{row['name']}/{place}"), Context.of(row["files"], place)


def report(counts: dict[str, Count]) -> str:
    lines = [MARK, "", "| | " + " | ".join(counts) + " |", "|---|" + "---|" * len(counts)]
    lines.append(
        "| services that install in their last stage | "
        + " | ".join(str(one.services) for one in counts.values())
        + " |"
    )
    lines.append(
        "| became two stages | " + " | ".join(share(one.split, one.services) for one in counts.values()) + " |"
    )
    lines.append("| their fixes failed | " + " | ".join(str(one.failed) for one in counts.values()) + " |")
    lines += ["", "## Why not", "", "| " + " | ".join(counts) + " | reason |", "|" + "---|" * (len(counts) + 1)]
    total: Counter[str] = sum((one.reasons for one in counts.values()), Counter())
    lines += [
        "| " + " | ".join(str(one.reasons[said] or "") for one in counts.values()) + f" | {said.replace('|', '/')} |"
        for said, _ in total.most_common()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, help="write the tables there, below what it says")
    options = parser.parse_args()
    alone = corpus()
    settings = Settings()
    text = report(
        {
            "files absent": survey((one, None) for one in alone),
            "files present": survey((one, made_up(engine.read(one, settings))) for one in alone),
            "projects": survey(projects()),
        }
    )
    print(text)
    if options.output is not None:
        above = options.output.read_text(encoding="utf-8").partition(MARK)[0] if options.output.exists() else ""
        options.output.write_text(above + text, encoding="utf-8")


if __name__ == "__main__":
    main()
