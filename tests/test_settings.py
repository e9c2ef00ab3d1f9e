"""pip's settings, told to uv: each row of the table, and uv's own word on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reading import built, fixed, installs_of
from uvlint import calls, credentials, engine, pipconf, plan, reports, variables
from uvlint.config import Settings
from uvlint.run import Result
from uvlint.source import Source
from uvlint.tools import pip, settings

UV = shutil.which("uv")
BASE = "FROM python:3.12\n"
VALUES = {
    "PIP_INDEX_URL": ("https://a.example/simple", {"UV_DEFAULT_INDEX": "https://a.example/simple"}),
    "PIP_EXTRA_INDEX_URL": (
        '"https://a.example/simple https://b.example/simple"',
        {"UV_INDEX": '"https://a.example/simple https://b.example/simple"', "UV_INDEX_STRATEGY": "unsafe-best-match"},
    ),
    "PIP_TRUSTED_HOST": ('"a.example b.example:8080"', {"UV_INSECURE_HOST": '"a.example b.example:8080"'}),
    "PIP_FIND_LINKS": ('"/a https://b.example/"', {"UV_FIND_LINKS": "/a,https://b.example/"}),
    "PIP_CONSTRAINT": ("https://a.example/c.txt", dict.fromkeys(("UV_CONSTRAINT", "UV_BUILD_CONSTRAINT"), "https://a.example/c.txt")),
    "PIP_BUILD_CONSTRAINT": ("https://a.example/c.txt", {"UV_BUILD_CONSTRAINT": "https://a.example/c.txt"}),
    "PIP_REQUIRE_HASHES": ("yes", {"UV_REQUIRE_HASHES": "1"}),
    "PIP_PRE": ("1", {"UV_PRERELEASE": "allow"}),
    "PIP_BREAK_SYSTEM_PACKAGES": ("true", {"UV_BREAK_SYSTEM_PACKAGES": "1"}),
    "PIP_KEYRING_PROVIDER": ("subprocess", {"UV_KEYRING_PROVIDER": "subprocess"}),
    "PIP_UPLOADED_PRIOR_TO": ("2025-01-01T00:00:00Z", {"UV_EXCLUDE_NEWER": "2025-01-01T00:00:00Z"}),
    "PIP_DEFAULT_TIMEOUT": ("100", {"UV_HTTP_TIMEOUT": "100"}),
    "PIP_TIMEOUT": ("100", {"UV_HTTP_TIMEOUT": "100"}),
    "PIP_RETRIES": ("5", {"UV_HTTP_RETRIES": "5"}),
    "PIP_NO_INDEX": ("1", {}),
    "PIP_NO_DEPS": ("1", {}),
    "PIP_NO_DEPENDENCIES": ("1", {}),
    "PIP_FORCE_REINSTALL": ("1", {}),
    "PIP_NO_BINARY": ("a,b", {}),
    "PIP_ONLY_BINARY": (":all:", {}),
}  # fmt: skip
"""Each row: a value as ENV has it, and the variables of uv that have to stand beside it."""
NONE = [
    "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT", "PIP_PREFER_BINARY", "PIP_IGNORE_INSTALLED", "PIP_UPGRADE", "PIP_PROXY",
    "PIP_CLIENT_CERT", "PIP_REQUIRE_VIRTUALENV", "PIP_GLOBAL_OPTION", "PIP_NO_USE_PEP517", "PIP_EDITABLE", "PIP_PLATFORM",
]  # fmt: skip
"""What has no equal: the install stays with pip."""


def test_the_rows_are_tested_one_by_one() -> None:
    assert VALUES.keys() == settings.EQUALS.keys()
    assert not settings.EQUALS.keys() & settings.NEEDLESS
    assert not settings.NEEDLESS & set(NONE)


@pytest.mark.parametrize("name", VALUES)
def test_a_setting_of_pip_is_told_to_uv_beside_it(name: str) -> None:
    value, wanted = VALUES[name]
    result = fixed(f"{BASE}ENV {name}={value}\nRUN pip install six\n", select=("pip-install",), unsafe=True)
    assert result.error is None
    assert (
        f"ENV {' '.join([f'{name}={value}', *(f'{key}={text}' for key, text in wanted.items())])}\n"
        in result.source.text
    )
    if not wanted:
        assert all(option in result.source.text for option in settings.EQUALS[name].options)


@pytest.mark.parametrize("name", VALUES)
def test_a_setting_in_front_of_the_command_becomes_an_option(name: str) -> None:
    value, _ = VALUES[name]
    result = fixed(f"{BASE}RUN {name}={value} pip install six\n", select=("pip-install",), unsafe=True)
    assert result.error is None
    assert f"{name}=" not in result.source.text
    assert all(option in result.source.text for option in settings.EQUALS[name].options)


@pytest.mark.parametrize("name", NONE)
def test_a_setting_without_an_equal_keeps_the_install_with_pip(name: str) -> None:
    text = f"{BASE}ENV {name}=1\nRUN pip install six\n"
    assert fixed(text, select=("pip-install",), unsafe=True).source.text == text


@pytest.mark.parametrize("name", [one for one, row in settings.EQUALS.items() if row.kind == "flag"])
@pytest.mark.parametrize("value", ["0", "false", "no", "off"])
def test_a_flag_that_is_off_says_nothing(name: str, value: str) -> None:
    result = fixed(f"{BASE}ENV {name}={value}\nRUN pip install six\n", select=("pip-install",))
    assert f"ENV {name}={value}\n" in result.source.text
    assert "uv pip install --system six" in result.source.text


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_CONSTRAINT"])
@pytest.mark.parametrize("default", ["", "=https://a.example/x"])
def test_a_build_argument_keeps_its_name(name: str, default: str) -> None:
    result = fixed(f"{BASE}ARG {name}{default}\nRUN pip install six\n", select=("pip-install",), unsafe=True)
    assert result.error is None
    for variable in settings.EQUALS[name].variables:
        assert f"ARG {variable}=${name}\n" in result.source.text
    assert "uv pip install --system" in result.source.text


def test_what_only_the_build_knows_is_told_by_name() -> None:
    [install] = installs_of(f"{BASE}ARG PIP_INDEX_URL\nRUN pip install six\n")
    assert install.settings == {"index": None}
    [moved] = installs_of(
        f"{BASE}ARG PIP_INDEX_URL\nARG UV_DEFAULT_INDEX=$PIP_INDEX_URL\nRUN uv pip install --system six\n"
    )
    [other] = installs_of(f"{BASE}ARG PIP_INDEX_URL\nARG UV_DEFAULT_INDEX\nRUN uv pip install --system six\n")
    assert install.asks == moved.asks
    assert install.asks != other.asks


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ("ENV A=b", "b"), ("ARG A", "${A}"), ("ARG A=b", "b"), ("ARG T\nENV A=$T", "${T}"), ("ARG T\nENV A=x-${T}", "x-${T}"),
        ("ARG A\nENV A=$A", "${A}"), ("ARG T\nENV S=$T\nENV A=${S}", "${T}"), ("ENV B=1", None),
    ],
)  # fmt: skip
def test_a_variable_as_far_as_it_is_settled(above: str, expected: str | None) -> None:
    [call] = calls.find(built(f"{BASE}{above}\nRUN pip install six\n"), "pip")
    assert variables.settled(call, "A") == expected


def test_a_secret_is_a_variable_of_its_step_alone() -> None:
    text = f"{BASE}RUN --mount=type=secret,id=i,env=PIP_INDEX_URL pip install a\nRUN pip install b\n"
    first, second = calls.find(built(text), "pip")
    assert pipconf.said(first) == {"PIP_INDEX_URL": None}
    assert pipconf.said(second) == {}


def test_lists_of_uv_that_an_option_replaces() -> None:
    env = "ENV UV_INDEX=https://i.example UV_EXTRA_INDEX_URL=https://e.example UV_FIND_LINKS=/a,/b\n"

    def said(options: str) -> dict[str, str | None]:
        return installs_of(f"{BASE}{env}RUN uv pip install --system {options} six\n")[0].settings

    assert said("") == {"extra-index": "https://i.example https://e.example", "find-links": "/a /b"}
    assert said("--index https://o.example") == {"extra-index": "https://e.example", "find-links": "/a /b"}
    assert said("--extra-index-url https://o.example -f /c") == {"extra-index": "https://i.example"}


# pip.conf --------------------------------------------------------------------------------------------------------------


def test_a_pip_conf_is_read_as_pip_reads_it() -> None:
    text = "# said\n[global]\nindex_url = https://a.example\n; said\nextra-index-url =\n  https://b.example\n\n\thttps://c.example\n[install]\nno-deps: yes\nbroken\n"
    assert pipconf.parse(text) == {
        "global": {"index-url": "https://a.example", "extra-index-url": "https://b.example https://c.example"},
        "install": {"no-deps": "yes"},
    }


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ("RUN pip config set global.index-url https://a.example", {"PIP_INDEX_URL": "https://a.example"}),
        ("RUN pip config set install.no-deps true && pip config list", {"PIP_NO_DEPS": "true"}),
        ("RUN pip config set freeze.timeout 10", {}),
        ("RUN pip config set global.timeout 1\nRUN pip config --global set global.timeout 2", {"PIP_TIMEOUT": "1"}),
        ("COPY <<EOF /etc/pip.conf\n[global]\ntimeout = 7\nEOF", {"PIP_TIMEOUT": "7"}),
        ("COPY <<EOF /root/.config/pip/pip.conf\n[global]\ntimeout = 7\nEOF", {"PIP_TIMEOUT": "7"}),
        ("COPY <<EOF /elsewhere/pip.conf\n[global]\ntimeout = 7\nEOF", None),
        ("RUN pip config unset global.timeout", None), ("RUN pip config edit", None), ("RUN pip config set timeout 3", None),
        ("RUN pip config --site set global.timeout 3", None), ("RUN pip config set global.timeout $T", None),
        ("RUN if true; then pip config set global.timeout 3; fi", None), ("RUN echo > /etc/pip.conf", None),
        ("USER app\nRUN pip config set global.timeout 3", None), ("COPY pip.conf /etc/", None), ("COPY --from=x /pip.conf /etc/pip.conf", None),
    ],
)  # fmt: skip
def test_what_configuration_says(above: str, expected: dict[str, str] | None) -> None:
    call = [one for one in calls.find(built(f"{BASE}{above}\nRUN pip install six\n"), "pip") if one.verb == "install"][
        -1
    ]
    found = pipconf.settings(call)
    assert (None if found is None else {name: one.value for name, one in found.items()}) == expected


def test_a_pip_conf_of_the_context_and_a_variable_that_beats_it() -> None:
    text = f"{BASE}COPY conf/pip.conf /etc/\nENV PIP_TIMEOUT=9 PIP_RETRIES=\nRUN pip install six\n"
    files = {"conf/pip.conf": "[global]\ntimeout = 7\nretries = 2\n"}
    [call] = calls.find(built(text, files), "pip")
    assert pipconf.said(call) == {"PIP_TIMEOUT": "9", "PIP_RETRIES": "2"}


# uv's own word ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an environment and a file of constraints."""
    assert UV is not None
    found = tmp_path_factory.mktemp("uv")
    subprocess.run([UV, "venv", "--quiet", str(found / "env")], check=True, capture_output=True)
    (found / "c.txt").write_text("")
    return found


