"""What a `uv` command line asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint.tools.options import Table, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvlint.shell import Word

_COMMON = """
-q --quiet                           | - |
-v --verbose                         | - |
-n --no-cache --no-cache-dir         | - | no-cache
--cache-dir                          | = | cache-dir
--color                              | = |
--no-color                           | - |
--no-progress                        | - |
--no-config --isolated               | - | no-config
--config-file                        | = | config-file
--directory                          | = | directory
--project                            | = | project
--offline                            | - | offline
--native-tls --system-certs          | - |
--no-native-tls --no-system-certs    | - |
--allow-insecure-host --trusted-host | = | trusted-host
--cert                               | = | cert
--preview --no-preview               | - |
--preview-features                   | = |
--no-managed-python                  | - | no-managed
--managed-python                     | - | managed
--no-python-downloads                | - | no-downloads
--allow-python-downloads             | - | downloads
--python-preference                  | = | python-preference
--python-fetch                       | = | python-fetch
-h --help -V --version               | - | help
"""

_RESOLVER = """
--default-index -i --index-url       | = | index
--index --extra-index-url            | = | extra-index
-f --find-links                      | = | find-links
--no-index                           | - | no-index
--index-strategy                     | = | index-strategy
--keyring-provider                   | = | keyring
-U --upgrade                         | - | upgrade
-P --upgrade-package                 | = | upgrade-package
--upgrade-group                      | = | upgrade-group
--reinstall --force-reinstall        | - | reinstall
--reinstall-package                  | = | reinstall-package
--refresh                            | - | refresh
--refresh-package                    | = | refresh-package
--resolution                         | = | resolution
--prerelease                         | = | prerelease
--pre                                | - | pre
--prerelease-package                 | = | prerelease-package
--fork-strategy                      | = | fork-strategy
-C --config-setting --config-settings | = | config-setting
--config-settings-package            | = | config-setting-package
--no-build-isolation                 | - | no-isolation
--no-build-isolation-package         | = | no-isolation-package
--build-isolation                    | - |
--exclude-newer                      | = | exclude-newer
--exclude-newer-package              | = | exclude-newer-package
--link-mode                          | = | link-mode
--compile-bytecode --compile         | - | compile
--no-compile-bytecode --no-compile   | - | no-compile
--no-sources                         | - | no-sources
--no-sources-package                 | = | no-sources
--no-build                           | - | no-build
--build                              | - |
--no-build-package                   | = | no-build-package
--no-binary-package                  | = | no-binary-package
"""

PIP_INSTALL: Table = table(
    _COMMON
    + _RESOLVER
    + """
-r --requirement --requirements      | = | requirement
-c --constraint --constraints        | = | constraint
-b --build-constraint --build-constraints | = | build-constraint
--override --overrides               | = | override
--exclude --excludes                 | = | exclude
-e --editable                        | = | editable
--group                              | = | group
--extra                              | = | extra
--all-extras                         | - | all-extras
--no-deps                            | - | no-deps
--require-hashes                     | - | require-hashes
--no-require-hashes                  | - | no-require-hashes
--verify-hashes --no-verify-hashes   | - | verify-hashes
--require-build-hashes               | - | require-build-hashes
-p --python                          | = | python
--system                             | - | system
--no-system                          | - | no-system
--break-system-packages              | - | break-system
--no-break-system-packages           | - |
-t --target                          | = | target
--prefix                             | = | prefix
--no-binary                          | = | no-binary
--only-binary                        | = | only-binary
--python-version                     | = | python-version
--python-platform                    | = | platform
--strict --no-strict                 | - |
--exact                              | - | exact
--dry-run                            | - | dry-run
--torch-backend                      | = | torch-backend
--disable-pip-version-check          | - |
"""
)
"""The options of `uv pip install` and `uv pip sync`, uv's own global ones included."""

PROJECT: Table = table(
    _COMMON
    + _RESOLVER
    + """
--extra                              | = | extra
--all-extras                         | - | all-extras
--no-extra                           | = | no-extra
--group                              | = | group
--no-group                           | = | no-group
--only-group                         | = | only-group
--all-groups                         | - | all-groups
--no-default-groups                  | - | no-default-groups
--dev                                | - | dev
--no-dev                             | - | no-dev
--only-dev                           | - | only-dev
--no-editable                        | - | no-editable
--no-editable-package                | = | no-editable
--inexact                            | - | inexact
--exact                              | - |
--active                             | - | active
--no-active                          | - |
--no-install-project                 | - | no-install-project
--only-install-project               | - | only-install-project
--no-install-workspace               | - | no-install-workspace
--only-install-workspace             | - | only-install-workspace
--no-install-local                   | - | no-install-local
--only-install-local                 | - | only-install-local
--no-install-package                 | = | no-install-package
--only-install-package               | = | only-install-package
--locked                             | - | locked
--frozen                             | - | frozen
--no-locked --no-frozen              | - |
--dry-run                            | - | dry-run
--check                              | - | dry-run
--all-packages                       | - | all-packages
--package                            | = | package
--script                             | = | script
-p --python                          | = | python
--python-platform                    | = | platform
--no-binary                          | - | no-binary
--output-format                      | = |
--with                               | = | with
--with-editable                      | = | with
--with-requirements                  | = | with-requirements
--no-sync                            | - | no-sync
-m --module                          | - | module
--env-file                           | = | env-file
--no-env-file                        | - |
--force                              | - | force
-e --editable                        | - | editable
"""
)
"""The options of `uv sync`, `uv run`, `uv tool install` and what goes with them."""

GLOBAL: Table = table(_COMMON)

TRUE = frozenset({"1", "true", "yes", "on", "t", "y"})


def is_on(value: str | None) -> bool:
    """Whether a boolean variable such as UV_NO_CACHE is known to be on."""
    return value is not None and value.lower() in TRUE


def reach(words: Sequence[Word], first: int) -> int:
    """Where the words end that uv reads itself, of a command line whose program is at `first`.

    `uv run`, `uvx` and `uv tool run` hand on what follows the first word that is no option.
    """
    program = words[first].value or ""
    index, wanted = first + 1, ("" if program.endswith("uvx") else "run")
    while index < len(words):
        value = words[index].value
        if value is None or not value.startswith("-"):
            if wanted == "" or value not in {"run", "tool"}:
                break
            wanted = "run" if value == "tool" else ""
            index += 1
            continue
        option = PROJECT.get(value)
        index += 2 if option is not None and option.value == "=" else 1
    return len(words) if wanted else min(index, len(words))
