"""Ten projects of ten families: what uvlint makes of each builds, answers as before, as the same user, and is no larger.

A project is a folder of tests/projects; its expect.toml says how to try it. The heavy ones run with UVLINT_E2E=all. Their
files name no package index: `https://a.example/simple` stands for the one that pip takes in the engine's own image.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import subprocess
import threading
import tomllib
import uuid
import zipfile
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import TYPE_CHECKING, Any

import pytest
from harness import Size, everywhere, fixed, migrated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness import Engine

pytestmark = pytest.mark.engine

PROJECTS = Path(__file__).parents[1] / "projects"
INDEX = "https://a.example/simple"
SECONDS = 60
"""How long a service may take to answer."""

_FIND_INDEX = "from pip._internal.models.index import PyPI; print(PyPI.simple_url.rstrip('/'))"
_ASK = f"""\
import sys, time, urllib.error, urllib.request
url, data = sys.argv[1], sys.argv[2].encode() or None
for _ in range({SECONDS * 5}):
    try:
        print(urllib.request.urlopen(url, data, timeout=10).read().decode(), end="")
        break
    except urllib.error.HTTPError as error:
        sys.exit(f"{{error}}: {{error.read()[:500]}}")
    except OSError as error:
        said = error
        time.sleep(0.2)
else:
    sys.exit(f"no answer: {{said}}")
"""
_WHO = "import os, sys; print(os.getuid(), os.getgid(), [os.access(one, os.W_OK) for one in sys.argv[1:]])"


def unsafe_fixes(dockerfile: Path) -> None:
    """`uvlint check --fix --unsafe-fixes`."""
    fixed(dockerfile, "--unsafe-fixes")


def both_moves(dockerfile: Path) -> None:
    """`uvlint migrate`, which makes two stages as well."""
    if shutil.which("migrate-to-uv") is None:
        pytest.skip("migrate-to-uv is not installed")
    migrated(dockerfile.parent)
    assert "uv sync --locked --no-dev" in dockerfile.read_text(encoding="utf-8")


MOVES: dict[str, Callable[[Path], None]] = {"two stages": unsafe_fixes, "both moves": both_moves}
"""What is done to the project: each is given its Dockerfile, and changes that and the files around it."""


def described(name: str) -> dict[str, Any]:
    return tomllib.loads((PROJECTS / name / "expect.toml").read_text(encoding="utf-8"))


NAMES = sorted(path.parent.name for path in PROJECTS.glob("*/expect.toml"))


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("name", NAMES)
def test_a_project_builds_and_answers_as_before(
    engine: Engine, sizes: list[Size], tmp_path: Path, name: str, move: str
) -> None:
    expect = described(name)
    if expect.get("heavy") and os.environ.get("UVLINT_E2E") != "all":
        pytest.skip("heavy: UVLINT_E2E=all builds it")
    with served(expect, tmp_path / "index") as indexes:
        indexes[INDEX] = index(engine)
        folder = copied(name, tmp_path / name, indexes)
        dockerfile = folder / chosen(engine, expect)
        old = dockerfile.read_text(encoding="utf-8")
        before = built(engine, folder, old, expect)
        for image, run in zip(before, expect["runs"], strict=True):
            tried(engine, image, run)
        MOVES[move](dockerfile)
        new = dockerfile.read_text(encoding="utf-8")
        assert new != old
        after = built(engine, folder, new, expect)
    for one, other, run in zip(before, after, expect["runs"], strict=True):
        tried(engine, other, run)
        assert_alike(engine, one, other, expect, new)
    sizes.append(Size(name, move, *(sum(size(engine, one) for one in set(images)) for images in (before, after))))
    assert sizes[-1].after <= sizes[-1].before * expect.get("at_most", 100) / 100, new


def assert_alike(engine: Engine, before: str, after: str, expect: dict[str, Any], text: str) -> None:
    """The same packages, and the same things said of how the image runs."""
    old, new = everywhere(engine.packages(before)), everywhere(engine.packages(after))
    if "kept" in expect:
        assert {pair for pair in old if pair[0] in expect["kept"]} <= new <= old, text
    else:
        assert new == old, text
    assert {name for name, _ in new} >= set(expect.get("kept", [])), text
    was, now = engine.inspect(before), engine.inspect(after)
    assert (was.cmd, was.entrypoint, was.user) == (now.cmd, now.entrypoint, now.user), text
    assert (was.workdir, was.ports, was.volumes) == (now.workdir, now.ports, now.volumes), text


def copied(name: str, folder: Path, indexes: dict[str, str]) -> Path:
    """A copy of a project that names the indexes which can be reached."""
    shutil.copytree(PROJECTS / name, folder)
    for path in [path for path in folder.rglob("*") if path.is_file() and path.name != "expect.toml"]:
        text = path.read_text(encoding="utf-8")
        path.write_text(functools.reduce(lambda made, one: made.replace(*one), indexes.items(), text), encoding="utf-8")
    return folder


def index(engine: Engine) -> str:
    return engine.run("python:3.12-slim", ["python", "-c", _FIND_INDEX]).strip()


def chosen(engine: Engine, expect: dict[str, Any]) -> str:
    """The Dockerfile of a project whose base image the engine has."""
    had = engine.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    return next((name for name, base in expect.get("bases", {}).items() if base in had), "Dockerfile")


def built(engine: Engine, folder: Path, text: str, expect: dict[str, Any]) -> list[str]:
    """The image of each of the project's runs. Cache mounts are its own while other builds use theirs: no build waits."""
    text = text.replace("sharing=locked", "sharing=private")
    for old, new in expect.get("build", {}).items():
        text = text.replace(old, new.replace(INDEX, index(engine)))
    targets = list(dict.fromkeys(run.get("target") for run in expect["runs"]))
    images = {target: engine.build(folder, text, target=target) for target in targets}
    return [images[run.get("target")] for run in expect["runs"]]


