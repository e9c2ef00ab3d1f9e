"""Which environment pip and uv work on: the tables of what both did when they were run."""

from __future__ import annotations

import pytest

from reading import calls_of, installs_of
from uvlint import environments, interpreters
from uvlint.calls import Call
from uvlint.environments import Target, User

PYTHON = "FROM python:3.12-slim\n"
VENV = "RUN python -m venv /opt/venv\n"


def call(text: str, program: str = "pip") -> Call:
    return calls_of(text, program)[-1]


def target(text: str) -> Target | None:
    return installs_of(text)[-1].target


SYSTEM, VENV_TARGET, NOWHERE = Target("system"), Target("venv", "/opt/venv"), Target("none")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("RUN pip install x", SYSTEM),
        ("RUN python -m pip install x", SYSTEM),
        ("RUN pip3.12 install x", SYSTEM),
        ("RUN pip3.11 install x", Target("system", "3.11")),
        ("RUN python3.11 -m pip install x", Target("system", "3.11")),
        ("RUN /usr/local/bin/pip install x", Target("prefix", "/usr/local")),
        ("RUN /usr/bin/python3 -m pip install x", Target("prefix", "/usr")),
        (VENV + "RUN /opt/venv/bin/pip install x", VENV_TARGET),
        (VENV + "RUN /opt/venv/bin/python -m pip install x", VENV_TARGET),
        (VENV + "ENV VIRTUAL_ENV=/opt/venv\nRUN $VIRTUAL_ENV/bin/pip install x", VENV_TARGET),
        (VENV + "WORKDIR /opt\nRUN venv/bin/pip install x", VENV_TARGET),
        (VENV + "RUN cd /opt && ./venv/bin/pip install x", VENV_TARGET),
        (VENV + "RUN cd /opt/venv && bin/pip install x", VENV_TARGET),
        (VENV + "RUN cd /opt/venv/bin && ./python -m pip install x", VENV_TARGET),
        ("RUN ln -s /usr/local/bin/python3.12 /opt/python && /opt/python -m pip install x", None),
        ("RUN /pip install x", None),
        (VENV + "ENV PATH=/opt/venv/bin:$PATH\nRUN pip install x", VENV_TARGET),
        (VENV + "WORKDIR /opt\nENV PATH=venv/bin:$PATH\nRUN pip install x", VENV_TARGET),
        (VENV + "ENV PATH=venv/bin:$PATH\nRUN cd /opt && pip install x", VENV_TARGET),
        (VENV + "ENV PATH=venv/bin:$PATH\nRUN cd $(dirname /a) && pip install x", None),
        (VENV + "ENV PATH=/opt/venv/bin:$PATH\nRUN python -m pip install x", VENV_TARGET),
        (VENV + "ENV PATH=$PATH:/opt/venv/bin\nRUN pip install x", SYSTEM),
        (VENV + "ENV PATH=/usr/local/bin:/opt/venv/bin:/usr/bin\nRUN pip install x", SYSTEM),
        (VENV + "ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin\nRUN pip install x", VENV_TARGET),
        ("ENV PATH=/usr/bin:$PATH\nRUN pip install x", None),  # `--system` finds the distribution's Python there
        ("ENV PATH=/usr/bin:$PATH\nRUN python -m pip install x", None),
        ("ENV PATH=/usr/sbin:/usr/local/bin:/usr/bin\nRUN pip install x", SYSTEM),
        (VENV + "ENV VIRTUAL_ENV=/opt/venv\nRUN pip install x", SYSTEM),  # pip goes by PATH alone
        (VENV + "RUN . /opt/venv/bin/activate && pip install x", VENV_TARGET),
        (VENV + "RUN pip install x", SYSTEM),
        ("RUN python -m venv /opt/venv && /opt/venv/bin/pip install x", VENV_TARGET),
        ("RUN virtualenv -p python3 /opt/venv && /opt/venv/bin/pip install x", VENV_TARGET),
        ("RUN uv venv /opt/venv && /opt/venv/bin/pip install x", VENV_TARGET),
        ("RUN uv venv /opt/venv\nENV PATH=/opt/venv/bin:$PATH\nRUN pip install x", None),  # there is no pip in it
        ("RUN uv venv --seed /opt/venv\nENV PATH=/opt/venv/bin:$PATH\nRUN pip install x", VENV_TARGET),
        ("ENV UV_VENV_SEED=1\nRUN uv venv /opt/venv\nENV PATH=/opt/venv/bin:$PATH\nRUN pip install x", VENV_TARGET),
        ("RUN uv venv /opt/venv\nENV PATH=/opt/venv/bin:$PATH\nRUN uv pip install pip\nRUN pip install x", VENV_TARGET),
        ("RUN python -m venv --without-pip /opt/venv\nENV PATH=/opt/venv/bin:$PATH\nRUN pip install x", None),
        ("ENV PATH=/opt/venv/bin:$PATH\nRUN pip install x", None),  # nobody made it here
        ("ARG V\nENV PATH=$V/bin:$PATH\nRUN pip install x", None),
        ("RUN . $V/bin/activate && pip install x", None),
        ("ENV PATH=/root/.local/bin:$PATH\nRUN pip install x", SYSTEM),
        ("ARG V\nRUN $V/bin/pip install x", None),
        ("ARG V\nRUN python -m venv ${V} && $V/bin/pip install x", Target("venv", "$V")),
        ('ARG V\nRUN uv venv $V/a\nRUN "${V}/a/bin/python" -m pip install x', Target("venv", "$V/a")),
        ('ARG V\nRUN python -m venv ${V}\nRUN uv pip install --python "$V/bin/python" x', Target("venv", "$V")),
        ("ARG V\nRUN python -m venv ${V:-/opt} && ${V:-/opt}/bin/pip install x", None),
        ("RUN python -m venv ${V} && $V/bin/pip install x", None),
        ("FROM example/base\nRUN python -m venv ${V} && $V/bin/pip install x", Target("venv", "$V")),
    ],
)
def test_where_pip_installs(lines: str, expected: Target | None) -> None:
    assert target(f"{PYTHON}{lines}\n") == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("RUN uv pip install x", NOWHERE),
        ("RUN uv pip install --system x", SYSTEM),
        ("ENV UV_SYSTEM_PYTHON=1\nRUN uv pip install x", SYSTEM),
        ("ENV UV_SYSTEM_PYTHON=0\nRUN uv pip install x", NOWHERE),
        ("RUN uv pip install --system --python python3.11 x", Target("system", "3.11")),
        ("RUN uv pip install --system --python 3.12 x", SYSTEM),
        ("RUN uv pip install --python /usr/local/bin/python x", Target("prefix", "/usr/local")),
        ("RUN uv pip install --python /usr/local x", Target("prefix", "/usr/local")),
        (VENV + "RUN uv pip install --python /opt/venv x", VENV_TARGET),
        (VENV + "RUN uv pip install --python /opt/venv/bin/python3 x", VENV_TARGET),
        (VENV + "RUN uv pip install -p /opt/venv x", VENV_TARGET),
        (VENV + "ENV UV_PYTHON=/opt/venv\nRUN uv pip install x", VENV_TARGET),
        (VENV + "ENV VIRTUAL_ENV=/opt/venv\nRUN uv pip install x", VENV_TARGET),
        (VENV + "ENV VIRTUAL_ENV=/opt/venv\nRUN uv pip install --system x", SYSTEM),  # silently another
        (VENV + "ENV VIRTUAL_ENV=/opt/venv UV_SYSTEM_PYTHON=1\nRUN uv pip install x", SYSTEM),
        (VENV + "ENV PATH=/opt/venv/bin:$PATH\nRUN uv pip install x", VENV_TARGET),
        (VENV + "ENV PATH=/opt/venv/bin:$PATH\nRUN uv pip install --system x", SYSTEM),
        (VENV + "RUN . /opt/venv/bin/activate && uv pip install x", VENV_TARGET),
        (VENV + "ENV UV_SYSTEM_PYTHON=1\nRUN uv pip install --python /opt/venv x", VENV_TARGET),
        (VENV + "RUN uv pip install x", NOWHERE),
        ("WORKDIR /app\nRUN uv venv && uv pip install x", Target("venv", "/app/.venv")),
        ("WORKDIR /app\nRUN uv venv\nWORKDIR /app/s\nRUN uv pip install x", Target("venv", "/app/.venv")),
        ("WORKDIR /app\nRUN uv venv\nWORKDIR /other\nRUN uv pip install x", NOWHERE),
        ("ARG P\nENV UV_PYTHON=$P\nRUN uv pip install x", None),
        ('RUN uv pip install --python "$(command -v python3)" x', Target("path")),
        ("RUN uv pip install --python $P x", None),
    ],
)
def test_where_uv_installs(lines: str, expected: Target | None) -> None:
    assert target(f"{PYTHON}{lines}\n") == expected


