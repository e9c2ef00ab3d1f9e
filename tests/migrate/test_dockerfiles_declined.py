"""Dockerfiles that are left as they are, and why."""

from __future__ import annotations

import pytest
from moved_projects import PIPENV, REQUIREMENTS, moved


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "FROM example.com/base\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n",
            "may have packages of its own",
        ),
        ("FROM python:3.7\nCOPY . .\nRUN pip install -r requirements.txt\n", "uv needs Python 3.8 or later"),
        (
            "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt flask\n",
            "`flask` is installed with the project",
        ),
        (
            "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\nRUN pip install flask\n",
            "`flask` is installed beside",
        ),
        (
            "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\nRUN pip uninstall -y six\n",
            "`pip uninstall` works on",
        ),
        (
            "FROM python:3.12\nCOPY . .\nRUN if true; then pip install -r requirements.txt; fi\n",
            "it is run in a branch",
        ),
        ("FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt || true\n", "depends on whether it succeeds"),
        (
            "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt --target /x\n",
            "`--target` has no counterpart",
        ),
        ("FROM python:3.12\nCOPY . .\nONBUILD RUN pip install -r requirements.txt\n", "builds of other images"),
        (
            "FROM python:3.12\nCOPY . .\nRUN pip install -i https://a.example/simple -r requirements.txt\n",
            "`https://a.example/simple` isn't an index of the project",
        ),
        (
            "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\nRUN python -m spacy download en\n",
            "it calls pip, which the project's environment doesn't have",
        ),
        (
            'FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\nCMD ["/usr/local/bin/gunicorn"]\n',
            "`/usr/local/bin/gunicorn` is of the image's own Python",
        ),
        (
            (
                "FROM python:3.12\nCOPY . .\n"
                "RUN --mount=type=secret,id=pip,target=/etc/pip.conf pip install -r requirements.txt\n"
            ),
            "pip gets its configuration as a secret",
        ),
        (
            'FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\nCMD ["uwsgi"]\n',
            "its server has to be told",
        ),
        (
            "FROM debian:12\nRUN apt-get install -y python3-pip python3-yaml\nCOPY . .\nRUN pip install -r requirements.txt\n",
            "`python3-yaml` is a package of the system's Python",
        ),
        (
            "FROM python:3.12\nRUN apt-get update && apt-get install -y cron\nCOPY . .\nRUN pip install -r requirements.txt\n",
            "cron does not know the image's PATH",
        ),
    ],
)
def test_what_keeps_a_file_from_being_moved(text: str, reason: str) -> None:
    made = moved(text)
    assert made.text == text
    assert reason in made.reasons[0]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("poetry install --only-root", "no project without what it depends on"),
        ("poetry install --with docs", "the project has no group `docs`"),
        ("poetry add flask", "`poetry add` has no counterpart in uv"),
        ("poetry build", "`poetry build` has no counterpart in uv"),
        ("poetry install $OPTIONS", "`$OPTIONS` is not known before the build"),
    ],
)
def test_what_poetry_is_told_that_uv_can_not_be(command: str, reason: str) -> None:
    made = moved(f"FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN poetry install && {command}\n", kind="poetry")
    assert reason in made.reasons[0]


def test_a_script_that_starts_poetry_keeps_the_file_as_it_is() -> None:
    text = 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN poetry install\nENTRYPOINT ["./entrypoint.sh"]\n'
    made = moved(text, {"entrypoint.sh": "#!/bin/sh\n# poetry is there\nexec poetry run app\n"}, kind="poetry")
    assert made.reasons == ["line 5: `./entrypoint.sh` runs poetry"]
    made = moved(text, {"entrypoint.sh": "#!/bin/sh\n# no poetry run\nexec app\n"}, kind="poetry")
    assert made.reasons == []


def test_a_project_that_wants_another_python_is_not_moved() -> None:
    pyproject = '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.13"\ndependencies = ["six==1.16.0"]\n'
    made = moved(REQUIREMENTS, pyproject=pyproject)
    assert "3.13" in made.reasons[0]


def test_a_project_that_does_not_say_which_python_it_wants_is_not_moved() -> None:
    made = moved(REQUIREMENTS, pyproject='[project]\nname = "app"\nversion = "0"\ndependencies = ["six==1.16.0"]\n')
    assert "requires-python" in made.reasons[0]


def test_a_script_in_python_that_only_speaks_of_pipenv_does_not_matter() -> None:
    made = moved(PIPENV, {"main.py": 'print("pipenv", 1)\n'}, kind="pipenv")
    assert made.reasons == []
    made = moved(PIPENV, {"main.py": 'run(["pipenv", "run", "app"])\n'}, kind="pipenv")
    assert made.reasons == ["line 7: `main.py` runs pipenv"]
