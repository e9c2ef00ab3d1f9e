"""What a project of the corpus needs to be built where neither its sources nor all of its base images are at hand.

Its Dockerfile's steps and its requirements stay as they are. Replaced are base images without a stand-in, stages that run
no Python (node, Rust), downloads from elsewhere than a package index, and empty sources that a step would break on.
"""

from __future__ import annotations

from typing import NamedTuple

Changes = tuple[tuple[str, str], ...]
"""Patterns (multi-line, a dot matching all) and what each becomes; one that doesn't match is an error."""


class Project(NamedTuple):
    """How a project is built.

    `changes` are made to its files, which those in `files` join, and `copies`: files of its own for ones that the corpus
    left out; `bases` are Dockerfiles of images that stand in for ones that can't be pulled, `needs` an image that has
    to be there; `holds` is a package that the image must have. `moves`: by which fixes an install must become uv's, "safe"
    or "unsafe" ones, "" where none has to. `heavy` ones are built only with `UVLINT_E2E=all`.
    """

    holds: str
    changes: dict[str, Changes] = {}  # noqa: RUF012 - never written to
    files: dict[str, str] = {}  # noqa: RUF012 - as above
    copies: dict[str, str] = {}  # noqa: RUF012 - as above
    bases: dict[str, str] = {}  # noqa: RUF012 - as above
    needs: str = "python:3.12-slim"
    target: str | None = None
    moves: str = "safe"
    heavy: bool = False


SCRIPT = "#!/bin/sh\n"
INDEX = ((r"^--index-url [^\n]*\n", ""),)
APK = (
    (r"apk update && apk upgrade && \\\n    apk --no-cache add", r"apt-get update && apt-get install -y"),
    (r"build-base libmagic libffi-dev libxml2-dev libxslt-dev", "build-essential libmagic1 libffi-dev libxml2-dev libxslt1-dev"),
    (r"apk del git build-base", "apt-get purge -y git build-essential"),
)  # fmt: skip
OTHERS = (
    r"^(?!(?:click|colorama|dill|fastapi|gunicorn|jinja2|jsonschema|mmh3|numpy|pandas|psutil|pyarrow|pydantic|pyyaml|requests"
    r"|sqlalchemy|tabulate|tenacity|uvicorn)(?:\[[^\]]*\])?==)[A-Za-z0-9][^\n]*==.*?(?=^[A-Za-z0-9]|\Z)"
)
"""The locked requirements that feast does not name itself: with `--no-deps` they can be left out."""
UBI = """\
FROM python:3.11
RUN useradd --uid 1001 --gid 0 --create-home --home-dir /opt/app-root/src default \\
    && python -m venv /opt/app-root && chown -R 1001:0 /opt/app-root
ENV APP_ROOT=/opt/app-root HOME=/opt/app-root/src PATH=/opt/app-root/bin:$PATH
WORKDIR /opt/app-root/src
USER 1001
"""
NO_RUST_NO_NODE = """\
FROM build_base AS build_rust_snuba
RUN mkdir -p rust_snuba/target/wheels

FROM build_base AS build_admin_ui
RUN mkdir -p snuba/admin/dist

"""