@pytest.mark.parametrize(
    ("base", "run", "expected"),
    [
        ("debian:12", "pip install x", SYSTEM),
        ("ubuntu:22.04", "pip3.10 install x", Target("system", "3.10")),
        ("example/unknown", "pip install x", Target("path")),
        ("example/unknown", "pip3.11 install x", Target("path", "3.11")),
        ("continuumio/miniconda3", "pip install x", Target("path")),
    ],
)
def test_bases(base: str, run: str, expected: Target) -> None:
    assert target(f"FROM {base}\nRUN {run}\n") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{PYTHON}{VENV}", {"/opt/venv"}),
        (f"{PYTHON}WORKDIR /w\nRUN python -m venv v\n", {"/w/v"}),
        (f"{PYTHON}RUN cd /x && python -m venv v\n", {"/x/v"}),
        (f"{PYTHON}RUN python -m venv --copies --prompt p /v\n", {"/v"}),
        (f"{PYTHON}RUN virtualenv --python=python3 /v\n", {"/v"}),
        (f"{PYTHON}RUN uv venv --python 3.12 /v\n", {"/v"}),
        (f"{PYTHON}WORKDIR /app\nRUN uv sync\n", {"/app/.venv"}),
        (f"{PYTHON}ENV UV_PROJECT_ENVIRONMENT=/v\nRUN uv sync\n", {"/v"}),
        (f"{PYTHON}RUN python -m venv $V\n", set()),
        (f"FROM python:3.12 AS a\n{VENV}FROM a\n", {"/opt/venv"}),
        (f"FROM python:3.12 AS a\n{VENV}{PYTHON}", set()),
        (f"FROM python:3.12 AS a\n{VENV}{PYTHON}COPY --from=a /opt/venv /opt/venv\n", {"/opt/venv"}),
        (f"FROM python:3.12 AS a\n{VENV}{PYTHON}COPY --from=0 /opt/venv /v\n", {"/v"}),
        (f"FROM python:3.12 AS a\n{VENV}{PYTHON}COPY --from=a /opt /opt\n", {"/opt/venv"}),
        (f"FROM python:3.12 AS a\n{VENV}{PYTHON}COPY --from=a / /\n", {"/opt/venv"}),
        (f"FROM python:3.12 AS a\n{VENV}{PYTHON}COPY --from=a /usr/lib /usr/lib\n", set()),
        (f"{PYTHON}COPY --from=example/other /opt/venv /opt/venv\n", {"/opt/venv"}),
        (f"{PYTHON}COPY venv /opt/venv\n", set()),
    ],
)
def test_environments_that_were_made_or_copied(text: str, expected: set[str]) -> None:
    assert environments.made_in(calls_of(f"{text}RUN pip list\n", "pip")[-1].step.stage) == expected
    assert environments.created(call(f"{text}RUN pip list\n")) == expected


