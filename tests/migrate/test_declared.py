"""setup.py and setup.cfg, read without being run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from uvlint.migrate import declared, setuptools_table
from uvlint.migrate.declared import Declared


def read(folder: Path, text: str, name: str = "setup.py", **files: str) -> Declared:
    (folder / name).write_text(text)
    for path, content in files.items():
        (folder / path.replace("__", ".")).write_text(content)
    found = declared.read(str(folder))
    assert found is not None
    return found


def required(folder: Path, code: str, **files: str) -> Any:
    found = read(folder, f"from setuptools import setup\n{code}\n", **files)
    return setuptools_table.requirements(found.values["install_requires"]) if not found.problem else found.problem


LIST = "six\n# no\n\nflask>=2  # web\n"


@pytest.mark.parametrize(
    "code",
    [
        'setup(install_requires=["six", "flask>=2"])',
        'NEEDS = ["six"]\nNEEDS += ["flask>=2"]\nsetup(install_requires=NEEDS)',
        'NEEDS = ["six"]\nNEEDS.append("flask>=2")\nsetup(install_requires=NEEDS)',
        'base = "six"\nsetup(install_requires=[base, f"flask>={2}"])',
        'setup(**{"install_requires": ["six", "flask" + ">=2"]})',
        'setup(**dict(install_requires=("six", "flask>=%s" % "2")))',
        'setup(install_requires="six\\nflask>=2")',
        'setup(install_requires=open("requirements.txt").read().splitlines())',
        'setup(install_requires=open("requirements.txt").readlines())',
        'with open("requirements.txt") as f:\n    needs = [x.strip() for x in f if not x.startswith("#")]\nsetup(install_requires=needs)',
        (
            "import pathlib\nhere = pathlib.Path(__file__).parent\n"
            'setup(install_requires=(here / "requirements.txt").read_text().split("\\n"))'
        ),
        (
            "import os\ndef read(*parts):\n    with open(os.path.join(os.path.dirname(__file__), *parts)) as f:\n"
            '        return f.read()\nsetup(install_requires=read("requirements.txt").splitlines())'
        ),
        'if __name__ == "__main__":\n    setup(install_requires=["six", "flask>=2"])',
        'try:\n    needs = ["six", "flask>=2"]\nexcept OSError:\n    needs = []\nsetup(install_requires=needs)',
    ],
)
def test_what_a_setup_py_requires_is_read(tmp_path: Path, code: str) -> None:
    assert required(tmp_path, code, requirements__txt=LIST) == ["six", "flask>=2"]


@pytest.mark.parametrize(
    "code",
    [
        "import sys\nsetup(install_requires=sys.argv)",
        "import os\nneeds = ['six']\nif os.environ.get('X'):\n    needs.append('y')\nsetup(install_requires=needs)",
        "needs = ['six']\nfor one in range(3):\n    needs += ['x']\nsetup(install_requires=needs)",
        "needs = ['six']\nchange(needs)\nsetup(install_requires=needs)",
        "setup(install_requires=open('missing.txt').read().splitlines())",
        "setup(install_requires=open('../outside.txt').read().splitlines())",
        "from mine import needs\nsetup(install_requires=needs)",
        "setup(**options())",
    ],
)
def test_what_is_only_known_when_it_runs_is_declined(tmp_path: Path, code: str) -> None:
    (tmp_path.parent / "outside.txt").write_text("six\n")
    assert "can't be told without running it" in required(tmp_path, code)


@pytest.mark.parametrize("code", ["print('hello')", "setup(name='a')\nsetup(name='b')"])
def test_one_call_of_setup_is_needed(tmp_path: Path, code: str) -> None:
    assert "calls setup()" in read(tmp_path, f"from setuptools import setup\n{code}\n").problem


@pytest.mark.parametrize(
    "code",
    [
        "name=3",
        "install_requires={'a': 1}",
        "extras_require={'x': 3}",
        "entry_points=[1]",
        "packages=3",
        "author=['a']",
    ],
)
def test_what_setuptools_would_not_take_is_declined(tmp_path: Path, code: str) -> None:
    found = read(tmp_path, f"from setuptools import setup\nsetup({code})\n")
    assert found.problem == f"setup.py: `{code.partition('=')[0]}` is not of the kind that setuptools takes"


def test_a_text_that_python_cannot_read_is_not_known(tmp_path: Path) -> None:
    assert "can't be told" in required(tmp_path, "setup(install_requires=['a\0b'])")


def test_nothing_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    read(tmp_path, f"from setuptools import setup\nopen({str(mark)!r}, 'w').write('x')\nsetup(name='a', version='1')\n")
    assert not mark.exists()


def test_a_python_2_file_is_declined(tmp_path: Path) -> None:
    assert read(tmp_path, "print 'x'\nsetup(name='a')\n").problem == "setup.py: it can't be read as Python 3"


@pytest.mark.parametrize(
    ("code", "files", "dynamic"),
    [
        ('version="1.2"', {}, None),
        ('version=open("VERSION").read().strip()', {"VERSION": "1.2\n"}, {"file": "VERSION"}),
        (
            'version=re.search(r"__version__ = \'(.*)\'", open("tool.py").read()).group(1)',
            {"tool__py": "__version__ = '1.2'\n"},
            {"attr": "tool.__version__"},
        ),
    ],
)
def test_a_version_stays_where_it_is_kept(tmp_path: Path, code: str, files: dict[str, str], dynamic: Any) -> None:
    found = read(tmp_path, f"import re\nfrom setuptools import setup\nsetup(name='a', {code})\n", **files)
    table = setuptools_table.project(found)
    if dynamic is None:
        assert table["version"] == "1.2"
    else:
        assert table["dynamic"] == ["version"]
        assert setuptools_table.setuptools(found)["dynamic"] == {"version": dynamic}


def test_all_of_a_setup_py_becomes_tables(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
from setuptools import find_packages, setup
setup(
    name="tool", version="1", description="A\\n tool", long_description=open("README.md").read(), license="MIT",
    author="A. Uthor", author_email="a@mail.example", url="https://a.example", python_requires=">=3.8",
    classifiers=["License :: OSI Approved :: MIT License", "Typing :: Typed"], keywords="one, two",
    packages=find_packages("src", exclude=["tests"]), package_dir={"": "src"}, package_data={"": ["*.json"]},
    install_requires=["six"],
    extras_require={"fast": ["orjson"], ":python_version < '3.11'": ["tomli"], "fast:os_name == 'nt'": ["pywin32"]},
    entry_points={"console_scripts": ["tool = tool.cli:main"], "tool.plugins": "a = tool.a"},
    setup_requires=["cython", "wheel"],
)
""",
        README__md="# Tool\n",
    )
    assert setuptools_table.project(found) == {
        "name": "tool",
        "version": "1",
        "description": "A tool",
        "readme": "README.md",
        "authors": [{"name": "A. Uthor", "email": "a@mail.example"}],
        "license": "MIT",
        "keywords": ["one", "two"],
        "classifiers": ["Typing :: Typed"],
        "urls": {"Homepage": "https://a.example"},
        "dependencies": ["six", "tomli ; python_version < '3.11'"],
        "optional-dependencies": {"fast": ["orjson", "pywin32 ; os_name == 'nt'"]},
        "scripts": {"tool": "tool.cli:main"},
        "entry-points": {"tool.plugins": {"a": "tool.a"}},
    }
    assert setuptools_table.setuptools(found) == {
        "packages": {"find": {"where": ["src"], "exclude": ["tests"], "namespaces": False}},
        "package-data": {"*": ["*.json"]},
        "package-dir": {"": "src"},
        "include-package-data": False,
    }
    assert setuptools_table.build_system(found)["requires"] == ["setuptools>=77", "cython"]
    assert found.left == {"setup.py": None}


