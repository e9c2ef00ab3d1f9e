"""What projects say they require from version control."""

from __future__ import annotations

import pytest

from uvlint.metadata import from_version_control

GIT = "lib @ git+https://code.example/lib.git"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", f'[project]\ndependencies = ["six", "{GIT}"]\n'),
        ("pyproject.toml", f'[build-system]\nrequires = ["{GIT}"]\n'),
        ("setup.cfg", f"[options]\ninstall_requires =\n    six\n    {GIT}\n"),
        ("setup.py", f'from setuptools import setup\nsetup(name="x", install_requires=["six", "{GIT}"])\n'),
        ("setup.py", f'import setuptools as s\nNEEDS = ["{GIT}"]\ns.setup(setup_requires=NEEDS)\n'),
    ],
)
def test_requirements_are_read_from_each_of_a_projects_files(name: str, text: str) -> None:
    assert from_version_control(name, text.encode()) == [GIT]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", f'[project.optional-dependencies]\ndev = ["{GIT}"]\n'),
        ("pyproject.toml", f'[project]\ndependencies = "{GIT}"\n'),
        ("pyproject.toml", f"[project\n{GIT}"),
        ("setup.cfg", f"{GIT}"),
        ("setup.cfg", f"[metadata]\nurl = {GIT}\n"),
        ("setup.py", f"# {GIT}\n"),
        ("setup.py", f'setup(install_requires=["{GIT}"]'),
        ("setup.py", f'from setuptools import setup\nsetup(install_requires=open("{GIT}"))'),
    ],
)
def test_what_is_not_required_or_not_readable_is_nothing(name: str, text: str) -> None:
    assert from_version_control(name, text.encode()) == []