def test_an_environment_that_is_made_later_is_not_there_yet() -> None:
    before = call(f"{PYTHON}RUN pip list\n{VENV}")
    assert environments.created(before) == set()
    assert environments.made_in(before.step.stage) == {"/opt/venv"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("RUN pip a", "root"),
        ("USER app\nRUN pip a", "app"),
        ("USER app\nRUN sudo pip a", "root"),
        ("ARG U\nUSER $U\nRUN pip a", None),
        ("USER app\nUSER 0\nRUN pip a", "0"),
    ],
)
def test_who_runs_it(lines: str, expected: str | None) -> None:
    found = call(f"{PYTHON}{lines}\n")
    assert environments.runs_as(found) == expected
    assert environments.root(found) == (expected in {"root", "0"})


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("useradd app", User("app", None, None, None)),
        ("useradd -m app", User("app", None, None, "/home/app")),
        ("useradd --create-home --uid 1000 --gid 999 app", User("app", "1000", "999", "/home/app")),
        ("useradd --uid=1000 --gid=999 app", User("app", "1000", "999", None)),
        ("useradd -ms /bin/bash -u 1000 app", User("app", "1000", None, "/home/app")),
        ("useradd -d /srv -m app", User("app", None, None, "/srv")),
        ("useradd -M -u 5 app", User("app", "5", None, None)),
        ("adduser --disabled-password --gecos '' app", User("app", None, None, "/home/app")),
        ("adduser -D -u 1000 -G users app", User("app", "1000", "users", "/home/app")),
        ("adduser --no-create-home app", User("app", None, None, None)),
        ("groupadd -g 999 app && useradd -r -g app app", User("app", None, "app", None)),
    ],
)
def test_accounts(run: str, expected: User) -> None:
    found = call(f"{PYTHON}RUN {run}\nUSER app\nRUN pip a\n")
    assert environments.users(found) == {"app": expected}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("RUN pip a", False),
        ("COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /uvx /bin/\nRUN pip a", True),
        ("COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /usr/local/bin/uv\nRUN pip a", True),
        ("RUN pip a\nCOPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /bin/", False),
        ("COPY --from=ghcr.io/astral-sh/uv:0.13.8 /licences /bin/\nRUN pip a", False),
        ("COPY uv /bin/\nRUN pip a", False),
        ("RUN --mount=from=ghcr.io/astral-sh/uv:0.13.8,source=/uv,target=/bin/uv pip a", True),
        ("RUN --mount=from=ghcr.io/astral-sh/uv:0.13.8,source=/uv,target=/bin/uv true\nRUN pip a", False),
        ("RUN pip install uv\nRUN pip a", True),
        ("RUN pip install 'uv>=0.5'\nRUN pip a", True),
        ("RUN pip install uv && pip a", True),
        ("RUN pip install uvicorn\nRUN pip a", False),
        ("RUN pipx install uv\nRUN pip a", False),
        ("RUN pipx install uv\nENV PATH=/root/.local/bin:$PATH\nRUN pip a", True),
        ("RUN curl -LsSf https://astral.sh/uv/install.sh | sh\nRUN pip a", False),
        ("RUN curl -LsSf https://astral.sh/uv/install.sh | sh\nENV PATH=/root/.local/bin:$PATH\nRUN pip a", True),
        ("RUN pip a && pip install uv", False),
    ],
)
def test_whether_uv_is_there(lines: str, expected: bool) -> None:
    found = next(one for one in calls_of(f"{PYTHON}{lines}\n", "pip") if one.verb == "a")
    assert environments.has_uv(found) == expected


def test_uv_comes_with_its_own_images_and_with_a_stage_that_is_continued() -> None:
    assert environments.has_uv(call("FROM ghcr.io/astral-sh/uv:python3.12-trixie\nRUN pip a\n"))
    copied = "FROM python:3.12 AS a\nCOPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /bin/\n"
    assert environments.has_uv(call(f"{copied}FROM a\nRUN pip a\n"))
    assert not environments.has_uv(call(f"{copied}FROM python:3.12\nRUN pip a\n"))


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("python:3.12-slim", "3.12"), ("python:3", "3"), ("python", ""), ("debian:12", "3.11"), ("ubuntu:22.04", "3.10"),
        ("ubuntu:jammy", "3.10"), ("debian:bookworm-slim", "3.11"), ("nvidia/cuda:12.4.0-base-ubuntu20.04", "3.8"),
        ("example/unknown", ""), ("ghcr.io/astral-sh/uv:python3.11-trixie", "3.11"),
    ],
)  # fmt: skip
def test_which_python_a_base_has(base: str, expected: str) -> None:
    assert interpreters.release(call(f"FROM {base}\nRUN pip a\n").step.stage) == expected
