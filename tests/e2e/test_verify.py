"""`uvlint verify` on a real engine: what it builds, what it says, and that nothing of it stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from harness import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Engine

pytestmark = pytest.mark.engine

INSTALL = """\
FROM python:3.12-slim
WORKDIR /app
COPY wheels wheels
RUN pip install --no-index --find-links wheels {}
COPY app.py .
{}
"""
RUN = 'CMD ["python", "app.py"]'


class Verified(NamedTuple):
    """The exit status, the report and what was said beside it."""

    status: int
    report: dict[str, Any]
    said: str


def wheel(folder: Path, name: str, version: str) -> None:
    """A package with one empty module."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with wheels of two packages and a program that imports one."""
    folder = tmp_path / "project"
    folder.mkdir()
    wheel(folder / "wheels", "alpha", "1.0")
    wheel(folder / "wheels", "beta", "2.0")
    (folder / "app.py").write_text("import alpha\n")
    return folder


def command(engine: Engine, folder: Path, *args: str) -> tuple[list[str], dict[str, str]]:
    temporary = folder.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    env = {**engine.env, "PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(temporary)}
    return [sys.executable, "-m", "uvlint", "verify", "--engine", "docker", "--network", "none", *args], env


def verify(engine: Engine, folder: Path, *args: str) -> Verified:
    words, env = command(engine, folder, "--output-format", "json", *args)
    done = subprocess.run(words, env=env, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    assert "Traceback" not in done.stderr, done.stderr
    assert os.listdir(folder.parent / "temporary") == []
    return Verified(done.returncode, json.loads(done.stdout or "{}"), done.stderr)


def pair(engine: Engine, folder: Path, before: str, after: str, *args: str) -> Verified:
    (folder / "Dockerfile").write_text(before)
    (folder / "Dockerfile.after").write_text(after)
    return verify(engine, folder, "--against", "Dockerfile.after", "--no-cost", *args)


def test_equivalent(engine: Engine, project: Path) -> None:
    before = INSTALL.format("alpha beta", RUN)
    after = before.replace("pip install", "pip install --no-cache-dir --no-compile")
    status, report, _ = pair(engine, project, before, after)
    assert (status, report["verdict"], report["reasons"]) == (0, "equivalent", [])
    assert report["packages"] == report["config"] == []
    for side in (report["before"], report["after"]):
        local = next(one for one in side["image"]["environments"] if one["prefix"] == "/usr/local")
        assert {"alpha": "1.0", "beta": "2.0"}.items() <= local["packages"].items()
        assert sum(layer["size"] for layer in side["image"]["layers"]) == side["image"]["size"]
        assert [layer["base"] for layer in side["image"]["layers"]] == sorted(
            (layer["base"] for layer in side["image"]["layers"]), reverse=True
        )
        assert any("RUN pip install" in step["name"] for step in side["build"]["steps"])
    assert "alpha" in report["before"]["image"]["environments"][0]["compiled"]
    assert (report["smoke"]["before"]["status"], report["smoke"]["after"]["status"]) == (0, 0)


def bare(*packages: str, end: str = "USER 1000\n") -> str:
    """An image of some packages, and nothing that could run."""
    copies = (f"COPY {one} /packages/{one}\n" for one in packages)
    return "FROM scratch\n" + "".join(copies) + end


@pytest.fixture
def packages(project: Path) -> Path:
    """The project with folders of installed packages."""
    for name in ("alpha", "beta"):
        info = project / name / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "RECORD").write_text(f"{name}-1.0.dist-info/METADATA,,\n")
    return project


def test_a_lost_package_of_an_image_without_a_shell(engine: Engine, packages: Path) -> None:
    status, report, _ = pair(engine, packages, bare("alpha", "beta"), bare("beta"))
    assert (status, report["verdict"], report["reasons"]) == (
        1,
        "different",
        ["1 package lost: alpha (/packages/alpha)"],
    )
    assert [(one["kind"], one["name"], one["before"]) for one in report["packages"]] == [("lost", "alpha", "1.0")]
    assert report["packages"][0]["environment"] == "/packages/alpha"
    assert "no entry point" in report["smoke"]["reason"]


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ('ENTRYPOINT ["/a"]\n', 'ENTRYPOINT ["/b"]\n', "entrypoint"),
        ("USER 1000\n", "", "user"),
        ("ENV A=1\n", "ENV A=2\n", "env A"),
        ("LABEL a=1\n", "LABEL a=2\n", "label a"),
        ('HEALTHCHECK --interval=5s CMD ["a"]\n', 'HEALTHCHECK --interval=9s CMD ["a"]\n', "healthcheck"),
    ],
)
def test_another_configuration(engine: Engine, packages: Path, before: str, after: str, field: str) -> None:
    status, report, _ = pair(engine, packages, bare("alpha", end=before), bare("alpha", end=after))
    assert status == 1
    assert [one["field"] for one in report["config"] if one["counts"]] == [field]
    assert field in report["reasons"][0]


