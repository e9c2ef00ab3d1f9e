"""What may be moved past what: sources that are copied to /app, and the steps behind them."""

from __future__ import annotations

import pytest

from reading import built
from uvlint import engine, independence
from uvlint.config import Settings
from uvlint.context import Context
from uvlint.diagnostics import Diagnostic, Safety
from uvlint.source import Source

FILES = {"requirements.txt": "flask\n", "app.py": "", "src/app.py": ""}


def needs(run: str, before: str = "", folder: str = "/app") -> str:
    """What in a step behind `COPY . /app` may need the sources."""
    build = built(f"FROM python:3.12\nWORKDIR /app\n{before}\nCOPY . {folder}\n{run}\n", FILES)
    return independence.needs(build.stages[-1].steps[-1], [folder])


@pytest.mark.parametrize(
    "command",
    [
        "apt-get update && apt-get install -y gcc=4:12* && rm -rf /var/lib/apt/lists/*",
        "apt-get install -y $PACKAGES",
        "apk add --no-cache --virtual .build-deps gcc",
        "apt-get update > /dev/null 2>&1",
        "echo 'deb http://example.org/debian stable main' > /etc/apt/sources.list.d/x.list",
        "groupadd -r web && useradd -r -g web -d /srv/web web",
        "mkdir -p /app /data && chmod 700 /data && chown web:web /data",
        "cd /app && pip install -r requirements.txt",
        "cd /tmp && wget https://example.org/x.tgz && tar xzf x.tgz && rm x.tgz",
        "curl -LsSf https://example.org/install.sh | sh -s -- --yes",
        "curl -sSL https://example.org/install.sh -o /tmp/install.sh && sh /tmp/install.sh",
        "wget -qO- https://example.org/key.asc | gpg --dearmor > /usr/share/keyrings/x.gpg",
        "python --version && pip --version && uv --version",
        "pip config set global.timeout 60 && pip cache purge && pip list",
        "pipx install poetry",
        "uv pip uninstall --system six && uv cache clean && uv pip list",
        "uv tool install ruff",
        "uv venv --python 3.12 /opt/venv",
        "python -m venv /opt/venv && . /opt/venv/bin/activate && pip install flask",
        "/opt/venv/bin/pip install flask",
        "pip install 'flask[async]>=3' \"gunicorn==$VERSION\" git+https://example.org/x.git",
        "pip install --find-links https://example.org/ --find-links /wheels flask",
        "pip install --target /opt/lib --cache-dir=/tmp/pip flask",
        'if [ "$DEV" = "1" ]; then pip install pytest; fi',
        "for name in flask six; do echo $name; done; pip install flask six",
        "install_all() { apt-get install -y gcc; }; install_all",
        "rm -rf ~/.cache/pip /tmp/$NAME",
        "sh -c 'pip install flask'",
        "sudo apt-get install -y gcc",
        "PIP_NO_INPUT=1 pip install flask",
        "NAME=value",
    ],
)
def test_what_has_no_use_for_the_sources(command: str) -> None:
    assert needs(f"RUN {command}", "ENV PACKAGES=gcc\nARG VERSION NAME name=six") == ""


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("make", "`make` in between may need them"),
        ("./setup.sh", "`./setup.sh` in between is one of them"),
        ("/app/setup.sh", "`/app/setup.sh` in between is one of them"),
        ("sh setup.sh", "may need them"),
        ("bash /app/setup.sh", "may need them"),
        ("python manage.py migrate", "`python manage.py migrate` in between may need them"),
        ("python -c 'import app'", "may need them"),
        ("$TOOL install", "may need them"),
        ("apt-get install -y ./x.deb", "may need them"),
        ("apt-get install -y $(cat packages.txt)", "`cat packages.txt` in between may need them"),
        ("xargs apt-get install < packages.txt", "`packages.txt` in between lies in the folder"),
        ("sort < $LIST", "isn't known"),
        ("pip freeze > requirements.txt", "`requirements.txt` in between lies in the folder"),
        ("cat requirements.txt", "may need them"),
        ("grep -v six requirements.txt > /tmp/r.txt", "may need them"),
        ("cp -r . /srv", "may need them"),
        ("rm -rf tests", "may need them"),
        ("rm -rf /", "may need them"),
        ("chmod +x entrypoint.sh", "may need them"),
        ("chown -R web /app", "may need them"),
        ("mkdir logs", "may need them"),
        ("rm -rf $SOMETHING", "may need them"),
        ("cd src && pip install flask", "may need them"),
        ("wget https://example.org/x.tgz", "may need them"),
        ("curl -O https://example.org/x.tgz", "may need them"),
        ("curl https://example.org/x -o x", "may need them"),
        ("[ -f requirements.txt ] && pip install flask", "may need them"),
        ("useradd -m -d /app web", "may need them"),
        ("pip wheel -r requirements.txt", "may need them"),
        ("pip download flask", "may need them"),
        ("uv sync", "may need them"),
        ("uv venv", "may need them"),
        ("uv venv --python 3.12", "may need them"),
        ("uv export", "may need them"),
        ("uv pip compile requirements.in", "may need them"),
        ("python -m venv .venv", "makes its environment in the folder"),
        ("virtualenv /app/venv", "makes its environment in the folder"),
        ("pip install .", "builds the project from them"),
        ("pip install -e '.[dev]'", "builds the project from them"),
        ("pip install dist/app.whl", "`dist/app.whl` in `pip install dist/app.whl` lies in the folder"),
        ("pip install app.whl", "lies in the folder"),
        ("pip install -f wheels flask", "lies in the folder"),
        ("pip install --target=lib flask", "lies in the folder"),
        ("uv pip install --target lib flask", "lies in the folder"),
        ('pip install "x$WHAT"', "is only known when the image is built"),
        ('pip install "$WHAT"', "can't be read"),
        ("pip install $WHAT", "the options of `pip install $WHAT` can't be read"),
        ("PIP_CONSTRAINT=c.txt pip install flask", "PIP_CONSTRAINT names a file"),
        ("export VIRTUAL_ENV=/app/venv && uv pip install flask", "installs into the folder"),
        ("PATH=/app/bin:$PATH pip install flask", "PATH leads `pip install flask` into the folder"),
        ("if true; do", "can't be read"),
    ],
)
def test_what_may_need_the_sources(command: str, why: str) -> None:
    assert why in needs(f"RUN {command}")


