from __future__ import annotations

import os

# Tests of anything but the cache neither read nor fill one; those of the cache have one of their own.
os.environ["UVLINT_NO_CACHE"] = "1"
