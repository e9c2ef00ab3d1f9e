"""Dockerfiles with pip commands and shell around them, made at random: what holds of any fix.

The same 300 each time; `UVLINT_EXAMPLES=5000` tries that many others.
"""

from __future__ import annotations

import os

from hypothesis import example, given, settings
from hypothesis import strategies as st

from uvlint import engine, plan, proof, rules
from uvlint.config import Settings
from uvlint.model import Build
from uvlint.source import Source

SETTINGS = Settings(select=("ALL", *rules.load()))
EXAMPLES = int(os.environ.get("UVLINT_EXAMPLES") or 300)

PIPS = st.sampled_from(
    ["pip", "pip3", "python -m pip", "python3 -mpip", "pip3.12", "/opt/venv/bin/pip", "/usr/local/bin/pip", "sudo pip",
     "env PIP_PRE=1 pip", "PIP_INDEX_URL=https://a.example/x pip", "$PIP", "conda run -n e pip", "uv pip"]
)  # fmt: skip
ASKED = st.sampled_from(
    ["six", "six==1.16.0", "'six>=1.0'", "six>1", '"a[b]==1"', "-r requirements.txt", "-rdev.txt", "-c limits.txt", "-e .",
     ".", "./app[x]", "/wheels/*.whl", "git+https://git.example/a/b", "$PACKAGES", "six==${SIX}", "$(cat list)", "-r -",
     "--group dev", "pip", "setuptools wheel", "uv", "name @ https://a.example/n.whl"]
)  # fmt: skip
OPTIONS = st.sampled_from(
    ["--no-cache-dir", "-U", "--upgrade", "-q", "-qq", "--user", "--no-deps", "--target /lib", "-t=lib", "--prefix=/opt/p",
     "-i https://a.example/x", "--index-url=https://u:p@a.example/x", "--extra-index-url https://b.example/x", "--pre",
     "--trusted-host a.example", "-f /wheels", "--no-index", "--no-compile", "--require-hashes", "--progress-bar off",
     "--disable-pip-version-check", "--break-system-packages", "--timeout 100", "--no-build-isolation", "--cache-dir /c",
     "--only-binary=:all:", "--frob", "-Ur more.txt", "--find /wheels", "--root-user-action=ignore", "--python 3.12"]
)  # fmt: skip
PIP = st.tuples(PIPS, st.just("install"), st.lists(OPTIONS, max_size=3), st.lists(ASKED, min_size=1, max_size=3)).map(
    lambda made: " ".join([made[0], made[1], *made[2], *made[3]])
)
OTHER = st.sampled_from(
    ["apt-get update", "apt-get install -y gcc", "rm -rf ~/.cache/pip", "pip cache purge", "cd /app", "true", "echo 'pip x'",
     "python -m venv /opt/venv", ". /opt/venv/bin/activate", "uv venv /opt/venv", "pip freeze > list", "pip check",
     "pip uninstall -y six", "export UV_SYSTEM_PYTHON=1", "rm -rf /var/lib/apt/lists/*", "poetry install", "uv sync", "set -e",
     "pip download six", "apk add --no-cache gcc"]
)  # fmt: skip
COMMAND = st.one_of(PIP, PIP, OTHER)