def size(engine: Engine, image: str) -> int:
    return int(engine.docker("image", "inspect", "--format", "{{.Size}}", image))


def tried(engine: Engine, image: str, run: dict[str, Any]) -> None:
    """Runs the image, without network, and asks it what it should know."""
    name = f"uvlint-e2e-{uuid.uuid4().hex[:12]}"
    engine.docker("run", "--detach", "--network", "none", "--name", name, image, *run.get("arguments", []))
    try:
        for url, answer, *body in run.get("asks", []):
            said = asked(engine, name, url, *body)
            assert answer in said.replace("\n", ""), f"{url}: {said}\n{logs(engine, name)}"
        if "says" in run:
            said = until(engine, name, run["says"])
            assert [one for one in run["says"] if one not in said] == [], said
        if "user" in run:
            said = engine.docker("exec", name, "python3", "-c", _WHO, *run["writable"])
            assert said.split() == [str(run["user"])] * 2 + str([True] * len(run["writable"])).split()
    finally:
        engine.docker("rm", "--force", name)


def asked(engine: Engine, container: str, url: str, body: str = "") -> str:
    """What a service answers, or what went wrong, once it listens."""
    words = ["docker", "exec", container, "python3", "-c", _ASK, url, body]
    return subprocess.run(words, env=engine.env, stdout=PIPE, stderr=STDOUT, text=True, check=False).stdout


def until(engine: Engine, container: str, texts: list[str]) -> str:
    """What a container has printed once it has said the texts, or has ended, or has had its time."""
    said: list[str] = []
    words = ["docker", "logs", "--follow", container]
    with subprocess.Popen(words, env=engine.env, stdout=PIPE, stderr=STDOUT, text=True) as process:
        limit = threading.Timer(SECONDS, process.kill)
        limit.start()
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if all(one in "".join(said) for one in texts):
                break
        process.kill()
        limit.cancel()
    return "".join(said)


def logs(engine: Engine, container: str) -> str:
    words = ["docker", "logs", container]
    return subprocess.run(words, env=engine.env, stdout=PIPE, stderr=STDOUT, text=True, check=False).stdout


@contextmanager
def served(expect: dict[str, Any], folder: Path) -> Iterator[dict[str, str]]:
    """Serves the index that a project wants on a port of this machine: its address by the one that the project has."""
    if "index" not in expect:
        yield {}
        return
    for name, version in expect["index"]["wheels"]:
        (folder / name).mkdir(parents=True)
        wheel(folder / name, name, version, expect["index"]["module"])
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield {expect["index"]["url"]: f"http://127.0.0.1:{server.server_port}/"}
        finally:
            server.shutdown()
            thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def wheel(folder: Path, name: str, version: str, module: str) -> None:
    """Writes a wheel of one module, which knows its version."""
    about = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"__version__ = {version!r}\n{module}",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{about}/RECORD", "".join(f"{path},,\n" for path in [*files, f"{about}/RECORD"]))
