"""What a run of uvlint, hadolint and tally costs, side by side: one file, and a tree of real Dockerfiles.

    uv run --group bench python benchmarks/run.py --output benchmarks.md

All are started in turn, as often as `--runs` says, after a first start that does not count. CPU is user and system time of
the process and its children as the kernel accounts for them (wait4), and the figure to compare: wall time depends on what
else the machine does. On one file uvlint is in two rows: started with an empty cache of results, which it then fills, and
with that of a run before, since which nothing has changed. The tree has too many files to be kept. It is the corpus of `$UVLINT_CORPUS` (or `../shared/corpus` beside the checkout),
each file in a folder of its own; without it, copies of the examples.
"""

from __future__ import annotations

import argparse
import base64
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
COPIES = 400
FIRST, AGAIN = "uvlint, first run", "uvlint, nothing changed"


class Cost(NamedTuple):
    """Seconds."""

    cpu: float
    wall: float


class Tool(NamedTuple):
    """A linter; `walks` where it takes a folder and finds the Dockerfiles itself, else it is given all paths.

    `cache`: the folder of uvlint's results, None for none.
    """

    name: str
    version: str
    command: list[str]
    walks: bool
    cache: str | None = None

    def on_tree(self, paths: list[str]) -> list[str]:
        return [*self.command, "."] if self.walks else [*self.command, *paths]


def measure(command: list[str], folder: Path, cache: str | None = None) -> Cost:
    """One run, its output thrown away; a failure ends the benchmark."""
    variables = environment() | ({"UVLINT_CACHE_DIR": cache} if cache else {})
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            said = errors.read()[-1000:].decode(errors="replace")
            raise SystemExit(f"{' '.join(command[:6])} …: exit status {process.returncode}\n{said}")
    return Cost(usage.ru_utime + usage.ru_stime, wall)


def environment() -> dict[str, str]:
    """The environment to start the tools in: uvlint as this interpreter finds it, else from the checkout."""
    # An installed tool has its bytecode; where Python may not write it, each start would compile all modules anew.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    spec = importlib.util.find_spec("uvlint")
    if spec and not os.environ.get("PYTHONPATH"):
        return inherited
    source = Path(spec.origin).parents[1] if spec and spec.origin else ROOT / "src"
    return {**inherited, "PYTHONPATH": str(source.resolve())}


def output(command: list[str]) -> str:
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False).stdout.strip()


def script(name: str) -> str | None:
    """A command of this environment, else of the search path."""
    return shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)


def tally_binary() -> str | None:
    """The tally program itself: what pip puts on the path is a Python script that starts it."""
    spec = importlib.util.find_spec("tally_cli")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    return next((str(path) for path in folder.glob("bin/*/tally*")), None) if folder else script("tally")


def find_tools() -> list[Tool]:
    """uvlint and those of its peers that are installed."""
    own = shutil.which("uvlint", path=sysconfig.get_path("scripts"))
    uvlint = [own] if own else [sys.executable, "-m", "uvlint"]
    version = re.search(r"[\d.]+", output([*uvlint, "--version"]))
    check = [*uvlint, "check", "--exit-zero", "--output-format", "concise"]
    tools = [Tool("uvlint", version[0] if version else "(checkout)", check, walks=True)]
    if hadolint := script("hadolint"):
        version = re.search(r"[\d.]+", output([hadolint, "--version"]))
        tools.append(
            Tool("hadolint", version[0] if version else "", [hadolint, "--no-fail", "--no-color"], walks=False)
        )
    if tally := tally_binary():
        version = re.search(r"[\d.]+", output([tally, "--version"]))
        options = ["lint", "--fail-level", "none", "--no-color", "--slow-checks", "off"]
        tools.append(Tool("tally", version[0] if version else "", [tally, *options], walks=True))
    return tools


def on_one_file(tools: list[Tool], folder: Path, path: str, runs: int) -> dict[str, Cost]:
    """The median cost of each tool, run in turn `runs` times; uvlint without results of before, and with them."""
    costs: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as full:
        time.sleep(3)  # uvlint keeps nothing of files that were changed in the last two seconds
        rows = [
            *(tools[0]._replace(name=name, cache=cache) for name, cache in ((FIRST, empty), (AGAIN, full))),
            *tools[1:],
        ]
        for number in range(1 + runs):
            for tool in rows:
                if tool.cache == empty:
                    shutil.rmtree(empty)
                cost = measure([*tool.command, path], folder, tool.cache)
                if number:
                    costs.setdefault(tool.name, []).append(cost)
        if not any(Path(full).glob("*/*")):
            raise SystemExit("uvlint kept no results")
        Path(empty).mkdir(exist_ok=True)
    return {name: middle(seen) for name, seen in costs.items()}


def on_tree(tools: list[Tool], folder: Path, paths: list[str], runs: int) -> dict[str, Cost]:
    """The median cost of each tool, run in turn `runs` times."""
    costs: dict[str, list[Cost]] = {tool.name: [] for tool in tools}
    with tempfile.TemporaryDirectory() as cache:
        for _ in range(runs):
            for tool in tools:
                costs[tool.name].append(measure(tool.on_tree(paths), folder, cache))
    return {name: middle(seen) for name, seen in costs.items()}


def middle(seen: list[Cost]) -> Cost:
    return Cost(median(cost.cpu for cost in seen), median(cost.wall for cost in seen))


