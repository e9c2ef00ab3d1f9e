"""The programs that build: docker (buildx), podman and buildah, behind one face.

What they make is removed again: each image and container is noted before it is made, `close` takes away what is left.
"""

from __future__ import annotations

import os
import signal
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import IO, TYPE_CHECKING, Any

from uvlint.credentials import masked
from uvlint.lazy import regex
from uvlint.verify.outcome import Built, Ran
from uvlint.verify.progress import LINES, Plain, Raw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from subprocess import Popen

    from uvlint.verify.progress import Progress

NAMES = ("docker", "podman", "buildah")
PREFIX = "uvlint-verify"
"""How the name of everything begins that is made here."""

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals by which a program is asked to end, those that this system has."""

_BUILDX = regex(r"v?(\d+)\.(\d+)")
_RECORD = regex(r"(?m)^ID:\s+(\w+)$")
_ADVICE = "Run 'docker run --help'"
"""What docker says last of a program that isn't in an image."""
_LEAST_BUILDX = 0, 13
_PATIENCE = 10.0
"""Seconds that a program has to stop by itself."""
_KEPT = 1 << 16
"""So many last bytes of what a program prints are kept."""
_ANSWER = 60.0
"""Seconds within which an engine that is there says so."""


class EngineError(Exception):
    """Why nothing can be built or read: one line, with a way out."""


@dataclass(frozen=True, slots=True)
class Request:
    """What every build is given: as on the command line of the engine."""

    build_args: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    target: str | None = None
    platform: str | None = None
    network: str | None = None

    def arguments(self, env: Mapping[str, str]) -> dict[str, str]:
        """The build arguments by name; those without a value have that of the variable of their name."""
        pairs = (written.partition("=") for written in self.build_args)
        return {name: value if sign else env.get(name, "") for name, sign, value in pairs}


@dataclass(frozen=True, slots=True)
class Order:
    """One build. `fresh`: without layers of earlier ones. `temporary`: where podman and buildah keep cache mounts."""

    dockerfile: str
    context: str
    fresh: bool = False
    temporary: str | None = None


