"""The reports of a verification, and how its builds are shown while they go."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from outcomes import EVERYTHING, FAILED, HOSTILE, NOTHING
from uvlint.verify import reports
from uvlint.verify.outcome import Built, FileChange, Step
from uvlint.verify.reports import figures, live

# The command line -------------------------------------------------------------------------------------------------------


def verify(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Of a file that no fix changes, so that nothing has to be built."""
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY a /\n")
    source = str(Path(reports.__file__).parents[3])
    return subprocess.run(
        [sys.executable, "-m", "uvlint", "verify", *args],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )


def test_one_run_writes_several_reports(tmp_path: Path) -> None:
    outputs = ("a.html", "b.MD", "c.json", "d.txt")
    done = verify(tmp_path, "--output-format", "markdown", *(word for name in outputs for word in ("-o", name)))
    assert (done.returncode, done.stderr) == (0, "")
    html, markdown, data, other = ((tmp_path / name).read_text() for name in outputs)
    assert html.startswith("<!doctype html>")
    assert json.loads(data)["verdict"] == "equivalent"
    assert done.stdout == markdown == other
    assert markdown.startswith("## ✅ `Dockerfile`: equivalent\n")


def test_where_a_report_can_not_go_is_said_before_anything_is_built(tmp_path: Path) -> None:
    done = verify(tmp_path, "-o", "nowhere/report.html")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: nowhere/report.html: there is no folder nowhere\n"


def test_a_folder_stands_for_the_dockerfile_in_it(tmp_path: Path) -> None:
    assert verify(tmp_path, ".").stdout.splitlines()[-1] == "Dockerfile: equivalent"


def test_help_lists_options_under_headings(tmp_path: Path) -> None:
    said = verify(tmp_path, "--help").stdout
    headings = re.findall(r"(?m)^(\S.*):$", said)
    assert headings == ["What is compared", "How it is built", "What is looked at", "Report", "Other"]
    assert all(len(line) <= 100 for line in said.splitlines())


# Figures ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_400, "1 kB"),
        (999_600, "1.0 MB"),
        (41_800_000, "42 MB"),
        (1_021_000_000, "1.02 GB"),
    ],
)
def test_a_size(number: int, said: str) -> None:
    assert figures.size(number) == said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.04,), "0.0 s"),
        ((9.94,), "9.9 s"),
        ((61.2,), "61 s"),
        ((125.0,), "2 min 05 s"),
        ((3.0, 1.0, 2.0), "2.0 s (1.0 to 3.0 s)"),
        ((99.0, 101.0, 100.0), "1 min 40 s (99 s to 1 min 41 s)"),
    ],
)
def test_times(values: tuple[float, ...], said: str) -> None:
    assert figures.times(values) == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((60.0,), (6.0,), "10× faster"),
        ((6.0,), (2.5,), "2.4× faster"),
        ((2.0,), (3.0,), "1.5× slower"),
        ((60.0,), (58.0,), "about the same"),
        ((10.0, 20.0, 12.0), (8.0, 11.0, 9.0), "about the same"),  # the runs overlap
        ((0.0,), (1.0,), ""),
    ],
)
def test_nothing_is_claimed_of_times_that_do_not_tell(
    before: tuple[float, ...], after: tuple[float, ...], said: str
) -> None:
    assert figures.sped(before, after) == said


def test_the_layers_of_the_base_image_are_one_and_empty_ones_none() -> None:
    assert EVERYTHING.after.image is not None
    parts = figures.parts(EVERYTHING.after.image)
    assert [(part.number, part.size, part.base) for part in parts] == [
        (0, 118_000_000, True),
        (1, 40, False),
        (2, 46_900_000, False),
        (3, 99_960, False),
    ]


# Terminal ---------------------------------------------------------------------------------------------------------------


def shown(form: str = "full", *, files: bool = False, color: str = "never") -> str:
    stream = io.StringIO()
    reports.write(EVERYTHING, form, stream, files=files, color=color)
    return stream.getvalue()