def corpus() -> list[bytes]:
    """The Dockerfiles of the corpus, or copies of the examples."""
    folder = Path(os.environ.get("UVLINT_CORPUS") or ROOT.parent / "shared" / "corpus")
    try:
        with (folder / "dockerfiles.jsonl").open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
    except FileNotFoundError:
        examples = [path.read_bytes() for path in sorted((ROOT / "examples").glob("*/Dockerfile"))]
        return [b"# %d\n%s" % (number, text) for number in range(COPIES // len(examples)) for text in examples]
    return [
        base64.b64decode(row["base64"]) if "base64" in row else row["text"].encode("utf-8", "surrogateescape")
        for row in rows
    ]


def write_tree(texts: list[bytes], folder: Path) -> list[str]:
    """Each text as the Dockerfile of a folder of its own: their paths below `folder`, in order."""
    paths = []
    for number, text in enumerate(texts):
        path = folder / f"{number:04d}" / "Dockerfile"
        path.parent.mkdir()
        path.write_bytes(text)
        paths.append(f"{number:04d}/Dockerfile")
    return paths


def drop_refused(tool: Tool, folder: Path, paths: list[str]) -> list[str]:
    """The paths that the tool accepts; the others are deleted.

    tally reports nothing at all if BuildKit refuses one of the files, and names that one. It goes through the files in
    the order given, so those before it are fine.
    """
    accepted: list[str] = []
    rest = paths
    while rest:
        command = [*tool.command, "--ignore", "*", *rest]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode < 2:
            return accepted + rest
        refused = set(re.findall(r"\d{4}/Dockerfile", done.stderr))
        if not refused:
            raise SystemExit(done.stderr)
        first = min(rest.index(path) for path in refused)
        accepted += rest[:first]
        rest = [path for path in rest[first:] if path not in refused]
        for path in refused:
            shutil.rmtree((folder / path).parent)
    return accepted


def table(title: str, costs: dict[str, Cost], files: int) -> str:
    """A Markdown table; the ratios are to the figure of its first row."""
    own = next(iter(costs.values()))
    per_file = "" if files == 1 else " CPU per file | files per second |"
    lines = [
        f"## {title}",
        "",
        f"| | CPU | wall | CPU, to the first row's | wall, to the first row's |{per_file}",
        "|---|---:|---:|---:|---:|" + "---:|---:|" * (files > 1),
    ]
    for name, cost in costs.items():
        line = (
            f"| {name} | {show(cost.cpu)} | {show(cost.wall)} | {cost.cpu / own.cpu:.2f} | {cost.wall / own.wall:.2f} |"
        )
        if files > 1:
            line += f" {cost.cpu / files * 1000:.2f} ms | {files / cost.wall:.0f} |"
        lines.append(line)
    return "\n".join(lines) + "\n"


def show(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def machine(tools: list[Tool]) -> str:
    """Processor, cores and versions, and what a bare interpreter costs here."""
    try:
        model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        model = None
    bare = middle([measure([sys.executable, "-c", "pass"], ROOT) for _ in range(15)])
    versions = ", ".join(f"{tool.name} {tool.version}" for tool in tools)
    return (
        f"{versions}; {platform.python_implementation()} {platform.python_version()} "
        f"(`python -c pass`: {show(bare.cpu)} CPU); {len(os.sched_getaffinity(0))} cores, "
        f"{model[1] if model else platform.machine()}, {platform.system()}; load {os.getloadavg()[0]:.1f} at the start.\n"
    )


def tree_title(paths: list[str], given: int, folder: Path) -> str:
    size = sum((folder / path).stat().st_size for path in paths)
    left_out = given - len(paths)
    note = f" ({left_out} more, which tally refuses, left out)" if left_out else ""
    return f"A tree of {len(paths)} Dockerfiles, {size / 1000:.0f} kB{note}"


def benchmark(runs: int, tree_runs: int, limit: int) -> str:
    tools = find_tools()
    parts = [machine(tools)]
    example = "examples/legacy/Dockerfile"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = corpus()[:limit]
        paths = write_tree(texts, folder)
        for tool in tools:
            if tool.name == "tally":
                paths = drop_refused(tool, folder, paths)
        typical = sorted(paths, key=lambda path: (folder / path).stat().st_size)[len(paths) // 2]
        for title, place, path in ((f"`{example}`", ROOT, example), ("The file of median size", folder, typical)):
            costs = on_one_file(tools, place, path, runs)
            size = (place / path).stat().st_size
            parts.append(table(f"{title}, {size} bytes, median of {runs} runs", costs, 1))
        costs = on_tree(tools, folder, paths, tree_runs)
        parts.append(table(f"{tree_title(paths, len(texts), folder)}, median of {tree_runs}", costs, len(paths)))
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=15, help="runs on one file (default %(default)s)")
    parser.add_argument("--tree-runs", type=int, default=3, help="runs on the tree (default %(default)s)")
    parser.add_argument("--limit", type=int, default=10**6, help="take no more files than this into the tree")
    parser.add_argument("--output", type=Path, help="write the report to this file, too")
    options = parser.parse_args()
    report = benchmark(options.runs, options.tree_runs, options.limit)
    print(report, end="")
    if options.output:
        options.output.write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main()
