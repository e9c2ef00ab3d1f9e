"""What installers other than pip ask for, and how uv spells each of their options."""

from __future__ import annotations

from uvlint.tools.options import Table, table

EASY_INSTALL: Table = table("""
-U --upgrade                         | - | upgrade           | keep
-q --quiet                           | - |                   | keep
-v --verbose                         | - |                   | keep
-N --no-deps                         | - | no-deps           | rename | --no-deps
-i --index-url                       | = | index             | rename | --default-index
-f --find-links                      | = | find-links        | keep
-Z --always-unzip                    | - |                   | drop
-z --zip-ok                          | - |                   | drop
-m --multi-version                   | - |                   | block  | | uv installs one release of a package
-d --install-dir                     | = |                   | block  | | uv has no `--install-dir`
-s --script-dir                      | = |                   | block  | | uv has no `--script-dir`
-e --editable                        | - |                   | block  | | `--editable` of easy_install fetches sources, uv's installs them
-h --help --version                  | - |                   | block  | | it installs nothing
""")
"""The options of `easy_install`."""

SETUP: Table = table("""
-q --quiet                           | - |                   | drop
-v --verbose                         | - |                   | drop
-O --optimize                        | = |                   | drop
-O1 -O2                              | - |                   | drop
--record                             | = |                   | drop
--single-version-externally-managed  | - |                   | drop
--old-and-unmanageable               | - |                   | drop
""")
"""The options of `setup.py install` and `setup.py develop`; with any other there is no equal."""

PIPX: Table = table("""
-q --quiet                           | - |                   | keep
-v --verbose                         | - |                   | keep
-f --force                           | - |                   | rename | --force
-e --editable                        | - |                   | keep
-i --index-url                       | = | index             | rename | --default-index
--python                             | = |                   | keep
--global                             | - | global            | drop
--skip-maintenance                   | - |                   | drop
--fetch-missing-python               | - |                   | drop
--include-deps                       | - |                   | block  | | uv links the programs of the package alone: name others with `--with-executables-from`
--pip-args                           | = |                   | block  | | what `--pip-args` says is pip's
--preinstall                         | = |                   | block  | | uv has no `--preinstall`
--suffix                             | = |                   | block  | | uv has no `--suffix`
--system-site-packages               | - |                   | block  | | uv's tools don't see the system's packages
-h --help                            | - |                   | block  | | it installs nothing
""")
"""The options of `pipx install`, and those that pipx takes before the word."""

COMPILE: Table = table("""
-o --output-file                     | = | output            | keep
-U --upgrade                         | - |                   | keep
-P --upgrade-package                 | = |                   | keep
--generate-hashes                    | - |                   | keep
--allow-unsafe                       | - | allow-unsafe      | drop
--no-allow-unsafe                    | - |                   | block  | | uv pins pip and setuptools as well
--unsafe-package                     | = |                   | rename | --no-emit-package
--resolver                           | = | resolver          | drop
--strip-extras                       | - | strip             | drop
--no-strip-extras                    | - | strip             | keep
--no-header                          | - |                   | keep
--header                             | - |                   | drop
--no-annotate                        | - |                   | keep
--annotate                           | - |                   | drop
--annotation-style                   | = |                   | keep
--emit-index-url                     | - | emit-index        | keep
--no-emit-index-url                  | - | emit-index        | drop
--no-emit-trusted-host --no-emit-options | - | | drop
--emit-find-links                    | - | emit-links        | keep
--no-emit-find-links                 | - | emit-links        | drop
-i --index-url                       | = | index             | rename | --default-index
--extra-index-url                    | = | extra-index       | keep
-f --find-links                      | = | find-links        | keep
--no-index                           | - |                   | keep
--trusted-host                       | = |                   | rename | --allow-insecure-host
-p --pre                             | - |                   | rename | --prerelease=allow
--extra                              | = |                   | keep
--all-extras                         | - |                   | keep
-c --constraint                      | = |                   | keep
--no-build-isolation                 | - |                   | keep
--build-isolation --reuse-hashes --no-config | - | | drop
--max-rounds                         | = |                   | drop
-q --quiet                           | - |                   | keep
-v --verbose                         | - |                   | keep
--cert                               | = |                   | keep
--cache-dir                          | = |                   | drop
--no-reuse-hashes --rebuild -r       | - |                   | block  | | uv has no such option
-n --dry-run                         | - |                   | block  | | uv has no `--dry-run` here
--newline --config --client-cert --pip-args --build-deps-for --only-build-deps --all-build-deps | = | | block | | uv has no such option
-h --help --version                  | - |                   | block  | | it compiles nothing
""")
"""The options of `pip-compile`."""

SYNC: Table = table("""
-i --index-url                       | = | index             | rename | --default-index
--extra-index-url                    | = | extra-index       | keep
-f --find-links                      | = | find-links        | keep
--no-index                           | - |                   | keep
--trusted-host                       | = |                   | rename | --allow-insecure-host
-n --dry-run                         | - |                   | rename | --dry-run
-q --quiet                           | - |                   | keep
-v --verbose                         | - |                   | keep
--force --no-config                  | - |                   | drop
--cert                               | = |                   | keep
-a --ask                             | - |                   | block  | | it asks, which no build can answer
--user                               | - |                   | block  | | uv has no `--user`
--python-executable --client-cert --pip-args --config | = | | block | | uv has no such option
-h --help --version                  | - |                   | block  | | it installs nothing
""")
"""The options of `pip-sync`."""
