"""What uvlint's fixes do to images and to the time that builds take: the tables of docs/images.md.

    uv run python benchmarks/images.py --runs 3 --output docs/images.md

Each project is written to a temporary folder and built by `uvlint verify`, before and after in turn: as its author wrote it
and as `--fix --unsafe-fixes` leaves it, once with bytecode compiled on both sides (pip always does) and once without it on
uv's. RUN steps reach the package index through `--network`. The data of each comparison is kept beside the tables with `--keep`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
NONE = "\N{EN DASH}"
TOOLS = "RUN apt-get update && apt-get install -y build-essential && rm -rf /var/lib/apt/lists/*\n"


class Project(NamedTuple):
    """A Dockerfile with its requirements and its program. `imports`: what the program imports, which is timed."""

    name: str
    what: str
    dockerfile: str
    requirements: str
    imports: str


def misordered(base: str, tools: str, command: str) -> str:
    """The file that many begin with: sources first, then everything that is installed."""
    return (
        f"FROM {base}\nWORKDIR /app\nCOPY . .\n{tools}"
        f"RUN pip install --no-cache-dir -r requirements.txt\nEXPOSE 8000\nCMD {command}\n"
    )


SERVE = '["uvicorn", "main:app", "--host", "0.0.0.0"]'
PROJECTS = (
    Project(
        "a",
        "fastapi and uvicorn on python:3.12-slim",
        misordered("python:3.12-slim", "", SERVE),
        "fastapi==0.115.6\nuvicorn==0.34.0\n",
        "fastapi, uvicorn",
    ),
    Project(
        "b",
        "fastapi, pandas, scikit-learn and scipy on python:3.12 with build tools",
        misordered("python:3.12", TOOLS, SERVE),
        "fastapi==0.115.6\nuvicorn==0.34.0\npandas==2.2.3\nscikit-learn==1.6.0\nscipy==1.14.1\n",
        "fastapi, uvicorn, pandas, sklearn.linear_model, scipy.stats",
    ),
    Project(
        "c",
        "a dependency without a wheel, compiled, on python:3.12 with build tools",
        misordered("python:3.12", TOOLS, SERVE),
        "fastapi==0.115.6\nuvicorn==0.34.0\nuwsgi==2.0.28\n",
        "fastapi, uvicorn",
    ),
)
MAIN = """\
import {imports}

app = fastapi.FastAPI()
"""


# CPU, since a start takes a second and the machine has other work. Nothing is written: a container starts without what an
# earlier one compiled.
START = (
    "export PYTHONDONTWRITEBYTECODE=1; for run in 1 2 3 4 5; do "
    'python -c "import time, {imports}; print(time.process_time())"; done'
)


class Compared(NamedTuple):
    """The report of a comparison; `compiled`: with bytecode on both sides."""

    project: Project
    compiled: bool
    report: dict[str, Any]


def uvlint(*args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "uvlint", *args],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )


def prepare(project: Project, folder: Path, *, compiled: bool) -> None:
    """Write the project, its Dockerfile as `Dockerfile.before` and, fixed, as `Dockerfile`."""
    (folder / "requirements.txt").write_text(project.requirements)
    (folder / "main.py").write_text(MAIN.format(imports=project.imports))
    (folder / "Dockerfile").write_text(project.dockerfile)
    uvlint("check", "--fix", "--unsafe-fixes", "--quiet", "Dockerfile", folder=folder)
    text = (folder / "Dockerfile").read_text()
    if text == project.dockerfile:
        raise SystemExit(f"{project.name}: no fix changed the file")
    if not compiled:
        text, count = re.subn(r"UV_COMPILE_BYTECODE=1\b", "UV_COMPILE_BYTECODE=0", text)
        if not count:
            raise SystemExit(f"{project.name}: the fixed file says nothing of bytecode")
    (folder / "Dockerfile").write_text(text)
    (folder / "Dockerfile.before").write_text(project.dockerfile)


def compare(project: Project, *, compiled: bool, runs: int, network: str, keep: Path | None) -> Compared:
    """Build both and read the report; a comparison that finds a difference is one, too."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        folder.mkdir()
        prepare(project, folder, compiled=compiled)
        smoke = START.format(imports=project.imports)
        options = ["--against", "Dockerfile.before", "--runs", str(runs), "--network", network, "--smoke", smoke]
        done = uvlint("verify", *options, "--own-frontend", "--output-format", "json", "Dockerfile", folder=folder)
        if not done.stdout:
            raise SystemExit(f"{project.name}: nothing could be compared")
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{project.name}-{'compiled' if compiled else 'plain'}.json").write_text(done.stdout)
        return Compared(project, compiled, json.loads(done.stdout))


