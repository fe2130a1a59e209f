"""The action `send-notification`."""

from typing import Literal
from uuid import UUID

from windlass.schemas.base import Shape


class SendNotification(Shape):
    """Send a message through the block of a notification service. Both texts are templates."""

    type: Literal["send-notification"] = "send-notification"
    block_document_id: UUID
    subject: str = "Prefect automated notification"
    body: str