def _around(made: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.tuples(made, st.sampled_from([" && ", " \\\n    && ", "; ", " || ", " | "]), made).map("".join)
    return st.one_of(
        joined,
        made.map(lambda one: f"if [ -f requirements.txt ]; then {one}; fi"),
        made.map(lambda one: f"for x in a b; do {one}; done"),
        made.map(lambda one: f"({one})"),
        made.map(lambda one: f"{one} \\\n    # why\n    --no-color"),
        made.map(lambda one: f"{one} 2>&1 | tee log"),
        made.filter(lambda one: "'" not in one and "\n" not in one).map(lambda one: f"bash -c '{one}'"),
    )


SHELL = st.recursive(COMMAND, _around, max_leaves=4)
RUN = st.one_of(
    SHELL.map(lambda one: f"RUN {one}"),
    SHELL.map(lambda one: f"RUN set -ex; \\\n    {one}"),
    SHELL.map(lambda one: f"RUN --mount=type=cache,target=/root/.cache/pip {one}"),
    SHELL.filter(lambda one: "\\\n" not in one).map(lambda one: f"RUN <<EOF\n{one}\nEOF"),
    PIP.map(lambda one: "RUN [" + ", ".join(f'"{word}"' for word in one.replace('"', "").split()) + "]"),
    PIP.map(lambda one: f"ONBUILD RUN {one}"),
)
LINE = st.one_of(
    RUN,
    RUN,
    st.sampled_from(
        ["COPY . .", "COPY requirements.txt .", "COPY pyproject.toml uv.lock ./", "WORKDIR /app", "USER app", "USER root",
         "ENV PATH=/opt/venv/bin:$PATH", "ENV VIRTUAL_ENV=/opt/venv", "ENV PIP_NO_CACHE_DIR=1", "ARG SIX=1.16.0",
         "ENV PIP_EXTRA_INDEX_URL=https://me:pass@b.example/x", "ARG PIP_INDEX_URL", "# a comment", "", "ENV UV_SYSTEM_PYTHON=1",
         "COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /bin/", 'SHELL ["/bin/bash", "-c"]', 'CMD ["python", "-m", "app"]',
         "RUN useradd app", "FROM python:3.12-slim", "FROM build", "COPY --from=build /opt/venv /opt/venv"]
    ),
)  # fmt: skip
BASE = st.sampled_from(["python:3.12-slim", "python:3.11-alpine", "debian:12", "ubuntu:24.04", "nvcr.io/nvidia/pytorch:24.01-py3",
                        "example/unknown:1", "continuumio/miniconda3", "${BASE}"])  # fmt: skip
DOCKERFILE = st.tuples(BASE, st.lists(LINE, min_size=1, max_size=7)).map(
    lambda made: "\n".join([f"FROM {made[0]} AS build", *made[1], ""])
)


def given_up(build: Build) -> list[str]:
    """What pip-self-upgrade may take out: pip and what it builds with, and where these were to come from."""
    upgrades = [one for one in plan.installs(build) if plan.upgrades_pip(one)]
    sources = [one for each in upgrades for kind in ("index", "extra-index", "find-links") for one in each.all(kind)]
    return ["pip", "setuptools", "wheel", *(one.value or one.raw for one in sources)]


@settings(max_examples=EXAMPLES, deadline=None, derandomize="UVLINT_EXAMPLES" not in os.environ)
@given(DOCKERFILE)
@example("FROM python:3.12-slim AS build\nRUN pip install --frob six>1\n")
@example(
    "FROM python:3.12-slim AS build\nARG PIP_INDEX_URL\nRUN pip install six\n"
    "RUN PIP_INDEX_URL=https://a.example/x pip install six\n"
)
@example("FROM python:3.12-slim AS build\nRUN python -m venv /opt/venv\nRUN uv pip install six\n")
@example(
    "FROM python:3.12-slim AS build\nRUN pip install six\n"
    "RUN if [ -f requirements.txt ]; then rm -rf ~/.cache/pip; fi && pip install $PACKAGES\n"
)
@example(
    "FROM python:3.12-slim AS build\nRUN pip install --index-url=https://u:p@a.example/x six>1 \\\n    # why\n    -U\n"
)
def test_a_safe_fix_keeps_the_plan_and_an_unsafe_one_loses_nothing(text: str) -> None:
    source = Source(text)
    before = engine.read(source, SETTINGS)
    for unsafe in (False, True):
        fixed = engine.fix(source, SETTINGS, unsafe=unsafe)
        assert fixed.error is None, text
        after = engine.read(fixed.source, SETTINGS)
        assert len(proof.problems(after.dockerfile)) <= len(proof.problems(before.dockerfile)), text
        again = engine.fix(fixed.source, SETTINGS, unsafe=unsafe)
        assert (again.source.text, again.error) == (fixed.source.text, None), text
        if not unsafe:
            assert proof.same_plan(before, after), text
        elif (
            not {"transient-export", "system-python-sync", "unquoted-specifier", "secret-in-index"}
            & fixed.applied.keys()
        ):
            assert proof.lost(before, after, given_up(before)) == "", text