def test_a_program_that_is_lost(engine: Engine, packages: Path) -> None:
    after = bare("alpha", end='ENTRYPOINT ["start"]\n')
    before = bare("alpha", end='COPY --chmod=755 app.py /bin/start\nENTRYPOINT ["start"]\n')
    status, report, _ = pair(engine, packages, before, after)
    assert (status, report["verdict"]) == (1, "different")
    assert "`start`, which the image runs, can't be found or executed any more" in report["reasons"]


def test_a_list_of_requirements_that_stays_with_the_builder(engine: Engine, project: Path) -> None:
    (project / "requirements.txt").write_text("alpha==1.0\n")
    install = "RUN pip install --no-index --find-links /wheels --target /packages -r requirements.txt\n"
    first = "FROM python:3.12-slim AS one\nWORKDIR /app\nCOPY wheels /wheels\nCOPY requirements.txt .\n" + install
    end = "ENV PYTHONPATH=/packages\nCOPY app.py .\n" + RUN
    after = (
        f"{first}FROM python:3.12-slim\nWORKDIR /app\nCOPY wheels /wheels\nCOPY --from=one /packages /packages\n{end}"
    )
    status, report, _ = pair(engine, project, first + end, after)
    assert (status, report["reasons"]) == (0, [])
    assert {"path": "/app/requirements.txt", "before": "0:0 644", "after": None, "counts": False} in report["files"]
    assert report["smoke"]["after"]["status"] == 0


def test_a_secret_that_a_build_prints(engine: Engine, packages: Path) -> None:
    secret = packages.parent / "secret"
    secret.write_text("opensesame\n")
    after = "FROM debian:bookworm-slim\nARG API_TOKEN\nRUN --mount=type=secret,id=x cat /run/secrets/x; echo $API_TOKEN; false\n"
    given = "--secret", f"id=x,src={secret}", "--build-arg", "API_TOKEN=abracadabra"
    status, report, said = pair(engine, packages, bare("alpha"), after, *given)
    assert status == 1
    assert report["after"]["build"]["tail"] == ["**********", "***********"]
    assert "opensesame" not in f"{report}{said}"
    assert "abracadabra" not in f"{report}{said}"


FAILS = "FROM python:3.12-slim\nRUN echo said before && false\n"


def test_a_build_that_fails_after(engine: Engine, packages: Path) -> None:
    status, report, _ = pair(engine, packages, bare("alpha"), FAILS)
    assert (status, report["verdict"]) == (1, "different")
    built = report["after"]["build"]
    assert "RUN echo" in built["step"]
    assert built["tail"] == ["said before"]
    assert "exit code: 1" in built["failed"]
    assert report["before"]["build"]["failed"] == ""


