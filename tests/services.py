"""Services in one stage, and what comes of them."""

from __future__ import annotations

from uvlint import engine, splitting
from uvlint.config import Settings
from uvlint.context import Context
from uvlint.diagnostics import apply
from uvlint.source import Source

UV = """\
COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /bin/
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=0
"""
INSTALL = "RUN uv pip install --system flask==3.1.0\n"
START = 'CMD ["flask", "run"]\n'
GCC = "RUN apt-get update && apt-get install -y gcc && rm -rf /var/lib/apt/lists/*\n"


def service(*lines: str, image: str = "python:3.12-slim-bookworm", end: str = START) -> str:
    body = "".join(f"{line}\n" for line in lines)
    return f"FROM {image}\n{UV}WORKDIR /app\n{body}{end}"


def split(text: str, files: dict[str, str] | None = None) -> str:
    """The text in two stages; or, behind "no: ", why there are none."""
    seen = Context.of(files) if files is not None else None
    build = engine.read(Source(text), Settings(), seen)
    made = splitting.of(build)
    if isinstance(made, str):
        return f"no: {made}"
    return apply(text, made.edits)


def stages(text: str, files: dict[str, str] | None = None) -> tuple[str, str]:
    """The builder and the final stage that come of a service."""
    made = split(text, files)
    assert "AS builder" in made, made
    builder, final = made.partition(" AS builder\n")[2].rsplit("\nFROM ", 1)
    return builder, f"FROM {final}"
