"""Tokens against cross-site requests. There are none: credentials are in headers, not cookies."""

from fastapi import APIRouter

from windlass.exceptions import RequestInvalid

router = APIRouter(tags=["Root"])


@router.get("/csrf-token", status_code=200)
async def create_csrf_token(client: str) -> None:
    """422: by this a stock client knows that it needs no token, and asks no more."""
    del client
    raise RequestInvalid("CSRF protection is disabled.")
