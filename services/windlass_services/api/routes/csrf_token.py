"""Tokens against cross-site requests, where the server is set to ask for them."""

import secrets

from starlette.responses import Response

from windlass.exceptions import RequestInvalid
from windlass.schemas.csrf_tokens import CsrfToken
from windlass_services.api.answers import answer
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Routes
from windlass_services.storage import csrf_tokens

router = Routes(tags=["Root"])


@router.get("/csrf-token", response_model=CsrfToken)
async def create_csrf_token(context: InContext, scope: InScope, client: str) -> Response:
    """A new token for a client, in place of the one that it had.

    422 where none is asked for: by this a stock client knows that it needs no token.
    """
    settings = context.settings.server.api
    if not settings.csrf_protection_enabled:
        raise RequestInvalid("CSRF protection is disabled.")
    async with context.database.write() as connection:
        made = await csrf_tokens.put_csrf_token(
            connection,
            scope,
            client,
            secrets.token_hex(32),
            now=context.clock(),
            lifetime=settings.csrf_token_expiration,
        )
    return answer(made)
