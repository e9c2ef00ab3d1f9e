"""Outcomes of verifications that the tests of reports share: one with everything in it, and failures."""

from __future__ import annotations

from dataclasses import replace

from uvlint.verify import outcome
from uvlint.verify.outcome import (
    Built,
    Config,
    Cost,
    Environment,
    FieldChange,
    FileChange,
    Image,
    Layer,
    Outcome,
    PackageChange,
    Ran,
    Side,
    Smoke,
    Step,
)

HOSTILE = "<script>alert('x')</script> | `a` \x1b[31m **b**"
"""What a build may say, and a report must neither run nor be drawn by."""

BASE = (Layer("ADD rootfs.tar / # bookworm", 75_000_000, base=True), Layer("RUN make install", 43_000_000, base=True))
CONFIG = Config(
    command=("uvicorn", "main:app"),
    user="app",
    workdir="/app",
    env={"PATH": "/usr/local/bin:/usr/bin"},
    ports=("8000/tcp",),
)
BEFORE = Image(
    260_000_000,
    CONFIG,
    (*BASE, Layer("COPY . /app", 42_000_000), Layer("RUN pip install -r requirements.txt", 100_000_000)),
    (
        Environment(
            "/usr/local",
            "system",
            {"fastapi": "0.115.6", "pip": "24.0", "six": "1.17.0", "anyio": "3.9", "idna": "3.1"},
        ),
    ),
    9_431,
)
AFTER = Image(
    165_000_000,
    replace(CONFIG, user=""),
    (
        *BASE,
        Layer("ENV UV_COMPILE_BYTECODE=1", 0),
        Layer("COPY requirements.txt /app/", 40),
        Layer(
            "RUN --mount=type=cache,target=/root/.cache/uv uv pip install --system \\\n" + "    a-package \\\n" * 30,
            46_900_000,
        ),
        Layer("COPY . /app", 99_960),
    ),
    (
        Environment("/app/.venv", "venv", {"idna": "3.1"}),
        Environment("/usr/local", "system", {"fastapi": "0.115.6", "pip": "25.0", "anyio": "4.0"}),
    ),
    9_100,
)
EVERYTHING = Outcome(
    outcome.DIFFERENT,
    "services/web/Dockerfile",
    "docker 28.5.1",
    Side(
        "services/web/Dockerfile",
        Built(
            61.2,
            (
                Step("[internal] load build definition", 0.0, 0.01),
                Step("[1/3] FROM python:3.12", 0.1, 0.02, cached=True),
                Step("[2/3] COPY . /app", 0.2, 1.4),
                Step("[3/3] RUN pip install -r requirements.txt", 1.6, 52.0),
                Step("exporting to image", 53.6, 7.6),
            ),
            pulled=0,
        ),
        BEFORE,
    ),
    Side(
        "with --fix",
        Built(
            14.0,
            (
                Step("[2/4] COPY requirements.txt /app/", 0.2, 0.4),
                Step("[3/4] RUN --mount=type=cache,target=/root/.cache/uv     uv pip install", 0.6, 9.0),
            ),
        ),
        AFTER,
    ),
    reasons=("1 package lost: six (/usr/local)", "user changed: app → root"),
    notes=("the network was slow",),
    packages=(
        PackageChange("/usr/local", "pip", outcome.INSTALLER, "24.0", "25.0"),
        PackageChange("/usr/local", "six", outcome.LOST, "1.17.0"),
        PackageChange("/usr/local", "anyio", outcome.DRIFTED, "3.9", "4.0"),
        PackageChange("/usr/local", "idna", outcome.MOVED, "3.1", "3.1", "/app/.venv"),
    ),
    config=(
        FieldChange("user", "app", "root", counts=True),
        FieldChange("env UV_COMPILE_BYTECODE", None, "1", counts=False),
    ),
    files=(
        FileChange("/app/lost.txt", "0:0 644", None, counts=True),
        *(FileChange(f"/usr/share/doc/{number}", None, "0:0 644") for number in range(300)),
    ),
    smoke=Smoke("import uvicorn, main", Ran(0, 1.2), Ran(1, 1.1, (f"ImportError: {HOSTILE}",))),
    costs=(
        Cost("cold", "", (61.2, 58.0, 66.0), (14.0, 15.0, 13.5)),
        Cost("source", "a comment in main.py", (55.0, 54.0, 57.0), (1.1, 1.2, 1.0)),
        Cost("requirement", "", note="no file of the context was seen to list the requirements"),
    ),
)
FAILED = Outcome(
    outcome.DIFFERENT,
    "Dockerfile",
    "docker 28.5.1",
    Side("Dockerfile", Built(12.0, (Step("[2/2] RUN make", 1.0, 11.0),))),
    Side(
        "with --fix",
        Built(
            4.0, (Step("[2/2] RUN make", 1.0, 3.0, error="exit code: 2"),), "exit code: 2", "[2/2] RUN make", (HOSTILE,)
        ),
    ),
    reasons=("the build fails after: [2/2] RUN make: exit code: 2",),
)
NOTHING = Outcome(
    outcome.EQUIVALENT, "Dockerfile", "", Side("Dockerfile"), Side("Dockerfile"), notes=("both are the same",)
)

_WORD = "x" * 400
_CROWD = Image(
    10_000_000,
    replace(CONFIG, command=(_WORD,), user=_WORD, workdir=f"/{_WORD}"),
    tuple(Layer(f"RUN {_WORD}", 78_125) for _ in range(127)),
    (Environment(f"/{_WORD}", "venv", {_WORD[:100]: "1.0+" + "0" * 60}),),
)
CROWDED = replace(
    EVERYTHING,
    dockerfile=f"{_WORD}/Dockerfile",
    before=Side(_WORD, Built(9000.0, tuple(Step(_WORD, 70.0 * at, 70.0) for at in range(127))), _CROWD),
    after=Side(_WORD, Built(1.0, (Step(_WORD, 0.0, None),)), _CROWD),
    reasons=(_WORD,),
    notes=(_WORD,),
    packages=(PackageChange(f"/{_WORD}", _WORD[:100], outcome.MOVED, "1.0+" + "0" * 60, "2.0", f"/{_WORD}"),),
    config=(FieldChange(f"env {_WORD}", _WORD, _WORD, counts=True),),
    files=(FileChange(f"/{_WORD}", "65534:65534 1777", "4294967294:4294967294 1777", counts=True),),
    smoke=Smoke(_WORD, Ran(None, 60.0), Ran(137, 60.0, (_WORD,))),
)
"""As many layers as an image may have, and words that nothing breaks."""