@pytest.mark.parametrize(
    ("run", "before", "folder", "why"),
    [
        ("RUN --mount=type=cache,target=/app/.cache pip install flask", "", "/app", "a mount lies in the folder"),
        ("RUN --mount=type=cache,target=.cache pip install flask", "", "/app", "a mount lies in the folder"),
        ("RUN --mount=type=cache,target=/root/.cache/pip pip install flask", "", "/app", ""),
        ("RUN --mount=type=bind,target=/app pip install flask", "", "/app", ""),
        ("RUN --mount=type=secret,id=x pip install flask", "", "/app", ""),
        ("ONBUILD RUN pip install flask", "", "/app", "ONBUILD stands in between"),
        ("RUN useradd web", "", "/home/web/app", "may make the folder"),
        ("RUN pip install flask", "USER web", "/home/web", "installs below HOME"),
        ("RUN pip install flask", "RUN useradd -m web\nUSER web", "/srv", ""),
        ("RUN pip install flask", "ENV PATH=/app/venv/bin:$PATH", "/app", "into the folder"),
        ("RUN pip install flask", "ENV UV_CONFIG_FILE=/app/uv.toml", "/app", "UV_CONFIG_FILE names a file"),
        ('RUN ["pip", "install", "flask"]', "", "/app", ""),
        ('RUN ["make"]', "", "/app", "`make` in between may need them"),
        ("RUN <<EOF\npip install flask\nmake\nEOF", "", "/app", "`make` in between may need them"),
        ("RUN x", 'SHELL ["pwsh"]', "/app", "`x` in between can't be read"),
    ],
)
def test_what_a_step_brings_with_it_counts(run: str, before: str, folder: str, why: str) -> None:
    reason = needs(run, before, folder)
    assert why in reason
    assert bool(why) == bool(reason)


def test_a_netrc_among_the_sources_is_read_from_home() -> None:
    text = "FROM python:3.12\nWORKDIR /root\nCOPY . .\nRUN pip install flask\n"
    reasons = []
    for files in (FILES, {**FILES, ".netrc": ""}):
        run = built(text, files).stages[0].steps[-1]
        reasons.append(independence.needs(run, ["/root"]))
    assert reasons == ["", ".netrc in HOME comes with them"]


