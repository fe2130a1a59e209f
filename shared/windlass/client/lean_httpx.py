"""httpx without its command line: `from windlass.client.lean_httpx import httpx`.

Importing httpx also imports the command line that it has (click, pygments and rich: 130 ms and
12 MB), unless that import fails. It is made to fail here; nothing but `httpx.main` is missed.
"""

import sys
from typing import Any, cast

cast("dict[str, Any]", sys.modules).setdefault("httpx._main", None)

import httpx  # noqa: E402

__all__ = ["httpx"]
