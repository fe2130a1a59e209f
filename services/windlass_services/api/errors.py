"""The one place where an exception becomes an answer."""

import math
from typing import Any

from pydantic_core import to_jsonable_python
from starlette.responses import JSONResponse

from windlass.exceptions import ApiError, ServerBusy, SlotsTaken


def render_error(error: ApiError) -> JSONResponse:
    """`detail` is the sentence, `code` names the class that the client raises again."""
    body: dict[str, Any] = {"detail": str(error), "code": error.code}
    if error.details:
        body["details"] = to_jsonable_python(error.details, fallback=str)
    headers: dict[str, str] = {}
    if isinstance(error, ServerBusy):
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if isinstance(error, SlotsTaken) and error.retry_after is not None:
        # Fractions, as stock clients read them: a slot may be free in a tenth of a second.
        headers["Retry-After"] = f"{error.retry_after:.3f}"
    return JSONResponse(body, status_code=error.status, headers=headers)
