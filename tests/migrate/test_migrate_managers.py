"""`uvlint migrate` on projects of Poetry and Pipenv, with the real uv and migrate-to-uv."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import zipfile

import pytest
from migrating import DOCKERFILE, PYTHON, Make, Run, pipfile, tables, tree, versions

pytest.importorskip("tomlkit")


POETRY = f"""[tool.poetry]
name = "service"
version = "0.1.0"
description = ""
authors = ["A <a@mail.example>"]
PACKAGE
[tool.poetry.dependencies]
python = "^{PYTHON}"
flask = "*"
gunicorn = {{ version = "*", optional = true }}

[tool.poetry.extras]
serve = ["gunicorn"]

[tool.poetry.group.test.dependencies]
pytest = "*"

[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""
POETRY_LOCK = """[[package]]
name = "flask"
version = "2.0.0"

[[package]]
name = "six"
version = "1.15.0"
"""


def test_poetry_keeps_its_versions_extras_and_groups(project: Make, migrate: Run) -> None:
    root = project({"pyproject.toml": POETRY.replace("PACKAGE", "package-mode = false"), "poetry.lock": POETRY_LOCK})
    ended = migrate()
    assert ended.status == 0, ended.err
    table = tables(root)
    assert versions(root) | {"gunicorn": ""} == {"flask": "2.0.0", "six": "1.15.0", "gunicorn": "", "pytest": "8.0.0"}
    assert table["project"]["optional-dependencies"] == {"serve": ["gunicorn"]}
    assert table["dependency-groups"]["test"] == ["pytest"]
    assert {"include-group": "test"} in table["dependency-groups"]["dev"]
    assert table["tool"]["uv"]["package"] is False
    assert "build-system" not in table
    assert not (root / "poetry.lock").exists()


@pytest.mark.parametrize(("files", "package"), [({}, False), ({"service/__init__.py": ""}, True)])
def test_poetry_keeps_its_package_mode(project: Make, migrate: Run, files: dict[str, str], package: bool) -> None:
    root = project({"pyproject.toml": POETRY.replace("PACKAGE", ""), "poetry.lock": POETRY_LOCK, **files})
    assert migrate().status == 0
    table = tables(root)
    assert ("build-system" in table) is package
    assert (table.get("tool", {}).get("uv", {}).get("package") is False) is not package
    if package:  # as Poetry found it: beside pyproject.toml
        assert table["tool"]["uv"]["build-backend"] == {"module-root": ""}


def test_poetry_code_without_an_init_is_built_as_before(project: Make, migrate: Run) -> None:
    root = project({"pyproject.toml": POETRY.replace("PACKAGE", ""), "service/main.py": ""})
    ended = migrate()
    assert ended.status == 0, ended.err
    assert tables(root)["tool"]["uv"]["build-backend"] == {"module-root": "", "namespace": True}
    subprocess.run([sys.executable, "-m", "uv", "build", "--wheel", "-q", "-o", "../built"], cwd=root, check=True)
    (built,) = (root.parent / "built").glob("*.whl")
    with zipfile.ZipFile(built) as file:
        assert "service/main.py" in file.namelist()


def test_poetry_code_that_cannot_be_built_is_declined(project: Make, migrate: Run) -> None:
    text = POETRY.replace("PACKAGE", 'packages = [{ include = "other" }]')
    root = project({"pyproject.toml": text})
    before = tree(root)
    ended = migrate()
    assert ended.status == 2
    assert "uv build" in ended.err
    assert tree(root) == before


def test_several_versions_in_poetrys_lock_stay(project: Make, migrate: Run) -> None:
    text = '[tool.poetry]\npackage-mode = false\n\n[tool.poetry.dependencies]\npython = ">=3.9"\nsix = "*"\n'
    lock = "".join(
        f'[[package]]\nname = "six"\nversion = "{version}"\nmarkers = "sys_platform {sign} \'win32\'"\n\n'
        for version, sign in (("1.15.0", "=="), ("1.16.0", "!="))
    )
    root = project({"pyproject.toml": text.replace('">=3.9"', f'">={PYTHON}"'), "poetry.lock": lock})
    ended = migrate()
    assert ended.status == 0, ended.err
    found = tomllib.loads((root / "uv.lock").read_text())["package"]
    assert sorted(one["version"] for one in found if one["name"] == "six") == ["1.15.0", "1.16.0"]


def test_an_empty_list_of_dependencies_loses_none_of_poetrys(project: Make, migrate: Run) -> None:
    text = f'[project]\nname = "a"\nversion = "1"\nrequires-python = ">={PYTHON}"\ndependencies = []\n\n[tool.poetry]\npackage-mode = false\n\n[tool.poetry.dependencies]\nsix = "1.15.0"\n'
    root = project({"pyproject.toml": text})
    ended = migrate()
    assert ended.status == 0, ended.err
    assert versions(root) == {"six": "1.15.0"}


def test_other_callers_of_poetry_are_told(project: Make, migrate: Run) -> None:
    project(
        {
            "pyproject.toml": POETRY.replace("PACKAGE", "package-mode = false"),
            "poetry.lock": POETRY_LOCK,
            "Makefile": "test:\n\tpoetry run pytest\n",
        }
    )
    ended = migrate()
    assert ended.status == 0
    assert "note: Makefile:2 still runs poetry" in ended.err


def test_pipenv_keeps_its_versions(project: Make, migrate: Run) -> None:
    lock = {
        "_meta": {"hash": {"sha256": "0"}, "pipfile-spec": 6, "requires": {}, "sources": []},
        "default": {"flask": {"version": "==2.0.0"}, "six": {"version": "==1.15.0"}},
        "develop": {"pytest": {"version": "==8.0.0"}},
    }
    root = project({"Pipfile": pipfile(), "Pipfile.lock": json.dumps(lock)})
    ended = migrate()
    assert ended.status == 0, ended.err
    table = tables(root)
    assert table["project"]["name"] == "service"
    assert table["dependency-groups"] == {"dev": ["pytest"]}
    assert versions(root) == {"flask": "2.0.0", "six": "1.15.0", "pytest": "8.0.0"}
    assert sorted(tree(root)) == ["pyproject.toml", "uv.lock"]


def test_a_pipfile_that_names_no_python_takes_the_images(project: Make, migrate: Run) -> None:
    text = pipfile().partition("[requires]")[0]
    root = project({"Pipfile": text, ".python-version": f"{PYTHON}.1\n"})
    ended = migrate()
    assert ended.status == 0, ended.err
    assert tables(root)["project"]["requires-python"] == f">={PYTHON}"


def test_an_index_that_packages_name_stays(project: Make, migrate: Run) -> None:
    text = pipfile('six = { version = "*", index = "my own" }\n')
    text = text.replace('name = "pypi"', 'name = "my own"')
    root = project({"Pipfile": text})
    ended = migrate()
    assert ended.status == 0, ended.err
    assert tables(root)["tool"]["uv"]["sources"] == {"six": {"index": "my-own"}}


def test_settings_for_uvlint_hold_for_the_dockerfile(project: Make, migrate: Run) -> None:
    root = project(
        {
            "requirements.txt": "six\n",
            "Dockerfile": DOCKERFILE,
            "uvlint.toml": 'uv-image = "registry.example/mirror/uv"\n',
        }
    )
    ended = migrate()
    assert ended.status == 0, ended.err
    assert "registry.example/mirror/uv" in (root / "Dockerfile").read_text()
