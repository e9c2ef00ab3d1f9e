"""Every row of the verified options of `pip install`: what uvlint writes for it is what the real uv takes.

Each row becomes a Dockerfile with a `pip install` that uses the option. Where the row has a translation, the command has
become uv's, and the uv of the release that the default image names resolves it against a local index, without network.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from loader import CORPUS

from uvlint import engine, plan
from uvlint.config import UV_VERSION, Settings
from uvlint.context import Context
from uvlint.source import Source

FLAGS = CORPUS.parent / "spec" / "pip_flags.tsv"
if not FLAGS.is_file():
    pytest.skip("there is no pip_flags.tsv beside the corpus", allow_module_level=True)

INDEX = "file://@HERE@/simple"
VALUES = {
    "-r": "r.txt", "--requirement": "r.txt", "-c": "c.txt", "--constraint": "c.txt", "--build-constraint": "c.txt",
    "--requirements-from-script": "script.py", "-e": "./proj", "--editable": "./proj", "-t": "out", "--target": "out",
    "--platform": "manylinux2014_x86_64", "--python-version": "3.12", "--implementation": "cp", "--abi": "cp312",
    "--root": "out", "--prefix": "/usr/local", "--src": "src", "--source": "src", "--source-dir": "src",
    "--source-directory": "src", "--upgrade-strategy": "eager", "-C": "editable_mode=compat",
    "--config-settings": "editable_mode=compat", "--global-option": "build", "--build-option": "build",
    "--install-option": "build", "--progress-bar": "off", "--root-user-action": "ignore", "--report": "report.json",
    "--group": "dev", "--all-releases": ":all:", "--only-final": ":all:", "--no-binary": "beta", "--only-binary": ":all:",
    "-i": INDEX, "--index-url": INDEX, "--pypi-url": INDEX, "--extra-index-url": INDEX, "--refresh-package": ":all:",
    "-f": "wheels", "--find-links": "wheels", "--uploaded-prior-to": "2030-01-01T00:00:00Z", "--python": "/usr/local/bin/python",
    "--log": "pip.log", "--log-file": "pip.log", "--local-log": "pip.log", "--keyring-provider": "subprocess",
    "--proxy": "http://proxy.example:3128", "--retries": "3", "--timeout": "60", "--default-timeout": "60",
    "--resume-retries": "5", "--exists-action": "i", "--trusted-host": "index.example", "--cert": "ca.pem",
    "--client-cert": "client.pem", "--cache-dir": "cache", "--use-feature": "fast-deps",
    "--use-deprecated": "legacy-resolver", "-b": "build", "--build": "build", "--build-dir": "build", "-d": "out",
    "--download": "out", "--allow-external": "alpha", "--allow-unverified": "alpha",
}  # fmt: skip
"""A value for each option that takes one."""
COMPANIONS = {
    "--platform": "--target out --only-binary=:all:",
    "--python-version": "--target out --only-binary=:all:",
    "--implementation": "--target out --only-binary=:all:",
    "--require-hashes": "-r hashed.txt",
    "--no-binary": "--no-deps",
}
"""What pip wants beside an option."""
SPECIAL = {
    "-e [local path]": ["pip install -e ./proj"],
    "--editable [local path]": ["pip install --editable ./proj", "pip install --editable=./proj"],
    "-e [VCS URL]": ["pip install -e git+https://git.example/a/b#egg=b"],
    "--editable [VCS URL]": ["pip install --editable git+https://git.example/a/b#egg=b"],
    "-y [pip install]": ["pip install -y alpha"],
    "--yes [pip install]": ["pip install --yes alpha"],
    "--require-hashes": ["pip install --require-hashes -r hashed.txt"],
    "--group": ["pip install --group dev", "pip install --group=dev"],
    "(default) bytecode compilation": ["pip install alpha"],
    "(implied) hashes present in a requirements file": ["pip install -r hashed.txt"],
    "(pre-release specifier, e.g. pkg>=1.0b1)": ["pip install 'alpha>=2.0b1'"],
    "(with any extra index)": [f"pip install --extra-index-url {INDEX} alpha"],
    "clustered shorts (-Ur, -qU, -Iv)": ["pip install -Ur r.txt", "pip install -qU alpha", "pip install -qqUrr.txt"],
    "abbreviated long options (--no-cach, --extra-index, --trusted, --find, --disable-pip)": [
        "pip install --no-cach alpha",
        f"pip install --extra-index {INDEX} alpha",
        "pip install --trusted index.example alpha",
        "pip install --find wheels alpha",
        "pip install --disable-pip alpha",
        f"pip install --index {INDEX} alpha",
    ],
    "(target environment: system)": ["pip install alpha"],
    "(target environment: venv)": ["/opt/venv/bin/pip install alpha"],
    "any unknown flag": ["pip install --frobnicate alpha", "pip install -X alpha"],
    "--require-virtualenv": ["/opt/venv/bin/pip install --require-virtualenv alpha"],
    "--require-venv": ["/opt/venv/bin/pip install --require-venv alpha"],
    "--allow-external": ["pip install --allow-external alpha alpha"],
    "--allow-unverified": ["pip install --allow-unverified alpha alpha"],
}
WRITES = {
    "(default) bytecode compilation": "UV_COMPILE_BYTECODE=1",
    "(implied) hashes present in a requirements file": "--require-hashes",
    "(pre-release specifier, e.g. pkg>=1.0b1)": "--prerelease-package alpha=allow",
    "(with any extra index)": "--index-strategy unsafe-best-match",
    "(target environment: system)": "--system",
    "(target environment: venv)": "--python /opt/venv",
}
"""What a row that adds something has to have added."""
STAYS = {
    "--cache-dir": "the folder it names is pip's cache: under uv's it would be another",
    "--python": "which interpreter it means depends on the pip that is called",
}
"""Options that have a translation and yet stay with pip, and why."""


class Row(NamedTuple):
    """One option: what becomes of it, and the commands that use it."""

    flag: str
    action: str
    spelled: str
    commands: list[str]


def rows() -> list[Row]:
    with FLAGS.open(encoding="utf-8", newline="") as lines:
        found = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [Row(one["flag"], one["action"], one["uv_equivalent"], commands(one)) for one in found]


def commands(row: dict[str, str]) -> list[str]:
    """The option in each of the ways of writing it."""
    flag = row["flag"]
    if flag in SPECIAL:
        return SPECIAL[flag]
    more = f" {COMPANIONS[flag]}" if flag in COMPANIONS else ""
    if row["takes_value"] != "yes":
        return [f"pip install {flag}{more} alpha"]
    value = VALUES[flag]
    glued = f"{flag}={value}" if flag.startswith("--") else f"{flag}{value}"
    return [f"pip install {flag} {value}{more} alpha", f"pip install {glued}{more} alpha"]


ROWS = rows()
MOVING = [row for row in ROWS if row.action != "block" and row.flag not in STAYS]
STAYING = [row for row in ROWS if row.action == "block" or row.flag in STAYS]
FILES = {
    "c.txt": "alpha==2.0\n",
    "r.txt": "beta==1.0\n",
    "script.py": '# /// script\n# dependencies = ["beta"]\n# ///\n',
    "pyproject.toml": '[project]\nname = "app"\nversion = "1"\n\n[dependency-groups]\ndev = ["beta"]\n',
    "proj/pyproject.toml": '[project]\nname = "proj"\nversion = "1"\ndependencies = []\n\n[build-system]\nrequires = []\n'
    'build-backend = "backend"\nbackend-path = ["."]\n',
    "proj/backend.py": "import zipfile, pathlib\n\n\n"
    "def build_editable(folder, config_settings=None, metadata_directory=None):\n"
    '    name = "proj-1-py3-none-any.whl"\n'
    '    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as file:\n'
    '        file.writestr("proj-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: proj\\nVersion: 1\\n")\n'
    '        file.writestr("proj-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")\n'
    '        file.writestr("proj-1.dist-info/RECORD", "")\n'
    "    return name\n\n\nbuild_wheel = build_editable\n",
    "ca.pem": "-----BEGIN CERTIFICATE-----\n"
    "MIIBejCCASGgAwIBAgIUFU5U0reR2RlIpDCSrYVucjLFcrkwCgYIKoZIzj0EAwIw\n"
    "EjEQMA4GA1UEAwwHZXhhbXBsZTAgFw0yNjExMjEwNTQ1NDdaGA8yMTI2MTAyODA1\n"
    "NDU0N1owEjEQMA4GA1UEAwwHZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEH\n"
    "A0IABISGULoXh6p5Zny+mpTkfkk11WjUf63/xInpRpgxBvTFyox22sjuByQXg+Sg\n"
    "GbxzXCDcRxO5rEKOmkSIXparwpujUzBRMB0GA1UdDgQWBBRqQIjkIZ+ZYg1glUXf\n"
    "oiSrbP2IzzAfBgNVHSMEGDAWgBRqQIjkIZ+ZYg1glUXfoiSrbP2IzzAPBgNVHRMB\n"
    "Af8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIHK0/ZDgenZhaJBkNlHi8J1LotY+\n"
    "9Q3yDQdFnIfPeyigAiAtrG8MyonHwQpmw/0dFWLyEzhbcrCrL09t8lVcjKz66w==\n"
    "-----END CERTIFICATE-----\n",
}


def wheel(folder: Path, name: str, version: str) -> Path:
    """A wheel that holds nothing but its metadata, dated so that it is the same each time."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(path, "w") as file:
        for member, text in {"METADATA": metadata, "WHEEL": tag, "RECORD": ""}.items():
            file.writestr(zipfile.ZipInfo(f"{name}-{version}.dist-info/{member}"), text)
    return path