@pytest.mark.skipif(UV is None, reason="uv is not installed")
class TestAcceptance:
    """uv reads what is written: it gets as far as looking for a package that is nowhere."""

    @staticmethod
    def said(place: Path, *options: str, **env: str) -> str:
        assert UV is not None
        known = {key: value for key, value in os.environ.items() if not key.startswith(("UV_", "PIP_", "VIRTUAL_ENV"))}
        command = [UV, "pip", "install", "--offline", "--no-cache", "--dry-run", "--python", str(place / "env")]
        command += [*options, "no-such-package"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=known | env, cwd=place)
        return done.stderr

    @staticmethod
    def value(place: Path, name: str) -> str:
        """The row's value, with files that are there."""
        value = VALUES[name][0].strip('"').replace("https://a.example/c.txt", str(place / "c.txt"))
        return value.replace("/a ", f"{place} ")

    @pytest.mark.parametrize("name", VALUES)
    def test_variables(self, place: Path, name: str) -> None:
        value = self.value(place, name)
        wanted = {key: text for key, text in settings.equals({name: value}).items() if text}
        stderr = self.said(place, **wanted)
        assert "no-such-package" in stderr, stderr

    @pytest.mark.parametrize("name", [name for name, row in settings.EQUALS.items() if row.options])
    def test_options(self, place: Path, name: str) -> None:
        value = self.value(place, name)
        row = settings.EQUALS[name]
        words = [value] if row.kind == "value" else value.split()
        given = (
            [[option] for option in row.options]
            if row.kind == "flag"
            else [[option, word] for option in row.options for word in words]
        )
        stderr = self.said(place, *(word for pair in given for word in pair))
        assert "no-such-package" in stderr, stderr

    @pytest.mark.parametrize(
        "name", ["UV_DEFAULT_INDEX", "UV_INDEX", "UV_INSECURE_HOST", "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT"]
    )
    def test_a_build_argument_may_be_empty(self, place: Path, name: str) -> None:
        assert "no-such-package" in self.said(place, **{name: ""})

    def test_no_environment_is_where_virtual_env_names_a_plain_prefix(self, tmp_path: Path) -> None:
        assert UV is not None
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "VIRTUAL_ENV": "/usr"}
        done = subprocess.run(
            [UV, "pip", "install", "--offline", "six"],
            check=False,
            capture_output=True,
            text=True,
            env=env,
            cwd=tmp_path,
        )
        assert "No virtual environment found" in done.stderr


