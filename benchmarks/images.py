"""What uvlint's fixes do to images and to the time that builds take: the tables of docs/images.md.

    uv run python benchmarks/images.py --data DATA --runs 3 --only ab --forms two,lock
    uv run python benchmarks/images.py --data DATA --output docs/images.md

The first measures, the second writes what was measured, and keeps what the page says above its tables. Each project is written
to a temporary folder and built by `uvlint verify`, before and after in turn: as its author wrote it, and as the fixes leave it,
which are the safe ones ("one"), the unsafe ones, too ("two"), these and that of a rule for a quick start ("start"), and both
after `uvlint migrate` ("lock"); each with bytecode compiled on both sides (pip always does) and without it on uv's. RUN steps
reach the package index through `--network`. `migrate` needs a Python 3.12 that uv finds. DATA gets one file for each comparison.
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
from typing import Any, Literal, NamedTuple

ROOT = Path(__file__).parents[1]
MARK = "<!-- written by benchmarks/images.py -->"
TIMES = "\N{MULTIPLICATION SIGN}"
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
        "fastapi and psycopg2, which is compiled, on python:3.12 with build tools",
        misordered("python:3.12", TOOLS.replace("build-essential", "build-essential libpq-dev"), SERVE),
        "fastapi==0.115.6\nuvicorn==0.34.0\npsycopg2==2.9.10\n",
        "fastapi, uvicorn, psycopg2",
    ),
    Project(
        "d",
        "fastapi and uWSGI, which is compiled for longer, on python:3.12 with build tools",
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


Form = Literal["one", "two", "start", "lock"]
STARTS = "uncompiled-standard-library"
FORMS: dict[Form, str] = {
    "one": "`--fix`",
    "two": "`--fix --unsafe-fixes`",
    "start": f"`--fix --unsafe-fixes` with {STARTS}",
    "lock": "`migrate`",
}


class Compared(NamedTuple):
    """The report of a comparison; `compiled`: with bytecode on both sides; `load`: the machine's, at its start and its end."""

    project: str
    form: Form
    compiled: bool
    load: tuple[float, float]
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


def prepare(project: Project, form: Form, folder: Path, *, compiled: bool) -> None:
    """Write the project, its Dockerfile and, fixed, as `Dockerfile.after`."""
    (folder / "requirements.txt").write_text(project.requirements)
    (folder / "main.py").write_text(MAIN.format(imports=project.imports))
    (folder / "Dockerfile").write_text(project.dockerfile)
    if form == "lock":
        uvlint("migrate", "--quiet", folder=folder)
        if not (folder / "uv.lock").exists():
            raise SystemExit(f"{project.name}: was not migrated")
        (folder / "requirements.txt").write_text(project.requirements)  # the side before is built of the same context
    more = ["--extend-select", STARTS] * (form == "start") + ["--unsafe-fixes"] * (form != "one")
    uvlint("check", "--fix", *more, "--quiet", "Dockerfile", folder=folder)
    text = (folder / "Dockerfile").read_text()
    if text == project.dockerfile:
        raise SystemExit(f"{project.name}: no fix changed the file")
    if not compiled:
        text, count = re.subn(r"UV_COMPILE_BYTECODE=1\b", "UV_COMPILE_BYTECODE=0", text)
        if not count:
            raise SystemExit(f"{project.name}: the fixed file says nothing of bytecode")
    (folder / "Dockerfile.after").write_text(text)
    (folder / "Dockerfile").write_text(project.dockerfile)