class Place(NamedTuple):
    """A folder with the files that the commands name, a local index, and an environment to resolve for."""

    uv: str
    folder: Path
    files: dict[str, str]


@cache
def uv_found() -> str:
    """The uv of the release that the default image names; skips the calling test where there is none."""
    for one in (Path(sys.executable).with_name("uv"), shutil.which("uv")):
        if one and Path(one).is_file():
            said = subprocess.run([one, "--version"], capture_output=True, text=True, check=False).stdout.split()
            if said[1:2] == [UV_VERSION]:
                return str(one)
    pytest.skip(f"there is no uv {UV_VERSION} here")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    uv = uv_found()
    folder = tmp_path_factory.mktemp("flags")
    wheels = folder / "wheels"
    wheels.mkdir()
    made = [wheel(wheels, name, version) for name in ("alpha", "beta") for version in ("1.0", "2.0", "3.0b1")]
    for name in ("alpha", "beta"):
        page = folder / "simple" / name / "index.html"
        page.parent.mkdir(parents=True)
        links = (f'<a href="../../wheels/{one.name}">{one.name}</a>' for one in made if one.name.startswith(name))
        page.write_text("\n".join(links), encoding="utf-8")
    hashed = subprocess.run(["sha256sum", made[1]], capture_output=True, text=True, check=True).stdout.split()[0]
    files = {**FILES, "hashed.txt": f"alpha==2.0 --hash=sha256:{hashed}\n"}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder / "env"], check=True, capture_output=True)
    return Place(uv, folder, files)


