"""A real Docker engine: build a Dockerfile, then read from the image what it came to."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import pytest

from uvlint.verify import compare, tree
from uvlint.verify.outcome import INSTALLER

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
BACKENDS = frozenset({"setuptools", "wheel"})
INSTALLERS = compare.INSTALLERS - BACKENDS
Packages = compare.Versions

_SYNTAX = re.compile(r"\A#[ \t]*syntax[ \t]*=.*\n", re.IGNORECASE)

DOWNLOAD_RETRIES = 2
_DOWNLOAD_FAILED = re.compile(
    r"timed out|timeout|temporary failure|could not resolve|connection (?:reset|refused|aborted|broken)|error sending request"
    r"|failed to (?:fetch|download)|remote end closed|incompleteread|hash sum mismatch|\b(?:429|50[234]) ",
    re.IGNORECASE,
)


class NoEngineError(Exception):
    """Why there is no engine to build on."""


class Image(NamedTuple):
    """What the final image runs, and as whom."""

    cmd: list[str]
    entrypoint: list[str]
    user: str
    workdir: str
    ports: list[str]
    volumes: list[str]
    env: dict[str, str]


class Size(NamedTuple):
    """What a move made of a project's image, in bytes."""

    project: str
    move: str
    before: int
    after: int

    def row(self) -> str:
        share = 100 * self.after / self.before
        return (
            f"| {self.project} | {self.move} | {self.before / 1e6:.0f} MB | {self.after / 1e6:.0f} MB | {share:.0f} % |"
        )


@dataclass
class Engine:
    """The docker command with the environment that reaches the engine.

    `images` are the tags to remove at the end, `read` what was found in images, by their layers.
    """

    env: dict[str, str]
    images: list[str] = field(default_factory=list)
    read: dict[str, tuple[Packages, dict[str, set[str]]]] = field(default_factory=dict)

    def succeeds(self, *args: str) -> bool:
        """Whether `docker args` does."""
        return subprocess.run(["docker", *args], env=self.env, capture_output=True, check=False).returncode == 0

    def docker(self, *args: str, stdin: str | bytes | None = None) -> str:
        """What `docker args` prints; a failure is an AssertionError with the end of its output."""
        given = stdin.encode("utf-8", "surrogateescape") if isinstance(stdin, str) else stdin
        done = subprocess.run(["docker", *args], env=self.env, input=given, capture_output=True, check=False)
        said = done.stderr[-4000:].decode("utf-8", "replace")
        assert done.returncode == 0, f"docker {shlex.join(args)}: {done.returncode}\n{said}"
        return done.stdout.decode("utf-8", "replace")

    def build(self, context: Path, dockerfile_text: str, *, target: str | None = None, tag: str | None = None) -> str:
        """The image built from the text in the context: its tag.

        A leading `# syntax=` is left out, so that no frontend is fetched: the engine's own one is as new.
        """
        tag = tag or f"uvlint-e2e-{uuid.uuid4().hex[:12]}"
        self.images.append(tag)
        more = ["--target", target] if target else []
        text = _SYNTAX.sub("", dockerfile_text)
        words = ["build", "--network", "host", "--tag", tag, "--file", "-", *more, str(context)]
        for _ in range(DOWNLOAD_RETRIES):
            try:
                self.docker(*words, stdin=text)
            except AssertionError as failure:
                if not _DOWNLOAD_FAILED.search(str(failure)):
                    raise
            else:
                return tag
        self.docker(*words, stdin=text)
        return tag

    def has(self, image: str) -> bool:
        """Whether the engine has the image, or can pull it."""
        return self.succeeds("image", "inspect", image) or self.succeeds("pull", "--quiet", image)

    def stand_in(self, image: str, dockerfile_text: str) -> None:
        """Builds an image under the name of one that the engine neither has nor can pull."""
        if not self.has(image):
            with tempfile.TemporaryDirectory() as empty:
                self.build(Path(empty), dockerfile_text, tag=image)

    def run(self, image: str, argv: list[str]) -> str:
        """What the command prints in a fresh container of the image, without network."""
        return self.docker("run", "--rm", "--network", "none", "--entrypoint", argv[0], image, *argv[1:])

    def inspect(self, image: str) -> Image:
        config = json.loads(self.docker("image", "inspect", image))[0]["Config"]
        return Image(
            cmd=config.get("Cmd") or [],
            entrypoint=config.get("Entrypoint") or [],
            user=config.get("User") or "",
            workdir=config.get("WorkingDir") or "",
            ports=sorted(config.get("ExposedPorts") or {}),
            volumes=sorted(config.get("Volumes") or {}),
            env=dict(pair.split("=", 1) for pair in config.get("Env") or []),
        )

    def packages(self, image: str) -> Packages:
        """What is installed where, read from the image's own files: it needs neither Python nor a shell."""
        return self.contents(image)[0]

    def contents(self, image: str) -> tuple[Packages, dict[str, set[str]]]:
        """The packages, and for each environment the top-level names that bytecode lies beside."""
        layers = self.docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", image)
        if layers not in self.read:
            self.read[layers] = self._contents(image)
        return self.read[layers]

    def _contents(self, image: str) -> tuple[Packages, dict[str, set[str]]]:
        container = self.docker("create", "--network", "none", "--entrypoint", "-", image).strip()
        try:
            with subprocess.Popen(["docker", "export", container], env=self.env, stdout=subprocess.PIPE) as export:
                assert export.stdout is not None
                files = tree.read(export.stdout)
                export.stdout.read()
            assert export.returncode == 0
        finally:
            self.docker("rm", container)
        compiled = {one.prefix: set(one.compiled) for one in files.environments}
        return compare.versions(files.environments), compiled

    def remove(self) -> None:
        if self.images:
            subprocess.run(["docker", "rmi", "--force", *self.images], env=self.env, capture_output=True, check=False)