# Whole files -----------------------------------------------------------------------------------------------------------


def findings(text: str, files: dict[str, str] | None = FILES) -> list[Diagnostic]:
    seen = None if files is None else Context.of(files)
    source = Source(f"FROM python:3.12\n{text}\n")
    return engine.check(source, Settings(select=("copy-before-install",)), context=seen)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("COPY . .\nRUN pip install -r requirements.txt", "they are copied to /, where anything may need them"),
        ("COPY . /app\nVOLUME /app\nRUN pip install -r /app/requirements.txt", "VOLUME stands in between"),
        ("COPY . /app\nRUN pip install -r /app/other.txt", "`/app/other.txt` was not found in the build context"),
        (
            "WORKDIR /app\nCOPY src src\nWORKDIR /srv\nRUN pip install flask",
            "WORKDIR changes in between: copy them to an absolute path",
        ),
        ("ENV A=/app\nCOPY src $A\nARG A\nRUN pip install flask", "A changes in between"),
        ("COPY . /app\nRUN cd /app && pip install flask", "`cd /app` needs the folder that they make"),
        (
            "COPY src /opt/app\nCOPY --from=node:22 /usr /opt/\nRUN pip install flask",
            "`COPY /usr /opt/` in between may put files in the same folder",
        ),
        (
            "COPY . /app\nCOPY requirements-dev.txt /app/requirements.txt\nRUN pip install -r /app/requirements.txt",
            "`COPY requirements-dev.txt /app/requirements.txt` in between puts its files over theirs",
        ),
        (
            "COPY app.py requirements.txt /app/\nRUN make\nRUN pip install -r /app/requirements.txt",
            "`make` in between may need them",
        ),
        (
            "COPY . /app\nRUN poetry install",
            "copy pyproject.toml and poetry.lock first, run `poetry install --no-root`, then copy the rest",
        ),
        (
            "COPY . /app\nRUN pipenv sync --system",
            "copy Pipfile and Pipfile.lock first, and the rest below the install",
        ),
    ],
)
def test_where_nothing_can_be_moved_help_says_why(text: str, reason: str) -> None:
    files = {**FILES, "requirements-dev.txt": ""}
    assert [(one.fix, one.help) for one in findings(text, files)] == [(None, reason)]


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("COPY . /app\nRUN pip install flask", []),
        (
            "COPY . /app\nRUN pip install -r /app/r.txt -c /app/c.txt",
            [
                "`r.txt` was not looked into: it may name other files",
                "`c.txt` was not looked into: it may name other files",
            ],
        ),
        (
            "COPY src /app\nCOPY requirements.txt /app/\nRUN pip install -r /app/requirements.txt",
            [
                "`requirements.txt` was not looked into: it may name other files",
                "`src/requirements.txt`, if there is one, comes over `requirements.txt`",
            ],
        ),
        (
            "COPY requirements.txt /app/\nCOPY src /app\nRUN pip install -r /app/requirements.txt",
            [
                "`requirements.txt` was not looked into: it may name other files",
                "`src/requirements.txt`, if there is one, is no longer what it reads",
            ],
        ),
    ],
)
def test_without_a_context_the_fix_is_unsafe_and_its_note_says_what_was_not_seen(text: str, notes: list[str]) -> None:
    (found,) = findings(text, None)
    assert found.fix is not None
    assert found.fix.note.split("; ") == (notes or [""])
    assert found.fix.safety is (Safety.UNSAFE if notes else Safety.SAFE)


@pytest.mark.parametrize(
    "text",
    [
        "COPY app.py /app/\nRUN pip install --upgrade pip wheel",
        "COPY . /app\nRUN pipenv install flask",
        "COPY . /app\nRUN poetry --version",
        "COPY . /app\nRUN make\nRUN pip install flask",
        "COPY . /app\nRUN uv sync\nRUN pip install -r /other/requirements.txt",
        "COPY scripts/x.py /x.py\nRUN pip install flask",
        "COPY *.sh /app/\nRUN pip install flask",
        "ADD https://example.org/app /app\nRUN pip install flask",
        "COPY . /etc\nRUN pip install flask",
        "RUN pip install flask\nCOPY . /app",
    ],
)
def test_nothing_is_said_where_there_is_nothing_to_say(text: str) -> None:
    assert findings(text) == []