# Secrets ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-i https://me:hunter2@a.example/simple", "-i https://me:*******@a.example/simple"),
        ("git+https://ghp_0123456789abcdef@github.com/a/b", "git+https://********************@github.com/a/b"),
        ("postgres://u:pw@db/x", "postgres://u:**@db/x"), ("ENV UV_INDEX_A_PASSWORD=hunter2 B=c", "ENV UV_INDEX_A_PASSWORD=******* B=c"),
        ('MY_TOKEN="abcdef"', 'MY_TOKEN="******"'), ("ENV MY_SECRET hunter2", "ENV MY_SECRET *******"),
        ("https://$USER:${TOKEN}@a.example", "https://$USER:${TOKEN}@a.example"), ("https://git@github.com/a", "https://git@github.com/a"),
        ("ENV TOKEN_DIR=/opt/x HF_TOKEN=$HF_TOKEN", "ENV TOKEN_DIR=/opt/x HF_TOKEN=$HF_TOKEN"), ("a@b c:d", "a@b c:d"),
    ],
)  # fmt: skip
def test_secrets_are_masked(text: str, shown: str) -> None:
    assert credentials.masked(text) == shown
    assert len(shown) == len(text)


@pytest.mark.parametrize("name", ["full", "concise"])
@pytest.mark.parametrize(
    "line",
    [
        "ENV PIP_INDEX_URL=https://me:hunter2@a.example/simple\nRUN pip install six",
        "RUN pip install -i https://me:hunter2@a.example/simple six",
        "COPY https://me:hunter2@a.example/x /x\nENV UV_INDEX_A_PASSWORD=hunter2\nRUN uv pip install six",
        "RUN pip config set global.index-url https://me:hunter2@a.example && pip install six",
    ],
)
def test_no_report_shows_a_secret(name: str, line: str) -> None:
    source = Source(f"{BASE}{line}\n", "Dockerfile")
    found = engine.check(source, Settings())
    assert "secret-in-index" in {one.rule for one in found}
    text = "".join(piece for piece, _ in reports.get(name)([Result("Dockerfile", source, found)], unsafe=True))
    assert "hunter2" not in text


def test_pip_settings_all_have_a_meaning_or_none() -> None:
    named = {name for name, row in settings.EQUALS.items() if row.options}
    assert named <= pip.SETTINGS.keys()
    assert plan._UV_SETTINGS.keys() >= {one for row in settings.EQUALS.values() if row.options for one in row.variables}
