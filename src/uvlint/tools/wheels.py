"""Python packages that install without a compiler, on any platform that uv's image is built for.

From the package index, 2026: those of Python alone, whichever release is asked for, and those whose newest release comes in
wheels for Linux on amd64 and arm64. What they need in turn is of the one or the other kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Collection

_REQUIREMENT = regex(r"[\"']?(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[\w,. -]*\])?\s*(?P<pin>[=<>~!][^;\"']*)?[\"']?\Z")
_PURE = frozenset(
    """
    alembic ansible asgiref attrs awscli bandit beautifulsoup4 blinker boto3 botocore build cachetools celery
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
    pytest-mock pytest-xdist python-dateutil python-decouple python-dotenv python-json-logger python-multipart
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
    streamlit tokenizers torch ujson uv uvicorn uvloop watchfiles websockets yarl
    """.split()  # noqa: SIM905 - so it can be read
)


def there(requirement: str) -> bool:
    """Whether a line asks for a package that surely installs without a compiler."""
    match = _REQUIREMENT.match(requirement.strip())
    if match is None:
        return False
    name = match["name"].lower().replace("_", "-").replace(".", "-")
    return name in _PURE or (name in _WHEELS and not match["pin"])


_ELSEWHERE = frozenset(
    {
        *("black", "gevent", "lxml", "matplotlib", "mypy", "pillow", "psycopg2-binary", "pyarrow", "pyyaml"),
        *("scikit-learn", "scipy"),
    }
)
"""Those of `_WHEELS` that link to a library of the system where they are compiled, or may."""

_OPENMP = frozenset({"scikit-learn"})
"""Those that link to libgomp, and else to nothing that the slim images lack."""


_FORTRAN = frozenset({"scipy"})
"""Those that are compiled with a Fortran compiler and a BLAS, neither of which the full Python images have: there it is a wheel,
which brings its libraries along, or no build."""


def carried(requirement: str, installed: Collection[str] = (), *, fortran: bool = True) -> bool:
    """Whether what a line asks for runs on a slim Python image, be it a wheel or compiled where there are all headers.

    `installed` are the system packages that the image has besides; `fortran`: whether a Fortran compiler may have been there
    where it was installed.
    """
    match = _REQUIREMENT.match(requirement.strip())
    if match is None:
        return False
    name = match["name"].lower().replace("_", "-").replace(".", "-")
    if (name in _OPENMP and "libgomp1" in installed) or (name in _FORTRAN and not fortran):
        return True
    return there(requirement) or name in _PURE or name in _WHEELS - _ELSEWHERE
