from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from uvlint import config
from uvlint.config import ConfigError, Finder, Settings


class Rule(NamedTuple):
    name: str
    code: str


RULES = {
    rule.name: rule
    for rule in (Rule("pip-install", "UVL101"), Rule("pip-user", "UVL102"), Rule("uncached-uv", "UVL201"))
}
ALL = frozenset(RULES)


def chosen(path: str | None = None, **values: Any) -> frozenset[str]:
    return config.chosen(Settings(**values), RULES, path)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ALL),
        ({"select": ("pip-install",)}, {"pip-install"}),
        ({"select": ("UVL101",)}, {"pip-install"}),
        ({"select": ("UVL1",)}, {"pip-install", "pip-user"}),
        ({"select": ("UVL",)}, ALL),
        ({"select": ()}, set()),
        ({"ignore": ("UVL2",)}, {"pip-install", "pip-user"}),
        ({"ignore": ("ALL",)}, set()),
        ({"ignore": ("UVL1",), "extend_select": ("pip-user",)}, {"pip-user", "uncached-uv"}),
        ({"select": ("UVL1",), "ignore": ("UVL1",)}, set()),
        ({"select": ("pip-install",), "ignore": ("UVL1",)}, {"pip-install"}),
        ({"select": ("pip-install",), "ignore": ("UVL101",)}, set()),
        ({"select": ("uncached-uv",), "extend_select": ("UVL1",)}, ALL),
        ({"default_ignore": ("pip-user",)}, {"pip-install", "uncached-uv"}),
        ({"default_ignore": ("pip-user",), "select": ("UVL1",)}, {"pip-install"}),
        ({"default_ignore": ("pip-user",), "extend_select": ("UVL102",)}, ALL),
    ],
)
def test_the_closer_selector_decides_and_ignore_wins_a_tie(values: dict[str, Any], expected: set[str]) -> None:
    assert chosen(**values) == expected


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("docs/**", "docs/a/Dockerfile", True),
        ("docs/", "docs/a/Dockerfile", True),
        ("*.dev", "a/Dockerfile.dev", True),
        ("/Dockerfile", "Dockerfile", True),
        ("/Dockerfile", "a/Dockerfile", False),
        ("docs", "src/Dockerfile", False),
    ],
)
def test_per_file_ignores_hold_for_what_their_pattern_covers(
    pattern: str, path: str, covered: bool, tmp_path: Path
) -> None:
    values = {"per_file_ignores": {pattern: ("UVL1", "uncached-uv")}, "root": str(tmp_path), "select": ("pip-user",)}
    assert chosen(str(tmp_path / path), **values) == (set() if covered else {"pip-user"})
    assert chosen(None, **values) == {"pip-user"}