def test_a_build_that_would_fail_before_as_well_today(engine: Engine, packages: Path) -> None:
    """What a layer of an earlier build hides is no fault of the fix."""
    newest = packages.parent / "newest"
    before = (
        f"FROM debian:bookworm-slim\nRUN : {uuid.uuid4()}\n"
        "RUN --mount=type=secret,id=newest grep -q works /run/secrets/newest\n"
    )
    newest.write_text("works")
    status, _, _ = pair(engine, packages, before, f"{before}ENV X=1\n", "--secret", f"id=newest,src={newest}")
    assert status == 0
    newest.write_text("is gone")
    after = f"{before[:-1]} && :\n"
    status, report, _ = pair(engine, packages, before, after, "--secret", f"id=newest,src={newest}")
    assert (status, report["verdict"]) == (2, "unknown")
    assert "grep" in report["before"]["build"]["step"]
    assert "grep" in report["after"]["build"]["step"]


def test_a_build_that_fails_before(engine: Engine, packages: Path) -> None:
    status, report, _ = pair(engine, packages, FAILS, bare("alpha"))
    assert (status, report["verdict"]) == (2, "unknown")
    assert "RUN echo" in report["before"]["build"]["step"]
    assert report["notes"] == ["after, it builds"]


def test_what_differs_since_nothing_pins_it(engine: Engine, packages: Path) -> None:
    """A layer of an earlier build holds what was newest then; built again, it holds what is newest now."""
    newest = packages.parent / "newest"
    secret = f"id=newest,src={newest}"  # no part of what a layer is known by, as an index is none
    info = "/usr/lib/python3/dist-packages/day-1.dist-info"
    before = (
        f"FROM debian:bookworm-slim\nRUN : {uuid.uuid4()}\n"
        f"RUN --mount=type=secret,id=newest mkdir -p {info} && cat /run/secrets/newest > {info}/METADATA\n"
    )
    newest.write_text("Name: day\nVersion: 1.0\n")
    status, report, _ = pair(engine, packages, before, f"{before}ENV X=1\n", "--secret", secret)
    assert (status, report["packages"]) == (0, [])
    newest.write_text("Name: day\nVersion: 2.0\n")
    status, report, _ = pair(engine, packages, before, f"{before[:-1]} && :\n", "--secret", secret)
    assert (status, report["reasons"]) == (0, [])
    found = [(one["kind"], one["name"], one["before"], one["after"]) for one in report["packages"]]
    assert found == [("drifted", "day", "1.0", "2.0")]
    assert "nothing pins 1 package" in report["notes"][0]


def test_what_only_differs_since_a_layer_after_is_of_an_earlier_day(engine: Engine, packages: Path) -> None:
    newest = packages.parent / "newest"
    secret = f"id=newest,src={newest}"
    info = "/usr/lib/python3/dist-packages/day-1.dist-info"
    after = (
        f"FROM debian:bookworm-slim\nRUN : {uuid.uuid4()}\n"
        f"RUN --mount=type=secret,id=newest mkdir -p {info} && cat /run/secrets/newest > {info}/METADATA\n"
    )
    newest.write_text("Name: day\nVersion: 1.0\n")
    pair(engine, packages, after, f"{after}ENV X=1\n", "--secret", secret)
    newest.write_text("Name: day\nVersion: 2.0\n")
    status, report, _ = pair(engine, packages, f"{after[:-1]} && :\n", after, "--secret", secret)
    assert (status, report["reasons"]) == (0, [])
    found = [(one["kind"], one["name"], one["before"], one["after"]) for one in report["packages"]]
    assert found == [("drifted", "day", "2.0", "1.0")]


def test_a_rebuild_that_fails_after(engine: Engine, project: Path) -> None:
    before = "FROM debian:bookworm-slim\nCOPY app.py /\n"
    (project / "Dockerfile").write_text(before)
    (project / "Dockerfile.after").write_text(f"{before}RUN ! grep uvlint-verify app.py\n")
    status, report, _ = verify(engine, project, "--against", "Dockerfile.after")
    assert (status, report["verdict"]) == (1, "different")
    (reason,) = report["reasons"]
    assert reason.startswith("after a source file changed, the build after fails: ")
    assert "exit code: 1" in reason


