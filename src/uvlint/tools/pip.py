"""What a `pip` command line asks for, and how uv spells each of its options.

Verified by running uv 0.13 against pip 23.0 to 26.3; the notes are what a diagnostic says where uv has no equal.
"""

from __future__ import annotations

from uvlint.tools.options import Table, table

INSTALL: Table = table("""
-r --requirement                     | = | requirement       | keep
-c --constraint                      | = | constraint        | keep
--build-constraint                   | = | build-constraint  | keep
--requirements-from-script           | = | requirement       | rename | -r
--no-deps                            | - | no-deps           | keep
--no-dependencies                    | - | no-deps           | rename | --no-deps
--only-deps --only-dependencies      | - | only-deps         | block  | | uv has no `--only-deps`
-e --editable                        | = | editable          | keep
--dry-run                            | - | dry-run           | keep
-t --target                          | = | target            | keep
--platform                           | = | platform          | check
--python-version                     | = | python-version    | check
--implementation                     | = | implementation    | check
--abi                                | = | abi               | check
--user                               | - | user              | block  | | uv has no `--user`: install into an environment
--no-user                            | - |                   | drop
--root                               | = | root              | block  | | uv has no `--root`
--prefix                             | = | prefix            | keep
--src --source --source-dir --source-directory | = | src     | drop
-U --upgrade                         | - | upgrade           | keep
--upgrade-strategy                   | = | upgrade-strategy  | check
--force-reinstall                    | - | reinstall         | rename | --reinstall
-I --ignore-installed                | - | ignore-installed  | block  | | uv has no `--ignore-installed`
--ignore-requires-python             | - | ignore-python     | block  | | uv has no `--ignore-requires-python`
--no-build-isolation                 | - | no-isolation      | keep
--use-pep517                         | - |                   | drop
--no-use-pep517                      | - | no-pep517         | block  | | uv always builds as PEP 517 says
--check-build-dependencies           | - |                   | drop
--break-system-packages              | - | break-system      | keep
-C --config-settings --config-setting | = | config-setting   | rename | --config-setting
--global-option                      | = | global-option     | block  | | uv has no `--global-option`
--build-option                       | = | build-option      | block  | | uv has no `--build-option`
--install-option                     | = | install-option    | block  | | uv has no `--install-option`
--compile                            | - | compile           | rename | --compile-bytecode
--no-compile                         | - | no-compile        | keep
--no-warn-script-location            | - |                   | drop
--no-warn-conflicts                  | - |                   | drop
--require-hashes                     | - | require-hashes    | keep
--no-require-hashes                  | - | no-require-hashes | keep
--progress-bar                       | = |                   | drop
--root-user-action                   | = |                   | drop
--report                             | = | report            | block  | | uv writes no `--report`
--group                              | = | group             | keep
--no-clean                           | - |                   | drop
--pre                                | - | pre               | rename | --prerelease=allow
--all-releases                       | = | all-releases      | check
--only-final                         | = | only-final        | check
--no-binary                          | = | no-binary         | keep
--only-binary                        | = | only-binary       | keep
--prefer-binary                      | - | prefer-binary     | block  | | uv has no `--prefer-binary`: it takes the newest release, built or not
-i --index-url --pypi-url            | = | index             | rename | --default-index
--extra-index-url                    | = | extra-index       | keep
--no-index                           | - | no-index          | keep
--refresh-package                    | = | refresh-package   | check
-f --find-links                      | = | find-links        | rename | --find-links
--uploaded-prior-to                  | = | exclude-newer     | rename | --exclude-newer
--process-dependency-links           | - | dependency-links  | block  | | `--process-dependency-links` is gone from pip as well
--debug                              | - |                   | drop
--isolated                           | - | no-config         | rename | --no-config
--require-virtualenv --require-venv  | - | require-venv      | check
--python                             | = | python            | block  | | `--python` works on another Python than its own: call the pip of that one
-v --verbose                         | - |                   | keep
-q --quiet                           | - |                   | keep
--log --log-file --local-log         | = | log               | drop
--no-input                           | - |                   | drop
--keyring-provider                   | = | keyring           | check
--proxy                              | = | proxy             | block  | | uv has no `--proxy`: set HTTPS_PROXY
--no-proxy-env                       | - | no-proxy-env      | block  | | uv has no `--no-proxy-env`
--retries                            | = |                   | drop
--timeout --default-timeout          | = | timeout           | drop
--resume-retries                     | = |                   | drop
--exists-action                      | = |                   | drop
--trusted-host                       | = | trusted-host      | rename | --allow-insecure-host
--cert                               | = | cert              | keep
--client-cert                        | = | client-cert       | block  | | uv has no `--client-cert`: set SSL_CLIENT_CERT
--cache-dir                          | = | cache-dir         | block  | | `--cache-dir` names pip's cache
--no-cache-dir                       | - | no-cache          | rename | --no-cache
--disable-pip-version-check          | - |                   | drop
--no-python-version-warning          | - |                   | drop
--no-color                           | - |                   | keep
--use-feature                        | = | use-feature       | check
--use-deprecated                     | = | use-deprecated    | check
-b --build --build-dir               | = | build-dir         | block  | | `--build-dir` is gone from pip as well
-d --download                        | = | download          | block  | | `--download` is gone from pip as well
--use-wheel --no-use-wheel --egg --use-mirrors --allow-all-external | - | gone | block | | an option that is gone from pip as well
--allow-external --allow-unverified  | = | gone              | block  | | an option that is gone from pip as well
-h --help -V --version               | - | help              | block  | | it installs nothing
""")
"""The options of `pip install`, those that pip takes before the word `install` included."""