def test_a_file_sets_every_key(tmp_path: Path) -> None:
    path = tmp_path / "uvlint.toml"
    path.write_text(
        """
        select = ["UVL1"]
        ignore = ["UVL102"]
        extend-select = ["uncached-uv"]
        exclude = ["a"]
        extend-exclude = ["b"]
        respect-gitignore = false
        force-exclude = true
        fix = true
        unsafe-fixes = true
        show-fixes = true
        output-format = "json"
        uv-image = "registry.example:5000/tools/uv"
        uv-version = "0.9.1@sha256:DIGEST"
        cache-mounts = false
        bind-mounts = false
        [per-file-ignores]
        "docs/**" = ["UVL1"]
        """.replace("DIGEST", "0" * 64)
    )
    settings = config.load(str(path))
    assert settings is not None
    assert settings == Settings(
        select=("UVL1",),
        ignore=("UVL102",),
        extend_select=("uncached-uv",),
        per_file_ignores={"docs/**": ("UVL1",)},
        exclude=("a",),
        extend_exclude=("b",),
        respect_gitignore=False,
        force_exclude=True,
        fix=True,
        unsafe_fixes=True,
        show_fixes=True,
        output_format="json",
        uv_image="registry.example:5000/tools/uv",
        uv_version="0.9.1@sha256:" + "0" * 64,
        cache_mounts=False,
        bind_mounts=False,
        root=str(tmp_path),
        path=str(path),
    )
    assert set(config.KEYS) <= set(tomllib.loads(path.read_text()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.uvlint]\nselekt = []",
            r"pyproject\.toml:2: unknown key `selekt`, did you mean `select`\?; the keys are select, ",
        ),
        ("[tool.uvlint]\nfix = 'yes'", r":2: fix must be true or false"),
        ("[tool.uvlint]\nfix = 1", r":2: fix must be true or false"),
        ("[tool.uvlint]\n\nselect = 'ALL'", r":3: select must be a list of strings"),
        ("[tool.uvlint]\nselect = [1]", r":2: select must be a list of strings"),
        ("[tool.uvlint.per-file-ignores]\na = 'b'", r":1: per-file-ignores must be a table of lists"),
        ("[tool.uvlint]\noutput-format = 'xml'", r":2: output-format must be one of full, concise, json"),
        ("[tool.uvlint]\nuv-version = 'a b'", r":2: uv-version must be a tag"),
        ("[tool.uvlint]\nuv-image = 'uv:latest@'", r":2: uv-image must be an image without its tag"),
        ("[tool.uvlint]\nroot = '/'", r":2: unknown key `root`"),
        ("[tool]\nuvlint = 3", r"tool\.uvlint must be a table"),
        ("[tool.uvlint]\nselect = [\nfix = 1", r"pyproject\.toml: this is not TOML: .*line 3"),
        ("[other]\nfix = 1\n[tool.uvlint]\nfix = 1", r":4: fix must be"),
    ],
)
def test_what_a_file_may_not_say_is_refused_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        Finder()(str(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[tool.ruff]\nfix = true",
        "[project]\nname = 'uvlint'",
        "broken = [",
        "broken = [ # uvlint",
        "[tool]\nx = 1 # uvlint",
    ],
)
def test_a_pyproject_without_our_table_is_not_a_configuration(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert config.load(str(tmp_path / "pyproject.toml")) is None


def test_a_missing_configuration_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        config.load(str(tmp_path / "uvlint.toml"))


@pytest.mark.parametrize(
    ("selector", "hint"), [("pip-instal", "did you mean `pip-install`"), ("UVL103", ""), ("UV", ""), ("UVL1x", "")]
)
@pytest.mark.parametrize("key", ["select", "ignore", "extend-select"])
def test_a_selector_that_names_no_rule_is_refused(key: str, selector: str, hint: str, tmp_path: Path) -> None:
    path = tmp_path / "uvlint.toml"
    path.write_text(f"fix = true\n{key} = [\n  'pip-user',\n  '{selector}',\n]\n")
    settings = config.load(str(path))
    assert settings is not None
    with pytest.raises(
        ConfigError, match=rf"uvlint\.toml:4: {key}: there is no rule `{selector}`{re.escape(hint and ', ' + hint)}"
    ):
        config.verify(settings, RULES)


def test_a_refused_selector_of_the_command_line_names_its_option() -> None:
    with pytest.raises(ConfigError, match=r"^--select: there is no rule `x`"):
        config.verify(Settings(select=("x",)), RULES, {"select": "--select"})


def test_the_closest_file_wins_and_nothing_is_merged(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.uvlint]\nfix = true\nignore = ['UVL1']")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\nx = 1")
    finder = Finder()
    assert finder(str(inner)).ignore == ("UVL1",)
    (tmp_path / "a" / "uvlint.toml").write_text("ignore = ['UVL2']")
    assert finder(str(inner)).ignore == ("UVL1",)  # read once
    settings = Finder()(str(inner))
    assert (settings.ignore, settings.fix, settings.root) == (("UVL2",), False, str(tmp_path / "a"))


def test_uvlint_toml_wins_within_a_folder(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.uvlint]\nselect = ['UVL1']")
    (tmp_path / "uvlint.toml").write_text("select = ['UVL2']")
    assert Finder()(str(tmp_path)).select == ("UVL2",)


def test_settings_of_one_file_are_one_object(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "uvlint.toml").write_text("")
    finished: list[Settings] = []

    def finish(settings: Settings) -> Settings:
        finished.append(settings)
        return settings

    finder = Finder(finish)
    assert finder(str(tmp_path)) is finder(str(tmp_path / "a"))
    assert len(finished) == 1


def test_a_fixed_configuration_holds_everywhere(tmp_path: Path) -> None:
    (tmp_path / "uvlint.toml").write_text("nonsense")
    assert Finder(fixed=Settings(select=("UVL1",)))(str(tmp_path)).select == ("UVL1",)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"select": None}, {"pip-install", "uncached-uv"}),
        ({"select": ("pip-user",)}, {"pip-user"}),
        ({"select": ("ALL",)}, ALL),
        ({"select": ("ALL",), "ignore": ("UVL1",)}, {"uncached-uv"}),
        ({"ignore": ("UVL1",)}, {"uncached-uv"}),
        ({"ignore": ("UVL2",)}, {"pip-install"}),
        ({"extend_select": ("pip-user",)}, ALL),
    ],
)
def test_the_command_line_goes_before_the_file(given: dict[str, Any], expected: set[str]) -> None:
    of_file = Settings(select=("pip-install", "UVL2"), ignore=("UVL1",))
    assert config.chosen(config.override(of_file, given), RULES, "Dockerfile") == expected


def test_extended_exclusions_add_up() -> None:
    settings = config.override(Settings(exclude=("a",), extend_exclude=("b",)), {"extend_exclude": ("c",), "fix": True})
    assert (settings.exclude, settings.extend_exclude, settings.fix) == (("a",), ("b", "c"), True)