@dataclass(eq=False)
class Engine:
    """One of NAMES, and what it has made that is still there. `env`: the environment of its commands.

    `labels` (`NAME=VALUE`) are those of images without a name, which podman and buildah keep for each instruction.
    """

    name: str
    builder: str | None = None
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    keep: bool = False
    version: str = ""
    images: list[str] = field(default_factory=list)
    containers: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    _running: list[Popen[bytes]] = field(default_factory=list)

    # Commands ----------------------------------------------------------------------------------------------------------

    def tell(self, *args: str, timeout: float | None = None) -> str:
        """What `NAME args` prints. Raises EngineError."""
        import subprocess  # noqa: PLC0415

        process = self.start(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with stopping(process):
            try:
                out, err = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                raise EngineError(f"`{self.name} {args[0]}` gave no answer within {timeout:.0f} s") from None
        if process.returncode:
            said = masked(err.decode("utf-8", "replace").strip()).splitlines()
            raise EngineError(f"`{self.name} {args[0]}` failed: {said[-1] if said else process.returncode}")
        return str(out.decode("utf-8", "replace"))

    def start(self, args: Sequence[str], *, env: Mapping[str, str] | None = None, **streams: Any) -> Popen[bytes]:
        """`NAME args`, in a process group of its own, so that Ctrl-C reaches this program first."""
        import subprocess  # noqa: PLC0415

        with undisturbed():  # what is started is noted, whatever comes in between
            process = subprocess.Popen(  # noqa: S603 - one of NAMES
                [self.name, *args],
                env={**self.env, **(env or {})},
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                **streams,
            )
            self._running = [*(one for one in self._running if one.poll() is None), process]
        return process

    # Building ----------------------------------------------------------------------------------------------------------

    def build(
        self, order: Order, request: Request, watch: Callable[[Progress], None] | None = None
    ) -> tuple[Built, str]:
        """Build an image: how that went, and its tag ("" where it failed)."""
        import subprocess  # noqa: PLC0415

        tag = f"{PREFIX}:{uuid.uuid4().hex[:12]}"
        self.images.append(tag)
        progress: Progress = Raw() if self.name == "docker" else Plain(monotonic)
        env = {"TMPDIR": order.temporary} if order.temporary and self.name != "docker" else None
        begun = monotonic()
        process = self.start(
            [*self._build(request, order), "--tag", tag, "--file", order.dockerfile, order.context],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        with stopping(process):
            assert process.stdout is not None  # noqa: S101 - as asked for above
            for line in process.stdout:
                progress.feed(line.decode("utf-8", "replace").rstrip("\n"))
                if watch is not None:
                    watch(progress)
            process.wait()
        seconds = monotonic() - begun
        if isinstance(progress, Plain):
            progress.close()
        if process.returncode == 0:
            return Built(seconds, progress.steps(), pulled=progress.pulled), tag
        self.images.remove(tag)
        why = progress.why() or f"{self.name} exited with {process.returncode}"
        return Built(seconds, progress.steps(), why, progress.where(), progress.tail(), progress.pulled), ""

    def _build(self, request: Request, order: Order) -> list[str]:
        words = ["build"]
        if self.name == "docker":
            words = ["buildx", "build", "--progress=rawjson", "--load", "--provenance=false"]
            words += ["--builder", self.builder] if self.builder else []
        else:
            words += ["--layers"]
        words += ["--no-cache"] if order.fresh else []
        for name, values in (("--build-arg", request.build_args), ("--secret", request.secrets)):
            words += [word for value in values for word in (name, value)]
        for name, value in (
            ("--target", request.target),
            ("--platform", request.platform),
            ("--network", request.network),
        ):
            words += [name, value] if value else []
        return words

    # Images ------------------------------------------------------------------------------------------------------------

    @contextmanager
    def container(self, tag: str) -> Iterator[str]:
        """A container of an image that is not started; it is removed again."""
        name = f"{PREFIX}-{uuid.uuid4().hex[:12]}"
        self.containers.append(name)
        if self.name == "buildah":
            self.tell("from", "--pull-never", "--name", name, tag)
        else:
            # An image without a command needs one to be created from; it is never run.
            self.tell("create", "--pull", "never", "--network", "none", "--name", name, "--entrypoint", "-", tag)
        try:
            yield name
        finally:
            self._remove_container(name)

    @contextmanager
    def files(self, tag: str) -> Iterator[IO[bytes]]:
        """The image's file system as a tar stream."""
        import subprocess  # noqa: PLC0415

        with self.container(tag) as name:
            args = ("export", name)
            if self.name == "buildah":
                place = self.tell("mount", name).strip()
                process = subprocess.Popen(  # noqa: S603 - as above
                    ["tar", "-C", place, "-c", "."],  # noqa: S607 - wherever it is
                    stdout=subprocess.PIPE,
                    stdin=subprocess.DEVNULL,
                )
            else:
                process = self.start(args, stdout=subprocess.PIPE)
            with stopping(process):
                assert process.stdout is not None  # noqa: S101 - as asked for above
                try:
                    yield process.stdout
                except BaseException:
                    process.kill()  # while nobody reads what it writes, it hears of nothing else
                    raise
                while process.stdout.read(1 << 16):
                    pass
                if process.wait():
                    raise EngineError(f"`{self.name} {args[0]}` failed: the image's files can't be read")

    def run(self, tag: str, argv: Sequence[str], *, timeout: float) -> Ran:
        """Run a command in a fresh container of an image, without network and instead of its entry point."""
        import subprocess  # noqa: PLC0415

        name = f"{PREFIX}-{uuid.uuid4().hex[:12]}"
        self.containers.append(name)
        if self.name == "buildah":
            self.tell("from", "--pull-never", "--name", name, tag)
            words = ["run", "--network", "none", name, "--", *argv]
        else:
            words = ["run", "--pull", "never", "--network", "none", "--name", name]
            words += ["--entrypoint", argv[0], tag, *argv[1:]]
        begun = monotonic()
        process = self.start(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        status: int | None = None
        with stopping(process), _end_of(process) as said:
            try:
                with suppress(subprocess.TimeoutExpired):
                    status = process.wait(timeout)
            finally:  # before the process: it would wait for what runs in there
                seconds = monotonic() - begun
                self._remove_container(name)
        lines = masked(said.decode("utf-8", "replace")).splitlines()
        lines = [line for line in lines if line.strip() and not line.startswith(_ADVICE)]
        return Ran(status, seconds, tuple(lines[-LINES:]))

    # The end -----------------------------------------------------------------------------------------------------------

    def _remove_container(self, name: str) -> None:
        if name in self.containers:
            words = ("rm", name) if self.name == "buildah" else ("rm", "--force", "--volumes", name)
            with suppress(EngineError):
                self.tell(*words)
            self.containers.remove(name)

    def remove(self, tag: str) -> None:
        """Take an image away."""
        if tag in self.images:
            with suppress(EngineError):
                self.tell("rmi", "--force", tag)
            self.images.remove(tag)

    def forget(self, unique: str) -> None:
        """Remove the cache mounts of docker whose id has a word in it: those alone, by their records' own ids."""
        if self.name != "docker":
            return  # theirs are in a folder of the build's own
        builder = ("--builder", self.builder) if self.builder else ()
        with suppress(EngineError):
            text = self.tell("buildx", "du", *builder, "--verbose", "--filter", "type=exec.cachemount")
            for record in text.split("\n\n"):
                found = _RECORD.search(record)
                if found and unique in record:
                    self.tell("buildx", "prune", *builder, "--force", "--filter", f"id={found[1]}")

    def close(self) -> None:
        """Remove what is left: containers always, images unless they are kept. It comes to its end in any case."""
        with undisturbed():
            for process in self._running:
                with stopping(process):
                    pass
            for name in list(self.containers):
                self._remove_container(name)
            for tag in list(self.images):
                if not self.keep:
                    self.remove(tag)
                elif not self._has(tag):  # its build never came to its end
                    self.images.remove(tag)
            for label in [] if self.keep else self.labels:
                self._remove_labelled(label)

    def _remove_labelled(self, label: str) -> None:
        """Take away the images that have a label: the last that was made first, since it is made of those before."""
        with suppress(EngineError):
            for image in self.tell("images", "--all", "--quiet", "--filter", f"label={label}").split():
                with suppress(EngineError):
                    self.tell("rmi", "--force", image)

    def _has(self, tag: str) -> bool:
        try:
            self.tell("inspect", "--type", "image", tag)
        except EngineError:
            return False
        return True


@contextmanager
def undisturbed() -> Iterator[None]:
    """What is done inside comes to its end: an interrupt, or being told to end, waits for it."""
    waiting: list[int] = []
    old = {number: signal.signal(number, lambda number, _frame: waiting.append(number)) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        for number in waiting:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.raise_signal(number)


@contextmanager
def _end_of(process: Popen[bytes]) -> Iterator[bytearray]:
    """The last of what a process prints, complete once this is left: some print without end."""
    from threading import Thread  # noqa: PLC0415

    said = bytearray()

    def read() -> None:
        assert process.stdout is not None  # noqa: S101 - as asked for by the caller
        while piece := os.read(process.stdout.fileno(), 1 << 16):
            said.extend(piece)
            del said[:-_KEPT]

    reader = Thread(target=read, daemon=True)
    reader.start()
    try:
        yield said
    finally:
        reader.join(_PATIENCE)


@contextmanager
def stopping(process: Popen[bytes]) -> Iterator[None]:
    """Whatever happens inside, the process and its group do not outlive it. A build is asked to stop, then made to."""
    import subprocess  # noqa: PLC0415

    try:
        yield
    finally:
        if process.poll() is None:
            for number, patience in ((signal.SIGINT, _PATIENCE), (signal.SIGKILL, None)):
                with suppress(ProcessLookupError):
                    if os.getpgid(process.pid) == process.pid:
                        os.killpg(process.pid, number)
                    else:
                        process.send_signal(number)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(patience)
                    break
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


# Which ------------------------------------------------------------------------------------------------------------------


def find(name: str | None = None, builder: str | None = None, env: Mapping[str, str] | None = None) -> Engine:
    """The engine of a name, or the first that is there and answers. Raises EngineError."""
    if builder and name not in {None, "docker"}:
        raise EngineError(f"--builder names a builder of docker buildx; {name} has none")
    names = (name,) if name else ("docker",) if builder else NAMES
    reasons = []
    for one in names:
        engine = Engine(one, builder if one == "docker" else None, env if env is not None else dict(os.environ))
        why = _absent(engine)
        if not why:
            return engine
        reasons.append(why)
    raise EngineError(f"there is nothing to build with: {'; '.join(reasons)}")


def _absent(engine: Engine) -> str:
    """Why an engine can't be used, "" where it can; notes its version."""
    import shutil  # noqa: PLC0415

    if not shutil.which(engine.name, path=engine.env.get("PATH")):
        return f"no {engine.name} command"
    try:
        if engine.name == "docker":
            engine.version = engine.tell("version", "--format", "{{.Server.Version}}", timeout=_ANSWER).strip()
            found = _BUILDX.search(engine.tell("buildx", "version", timeout=_ANSWER))
            if found and (int(found[1]), int(found[2])) < _LEAST_BUILDX:
                return f"docker buildx {found[0]} is too old: 0.13 or later can tell how a build goes"
            if engine.builder:
                engine.tell("buildx", "inspect", engine.builder)
        else:
            engine.version = (
                engine.tell("--version", timeout=_ANSWER).strip().removeprefix(f"{engine.name} version ").split()[0]
            )
            engine.tell("info", timeout=_ANSWER)
    except EngineError as error:
        return str(error)
    return ""
