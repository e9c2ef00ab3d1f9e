"""Services in one stage, fixed into two: the same packages, the same user, the same answer, and a smaller image."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest
from harness import everywhere, fixed

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Engine

pytestmark = pytest.mark.engine

ASK = """\
import time, urllib.request
for _ in range(200):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:8000/", timeout=5).read().decode())
        break
    except OSError:
        time.sleep(0.1)
"""
"""Asks the service in its own container until it answers."""

FLASK = """\
import getpass, flask
app = flask.Flask(__name__)
@app.get("/")
def home():
    return "served by " + getpass.getuser()
"""

PROJECT = """\
[build-system]
requires = ["setuptools==80.9.0"]
build-backend = "setuptools.build_meta"

[project]
name = "greeter"
version = "1.0"
dependencies = ["six==1.17.0"]
scripts = { greet = "greeter:main" }

[tool.setuptools]
py-modules = ["greeter"]
"""

DJANGO_SETTINGS = """\
import pathlib
SECRET_KEY = "for tests"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.staticfiles", "django.contrib.contenttypes", "django.contrib.auth"]
ROOT_URLCONF = "site_urls"
STATIC_URL = "/static/"
STATIC_ROOT = pathlib.Path("/srv/site/collected")
STATICFILES_DIRS = [pathlib.Path("/srv/site/assets")]
"""

DJANGO_URLS = """\
import pathlib
from django.http import HttpResponse
from django.urls import path
def home(request):
    pathlib.Path("uploads/one").write_text("written")
    return HttpResponse("collected: " + ", ".join(sorted(one.name for one in pathlib.Path("collected").iterdir())))
urlpatterns = [path("", home)]
"""

MANAGE = """\
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""


class Case(NamedTuple):
    """A Dockerfile in its context; what its container says: over HTTP (`asks`), or what it prints."""

    dockerfile: str
    files: dict[str, str]
    says: str
    asks: bool = False
    gone: tuple[str, ...] = ("uv",)


CASES = {
    "flask": Case(
        """\
FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
EXPOSE 8000
CMD ["gunicorn", "--bind", "127.0.0.1:8000", "app:app"]
""",
        {"requirements.txt": "flask==3.1.0\ngunicorn==23.0.0\n", "app.py": FLASK},
        "served by root",
        asks=True,
        gone=("uv", "gcc"),
    ),
    "a library linked to": Case(
        """\
FROM python:3.12-slim-bookworm
RUN apt-get update \\
    && apt-get install -y --no-install-recommends \\
        gcc \\
        libc6-dev \\
        libpq-dev \\
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv
RUN pip install --no-cache-dir psycopg2==2.9.10
COPY main.py .
ENTRYPOINT ["python", "main.py"]
""",
        {"main.py": "import psycopg2\nprint(psycopg2.__version__.split()[0], psycopg2.__libpq_version__ > 0)\n"},
        "2.9.10 True",
        gone=("uv", "gcc", "pg_config"),
    ),
    "collectstatic, as a user": Case(
        """\
FROM python:3.12
RUN useradd --create-home --uid 1000 web
WORKDIR /srv/site
COPY requirements.txt ./
RUN pip install -r requirements.txt
COPY . .
RUN python manage.py collectstatic --noinput
RUN mkdir uploads && chown -R web:web /srv/site
USER web
CMD ["gunicorn", "-b", "127.0.0.1:8000", "django.core.wsgi:get_wsgi_application()"]
""",
        {
            "requirements.txt": "django==5.1.4\ngunicorn==23.0.0\n",
            "manage.py": MANAGE,
            "site_settings.py": DJANGO_SETTINGS,
            "site_urls.py": DJANGO_URLS,
            "assets/style.css": "body {}\n",
            "gunicorn.conf.py": "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'site_settings'\n",
        },
        "collected: style.css",
        asks=True,
    ),
    "a project": Case(
        """\
FROM python:3.11-slim
WORKDIR /src
RUN apt-get update && apt-get install -y git make
COPY . .
RUN pip install .
WORKDIR /
ENTRYPOINT ["greet"]
""",
        {
            "pyproject.toml": PROJECT,
            "greeter.py": "def main():\n    import six, pkg_resources\n    print('hello', six.__version__)\n",
        },
        "hello 1.17.0",
        gone=("uv", "make"),
    ),
    "build tools for one RUN": Case(
        """\
FROM python:3.12-slim
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev media-types \\
    && pip install --no-cache-dir pyahocorasick==2.1.0 --no-binary pyahocorasick \\
    && apt-get purge -y gcc libc6-dev && apt-get autoremove -y && rm -rf /var/lib/apt/lists/*
CMD ["python", "-c", "import ahocorasick, os; print(os.path.exists('/etc/mime.types'))"]
""",
        {},
        "True",
    ),
    "an environment of its own": Case(
        """\
FROM python:3.12-slim AS app
RUN apt-get update && apt-get install -y gcc
RUN python -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH"
COPY requirements.txt /tmp/
RUN pip install -r /tmp/requirements.txt
COPY app.py /srv/
WORKDIR /srv
CMD ["gunicorn", "-b", "127.0.0.1:8000", "app:app"]
""",
        {"requirements.txt": "flask==3.1.0\ngunicorn==23.0.0\n", "app.py": FLASK},
        "served by root",
        asks=True,
        gone=("uv", "gcc"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_image_serves_as_before_and_is_smaller(engine: Engine, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    for path, text in case.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(case.dockerfile)
    before = engine.build(tmp_path, case.dockerfile)
    text = fixed(dockerfile, "--unsafe-fixes")
    assert "FROM" in text.partition(" AS build")[2], text
    after = engine.build(tmp_path, text)
    assert answer(engine, before, asks=case.asks) == case.says
    assert answer(engine, after, asks=case.asks) == case.says, text
    assert everywhere(engine.packages(after)) == everywhere(engine.packages(before))
    was, now = engine.inspect(before), engine.inspect(after)
    assert now[:6] == was[:6]
    assert [engine.run(after, ["sh", "-c", f"command -v {program} || echo none"]).strip() for program in case.gone] == [
        "none" for _ in case.gone
    ]
    was_size, now_size = size(engine, before) / 1e6, size(engine, after) / 1e6
    assert now_size < was_size
    sys.stdout.write(f"\n{name}: {was_size:.0f} MB, {now_size:.0f} MB in two stages\n")


def answer(engine: Engine, image: str, *, asks: bool) -> str:
    """What a container of the image prints; or what it answers when it is asked over HTTP."""
    if not asks:
        return engine.docker("run", "--rm", "--network", "none", image).strip()
    container = engine.docker("run", "--detach", "--network", "none", image).strip()
    try:
        return engine.docker("exec", container, "python", "-c", ASK).strip()
    finally:
        engine.docker("rm", "--force", container)


def size(engine: Engine, image: str) -> int:
    return int(engine.docker("image", "inspect", "--format", "{{.Size}}", image))