# The tables ---------------------------------------------------------------------------------------------------------------


def step(report: dict[str, Any], side: str) -> float | None:
    """Seconds of the RUN that installs, in the first cold build."""
    found = [
        one["seconds"]
        for one in report[side]["build"]["steps"]
        if " RUN " in f" {one['name']} "
        and "pip install" in one["name"]
        and one["seconds"] is not None
        and not one["cached"]
    ]
    return max(found, default=None)


def started(ran: dict[str, Any] | None) -> float | None:
    """The median CPU of what START ran; None where that failed."""
    if not ran or ran["status"]:
        return None
    return median(float(line) for line in ran["tail"])


def rows(report: dict[str, Any]) -> list[tuple[str, float | None, float | None, str]]:
    """Name, before, after, unit; None where there is no figure."""
    before, after = report["before"], report["after"]
    images = [one.get("image") or {} for one in (before, after)]
    found: list[tuple[str, float | None, float | None, str]] = [
        ("image", images[0].get("size"), images[1].get("size"), "MB"),
        ("cold, the step that installs", step(report, "before"), step(report, "after"), "s"),
    ]
    titles = {"cold": "cold build", "source": "rebuild, source changed", "requirement": "rebuild, requirement added"}
    for one in report["costs"]:
        medians = [median(one[side]) if one[side] else None for side in ("before", "after")]
        found.append((titles[one["kind"]], medians[0], medians[1], "s"))
    starts = [started(report["smoke"][side]) for side in ("before", "after")]
    found.append(("CPU of a start, all imported", starts[0], starts[1], "s"))
    return found


def shown(value: float | None, unit: str) -> str:
    if value is None:
        return NONE
    return f"{value / 1e6:.0f} MB" if unit == "MB" else f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"


def ratio(before: float | None, after: float | None, unit: str) -> str:
    if not before or not after:
        return NONE
    if unit == "MB":
        return f"{100 * after / before:.0f} %"
    return f"{before / after:.1f} times faster" if after <= before else f"{after / before:.1f} times slower"


def table(one: Compared) -> str:
    title = f"## ({one.project.name}) {one.project.what}, {'with' if one.compiled else 'without'} bytecode\n"
    verdict = one.report["verdict"] + "".join(f"; {reason}" for reason in one.report["reasons"])
    lines = [
        f"| {name} | {shown(before, unit)} | {shown(after, unit)} | {ratio(before, after, unit)} |"
        for name, before, after, unit in rows(one.report)
    ]
    return "\n".join([title, f"Verdict: {verdict}\n", "| | before | after | |", "|---|---:|---:|---:|", *lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description="Build example projects before and after uvlint's fixes.")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", help="the names of projects, as in `ab`")
    parser.add_argument("--network", default="host")
    parser.add_argument("--keep", type=Path, help="a folder for the data")
    parser.add_argument("--output", type=Path, help="a file for the tables")
    options = parser.parse_args()
    found = [
        compare(project, compiled=compiled, runs=options.runs, network=options.network, keep=options.keep)
        for project in PROJECTS
        if not options.only or project.name in options.only
        for compiled in (True, False)
    ]
    engine = found[0].report["engine"] if found else ""
    head = (
        "# What the fixes do to images\n\nMeasured by `python benchmarks/images.py`; medians of "
        f"{options.runs} cold builds and rebuilds of each side, in turn; {engine}; {os.cpu_count()} cores, "
        f"{platform.system()}; load {os.getloadavg()[0]:.1f} at the end.\n\n"
    )
    text = head + "\n".join(map(table, found))
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