def at_once(*tasks: Callable[[], T]) -> list[T]:
    """What each task gives, done side by side: a build waits for downloads most of its time."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [waiting.result() for waiting in [pool.submit(task) for task in tasks]]


def requested(packages: Packages, *, without: frozenset[str] = INSTALLERS | BACKENDS) -> Packages:
    """The packages but for the installers and what their environments bring along."""
    kept = {
        prefix: {name: version for name, version in versions.items() if name not in without}
        for prefix, versions in packages.items()
    }
    return {prefix: versions for prefix, versions in kept.items() if versions}


def backends(packages: Packages) -> Packages:
    """setuptools and wheel, listed apart: pip and ensurepip bring them, uv does not."""
    kept = {
        prefix: {name: version for name, version in versions.items() if name in BACKENDS}
        for prefix, versions in packages.items()
    }
    return {prefix: versions for prefix, versions in kept.items() if versions}


def same_packages(before: Packages, after: Packages) -> bool:
    """Whether the same versions of everything but pip, uv, setuptools and wheel are in the same environments."""
    return all(one.kind == INSTALLER for one in compare.packages(before, after))


def everywhere(packages: Packages) -> set[tuple[str, str]]:
    """The requested packages, wherever they are: a move to two stages may put them elsewhere."""
    return {pair for versions in requested(packages).values() for pair in versions.items()}


def uvlint(*args: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`python -m uvlint args`, on this checkout, without the configuration of any folder above; `env` changes variables."""
    known = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **(env or {})}
    return subprocess.run(
        [sys.executable, "-m", "uvlint", *map(str, args)], env=known, capture_output=True, text=True, check=False
    )


def migrated(folder: Path) -> None:
    """`uvlint migrate` of a project, with the Pythons that pyenv has at hand. Skips where none is there that it is for."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    places = [os.environ["PATH"], *sorted(str(path) for path in root.glob("versions/*/bin"))]
    done = uvlint("migrate", folder, env={"PATH": os.pathsep.join(places)})
    if "found no Python here" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr


def fixed(dockerfile: Path, *args: str) -> str:
    """The file's text after `uvlint check --fix args`, which writes it."""
    done = uvlint("check", "--fix", "--exit-zero", *args, dockerfile)
    assert done.returncode == 0, done.stdout + done.stderr
    return dockerfile.read_bytes().decode("utf-8", "surrogateescape")


def find_engine() -> Engine:
    """The engine that docker reaches as things stand, or the one that a script starts.

    The script is `$UVLINT_ENGINE`, or `../shared/engine/up` beside the checkout; it prints `export NAME=VALUE …`.
    Raises NoEngineError.
    """
    if not shutil.which("docker"):
        raise NoEngineError("no docker command")
    engine = Engine(dict(os.environ))
    if _answers(engine):
        return engine
    script = Path(os.environ.get("UVLINT_ENGINE") or ROOT.parent / "shared" / "engine" / "up")
    if not script.is_file():
        raise NoEngineError("no docker engine answers, and there is no script that starts one (UVLINT_ENGINE)")
    started = subprocess.run(["bash", script], capture_output=True, text=True, check=False)
    if started.returncode:
        reason = (started.stderr.strip() or "no reason given").splitlines()[-1]
        raise NoEngineError(f"{script.name} failed: {reason}")
    pairs = (word.split("=", 1) for word in shlex.split(started.stdout) if "=" in word)
    engine = Engine({**os.environ, **dict(pairs)})
    if not _answers(engine):
        raise NoEngineError("the engine was started and does not answer")
    return engine


def _answers(engine: Engine) -> bool:
    """Whether the engine and BuildKit's client are there."""
    for words in (["docker", "version"], ["docker", "buildx", "version"]):
        try:
            if subprocess.run(words, env=engine.env, capture_output=True, check=False, timeout=30).returncode:
                return False
        except subprocess.TimeoutExpired:
            return False
    return True
