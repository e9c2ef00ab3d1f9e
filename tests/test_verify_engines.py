"""What `verify` makes of what engines do, and of interrupts, without an engine."""

from __future__ import annotations

import io
import json
import signal
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import pytest

from uvlint.config import Settings
from uvlint.verify import cost, engines, image
from uvlint.verify.engines import Engine, EngineError, Request
from uvlint.verify.sides import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Holding(Engine):
    """Has one image, of five layers, and knows of no other; `archive` are its files."""

    def __init__(self, archive: bytes) -> None:
        super().__init__("docker")
        self.archive = archive

    def tell(self, *args: str, timeout: float | None = None) -> str:
        del timeout
        if args[-1] != "tag":
            raise EngineError("no such image")
        if args[0] == "history":
            rows = [json.dumps({"CreatedBy": f"RUN {number}", "Size": "1"}) for number in range(5)]
            return "\n".join(reversed(rows))
        return json.dumps([{"Config": {}}])

    @contextmanager
    def files(self, tag: str) -> Iterator[IO[bytes]]:
        del tag
        yield io.BytesIO(self.archive)


def test_files_that_break_off_are_an_error_with_its_reason() -> None:
    with pytest.raises(EngineError, match="`docker export` broke off"):
        image.read(Holding(b"x" * 700), "tag")


def test_layers_are_those_of_the_base_image_though_only_its_builder_has_it() -> None:
    found, _ = image.read(Holding(bytes(10240)), "tag", "python:3.12", 3)
    assert [one.base for one in found.layers] == [True, True, False, False, False]


def test_the_base_image_is_what_the_build_arguments_say(tmp_path: Path) -> None:
    text = "ARG BASE=a\nARG TAG=1\nFROM ${BASE}:${TAG}\nARG OTHER=c\nFROM ${OTHER:-d}\n"
    one = Subject("x", text, str(tmp_path / "Dockerfile"), str(tmp_path), Settings())
    assert list(cost.images(one.build())) == ["a:1", "d"]
    one.arguments = Request(("BASE=b", "TAG", "OTHER=e")).arguments({"TAG": "2"})
    assert list(cost.images(one.build())) == ["b:2", "d"]


def test_an_interrupt_waits_for_what_must_come_to_its_end() -> None:
    done = []

    def clean() -> None:
        with engines.undisturbed():
            signal.raise_signal(signal.SIGINT)
            done.append("cleaning")

    with pytest.raises(KeyboardInterrupt):
        clean()
    assert done == ["cleaning"]


def test_what_was_started_when_an_interrupt_came_is_ended() -> None:
    engine = Engine("sleep")
    process = engine.start(["600"])
    engine.close()
    assert process.returncode == -signal.SIGINT