def test_what_pyproject_cannot_say_stays_in_setup_py(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "from setuptools import Extension, setup\n\n# why\nsetup(\n    name='a',\n    version='1',\n"
        "    ext_modules=[Extension('a', ['a.c'])],  # C\n    install_requires=['six'],\n)\n",
    )
    left = found.left["setup.py"]
    assert left is not None
    assert "ext_modules=[Extension('a', ['a.c'])]" in left
    assert "# why" in left
    assert "install_requires" not in left
    assert "name=" not in left


CFG = """[metadata]
name = tool
version = attr: tool.__version__
long_description = file: README.md
project_urls =
    Source = https://a.example

[options]
packages = find:
package_dir =
    = src
install_requires =
    six
    flask>=2 ; python_version > "3.8"

[options.packages.find]
where = src

[options.extras_require]
dev =
    pytest

[options.entry_points]
console_scripts =
    tool = tool:main

[flake8]
# ours
max-line-length = 120
"""


def test_setup_cfg_becomes_tables_and_keeps_what_is_not_of_the_project(tmp_path: Path) -> None:
    found = read(tmp_path, CFG, "setup.cfg")
    table = setuptools_table.project(found)
    assert table["dependencies"] == ["six", 'flask>=2 ; python_version > "3.8"']
    assert table["optional-dependencies"] == {"dev": ["pytest"]}
    assert table["scripts"] == {"tool": "tool:main"}
    assert (table["dynamic"], table["readme"]) == (["version"], "README.md")
    assert setuptools_table.setuptools(found)["packages"] == {"find": {"where": ["src"], "namespaces": False}}
    assert found.left == {"setup.cfg": "[flake8]\n# ours\nmax-line-length = 120\n"}


def test_a_setup_cfg_for_tools_alone_declares_nothing(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").write_text("[flake8]\nmax-line-length = 120\n")
    assert declared.read(str(tmp_path)) is None


def test_a_setup_cfg_that_says_what_cannot_be_moved_is_declined(tmp_path: Path) -> None:
    found = read(tmp_path, "[metadata]\nname = a\n[options]\nscripts = bin/a\n", "setup.cfg")
    assert found.problem == "setup.cfg: `scripts` can't be moved"
