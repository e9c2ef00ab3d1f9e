"""The page of a verification as a browser shows it: Chromium without a window; skipped where there is none."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from outcomes import CROWDED, EVERYTHING, FAILED, NOTHING
from uvlint.verify import reports
from uvlint.verify.reports import figures

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium")

WIDTHS = (1280, 420)
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--v=0",
    "--virtual-time-budget=5000",
)

# Each frame is a window of its own width; what it shows is measured from outside, since the page runs no script.
MEASURE = """
<!doctype html><meta charset=utf-8><pre id=found></pre>
<script>
const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
function behind(element) {
    for (; element; element = element.parentElement) {
        const colour = rgb(getComputedStyle(element).backgroundColor);
        if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
}
function measure(frame, width) {
    const page = frame.contentDocument, body = page.body;
    for (const one of page.querySelectorAll("details")) one.open = true;
    const all = [...body.querySelectorAll("*")];
    const spoken = all.filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
    const contrast = spoken.map(one => {
        const [a, b] = [light(rgb(getComputedStyle(one).color)), light(behind(one))];
        return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), one.textContent.trim().slice(0, 60)];
    });
    const style = name => [...page.querySelectorAll(`:not(.base) > div > .bar.${name}, dd > .bar.${name}`)].map(one => getComputedStyle(one).backgroundImage);
    return {
        width: page.documentElement.clientWidth,
        scrolls: page.documentElement.scrollWidth,
        outside: all.filter(one => one.getBoundingClientRect().right > width + 0.5)
            .map(one => one.outerHTML.slice(0, 200)),
        text: body.innerText,
        size: Math.min(...spoken.map(one => parseFloat(getComputedStyle(one).fontSize))),
        contrast: contrast.sort((a, b) => a[0] - b[0])[0],
        paper: getComputedStyle(body).backgroundColor,
        hatched: style("before"), filled: style("after"),
        columns: new Set([...page.querySelectorAll(".sides > div")].map(one => one.offsetLeft)).size,
    };
}
const text = TEXT, found = [];
WIDTHS.forEach(width => {
    const frame = document.createElement("iframe");
    frame.style = `border: 0; width: ${width}px; height: 900px`;
    frame.onload = () => {
        found.push(measure(frame, width));
        document.getElementById("found").textContent = JSON.stringify(found);
    };
    frame.srcdoc = text;
    document.body.append(frame);
});
</script>
"""


class Shown(NamedTuple):
    """What was measured, by width, and what the browser said on its console."""

    widths: dict[int, dict[str, Any]]
    console: list[str]


def chromium(folder: Path, place: Path, *options: str) -> tuple[str, list[str]]:
    """The page's elements as they are in the end, and the lines of the console."""
    assert PROGRAM is not None
    profile = folder / f"profile-{len(list(folder.iterdir()))}"
    profile.mkdir()
    done = subprocess.run(
        [PROGRAM, *QUIET, *options, f"--user-data-dir={profile}", "--dump-dom", place.as_uri()],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def look(folder: Path, page: str, *options: str) -> Shown:
    """Measure a page at all widths at once."""
    place = folder / "measure.html"
    literal = json.dumps(page).replace("<", "\\u003c")
    place.write_text(MEASURE.replace("TEXT", literal, 1).replace("WIDTHS", json.dumps(WIDTHS)), encoding="utf-8")
    dumped, console = chromium(folder, place, *options)
    found = re.search(r'<pre id="found">(.*?)</pre>', dumped, re.DOTALL)
    assert found, dumped[:2000]
    return Shown({one["width"]: one for one in json.loads(html.unescape(found[1]))}, console)


def test_what_a_page_does_wrong_is_heard(tmp_path: Path) -> None:
    """Or else silence would prove nothing."""
    place = tmp_path / "report.html"
    page = reports.text(NOTHING, "html")
    place.write_text(page.replace("</main>", "<script>1</script><img src=https://a.example/></main>"), encoding="utf-8")
    said = chromium(tmp_path, place)[1]
    assert len(said) == 2
    assert all("Content Security Policy" in line for line in said)


@pytest.mark.parametrize(
    "found", [EVERYTHING, FAILED, NOTHING, CROWDED], ids=["everything", "failed", "nothing", "crowded"]
)
def test_nothing_is_wider_than_the_window_and_the_console_is_silent(tmp_path: Path, found: Any) -> None:
    shown = look(tmp_path, reports.text(found, "html", files=True))
    assert sorted(shown.widths) == sorted(WIDTHS)
    for width, one in shown.widths.items():
        assert one["outside"] == []
        assert one["scrolls"] == width
        assert one["size"] >= 12
        assert figures.VERDICTS[found.verdict] in one["text"]
    assert shown.console == []
    place = tmp_path / "report.html"
    place.write_text(reports.text(found, "html"), encoding="utf-8")
    assert chromium(tmp_path, place)[1] == []


def test_it_is_all_there_in_light_and_dark_and_without_colour(tmp_path: Path) -> None:
    page = reports.text(EVERYTHING, "html")
    light, dark = look(tmp_path, page), look(tmp_path, page, "--blink-settings=preferredColorScheme=0")
    for shown in (light, dark):
        for one in shown.widths.values():
            for words in (
                "1 package lost: six (/usr/local)",
                "4.4× faster",
                "COPY requirements.txt /app/",
                "[3/3] RUN pip install -r requirements.txt",
                "52 s",
                "ImportError: <script>alert('x')</script>",
            ):
                assert words in one["text"]
            assert one["contrast"][0] >= 4.5, one["contrast"]
            assert set(map(str, one["filled"])) == {"none"}
            assert all("gradient" in image for image in one["hatched"])
    assert light.widths[1280]["paper"] != dark.widths[1280]["paper"]
    assert {width: one["columns"] for width, one in light.widths.items()} == {1280: 2, 420: 1}
