"""How many of the `pip install` commands of real Dockerfiles uvlint moves to uv, and why the others stay with pip.

    python benchmarks/adoption.py --output adoption.md

Counted on the fixed text, by reading it again: a `pip install` that is gone and a `uv pip install` more. Every file of the
corpus ($UVLINT_CORPUS, or `../shared/corpus` beside the checkout) is fixed by all rules, with safe fixes and with the unsafe
ones too, and both without its build context and with a made-up one in which everything is there that the file copies and
installs (requirement files hold one pinned requirement). Installs of nothing but uv or pip itself do not count.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import posixpath
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

from uvlint import engine, plan  # noqa: E402 - from the checkout
from uvlint.config import Settings  # noqa: E402 - as above
from uvlint.context import Context  # noqa: E402 - as above
from uvlint.source import Source  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from uvlint.engine import Fixed
    from uvlint.model import Build
    from uvlint.plan import Install

RULES = frozenset({"pip-install", "conda-pip"})
"""The rules that say of a `pip install` that it could be uv's, or why not."""
REQUIREMENTS = "six==1.16.0\n"
PROJECT = '[project]\nname = "example"\nversion = "1"\ndependencies = ["six==1.16.0"]\n'
FILE = re.compile(r"\.[A-Za-z]{2,4}\Z")
NOT_TRANSLATABLE = re.compile(
    r"""uv\ (?:has\ no|can't|refuses|ignores|always|needs\ Python|reads|upgrades)   # an option or requirement that uv lacks
      | is\ (?:not|only)\ known\ (?:before|when)     # a variable where options should be
      | environment\ it\ installs\ into              # the target isn't known
      | has\ no\ equal\ in\ uv | pip\.conf | pip\ was\ configured | pip\ settings | pip\ setting\ can't
      | base\ image\ .*has\ no\ Python | conda | login\ shell | sudo | doas | gosu | xargs
      | below\ HOME,\ uv\ doesn't | reads\ its\ .X.\ as\ a\ redirect | output\ is\ used | write\ the\ same\ files
      | no\ build\ for | forbids\ the\ system | gone\ from\ pip | another\ index | names\ pip's\ cache
      | not\ an\ option | works\ on\ another\ Python""",
    re.VERBOSE,
)
"""Reasons that the verified translation (pip to uv) itself gives against a rewrite."""


def barred(reason: str) -> bool:
    return not reason.startswith(("unsafe: ", "the fixes failed")) and NOT_TRANSLATABLE.search(reason) is not None


@dataclass(slots=True)
class Count:
    """What came of the files at one level."""

    files: int = 0
    installs: int = 0
    moved: int = 0
    gone: int = 0
    failed: int = 0
    whole: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def barred(self) -> int:
        return sum(count for reason, count in self.reasons.items() if barred(reason))


CORPUS = Path(os.environ.get("UVLINT_CORPUS") or ROOT.parent / "shared" / "corpus")


def corpus() -> list[Source]:
    place = CORPUS / "dockerfiles.jsonl"
    if not place.is_file():
        raise SystemExit(f"{place} is not there: name the corpus in UVLINT_CORPUS")
    rows: list[dict[str, Any]] = [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]
    return [
        Source.decode(
            row["text"].encode("utf-8", "surrogatepass") if "text" in row else base64.b64decode(row["base64"])
        )
        for row in rows
    ]


def counted(build: Build, tool: str) -> list[Install]:
    return [one for one in plan.installs(build) if one.tool == tool and not one.empty and not plan.upgrades_pip(one)]


