"""Which stages stay one, and why."""

from __future__ import annotations

import pytest

from services import GCC, INSTALL, service, split
from uvlint import engine, splitting
from uvlint.config import Settings
from uvlint.context import Context
from uvlint.source import Source


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (("RUN pip install six", INSTALL), "`pip install six` isn't uv's yet: what is said of it comes first"),
        (("RUN poetry install", INSTALL), "`poetry install` isn't `uv pip` or `uv sync`"),
        (("RUN conda install x", INSTALL), "`conda install x` isn't uv's yet: what is said of it comes first"),
        (("RUN uv pip install --target /t x",), "`uv pip install --target /t x` installs to a place of its own"),
        (("RUN uv venv /v && uv pip install --python /v x", INSTALL), "packages go to more than one environment"),
        (("USER app", INSTALL), "`uv pip install --system flask==3.1.0` isn't run by root"),
        (("RUN uv pip install --system $(cat x)",), "the options of `uv pip install --system $(cat x)` can't be read"),
        (("ONBUILD COPY . .", INSTALL), "line 5 is for the builds of other images"),
        (("RUN if", INSTALL), "line 5 can't be read"),
        (
            (INSTALL.strip(), "RUN sed -i s/a/b/ /usr/local/lib/python3.12/site-packages/x.py"),
            "line 6 names `/usr/local/lib/python`, which would be elsewhere",
        ),
        (
            (INSTALL.strip(), "COPY x.py /usr/local/lib/python3.12/site-packages/"),
            "line 6 names `/usr/local/lib/python`, which would be elsewhere",
        ),
        (
            ("ENV PYTHONPATH=/usr/local/lib/python3.12/site-packages", INSTALL),
            "line 5 names `/usr/local/lib/python`, which would be elsewhere",
        ),
        ((INSTALL.strip(), "RUN ln -s /usr/local/bin/python /x"), "line 6 names `/usr/local/bin/python`, which would be elsewhere"),
        (("RUN uv pip install --system six && python x.py",), "line 5 installs and does more: `python x.py`"),
        (("ARG uvpip='uv pip install'", INSTALL.strip(), "RUN $uvpip six"), "line 7 names `$uvpip`: what it does with it can't be told"),
        ((GCC.strip(), "RUN ./configure && make install", INSTALL), "line 6 may need `gcc` for what the image holds"),
        (("RUN make install", INSTALL), "line 5 compiles something that isn't in the environment"),
        ((GCC.strip(), INSTALL.strip(), "RUN npm ci"), "line 7 may need `gcc` for what the image holds"),
        (("RUN apt-get update && apt-get install -y gcc && ./x.sh", INSTALL), "line 5 installs `gcc` and does more"),
        (("RUN python list.py > requirements.txt", "RUN uv pip install --system -r requirements.txt"),
         "line 5 makes `requirements.txt`, which is installed from"),
        ((INSTALL.strip(), "ENV PATH=/usr/local/bin:/usr/bin"), "PATH is set anew, without what it was"),
        ((INSTALL.strip(), "ENV PYTHONHOME=/usr/local"), "PYTHONHOME names one Python for all programs"),
        (("RUN uv pip install --system -e .",), "what `uv pip install --system -e .` makes beside the sources can't be told"),
    ],
)  # fmt: skip
def test_what_can_not_be_told_apart_is_declined(lines: tuple[str, ...], why: str) -> None:
    assert split(service(*(line.strip() for line in lines))) == f"no: {why}"


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ('CMD ["uv", "run", "flask"]', "line 6 runs `uv`"),
        ('CMD ["make", "run"]', "a container runs uv, or what isn't seen"),
        ('CMD ["/usr/local/bin/gunicorn", "a"]', "line 6 names `/usr/local/bin/gunicorn`"),
        ('CMD ["/usr/local/bin/flask-thing"]', "line 6 names `/usr/local/bin/flask-thing`"),
        ('CMD ["/usr/local/bin/other"]', "line 6 names `/usr/local/bin/other`, which would be elsewhere"),
        ("CMD cron -f", "what `cron` starts may not find the environment"),
        ('CMD ["supervisord", "-n"]', "what `supervisord` starts may not find the environment"),
        ("CMD su - app -c flask", "what `su` starts may not find the environment"),
        ('CMD ["uwsgi", "app.ini"]', "what `uwsgi` starts may not find the environment"),
        ("CMD bash -lc 'flask run'", "line 6 starts a login shell, which sets PATH anew"),
        ("CMD pip install -r more.txt && flask run", "line 6 runs `pip`"),
        ('ENTRYPOINT ["./start.sh"]', "`./start.sh`, which line 6 starts, isn't seen"),
    ],
)
def test_what_a_container_starts_must_find_the_environment(end: str, why: str) -> None:
    assert split(service(INSTALL.strip(), end=f"{end}\n")) == f"no: {why}"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exec flask run\n", ""),
        ("pip install -r more.txt\n", "`./start.sh` runs `pip`"),
        ("exec /usr/local/bin/python app.py\n", "`./start.sh` names `/usr/local/bin/python`"),
        ("service cron start; cron\n", "`./start.sh` starts programs with a PATH of its own"),
    ],
)
def test_a_script_is_looked_into(script: str, why: str) -> None:
    text = service(INSTALL.strip(), "COPY . .", end='ENTRYPOINT ["./start.sh"]\n')
    made = split(text, {"start.sh": f"#!/bin/sh\n{script}"})
    assert made == f"no: {why}" if why else made.startswith("FROM python:3.12-slim-bookworm AS builder\n")


@pytest.mark.parametrize(
    "image", ["ubuntu:24.04", "tiangolo/uvicorn-gunicorn:python3.11", "example", "public.ecr.aws/lambda/python:3.12"]
)
def test_only_the_official_images_have_a_sister(image: str) -> None:
    assert split(service(INSTALL.strip(), image=image)).startswith("no: only of the official Python images")


def test_sources_go_below_the_installs_first() -> None:
    files = {"requirements.txt": "flask\n", "app.py": ""}
    text = service("COPY . .", "RUN uv pip install --system -r requirements.txt")
    assert split(text, files) == f"no: {splitting.WAITS}"
    fixed = engine.fix(Source(text), Settings(), unsafe=True, context=Context.of(files))
    assert fixed.applied["copy-before-install"] == fixed.applied["single-stage"] == 1
