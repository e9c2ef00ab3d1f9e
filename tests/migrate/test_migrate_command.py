"""`uvlint migrate`, with the real uv and migrate-to-uv and an index of this machine's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import package_index
import pytest

from uvlint import cli

pytest.importorskip("tomlkit")

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
DOCKERFILE = f"""FROM python:{PYTHON}-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
CMD ["python", "main.py"]
"""


class Outcome(NamedTuple):
    """What a run said and how it ended."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def index() -> Iterator[str]:
    with package_index.serve(package_index.PACKAGES) as url:
        yield url


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: str) -> Callable[..., Path]:
    """Makes a project of texts by path, and goes there; a.example is the index of this machine."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", index)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setenv("UV_PYTHON", sys.executable)

    def make(files: Mapping[str, str]) -> Path:
        root = tmp_path / "service"
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.replace("https://a.example/simple", index).encode())
        monkeypatch.chdir(root)
        return root

    return make


@pytest.fixture
def migrate(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def run(*arguments: str) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            cli.main(["migrate", *arguments])
        return Outcome(int(ended.value.code or 0), *capsys.readouterr())

    return run


Make = Callable[..., Path]
Run = Callable[..., Outcome]


def tree(root: Path) -> dict[str, bytes]:
    return {str(one.relative_to(root)): one.read_bytes() for one in sorted(root.rglob("*")) if one.is_file()}


def versions(root: Path) -> dict[str, str]:
    lock = tomllib.loads((root / "uv.lock").read_text())
    return {one["name"]: one.get("version", "") for one in lock["package"] if "registry" in one["source"]}


def tables(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())


# Requirements -------------------------------------------------------------------------------------------------------------


def test_requirements_become_a_locked_project(project: Make, migrate: Run) -> None:
    root = project(
        {
            "requirements.txt": "six==1.16.0  # the one we tested\n",
            "requirements-dev.txt": "-r requirements.txt\npytest\n",
            "Dockerfile": DOCKERFILE,
            "main.py": "import six\n",
        }
    )
    ended = migrate()
    assert ended.status == 0, ended.err
    assert sorted(tree(root)) == [".dockerignore", "Dockerfile", "main.py", "pyproject.toml", "uv.lock"]
    assert (root / "pyproject.toml").read_text() == (
        f'[project]\nname = "service"\nversion = "0.1.0"\nrequires-python = ">={PYTHON}"\n'
        'dependencies = [\n    "six==1.16.0", # the one we tested\n]\n\n'
        '[dependency-groups]\ndev = [\n    "pytest",\n]\n\n[tool.uv]\npackage = false\n'
    )
    assert versions(root) == {"six": "1.16.0", "pytest": "8.0.0"}
    assert "uv sync --locked --no-dev" in (root / "Dockerfile").read_text()
    assert "requirements.txt" not in (root / "Dockerfile").read_text()
    assert "requirements.txt" in ended.err
    assert "nothing else reads it" in ended.err


def test_the_lock_file_is_the_projects(project: Make, migrate: Run) -> None:
    root = project({"requirements.txt": "flask\n"})
    assert migrate("--python", PYTHON).status == 0
    subprocess.run([sys.executable, "-m", "uv", "lock", "--check"], cwd=root, check=True, capture_output=True)


def test_a_diff_can_be_applied_and_nothing_is_written(project: Make, migrate: Run) -> None:
    root = project({"requirements.txt": "six\r\nflask\r\n", "Dockerfile": DOCKERFILE})
    before = tree(root)
    ended = migrate("--diff")
    assert ended.status == 1, ended.err
    assert tree(root) == before
    assert "Would move the project" in ended.err
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "apply", "-p0", "-"], input=ended.out.encode(), check=True)
    assert not (root / "requirements.txt").exists()
    assert tables(root)["project"]["dependencies"] == ["six", "flask"]


def test_a_second_run_finds_a_uv_project(project: Make, migrate: Run) -> None:
    root = project({"requirements.txt": "six\n"})
    assert migrate("--python", PYTHON).status == 0
    before = tree(root)
    ended = migrate()
    assert (ended.status, ended.err) == (2, "error: this is a uv project already (uv.lock)\n")
    assert tree(root) == before


def test_what_was_compiled_keeps_its_versions(project: Make, migrate: Run) -> None:
    root = project(
        {
            "requirements.in": "flask\n",
            "requirements.txt": "# autogenerated by pip-compile\nflask==2.0.0\n    # via -r requirements.in\nsix==1.15.0\n    # via flask\n",
        }
    )
    assert migrate("--python", PYTHON).status == 0
    assert tables(root)["project"]["dependencies"] == ["flask"]
    assert versions(root) == {"flask": "2.0.0", "six": "1.15.0"}
    assert not (root / "requirements.in").exists()


def test_constraints_stay_constraints(project: Make, migrate: Run) -> None:
    root = project({"requirements.txt": "flask\n-c limits.txt\n", "limits.txt": "six<1.17\n"})
    assert migrate("--python", PYTHON).status == 0
    assert tables(root)["tool"]["uv"]["constraint-dependencies"] == ["six<1.17"]
    assert versions(root)["six"] == "1.16.0"


def test_groups_go_by_the_names_of_files(project: Make, migrate: Run) -> None:
    root = project(
        {
            "requirements/base.txt": "six\n",
            "requirements/prod.txt": "-r base.txt\ngunicorn\n",
            "requirements/test.txt": "-r base.txt\npytest\n",
            "requirements/local.txt": "-r base.txt\n-r test.txt\nflask\n",
        }
    )
    assert migrate("--python", PYTHON).status == 0
    assert tables(root)["project"]["dependencies"] == ["six", "gunicorn"]
    assert tables(root)["dependency-groups"] == {"dev": ["flask", {"include-group": "test"}], "test": ["pytest"]}


def test_local_projects_become_sources(project: Make, migrate: Run) -> None:
    library = '[project]\nname = "mine"\nversion = "1"\n'
    root = project({"requirements.txt": "-e ./libs/mine\n", "libs/mine/pyproject.toml": library})
    assert migrate("--python", PYTHON).status == 0
    assert tables(root)["tool"]["uv"]["sources"] == {"mine": {"path": "libs/mine", "editable": True}}
    assert 'editable = "libs/mine"' in (root / "uv.lock").read_text()


def test_what_a_dockerfile_names_beside_its_files_is_the_projects(project: Make, migrate: Run) -> None:
    text = DOCKERFILE.replace("-r requirements.txt", "gunicorn==22.0.0 -r requirements.txt")
    root = project({"requirements.txt": "six\n", "Dockerfile": text})
    ended = migrate()
    assert ended.status == 0, ended.err
    assert tables(root)["project"]["dependencies"] == ["six", "gunicorn==22.0.0"]
    assert versions(root)["gunicorn"] == "22.0.0"


LIBRARY = '[project]\nname = "mine"\nversion = "1"\n\n[build-system]\nrequires = []\nbuild-backend = "backend"\n'


def test_a_local_project_that_a_dockerfile_installs_beside_it_is_a_source(project: Make, migrate: Run) -> None:
    text = DOCKERFILE.replace("COPY . .", "COPY libs/mine libs/mine\nRUN pip install --no-deps ./libs/mine\nCOPY . .")
    root = project({"requirements.txt": "six\n", "libs/mine/pyproject.toml": LIBRARY, "Dockerfile": text})
    ended = migrate()
    assert ended.status == 0, ended.err
    assert tables(root)["project"]["dependencies"] == ["six", "mine"]
    assert tables(root)["tool"]["uv"]["sources"] == {"mine": {"path": "libs/mine"}}
    written = (root / "Dockerfile").read_text()
    assert "pip install" not in written
    last = written[written.rindex("uv sync") :].splitlines()[0]
    assert last == "uv sync --locked --no-dev --no-install-project"
    assert written.index("COPY libs/mine libs/mine") < written.rindex("uv sync")


def test_a_local_project_that_is_installed_after_the_others_are_used_is_declined(project: Make, migrate: Run) -> None:
    lines = "RUN python -m six\nCOPY libs/mine libs/mine\nRUN pip install ./libs/mine\nCOPY . ."
    files = {"requirements.txt": "six\n", "libs/mine/pyproject.toml": LIBRARY}
    root = project({**files, "Dockerfile": DOCKERFILE.replace("COPY . .", lines)})
    before = tree(root)
    ended = migrate()
    assert ended.status == 2
    assert "line 7: a local project is installed after others, which are used before it" in ended.err
    assert tree(root) == before


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("README.md", "Run `pip install -r requirements.txt`.\n"),
        (".github/workflows/ci.yml", "- run: pip install -r requirements.txt\n"),
        ("deploy/build.sh", "pip install -r requirements*.txt\n"),
    ],
)
def test_a_file_that_is_still_read_stays(project: Make, migrate: Run, path: str, text: str) -> None:
    root = project({"requirements.txt": "six\n", path: text})
    ended = migrate("--python", PYTHON)
    assert ended.status == 0
    assert (root / "requirements.txt").read_text() == "six\n"
    assert f"stays: {path}:1 names it" in ended.err
    assert "uv export" in ended.err


def test_a_comment_keeps_no_file(project: Make, migrate: Run) -> None:
    root = project({"requirements.txt": "six\n", "Makefile": "# was: pip install -r requirements.txt\n"})
    assert migrate("--python", PYTHON).status == 0
    assert not (root / "requirements.txt").exists()


def test_a_pyproject_keeps_its_bytes(project: Make, migrate: Run) -> None:
    mine = "# ours\n[tool.black]\nline-length=100   # wide\n\n\n\n[tool.isort]\nprofile = 'black'\n"
    root = project({"requirements.txt": "six\n", "pyproject.toml": mine})
    assert migrate("--python", PYTHON).status == 0
    text = (root / "pyproject.toml").read_text()
    assert mine in text
    assert tomllib.loads(text)["project"]["dependencies"] == ["six"]


def test_dependencies_that_a_backend_read_from_the_file_are_listed(project: Make, migrate: Run) -> None:
    root = project(
        {
            "requirements.txt": "six\n",
            "pyproject.toml": '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.9"\ndynamic = ["dependencies"]\n\n'
            '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n\n'
            '[tool.setuptools.dynamic]\ndependencies = { file = ["requirements.txt"] }\n',
        }
    )
    assert migrate().status == 0
    table = tables(root)
    assert table["project"]["dependencies"] == ["six"]
    assert "dynamic" not in table["project"]
    assert "setuptools" not in table.get("tool", {})


# Indexes --------------------------------------------------------------------------------------------------------------------


def test_credentials_are_in_no_file(project: Make, migrate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_DEFAULT_INDEX")
    with package_index.serve({"mine": ("1.0.0",), "six": ("1.16.0",)}, "reader:hunter2secret") as url:
        address = url.replace("http://", "http://reader:hunter2secret@")
        root = project({"requirements.txt": f"--index-url {address}\nmine\nsix\n"})
        ended = migrate("--python", PYTHON, "--diff")
        assert ended.status == 1, ended.err
        added = [line for line in ended.out.splitlines() if line.startswith("+")]
        assert "hunter2secret" not in "\n".join(added) + ended.err
        ended = migrate("--python", PYTHON)
        assert ended.status == 0, ended.err
    (index,) = tables(root)["tool"]["uv"]["index"]
    assert (index["url"], index["default"]) == (url, True)
    assert all(b"hunter2secret" not in data for data in tree(root).values())
    assert f"UV_INDEX_{index['name'].upper().replace('-', '_')}_PASSWORD" in ended.err


def test_the_first_source_of_a_pipfile_is_where_all_packages_come_from(
    project: Make, migrate: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_DEFAULT_INDEX")
    with package_index.serve({"six": ("1.16.0",)}, "reader:hunter2secret") as url:
        address = url.replace("http://", "http://reader:hunter2secret@")
        source = f'[[source]]\nname = "ours"\nurl = "{address}"\nverify_ssl = true\n\n'
        root = project({"Pipfile": f'{source}[packages]\nsix = "*"\n\n[requires]\npython_version = "{PYTHON}"\n'})
        ended = migrate("--diff")
        assert ended.status == 1, ended.err
        assert "hunter2secret" not in ended.out + ended.err
        ended = migrate()
        assert ended.status == 0, ended.err
    assert tables(root)["tool"]["uv"]["index"] == [{"name": "ours", "url": url, "default": True}]
    assert f'registry = "{url}"' in (root / "uv.lock").read_text()


def test_credentials_that_are_not_known_are_asked_for(project: Make, migrate: Run) -> None:
    project({"requirements.txt": "--extra-index-url https://${NAME}:${WORD}@pkgs.a.example/simple\nsix\n"})
    ended = migrate("--python", PYTHON)
    assert ended.status == 2
    assert "set UV_INDEX_A_USERNAME, then migrate" in ended.err


def test_several_indexes_are_asked_as_pip_does(project: Make, migrate: Run) -> None:
    with package_index.serve({"six": ("1.15.0",)}) as url:
        root = project({"requirements.txt": f"--extra-index-url {url}\nsix==1.16.0\n"})
        assert migrate("--python", PYTHON).status == 0
    assert tables(root)["tool"]["uv"]["index-strategy"] == "unsafe-best-match"


def test_an_index_of_this_machines_settings_is_told(project: Make, migrate: Run, index: str) -> None:
    project({"requirements.txt": "six\n"})
    assert f"note: packages come from {index}, as uv's settings on this machine say" in migrate("--python", PYTHON).err


def test_variables_for_other_projects_are_not_passed_on(
    project: Make, migrate: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    project({"requirements.txt": "six\n"})
    monkeypatch.setenv("UV_FROZEN", "1")
    monkeypatch.setenv("VIRTUAL_ENV", "/nowhere")
    assert migrate("--python", PYTHON).status == 0


# setup.py -------------------------------------------------------------------------------------------------------------------


def test_a_setup_py_becomes_a_package(project: Make, migrate: Run) -> None:
    root = project(
        {
            "setup.py": "from setuptools import find_packages, setup\n"
            "setup(name='tool', version='1.2', packages=find_packages(), python_requires='>=3.9',\n"
            "      install_requires=open('requirements.txt').read().splitlines(), extras_require={'web': ['flask']})\n",
            "requirements.txt": "six==1.15.0\n",
            "tool/__init__.py": "",
        }
    )
    ended = migrate()
    assert ended.status == 0, ended.err
    table = tables(root)
    assert table["project"]["dependencies"] == ["six==1.15.0"]
    assert table["project"]["optional-dependencies"] == {"web": ["flask"]}
    assert table["build-system"]["build-backend"] == "setuptools.build_meta"
    assert sorted(tree(root)) == ["pyproject.toml", "tool/__init__.py", "uv.lock"]


def test_a_setup_py_that_computes_is_declined(project: Make, migrate: Run) -> None:
    root = project({"setup.py": "import os\nfrom setuptools import setup\nsetup(name=os.environ['N'], version='1')\n"})
    before = tree(root)
    ended = migrate()
    assert ended.status == 2
    assert (
        ended.err == "error: setup.py: `name` can't be told without running it; write it as a literal, then migrate\n"
    )
    assert tree(root) == before


# Poetry and Pipenv ----------------------------------------------------------------------------------------------------------

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


def pipfile(more: str = "") -> str:
    return (
        '[[source]]\nurl = "https://a.example/simple"\nverify_ssl = true\nname = "pypi"\n\n[packages]\nflask = "*"\n'
        f'{more}\n[dev-packages]\npytest = "*"\n\n[requires]\npython_version = "{PYTHON}"\n'
    )


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


# What is declined -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"main.py": ""}, "no requirements, setup.py, setup.cfg, Pipfile or Poetry project was found here"),
        ({"web/requirements.txt": "six\n"}, "there are projects in web: name one of them"),
        ({"pyproject.toml": "[tool.uv]\n"}, "a uv project already ([tool.uv] in pyproject.toml)"),
        ({"pyproject.toml": "[project\n"}, "pyproject.toml: "),
        ({"pyproject.toml": "tool = 3\n"}, "pyproject.toml: tool has to be a table"),
        ({"pyproject.toml": "[project]\ndynamic = 3\n"}, "pyproject.toml: project.dynamic has to be a list"),
        (
            {"requirements.txt": "-i https://[a.example/simple\nsix\n", ".python-version": PYTHON},
            "is no address of an index",
        ),
        ({"environment.yml": "dependencies: []\n"}, "environment.yml: conda projects are not read"),
        ({"requirements.txt": "six\n"}, "say it: `--python 3.12`"),
        ({"requirements.txt": "six\n", ".python-version": "3.7\n"}, "Python 3.7 is older than uv can lock for"),
        ({"requirements.txt": "nowhere\n", ".python-version": PYTHON}, "`uv lock` failed"),
        ({"requirements.txt": "six==1.0 six\n", ".python-version": PYTHON}, "`uv lock` failed"),
        ({"requirements.txt": "six==1.16.0\nflask==9\n", ".python-version": PYTHON}, "No solution found"),
        ({"Pipfile": "[packages\n"}, "migrate-to-uv"),
        ({"Pipfile": pipfile('mine = { path = "./libs/mine" }\n')}, "Distribution not found"),
    ],
)
def test_what_cannot_be_moved_is_told_and_left(project: Make, migrate: Run, files: dict[str, str], said: str) -> None:
    root = project(files)
    before = tree(root)
    ended = migrate()
    assert ended.status == 2
    assert ended.err.startswith("error: ")
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert tree(root) == before


def test_a_dockerfile_that_cannot_move_keeps_the_project_where_it_is(project: Make, migrate: Run) -> None:
    text = DOCKERFILE.replace("RUN pip", "ARG HOW\nRUN pip").replace("--no-cache-dir", "$HOW")
    root = project({"requirements.txt": "six\n", "Dockerfile": text})
    before = tree(root)
    ended = migrate()
    assert ended.status == 2
    assert ended.err.startswith("error: Dockerfile: ")
    assert "--project-only" in ended.err
    assert tree(root) == before
    assert migrate("--project-only").status == 0
    assert (root / "Dockerfile").read_text() == text
    assert (root / "requirements.txt").exists()  # the Dockerfile reads it


def test_without_uv_it_says_how_to_get_it(project: Make, migrate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    project({"requirements.txt": "six\n"})
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    ended = migrate("--python", PYTHON)
    assert (ended.status, ended.err) == (
        2,
        "error: `uv` was not found; install it, or both that a migration needs: `pip install 'uvlint[migrate]'`\n",
    )


def test_a_failure_while_writing_leaves_all_as_it_was(
    project: Make, migrate: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"requirements.txt": "six\n", "Dockerfile": DOCKERFILE})
    before = tree(root)
    real, calls = os.replace, iter(range(10))

    def failing(source: str, target: str) -> None:
        if next(calls) == 2:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", failing)
    ended = migrate()
    assert ended.status == 2
    assert "No space left on device" in ended.err
    assert tree(root) == before


@pytest.mark.parametrize("arguments", [("--python", "two"), ("--python", "3.7"), ("missing",)])
def test_wrong_usage_is_told(project: Make, migrate: Run, arguments: tuple[str, ...]) -> None:
    project({"requirements.txt": "six\n"})
    assert migrate(*arguments).status == 2