def made_up(build: Build) -> Context:
    """A build context in which everything is there that the file copies and that its installs read."""
    read = {"requirements.txt", "pyproject.toml"}
    for install in counted(build, "pip"):
        for one in install.given or ():
            if one.meaning in {"requirement", "constraint"} and one.value:
                read |= {one.value.lstrip("/"), posixpath.basename(one.value)}
            elif one.option is None or one.meaning == "editable":
                read.add(f"{(one.value or '').partition('[')[0].lstrip('/')}/pyproject.toml")
    files: dict[str, str] = {}
    folders = {""}
    for step in build.steps:
        instruction = step.instruction
        if instruction.keyword not in {"COPY", "ADD"} or instruction.flag("from") is not None:
            continue
        for word in instruction.words()[:-1]:
            name = re.sub(r"[*?]|\[.*?\]", "", step.expand(word.text) or "").strip("/")
            if "://" in name or name in {"", "."} or name.startswith("<<"):
                continue
            if FILE.search(name) or posixpath.basename(name) in {"Makefile", "LICENSE", "Pipfile"}:
                files[name] = PROJECT if name.endswith(".toml") else REQUIREMENTS
                folders.add(posixpath.dirname(name))
            else:
                folders.add(name)
    for folder in folders:
        for name in read:
            files.setdefault(
                posixpath.normpath(posixpath.join(folder, name)), PROJECT if name.endswith(".toml") else REQUIREMENTS
            )
        files.setdefault(posixpath.normpath(posixpath.join(folder, "README.md")), "")
    return Context.of({name: text for name, text in files.items() if not name.startswith("..")})


def reason(fixed: Fixed, install: Install) -> str:
    """Why an install is still pip's, with what is particular to it left out."""
    if fixed.error is not None:
        return f"the fixes failed: {fixed.error}"
    said = "no finding names it"
    for one in fixed.diagnostics:
        if one.rule in RULES and one.span.start == install.call.span.start:
            said = one.help if one.fix is None else f"unsafe: {one.fix.note}"
    said = re.sub(r"`[^`]*`", "`X`", said.replace("\n", " "))
    said = re.sub(r"base image \S+(?=: it may| has)", "base image X", said)
    said = re.sub(r"runs as \S+", "runs as X", said)
    return re.sub(r"\b(?:PIP_\w+)\b", "PIP_X", said)


def survey(sources: Iterable[Source], *, unsafe: bool, present: bool) -> Count:
    found = Count()
    settings = Settings()
    for source in sources:
        before = engine.read(source, settings)
        old = counted(before, "pip")
        if not old:
            continue
        seen = made_up(before) if present else None
        fixed = engine.fix(source, settings, unsafe=unsafe, context=seen)
        after = engine.read(fixed.source, settings, seen)
        left = counted(after, "pip")
        moved = len(counted(after, "uv")) - len(counted(before, "uv"))
        found.files += 1
        found.installs += len(old)
        found.moved += moved
        found.gone += len(old) - len(left) - moved
        found.failed += fixed.error is not None
        found.whole += not left
        found.reasons.update(reason(fixed, one) for one in left)
    return found


def share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.0%})" if whole else str(part)


def table(counts: dict[str, Count]) -> list[str]:
    lines = ["| | " + " | ".join(counts) + " |", "|---|" + "---|" * len(counts)]
    rows: dict[str, Callable[[Count], str]] = {
        "files with a `pip install`": lambda one: str(one.files),
        "… left without any": lambda one: share(one.whole, one.files),
        "… whose fixes failed": lambda one: str(one.failed),
        "installs": lambda one: str(one.installs),
        "became uv": lambda one: share(one.moved, one.installs),
        "fewer installs in all (an `easy_install` becomes one more)": lambda one: str(one.gone),
        "have no safe translation": lambda one: str(one.barred),
        "became uv, of those that have one": lambda one: share(one.moved, one.installs - one.barred - one.gone),
    }
    lines += [f"| {name} | " + " | ".join(show(one) for one in counts.values()) + " |" for name, show in rows.items()]
    return lines


def report(counts: dict[str, Count]) -> str:
    lines = ["# From pip to uv", "", *table(counts)]
    for name, count in counts.items():
        lines += ["", f"## Why not: {name}", "", "| installs | reason | translatable |", "|---|---|---|"]
        for said, number in count.reasons.most_common():
            lines.append(f"| {number} | {said.replace('|', '/')} | {'' if barred(said) else 'yes'} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, help="write the tables here, too")
    options = parser.parse_args()
    sources = corpus()
    counts = {
        f"{'unsafe' if unsafe else 'safe'} fixes, files {'present' if present else 'absent'}": survey(
            sources, unsafe=unsafe, present=present
        )
        for unsafe in (False, True)
        for present in (False, True)
    }
    text = report(counts)
    print(text, end="")
    if options.output:
        options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
