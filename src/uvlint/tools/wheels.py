"""Python packages that install without a compiler, on any platform that uv's image is built for.

From the package index, 2026: those of Python alone, whichever release is asked for; those whose newest release comes in
wheels for Linux on amd64 and arm64; and for some of these the release that each Python has such wheels from. What they need
in turn is of the one or the other kind.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from uvlint.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Collection

_REQUIREMENT = regex(
    r"[\"']?(?P<name>[A-Za-z0-9][\w.-]*)(?:\[(?P<extras>[\w,. -]*)\])?\s*(?P<pin>[=<>~!][^;\"']*)?[\"']?\Z"
)
_PURE = frozenset(
    """
    alembic ansible asgiref attrs awscli bandit beautifulsoup4 blinker boto3 botocore bottle build cachetools celery
    certifi charset-normalizer click colorama coloredlogs cookiecutter dash datasette decorator dj-database-url
    django django-cors-headers django-environ django-filter django-storages djangorestframework docutils
    drf-spectacular email-validator execnet fabric faker fastapi filelock flake8 flask flask-cors flask-login
    flask-migrate flask-restful flask-sqlalchemy flask-wtf flit freezegun fsspec functions-framework google-api-core
    google-api-python-client google-auth google-cloud-bigquery google-cloud-datastore google-cloud-error-reporting
    google-cloud-firestore google-cloud-logging google-cloud-pubsub google-cloud-secret-manager google-cloud-storage
    google-cloud-tasks google-cloud-vision gunicorn h11 hatch hatchling httpx humanize hypothesis idna
    importlib-metadata invoke isort itsdangerous jinja2 jmespath joblib jsonschema kombu kubernetes mako markdown mkdocs
    mkdocs-material mkdocstrings mock mypy-extensions networkx nose2 oauthlib openai openapi-spec-validator
    packaging paho-mqtt passlib pathspec pelican pip pip-tools platformdirs pluggy poetry prometheus-client
    pycodestyle pyflakes pygments pyjwt pylint pymysql pyparsing pytest pytest-asyncio pytest-cov pytest-django
    pytest-mock pytest-xdist python-dateutil python-decouple python-dotenv python-json-logger python-magic python-multipart
    python-slugify pytz pyyaml-include redis requests requests-oauthlib responses rich sentry-sdk setuptools six
    slack-sdk sphinx sphinx-rtd-theme sqlparse starlette stevedore stripe structlog tabulate tenacity toml tomli tox
    tqdm twine typer typing-extensions tzdata urllib3 virtualenv waitress wcwidth werkzeug wheel whitenoise yamllint
    zipp
    """.split()  # noqa: SIM905 - so it can be read
)
_WHEELS = frozenset(
    """
    aiohttp asyncpg bcrypt black cffi cryptography duckdb frozenlist gevent greenlet grpcio grpcio-tools httptools
    lxml markupsafe matplotlib msgpack multidict mypy numpy orjson pandas pillow polars protobuf psutil
    psycopg2-binary pyarrow pydantic pydantic-core pymongo pyyaml rapidfuzz regex ruff scikit-learn scipy sqlalchemy
    streamlit tokenizers torch tornado ujson uv uvicorn uvloop watchfiles websockets yarl
    """.split()  # noqa: SIM905 - so it can be read
)

_EXTRAS = frozenset(
    """
    aiohttp[speedups] alembic[tz] celery[auth] celery[gevent] celery[msgpack] celery[redis] celery[sqlalchemy] celery[yaml]
    django[argon2] django[bcrypt] django-storages[azure] django-storages[boto3] django-storages[google] django-storages[s3]
    drf-spectacular[sidecar] fastapi[all] fastapi[standard] flask[async] flask[dotenv] google-api-core[grpc]
    gunicorn[eventlet] gunicorn[gevent] gunicorn[setproctitle] httpx[http2] httpx[socks] kombu[redis] passlib[argon2]
    passlib[bcrypt] pydantic[email] pyjwt[crypto] pymongo[srv] pymysql[rsa] python-dotenv[cli] redis[hiredis]
    requests[security] requests[socks] sentry-sdk[celery] sentry-sdk[django] sentry-sdk[fastapi] sentry-sdk[flask]
    sqlalchemy[asyncio] starlette[full] typer[all] urllib3[secure] urllib3[socks] uvicorn[standard]
    """.split()  # noqa: SIM905 - so it can be read
)
"""Extras that ask for nothing but more of the same; others may bring anything, `sqlalchemy[postgresql]` psycopg2."""

_PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
_SINCE = """
    aiohttp          3.8.0       3.8.3       3.9.0      3.10.10    3.13.0
    bcrypt           4.0.0       4.0.0       4.0.0      4.0.0      4.0.0
    cffi             1.15.0      1.15.1      1.16.0     1.17.1     2.0.0
    cryptography     35.0.0      35.0.0      35.0.0     35.0.0     35.0.0
    greenlet         1.1.2       2.0.1       3.0.0      3.1.1      3.2.4
    grpcio           1.42.0      1.53.0      1.60.0     1.67.0     1.75.1
    httptools        0.5.0       0.5.0       0.6.1      0.6.4      0.7.1
    lxml             4.8.0       4.9.2       4.9.4      5.3.0      6.0.1
    markupsafe       2.1.0       2.1.2       2.1.3      3.0.2      3.0.3
    matplotlib       3.6.0       3.6.1       3.8.0      3.9.2      3.10.5
    msgpack          1.0.3       1.0.5       1.0.7      1.1.0      1.1.2
    numpy            1.21.3      1.23.2      1.26.0     2.1.0      2.3.2
    pandas           1.3.4       1.5.1       2.1.1      2.2.3      2.3.3
    pillow           8.4.0       9.3.0       10.1.0     11.0.0     12.0.0
    psutil           6.0.0       6.0.0       6.0.0      6.0.0      6.0.0
    psycopg2-binary  2.9.2       2.9.5       2.9.9      2.9.10     2.9.11
    pydantic-core    2.0.1       2.0.1       2.10.0     2.23.0     2.41.1
    pyyaml           6.0         6.0.1       6.0.1      6.0.2      6.0.3
    regex            2021.11.10  2022.10.31  2023.10.3  2024.9.11  2025.9.18
    scikit-learn     1.0.2       1.2.0       1.3.1      1.5.2      1.7.2
    scipy            1.7.2       1.9.2       1.11.2     1.14.1     1.16.1
    sqlalchemy       1.4.27      2.0.0       2.0.22     2.0.36     2.0.44
    tornado          6.2         6.2         6.2        6.2        6.2
    uvicorn          0.20.0      0.20.0      0.20.0     0.20.0     0.20.0
    uvloop           0.17.0      0.17.0      0.19.0     0.21.0     0.22.1