def dockerfile(command: str, place: Place) -> Source:
    made = "RUN python -m venv /opt/venv\n" if "/opt/venv" in command else ""
    command = command.replace("@HERE@", str(place.folder))
    return Source(f"FROM python:3.12-slim\n{made}WORKDIR /app\nCOPY . .\nRUN {command}\n")


def fixed(command: str, place: Place) -> engine.Fixed:
    settings = Settings(select=("pip-install",))
    return engine.fix(dockerfile(command, place), settings, unsafe=True, context=Context.of(place.files))


def argv(text: Source) -> list[str]:
    """The one `uv pip install` of a file, from its `uv` on."""
    (install,) = (one for one in plan.installs(engine.read(text, Settings())) if one.tool == "uv")
    words = [word.value for word in install.call.words]
    assert None not in words
    return [word for word in words if word is not None][install.call.first :]


def resolve(place: Place, words: list[str]) -> subprocess.CompletedProcess[str]:
    """What uv says to the words as a dry run, in an environment of this machine instead of the image's."""
    assert words[:3] == ["uv", "pip", "install"]
    run = ["--python", str(place.folder / "env")]
    rest, index = [], 3
    while index < len(words):
        if words[index] == "--python":
            index += 1
        elif words[index] != "--system":
            rest.append(words[index])
        index += 1
    if not any("file://" in word for word in rest):
        run += ["--find-links", "wheels", *(() if "--no-index" in rest else ("--no-index",))]
    if not any(word.startswith("--no-cache") for word in rest):
        run.append("--no-cache")
    run += [word for word in ("--dry-run", *(() if "--refresh" in rest else ("--offline",))) if word not in rest]
    env = {key: value for key, value in os.environ.items() if not key.startswith(("UV_", "VIRTUAL_ENV"))}
    command = [place.uv, "pip", "install", *rest, *run]
    return subprocess.run(command, cwd=place.folder, env=env, capture_output=True, text=True, check=False)


CASES = [(row, command) for row in MOVING for command in row.commands]


@pytest.mark.parametrize(("row", "command"), CASES, ids=[command for _, command in CASES])
def test_an_option_with_a_translation_is_taken_by_uv(place: Place, row: Row, command: str) -> None:
    found = fixed(command, place)
    assert found.error is None
    assert [one.help for one in found.diagnostics] == []
    assert WRITES.get(row.flag, "") in found.source.text
    done = resolve(place, argv(found.source))
    assert done.returncode == 0, f"{found.source.text}\n{done.args}\n{done.stderr}"


BARRED = [(row, command) for row in STAYING for command in row.commands]


@pytest.mark.parametrize("command", [command for _, command in BARRED])
def test_an_option_without_one_stays_with_pip_and_says_why(place: Place, command: str) -> None:
    before = dockerfile(command, place)
    found = fixed(command, place)
    assert found.source.text == before.text
    if "it installs nothing" not in (said := [one.help for one in found.diagnostics]):
        assert len(said) == 1
        assert said[0]


def test_every_row_has_its_test() -> None:
    tested = Counter(row.flag for row, _ in CASES) + Counter(row.flag for row, _ in BARRED)
    assert len(ROWS) > 100
    assert set(tested) == {row.flag for row in ROWS}
    assert set(STAYS) | set(WRITES) | set(SPECIAL) <= set(tested)


def test_uv_refuses_what_it_does_not_know(place: Place) -> None:
    """Else the tests above could not fail."""
    for option in ("--user", "--prefer-binary", "--no-dependencies", "--progress-bar=off"):
        assert resolve(place, ["uv", "pip", "install", "alpha", option]).returncode == 2
