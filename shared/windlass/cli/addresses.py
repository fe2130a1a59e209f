"""Where a server is reached, and whether it answers there."""

from typing import Final

import httpx

_SECONDS_TO_ANSWER: Final = 2.0
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


def base_url(host: str, port: int) -> str:
    """The address of a server that listens on `host` and `port`, as seen from this machine."""
    reached = _EVERYWHERE.get(host, host)
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{port}"


def answers(url: str) -> bool:
    """Whether a GET of `url` succeeds."""
    try:
        return httpx.get(url, timeout=_SECONDS_TO_ANSWER).is_success
    except httpx.HTTPError:
        return False
