"""What an image is: its configuration, its layers, its environments and files."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

from uvlint.credentials import masked
from uvlint.lazy import regex
from uvlint.verify import secrets, tree
from uvlint.verify.engines import EngineError
from uvlint.verify.outcome import Config, Image, Layer
from uvlint.verify.sides import LABEL

if TYPE_CHECKING:
    from uvlint.verify.engines import Engine
    from uvlint.verify.tree import Tree

_NOISE = regex(r"/bin/sh -c #\(nop\) +| # buildkit\Z")
_OF_THE_BUILDER = {"io.buildah.version", LABEL}


def read(engine: Engine, tag: str, base: str | None = None, own: int = 0) -> tuple[Image, Tree]:
    """An image that the engine has, and its files. `base`: what its last stage starts from; `own`: so many instructions
    come on top of that. Raises EngineError.
    """
    config = _config(engine, tag)
    layers = secrets.hidden(tuple(_layers(engine, tag)), secrets.named({**config.env, **config.labels}))
    under = _history_length(engine, base, max(0, len(layers) - own)) if base else 0
    layers = tuple(
        Layer(one.instruction, one.size, index < under)
        for index, one in enumerate(layers)
        if LABEL not in one.instruction
    )
    files = _files(engine, tag)
    count = sum(entry.kind == "f" for entry in files.entries.values())
    size = sum(one.size for one in layers)
    return Image(size, config, layers, files.environments, count), files


def _files(engine: Engine, tag: str) -> Tree:
    from tarfile import TarError  # noqa: PLC0415

    try:
        with engine.files(tag) as stream:
            return tree.read(stream)
    except TarError as error:
        raise EngineError(f"`{engine.name} export` broke off, so that the image can't be read: {error}") from None


def _config(engine: Engine, tag: str) -> Config:
    from json import loads  # noqa: PLC0415

    if engine.name == "buildah":
        data: dict[str, Any] = loads(engine.tell("inspect", "--type", "image", tag))["Docker"]
        config: dict[str, Any] = data.get("config") or {}
        platform = f"{data.get('os', '')}/{data.get('architecture', '')}"
    else:
        data = loads(engine.tell("image", "inspect", tag))[0]
        config = data.get("Config") or {}
        platform = f"{data.get('Os', '')}/{data.get('Architecture', '')}"
    health = config.get("Healthcheck") or data.get("HealthCheck") or {}
    env = dict(pair.partition("=")[::2] for pair in config.get("Env") or ())
    return Config(
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        user=config.get("User") or "",
        workdir=config.get("WorkingDir") or "",
        env=env,
        ports=tuple(sorted(config.get("ExposedPorts") or ())),
        volumes=tuple(sorted(config.get("Volumes") or ())),
        labels={name: value for name, value in (config.get("Labels") or {}).items() if name not in _OF_THE_BUILDER},
        healthcheck=(*_health_options(health), *(health.get("Test") or ())),
        stop_signal=config.get("StopSignal") or "",
        shell=tuple(config.get("Shell") or ()),
        onbuild=tuple(config.get("OnBuild") or ()),
        platform=platform,
    )


def _health_options(health: dict[str, Any]) -> list[str]:
    """The options of a HEALTHCHECK; times are told in nanoseconds."""
    names = {
        "Interval": "interval",
        "Timeout": "timeout",
        "StartPeriod": "start-period",
        "StartInterval": "start-interval",
    }
    found = [f"--{option}={health[name] / 1e9:g}s" for name, option in names.items() if health.get(name)]
    return [*found, f"--retries={health['Retries']}"] if health.get("Retries") else found


def _layers(engine: Engine, tag: str) -> list[Layer]:
    """The layers, the first one first; instructions that made none have a size of 0."""
    from json import loads  # noqa: PLC0415

    if engine.name == "buildah":
        return _layers_of_archive(engine, tag)
    if engine.name == "podman":
        rows = loads(engine.tell("history", "--human=false", "--no-trunc", "--format", "json", tag))
        found = [(row.get("CreatedBy") or row.get("comment") or "", row.get("size") or 0) for row in rows]
    else:
        text = engine.tell("history", "--human=false", "--no-trunc", "--format", "{{json .}}", tag)
        rows = [loads(line) for line in text.splitlines()]
        found = [(row.get("CreatedBy") or row.get("Comment") or "", row.get("Size") or 0) for row in rows]
    return [Layer(_instruction(text), int(size)) for text, size in reversed(found)]


def _layers_of_archive(engine: Engine, tag: str) -> list[Layer]:
    """buildah tells no sizes of layers: they are those of the archive that it writes."""
    import tarfile  # noqa: PLC0415
    from json import load, loads  # noqa: PLC0415

    history = loads(engine.tell("inspect", "--type", "image", tag))["OCIv1"].get("history") or []
    with tempfile.TemporaryDirectory(prefix="uvlint-") as folder:
        place = os.path.join(folder, "image.tar")
        engine.tell("push", tag, f"docker-archive:{place}")
        with tarfile.open(place) as archive:
            manifest = archive.extractfile("manifest.json")
            names = load(manifest)[0]["Layers"] if manifest else []
            # A layer that is there twice is a link to itself.
            sizes = iter([_followed(archive, name) for name in names])
    return [
        Layer(_instruction(row.get("created_by") or ""), 0 if row.get("empty_layer") else next(sizes, 0))
        for row in history
    ]


def _followed(archive: Any, name: str) -> int:
    member = archive.getmember(name)
    while member.issym():
        member = archive.getmember(os.path.normpath(os.path.join(os.path.dirname(member.name), member.linkname)))
    return int(member.size)


def _instruction(text: str) -> str:
    text = _NOISE.sub("", text)
    for shell in ("/bin/sh -c ", "|"):
        if text.startswith(shell):
            text = f"RUN {text}"
    return masked(text.replace("RUN /bin/sh -c ", "RUN "))


def _history_length(engine: Engine, base: str, otherwise: int) -> int:
    """How many rows of an image's history are those of its base."""
    try:
        return len(_layers(engine, base))
    except EngineError:  # its builder holds the base image, not the engine; there, each instruction makes a row
        return otherwise if engine.name == "docker" else 0