def test_the_report_for_a_terminal() -> None:
    said = shown()
    lines = said.splitlines()
    assert lines[-3:] == [
        "services/web/Dockerfile: not equivalent",
        "  1 package lost: six (/usr/local)",
        "  user changed: app → root",
    ]
    assert "packages: 1 lost, 1 moved, 1 newer release, 1 installer, 1 package the same" in lines
    assert "  user: app → root" in lines
    assert "  and 296 more, which --files lists" in lines
    assert re.search(r"cold build\b.*4\.4× faster", said)
    assert "\x1b" not in said
    assert "\x1b[1;31mservices/web/Dockerfile: not equivalent" in shown(color="always")


@pytest.mark.parametrize("form", reports.FORMATS)
def test_all_files_are_listed_where_they_are_asked_for(form: str) -> None:
    assert "/usr/share/doc/299" in shown(form, files=True)
    if form != "json":  # which always has them all
        assert "/usr/share/doc/299" not in shown(form)


# Data and Markdown ------------------------------------------------------------------------------------------------------


def test_json_is_the_outcome_with_its_version() -> None:
    report = json.loads(reports.text(EVERYTHING, "json"))
    assert (report["version"], report["verdict"]) == (1, "different")
    assert report["costs"][0]["before"] == [61.2, 58.0, 66.0]
    assert report["before"]["image"]["layers"][2] == {"instruction": "COPY . /app", "size": 42_000_000, "base": False}


def test_the_guide_names_all_fields_of_the_data() -> None:
    guide = (Path(__file__).parents[1] / "docs" / "verify.md").read_text(encoding="utf-8")
    table = guide[guide.index("| field |") :]
    named = {name for row in re.findall(r"(?m)^\| ([^|]+) \|", table) for name in re.findall(r"`(\w+)`", row)}
    assert named == set(json.loads(reports.text(EVERYTHING, "json")))


def test_markdown() -> None:
    said = reports.text(EVERYTHING, "markdown")
    lines = said.splitlines()
    assert lines[0] == "## ❌ `services/web/Dockerfile`: not equivalent"
    assert "| image | 260 MB | 165 MB | −37 % |  |" in lines
    assert "| **lost** | `six` | 1.17.0 | – | `/usr/local` |" in lines
    assert "<details><summary>Layers after: 165 MB</summary>" in lines
    assert len(said) < 1_000_000  # what a job summary holds
    cells = {line.count("|") - line.count("\\|") for line in lines if line.startswith("| **")}
    assert cells <= {4, 6}


def test_a_name_with_a_bar_stays_in_its_cell() -> None:
    odd = replace(EVERYTHING, files=tuple(FileChange(name, None, "0:0 644") for name in ("/a|b", "/a\\|b", "/a\\\\|b")))
    rows = [line for line in reports.text(odd, "markdown").splitlines() if "/a" in line and "0:0" in line]
    assert [len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows] == [4, 4, 4]


@pytest.mark.parametrize("found", [EVERYTHING, FAILED])
def test_markdown_fences_what_a_build_said(found: object) -> None:
    said = reports.text(found, "markdown")  # type: ignore[arg-type]
    outside = re.sub(r"(?ms)^(`{3,})text$.*?^\1$", "", said)
    assert "alert" in said
    assert "<script>" not in outside
    assert "\x1b" not in said