"""
"""Releases with wheels for each of `_PYTHONS`, for glibc 2.28 on amd64 and arm64, as uv found them on 21 November 2026; so have later ones.

Where the release before has none, it is the first; for some an older one may do.
"""

_LIMIT = regex(r"\s*(?P<operator>~=|==|>=|<=|!=|<|>)\s*(?P<release>\d+(?:\.\d+)*)(?:\.\*|\.?post\d+)?\s*\Z")


def there(requirement: str, python: str | None = None) -> bool:
    """Whether a line asks for a package that surely installs without a compiler.

    `python` is the CPython that it is for, such as "3.12", where that is known and the system has glibc.
    """
    name, pin = _read(requirement)
    return name in _PURE or (name in _WHEELS and (not pin or _late_enough(name, pin, python)))


def _read(requirement: str) -> tuple[str, str]:
    """The name and the specifiers that a line asks for; no name where it, or one of its extras, is none of those known."""
    match = _REQUIREMENT.match(requirement.strip())
    if match is None:
        return "", ""
    name = _normal(match["name"])
    extras = [_normal(one.strip()) for one in (match["extras"] or "").split(",") if one.strip()]
    return name if all(f"{name}[{one}]" in _EXTRAS for one in extras) else "", match["pin"] or ""


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _late_enough(name: str, pin: str, python: str | None) -> bool:
    """Whether all releases that specifiers allow have wheels, as far as the table knows."""
    since = _since().get((name, python))
    limits = [_LIMIT.match(part) for part in pin.split(",") if part.strip()]
    if since is None or None in limits:
        return False
    found = (_release(one["release"]) for one in limits if one and one["operator"] in {"==", "~=", ">=", ">"})
    return max(found, default=()) >= since


@cache
def _since() -> dict[tuple[str, str | None], tuple[int, ...]]:
    rows = (line.split() for line in _SINCE.splitlines() if line.strip())
    return {
        (name, python): _release(release)
        for name, *releases in rows
        for python, release in zip(_PYTHONS, releases, strict=True)
    }


def _release(text: str) -> tuple[int, ...]:
    """A release to compare: 6.0 is 6, so trailing zeros go."""
    parts = [int(one) for one in text.split(".")]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


_ELSEWHERE = frozenset(
    {
        *("black", "gevent", "lxml", "matplotlib", "mypy", "pillow", "psycopg2-binary", "pyarrow", "pyyaml"),
        *("scikit-learn", "scipy"),
    }
)
"""Those of `_WHEELS` that link to a library of the system where they are compiled, or may."""

_LINKED = {
    "mysqlclient": "libmariadb3",
    "psycopg2": "libpq5",
    "psycopg2-binary": "libpq5",
    "scikit-learn": "libgomp1",
}
"""Those that link to the library of one system package, and else to nothing that the slim images lack."""

_USED = {
    "ansible": ("openssh-client",),
    "ansible-core": ("openssh-client",),
    "cairocffi": ("libcairo2",),
    "cookiecutter": ("git",),
    "gitpython": ("git",),
    "opencv-contrib-python": ("libglib2.0-0", "libglib2.0-0t64"),
    "opencv-contrib-python-headless": ("libglib2.0-0", "libglib2.0-0t64"),
    "opencv-python": ("libglib2.0-0", "libglib2.0-0t64"),
    "opencv-python-headless": ("libglib2.0-0", "libglib2.0-0t64"),
    "psycopg": ("libpq5", "psycopg-binary"),
    "python-magic": ("libmagic1", "libmagic1t64", "file"),
    "wand": ("imagemagick", "libmagickwand-6.q16-6", "libmagickwand-7.q16-10"),
    "weasyprint": ("libpango-1.0-0", "libpangoft2-1.0-0"),
}
"""Those that load a library, or run a program, that the full images have and the slim ones lack, however they are installed; and
what each is content with: system packages, or another package."""

_FORTRAN = frozenset({"scipy"})
"""Those that are compiled with a Fortran compiler and a BLAS, neither of which the full Python images have: there it is a wheel,
which brings its libraries along, or no build."""


def carried(
    requirement: str,
    installed: Collection[str] = (),
    python: str | None = None,
    *,
    fortran: bool = True,
    built: bool = False,
) -> bool:
    """Whether what a line asks for runs on a slim Python image, be it a wheel or compiled where there are all headers.

    `installed` are the system packages that the image has besides, `python` is that of `there`; `fortran`: whether a Fortran
    compiler may have been there where it was installed. `built`: wheels may have been refused.
    """
    name, _ = _read(requirement)
    if not served(name, installed):
        return False
    if _LINKED.get(name) in installed or (name in _FORTRAN and not fortran):
        return True
    return (not built and there(requirement, python)) or name in _PURE or name in _WHEELS - _ELSEWHERE


def served(name: str, installed: Collection[str]) -> bool:
    """Whether the image has what a package is known to load or run; `installed` are the packages that it has."""
    return name not in _USED or not set(installed).isdisjoint(_USED[name])