_ANYWHERE = """
--isolated                           | - |                   | drop
-v --verbose                         | - |                   | keep
-q --quiet                           | - |                   | keep
--log --log-file --local-log         | = | log               | drop
--no-input                           | - |                   | drop
--exists-action                      | = |                   | drop
--cache-dir                          | = |                   | drop
--no-cache-dir                       | - |                   | drop
--disable-pip-version-check          | - |                   | drop
--no-python-version-warning          | - |                   | drop
--no-color                           | - |                   | keep
--root-user-action                   | = |                   | drop
"""

QUERIES: dict[str, Table] = {
    "uninstall": table(
        _ANYWHERE
        + """
-r --requirement                     | = | requirement       | keep
-y --yes                             | - | yes               | drop
--break-system-packages              | - |                   | keep
"""
    ),
    "list": table(
        _ANYWHERE
        + """
--format                             | = |                   | keep
-o --outdated                        | - |                   | rename | --outdated
-e --editable                        | - |                   | keep
--exclude-editable                   | - |                   | keep
--exclude                            | = |                   | keep
-u --uptodate                        | - |                   | block  | | uv has no `--uptodate`
--not-required                       | - |                   | block  | | uv has no `--not-required`
-l --local                           | - |                   | block  | | uv has no `--local`
--user                               | - |                   | block  | | uv has no `--user`
--path                               | = |                   | block  | | uv has no `--path`
--pre                                | - |                   | block  | | uv has no `--pre`
"""
    ),
    "freeze": table(
        _ANYWHERE
        + """
--all                                | - |                   | drop
--exclude-editable                   | - |                   | keep
--exclude                            | = |                   | keep
-l --local                           | - |                   | block  | | uv has no `--local`
--user                               | - |                   | block  | | uv has no `--user`
--path                               | = |                   | keep
-r --requirement                     | = |                   | block  | | uv has no `--requirement` here
"""
    ),
    "show": table(_ANYWHERE + "-f --files | - | | keep"),
    "check": table(_ANYWHERE),
}
"""The options of what pip does beside installing, where uv does it too: by pip's word for it."""

SETTINGS = {
    "PIP_INDEX_URL": "index",
    "PIP_EXTRA_INDEX_URL": "extra-index",
    "PIP_TRUSTED_HOST": "trusted-host",
    "PIP_FIND_LINKS": "find-links",
    "PIP_NO_INDEX": "no-index",
    "PIP_CONSTRAINT": "constraint",
    "PIP_BUILD_CONSTRAINT": "build-constraint",
    "PIP_REQUIRE_HASHES": "require-hashes",
    "PIP_PRE": "pre",
    "PIP_NO_BINARY": "no-binary",
    "PIP_ONLY_BINARY": "only-binary",
    "PIP_NO_BUILD_ISOLATION": "no-isolation",
    "PIP_NO_DEPS": "no-deps",
    "PIP_UPGRADE": "upgrade",
    "PIP_TARGET": "target",
    "PIP_PREFIX": "prefix",
    "PIP_USER": "user",
    "PIP_ROOT": "root",
    "PIP_IGNORE_INSTALLED": "ignore-installed",
    "PIP_PREFER_BINARY": "prefer-binary",
    "PIP_BREAK_SYSTEM_PACKAGES": "break-system",
    "PIP_NO_COMPILE": "no-compile",
    "PIP_CERT": "cert",
    "PIP_CLIENT_CERT": "client-cert",
    "PIP_PROXY": "proxy",
    "PIP_REQUIRE_VIRTUALENV": "require-venv",
    "PIP_KEYRING_PROVIDER": "keyring",
    "PIP_USE_FEATURE": "use-feature",
    "PIP_USE_DEPRECATED": "use-deprecated",
    "PIP_CONFIG_FILE": "config-file",
    "PIP_REQUIREMENT": "requirement",
    "PIP_USE_PEP517": "use-pep517",
    "PIP_GLOBAL_OPTION": "global-option",
    "PIP_IGNORE_REQUIRES_PYTHON": "ignore-python",
    "PIP_PYTHON": "python",
    "PIP_UPGRADE_STRATEGY": "upgrade-strategy",
    "PIP_FORCE_REINSTALL": "reinstall",
    "PIP_COMPILE": "compile",
    "PIP_EDITABLE": "editable",
    "PIP_GROUP": "group",
    "PIP_DRY_RUN": "dry-run",
    "PIP_NO_DEPENDENCIES": "no-deps",
    "PIP_PLATFORM": "platform",
    "PIP_PYTHON_VERSION": "python-version",
    "PIP_CONFIG_SETTINGS": "config-setting",
    "PIP_NO_USE_PEP517": "no-pep517",
    "PIP_UPLOADED_PRIOR_TO": "exclude-newer",
    "PIP_ALL_RELEASES": "all-releases",
    "PIP_ONLY_FINAL": "only-final",
}
"""The `PIP_*` variables that change what pip installs, and the meaning of each; any other changes how it is shown."""


def is_off(value: str | None) -> bool:
    """Whether a boolean variable is known to be off: for `PIP_NO_COMPILE` and its like pip then does what the name says."""
    return value is not None and value.lower() in {"0", "false", "no", "off", "n", "f"}
