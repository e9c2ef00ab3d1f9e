"""The options of Poetry and Pipenv, as far as they decide on what is installed."""

from __future__ import annotations

from uvlint.tools.options import Table, table

_POETRY = """
-n --no-interaction --no-ansi --ansi --no-plugins | - | | drop
-q --quiet                           | - |                   | drop
-v -vv -vvv --verbose                | - |                   | drop
--no-cache                           | - |                   | drop
-C --directory -P --project          | = | directory         | keep
-h --help -V --version               | - | nothing           | drop
"""

POETRY_INSTALL: Table = table(
    _POETRY
    + """
--only                               | = | only              | keep
--with                               | = | with              | keep
--without                            | = | without           | keep
--no-dev                             | - | no-dev            | keep
--dev-only                           | - | dev-only          | keep
--no-root                            | - | no-root           | keep
--only-root                          | - |                   | block  | | uv installs no project without what it depends on
--no-directory                       | - |                   | block  | | `--no-directory` leaves local projects out
-E --extras                          | = | extras            | keep
--all-extras                         | - | all-extras        | keep
--all-groups                         | - | all-groups        | keep
--sync --remove-untracked            | - |                   | drop
--compile                            | - |                   | drop
--dry-run                            | - |                   | block  | | it installs nothing
"""
)
"""The options of `poetry install` and `poetry sync`, and those that Poetry takes before the word."""

POETRY_EXPORT: Table = table(
    _POETRY
    + """
-f --format                          | = | format            | drop
-o --output                          | = | output            | keep
--without-hashes --without-urls      | - |                   | drop
--only                               | = | only              | keep
--with                               | = | with              | keep
--without                            | = | without           | keep
--dev                                | - | dev               | keep
-E --extras                          | = | extras            | keep
--all-extras                         | - | all-extras        | keep
--all-groups                         | - | all-groups        | keep
--with-credentials                   | - |                   | drop
"""
)
"""The options of `poetry export`."""

PIPENV_INSTALL: Table = table("""
--system                             | - | system            | keep
--deploy --ignore-pipfile            | - |                   | drop
-d --dev                             | - | dev               | keep
--dev-only                           | - | dev-only          | keep
--categories                         | = | categories        | keep
--clear --keep-outdated --bare       | - |                   | drop
-v --verbose -q --quiet              | - |                   | drop
--three --site-packages --no-site-packages | - |             | drop
--python                             | = |                   | drop
--skip-lock                          | - |                   | block  | | `--skip-lock` passes the lock file over
-e --editable -r --requirements      | = |                   | block  | | it installs something beside what is locked
--extra-pip-args --pypi-mirror -i --index | = |              | block  | | it has pip look elsewhere than the lock file says
--pre --selective-upgrade            | - |                   | block  | | it may install something else than what is locked
-h --help --version                  | - | nothing           | drop
""")
"""The options of `pipenv install` and `pipenv sync`, and those that Pipenv takes before the word."""

PIPENV_EXPORT: Table = table("""
-r --requirements                    | - | export            | keep
-d --dev                             | - | dev               | keep
--dev-only                           | - | dev-only          | keep
--categories                         | = | categories        | keep
--hash --exclude-markers --keep-outdated | - |               | drop
-v --verbose -q --quiet --clear      | - |                   | drop
-h --help --version                  | - | nothing           | drop
""")
"""The options of `pipenv requirements` and of the older `pipenv lock -r`."""