# The page ---------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The tags and the text of a page; asserts that tags are closed in turn."""

    VOID = frozenset({"meta", "link", "wbr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.mark.parametrize("found", [EVERYTHING, FAILED, NOTHING])
def test_the_page_is_one_file_without_a_script(found: object) -> None:
    page = Page(reports.text(found, "html"))  # type: ignore[arg-type]
    assert {"script", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in page.tags} == set()
    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in {"src", "href"}]
    assert links == ["data:,"]
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "url(" not in reports.text(found, "html")  # type: ignore[arg-type]


def test_what_the_page_says() -> None:
    said = Page(reports.text(EVERYTHING, "html")).text
    for words in (
        "services/ web/ Dockerfile: not equivalent",
        "1 package lost: six (/usr/local)",
        "before: services/web/Dockerfile",
        "4.4× faster",
        "61 s (58 to 66 s)",
        "COPY requirements.txt /app/",
        "[3/3] RUN pip install -r requirements.txt",
        "[3/4] RUN uv pip install",
        "1 step found in the cache, 1 step done at once",
        "1 lost, 1 moved, 1 newer release, 1 installer, 1 package the same",
        "ImportError: <script>alert('x')</script>",
        "Built by docker 28.5.1",
    ):
        assert words in said
    assert HOSTILE in Page(reports.text(FAILED, "html")).text.replace("␛", "\x1b")


def test_bars_are_to_scale() -> None:
    page = Page(reports.text(EVERYTHING, "html"))
    stacked = [
        (attributes["class"], attributes["style"])
        for tag, attributes in page.tags
        if tag == "i" and str(attributes.get("title", "")).partition(":")[0] in {"base", "1", "2", "3"}
    ]
    assert stacked == [
        ("base", "width:45.38%"),  # 118 MB of 260 MB, the larger image
        ("before", "width:16.15%"),
        ("before", "width:38.46%"),
        ("base", "width:45.38%"),
        ("after", "width:0.00%"),
        ("after", "width:18.04%"),
        ("after", "width:0.04%"),
    ]


# Progress ---------------------------------------------------------------------------------------------------------------


class Running:
    """The progress of a build in which one step is done and one runs."""

    pulled = None

    def feed(self, line: str) -> None: ...

    def steps(self) -> tuple[Step, ...]:
        return (
            Step("[1/2] COPY . /app", 0.0, 1.0),
            Step("[2/2] RUN --mount=type=cache,target=/x    pip install " + "x" * 200, 1.0),
        )

    def where(self) -> str:
        return ""

    def tail(self) -> tuple[str, ...]:
        return ()

    def why(self) -> str:
        return ""


def drawn(board: live.Board) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=70, no_color=True).print(board.shown())
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_a_terminal_shows_both_builds_as_they_go() -> None:
    now = [100.0]
    board = live.Board(Console(file=io.StringIO()), clock=lambda: now[0])
    board.begin("base images", "")
    assert "fetching the base images" in drawn(board)[0]
    board.end(Built(1.0))
    board.begin("before", "cold")
    board.end(Built(61.2))
    board.begin("after", "cold")
    board.step(Running())
    now[0] += 12
    head, row, step = drawn(board)
    assert head.split() == ["before", "after"]
    assert re.fullmatch(r"cold build +✓ 61 s +\S 12 s", row)
    assert re.fullmatch(r" +11 s +\[2/2\] RUN pip install x+…", step)
    board.end(Built(14.0, failed="exit code: 1"))
    board.say("reading the images")
    assert drawn(board)[-1].endswith("reading the images")
    assert "✗ failed" in drawn(board)[1]


def test_a_running_step_shows_no_secret() -> None:
    board = live.Board(Console(file=io.StringIO()), clock=lambda: 0.0)
    board.hide({"x" * 200})
    board.begin("before", "cold")
    board.step(Running())
    assert "pip install ****" in drawn(board)[-1]


def test_an_interrupt_gives_the_terminal_back() -> None:
    stream = io.StringIO()
    board = live.Board(Console(file=stream, force_terminal=True, width=70))
    board.begin("before", "cold")
    with pytest.raises(KeyboardInterrupt), board:
        raise KeyboardInterrupt
    said = stream.getvalue()
    assert "\x1b[?25l" in said
    assert said.rfind("\x1b[?25h") > said.rfind("\x1b[?25l")  # the cursor is there again
    assert "cold build" in said


def test_a_later_run_is_counted_with_those_before() -> None:
    board = live.Board(Console(file=io.StringIO()), clock=lambda: 0.0)
    for seconds in (10.0, 14.0):
        board.begin("before", "source")
        board.end(Built(seconds))
    assert "✓ 12 s (10 to 14 s)" in drawn(board)[1]
    board.begin("before", "source")
    assert "run 3" in drawn(board)[1]


def test_elsewhere_each_build_is_told_once() -> None:
    stream = io.StringIO()
    with live.watch(stream) as watch:
        for _ in range(2):
            watch.begin("before", "cold")
            watch.step(Running())
            watch.end(Built(1.0))
        watch.say("reading the images")
        watch.begin("after", "")
    assert stream.getvalue() == "building before: cold …\nbuilding after …\n"