def compare(project: Project, form: Form, *, compiled: bool, runs: int, network: str) -> Compared:
    """Build both and read the report; a comparison that finds a difference is one, too."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        folder.mkdir()
        prepare(project, form, folder, compiled=compiled)
        smoke = START.format(imports=project.imports)
        options = ["--against", "Dockerfile.after", "--runs", str(runs), "--network", network, "--smoke", smoke]
        load = os.getloadavg()[0]
        done = uvlint("verify", *options, "--own-frontend", "--output-format", "json", "Dockerfile", folder=folder)
        if not done.stdout:
            raise SystemExit(f"{project.name}: nothing could be compared")
        report = json.loads(done.stdout)
        if report["before"]["build"].get("failed"):
            raise SystemExit(f"{project.name}: {'; '.join(report['reasons'])}")
        return Compared(project.name, form, compiled, (load, os.getloadavg()[0]), report)


# The tables ---------------------------------------------------------------------------------------------------------------


def step(report: dict[str, Any], side: str) -> float | None:
    """Seconds of the RUN that installs, in the first cold build."""
    found = [
        one["seconds"]
        for one in report[side]["build"]["steps"]
        if " RUN " in f" {one['name']} "
        and ("pip install" in one["name"] or "uv sync" in one["name"])
        and one["seconds"] is not None
        and not one["cached"]
    ]
    return max(found, default=None)


def started(ran: dict[str, Any] | None) -> tuple[float, ...]:
    """The CPU of what START ran, each time; () where that failed."""
    if not ran or ran["status"]:
        return ()
    return tuple(float(line) for line in ran["tail"])


class Row(NamedTuple):
    """What was measured of both sides: bytes of an image, else seconds; () where there is no figure."""

    name: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    size: bool = False

    def shown(self, values: tuple[float, ...]) -> str:
        """The median, and the range of several."""
        if not values:
            return NONE
        if self.size:
            return f"{median(values) / 1e6:.0f} MB"
        span = f" ({seconds(min(values))}{NONE}{seconds(max(values))})" if len(values) > 1 else ""
        return f"{seconds(median(values))} s{span}"

    def ratio(self) -> str:
        if not self.before or not self.after:
            return NONE
        before, after = median(self.before), median(self.after)
        return (
            f"{100 * after / before:.0f} %"
            if self.size
            else f"{before / after:.{1 if before < 20 * after else 0}f}{TIMES}"
        )


def seconds(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def rows(report: dict[str, Any]) -> list[Row]:
    sides = ("before", "after")
    images = [report[side].get("image") or {} for side in sides]
    sizes = [(float(one["size"]),) if "size" in one else () for one in images]
    steps = [() if (found := step(report, side)) is None else (found,) for side in sides]
    starts = [started(report["smoke"][side]) for side in sides]
    titles = {"cold": "cold build", "source": "rebuild, source changed", "requirement": "rebuild, requirement added"}
    costs = {
        one["kind"]: Row(titles[one["kind"]], tuple(one["before"]), tuple(one["after"])) for one in report["costs"]
    }
    return [
        Row("image", sizes[0], sizes[1], size=True),
        Row("install step, cold", steps[0], steps[1]),
        *(costs.get(kind, Row(title, (), ())) for kind, title in titles.items()),
        Row("CPU of a start", starts[0], starts[1]),
    ]


AIMS = f"| *aim* | | (b) ≤ 42 % | 3{TIMES} | | 20{TIMES} | 5{TIMES} without, 1.5{TIMES} with | 1.0{TIMES} |"


def overview(found: list[Compared]) -> str:
    lines = [
        "| | bytecode | image | install step, cold | cold build | source changed | requirement added | CPU of a start |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
        *(
            f"| ({one.project}) {FORMS[one.form]} | {'with' if one.compiled else 'without'} | "
            + " | ".join(row.ratio() for row in rows(one.report))
            + " |"
            for one in found
        ),
        AIMS,
    ]
    return "\n".join(lines) + "\n"


def table(one: Compared) -> str:
    runs = max((len(cost["before"]) for cost in one.report["costs"]), default=0)
    verdict = one.report["verdict"] + "".join(f"; {reason}" for reason in one.report["reasons"])
    return "\n".join(
        [
            f"### ({one.project}) {FORMS[one.form]}, {'with' if one.compiled else 'without'} bytecode\n",
            f"{verdict}; {runs} {'run' if runs == 1 else 'runs'}; load {one.load[0]:.1f} before, {one.load[1]:.1f} after.\n",
            "| | before | after | |",
            "|---|---:|---:|---:|",
            *(
                f"| {row.name} | {row.shown(row.before)} | {row.shown(row.after)} | {row.ratio()} |"
                for row in rows(one.report)
            ),
            "",
        ]
    )


def page(found: list[Compared]) -> str:
    head = f"{found[0].report['engine']}, {os.cpu_count()} cores, {platform.system()}."
    return "\n".join([MARK, "", head, "", overview(found), "## Each comparison\n", *map(table, found)])


def kept(data: Path) -> list[Compared]:
    found = [Compared(**json.loads(file.read_text())) for file in data.glob("*.json")]
    order = list(FORMS)
    return sorted(found, key=lambda one: (one.project, order.index(one.form), not one.compiled))


def main() -> None:
    parser = argparse.ArgumentParser(description="Build example projects before and after uvlint's fixes.")
    parser.add_argument("--data", type=Path, required=True, help="the folder for what is measured")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="abcd", help="the names of projects, as in `ab`")
    parser.add_argument("--forms", default=",".join(FORMS), help="as in `two,lock`")
    parser.add_argument("--bytecode", default="with,without")
    parser.add_argument("--network", default="host")
    parser.add_argument("--output", type=Path, help="measure nothing; write the tables there, below what it says")
    options = parser.parse_args()
    if options.output:
        above = options.output.read_text(encoding="utf-8").partition(MARK)[0] if options.output.exists() else ""
        options.output.write_text(above + page(kept(options.data)), encoding="utf-8")
        return
    options.data.mkdir(parents=True, exist_ok=True)
    for project in (one for one in PROJECTS if one.name in options.only):
        for form in (one for one in FORMS if one in options.forms.split(",")):
            for said in options.bytecode.split(","):
                done = compare(project, form, compiled=said == "with", runs=options.runs, network=options.network)
                (options.data / f"{project.name}-{form}-{said}.json").write_text(json.dumps(done._asdict()))


if __name__ == "__main__":
    main()