PROJECTS = {
    "awesome-compose-django": Project(
        "django",
        {"Dockerfile": ((r"--platform=\$BUILDPLATFORM python:3.7-alpine", "python:3.7-slim"),)},
        needs="python:3.7-slim",
        target="builder",
        moves="",
    ),
    "awesome-compose-fastapi": Project(
        "uvicorn",
        {"Dockerfile": ((r"tiangolo/uvicorn-gunicorn-fastapi:python3.9-slim", "python:3.12-slim"),)},
        target="builder",
    ),
    "bookwyrm": Project("django", target="build", heavy=True),
    "feast-multicloud-dev": Project(
        "feast",
        {
            "sdk/python/feast/infra/feature_servers/multicloud/Dockerfile.dev": (
                (r"^RUN npm install -g [^\n]*\n", ""),
                (r"^COPY [^\n]*/\.git\n", ""),
                (r"^WORKDIR \$\{APP_ROOT\}/src/ui\n.*?(?=^WORKDIR \$\{APP_ROOT\}/src\n)", ""),
            ),
            "pyproject.toml": ((r"^dynamic = \[\n    \"version\",\n\]", 'version = "0.1"'),),
            "sdk/python/requirements/py3.11-minimal-requirements.txt": ((OTHERS, ""),),
        },
        {
            "sdk/python/feast/__init__.py": "",
            "sdk/python/feast/ui/__init__.py": "",
            "sdk/python/feast/ui/build/projects-list.json": "{}\n",
        },
        {
            "sdk/python/requirements/py3.11-minimal-requirements.txt":
                "sdk/python/requirements/py3.11-requirements.txt"
        },
        {"registry.access.redhat.com/ubi9/python-311:1": UBI},
        moves="unsafe",
        heavy=True,
    ),
    "gcp-run-idp-sql": Project("flask", {"Dockerfile": ((r"python:3\.14", "python:3.12"),)}),
    "opea-asr-whisper": Project(
        "fastapi",
        {"comps/third_parties/whisper/src/Dockerfile": ((r"^ +\$uvpip torch torchvision [^\n]*\n", ""),)},
        {"comps/third_parties/whisper/src/whisper_server.py": ""},
        {"comps/third_parties/whisper/src/requirements-cpu.txt": "requirements.txt"},
        heavy=True,
    ),
    "opencti-c2-tracker": Project(
        "pycti",
        {
            "Dockerfile": ((r"python:3\.12-alpine", "python:3.12-slim"), *APK),
            "src/requirements.txt": ((r"^connectors-sdk @ [^\n]*", ""),),
        },
        {"entrypoint.sh": SCRIPT},
        heavy=True,
    ),
    "recommendationservice": Project(
        "grpcio",
        {
            "Dockerfile": (
                (r"--platform=\$BUILDPLATFORM python:3\.14\.6-alpine@sha256:\w+", "python:3.12-slim"),
                (r"python3\.14", "python3.12"),
                (r"apk update \\\n    && apk add --no-cache g\+\+ linux-headers \\\n    && rm -rf /var/cache/apk/\*",
                 r"apt-get update \\\n    && apt-get install -y --no-install-recommends g++ \\\n    && rm -rf /var/lib/apt/lists/*"),
                (r"apk update \\\n    && apk add --no-cache libstdc\+\+ \\\n    && rm -rf /var/cache/apk/\*",
                 r"apt-get update \\\n    && apt-get install -y libstdc++6 \\\n    && rm -rf /var/lib/apt/lists/*"),
            )
        },
        heavy=True,
    ),
    "snuba": Project(
        "flask",
        {
            "Dockerfile": (
                (r"3\.11\.11", "3.11"),
                (r"^    mkdir /tmp/uwsgi-dogstatsd.*?> /dev/null$", "    true"),
                (r"^RUN set -ex; \\\n    # do not install any toolchain.*?(?=^# Layer cache is)",
                 NO_RUST_NO_NODE),
            ),
            "requirements.txt": INDEX, "requirements-build.txt": INDEX, "requirements-test.txt": INDEX,
        },
        {"snuba/__init__.py": "", "snuba/cli/__init__.py": "def main() -> None:\n    pass\n"},
        target="application",
        heavy=True,
    ),
    "times-square": Project(
        "times-square",
        {
            "Dockerfile": ((r"python:3\.13\.2-slim-bookworm", "python:3.12-slim-bookworm"),),
            "pyproject.toml": ((r'dynamic = \["version"\]', 'version = "1.0"'), (r">=3\.13", ">=3.12")),
        },
        {"scripts/install-base-packages.sh": SCRIPT, "scripts/install-dependency-packages.sh": SCRIPT},
    ),
}  # fmt: skip