def test_fixes_and_what_they_cost(engine: Engine, project: Path) -> None:
    (project / "requirements.txt").write_text("--no-index\n--find-links /app/wheels\nalpha==1.0\n")
    wheel(project / "wheels", "iniconfig", "2.0.0")
    text = (
        "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
        'USER 1000\nCMD ["python", "app.py"]\n'
    )
    (project / "Dockerfile").write_text(text)
    held = sorted(path for path in project.rglob("*"))
    page = project.parent / "report.html"
    rules = "copy-before-install,pip-install"
    status, report, said = verify(engine, project, "--own-frontend", "--select", rules, "-o", str(page))
    assert (status, report["reasons"]) == (0, [])
    costs = {one["kind"]: one for one in report["costs"]}
    assert [one["note"] for one in costs.values()] == ["", "", ""]
    assert all(len(one["before"]) == len(one["after"]) == 1 for one in costs.values())
    assert costs["source"]["what"] == "a comment in app.py"
    assert costs["requirement"]["what"] == "iniconfig==2.0.0 added to requirements.txt"
    assert "building after: source" in said
    shown = page.read_text()
    assert "exporting to image" in shown
    assert "uvlint-verify" not in shown  # what its own cache mounts are called
    assert (project / "Dockerfile").read_text() == text
    assert sorted(path for path in project.rglob("*")) == held


def test_another_commit(engine: Engine, packages: Path) -> None:
    def git(*args: str) -> None:
        subprocess.run(["git", "-C", packages, "-c", "user.name=x", "-c", "user.email=x@a.example", *args], check=True)

    (packages / "Dockerfile").write_text(bare("alpha"))
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "x")
    (packages / "Dockerfile").write_text(bare("beta"))
    status, report, _ = verify(engine, packages, "--against", "HEAD", "--no-cost")
    assert status == 1
    assert {(one["kind"], one["name"]) for one in report["packages"]} == {("lost", "alpha"), ("new", "beta")}
    assert report["before"]["label"] == "HEAD"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(engine: Engine, project: Path, number: int) -> None:
    label = f"uvlint.test={uuid.uuid4().hex}"
    before = f"FROM python:3.12-slim\nLABEL {label}\n"
    (project / "Dockerfile").write_text(before)
    (project / "Dockerfile.after").write_text(f"{before}RUN sleep 600\n")
    words, env = command(engine, project, "--against", "Dockerfile.after", "--no-cost")
    with subprocess.Popen(words, env=env, cwd=project, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("building after"):
                process.send_signal(number)
                break
        said = process.stderr.read()
        assert process.wait(120) == 2
    assert "interrupted: nothing was kept" in said
    assert "Traceback" not in said
    assert engine.docker("images", "--all", "--quiet", "--filter", f"label={label}") == ""
    assert engine.docker("ps", "--all", "--quiet", "--filter", f"label={label}") == ""
    assert os.listdir(project.parent / "temporary") == []


def test_what_an_interrupted_run_keeps_is_said(engine: Engine, project: Path) -> None:
    label = f"uvlint.test={uuid.uuid4().hex}"
    (project / "Dockerfile").write_text(f"FROM python:3.12-slim\nLABEL {label}\n")
    (project / "Dockerfile.after").write_text(f"FROM python:3.12-slim\nLABEL {label}\nRUN sleep 600\n")
    words, env = command(engine, project, "--against", "Dockerfile.after", "--no-cost", "--keep")
    with subprocess.Popen(words, env=env, cwd=project, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("building after"):
                process.send_signal(signal.SIGINT)
                break
        said = process.stderr.read()
        assert process.wait(120) == 2
    kept = next(line for line in said.splitlines() if line.startswith("kept: ")).removeprefix("kept: ").split(", ")
    folder, *images = kept
    assert os.listdir(project.parent / "temporary") == [os.path.basename(folder)]
    held = engine.docker("images", "--filter", f"label={label}", "--format", "{{.Repository}}:{{.Tag}}").split()
    engine.docker("rmi", "--force", *held)
    assert held == images
    assert len(images) == 1
