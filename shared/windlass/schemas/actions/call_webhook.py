"""The action `call-webhook`."""

import json
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator

from windlass.schemas.base import JsonValue, Shape


def _as_text(payload: JsonValue) -> JsonValue:
    return json.dumps(payload, indent=2) if isinstance(payload, dict | list) else payload


class CallWebhook(Shape):
    """Call the webhook of a block. The payload is a template; an object is kept as its JSON."""

    type: Literal["call-webhook"] = "call-webhook"
    block_document_id: UUID
    payload: Annotated[str, BeforeValidator(_as_text)] = ""
