"""How large what is sent to the server may be."""

from pydantic_core import to_json

from windlass.exceptions import PayloadTooLarge
from windlass.schemas.base import JsonObject
from windlass.schemas.events import Event
from windlass.settings.server.events import ServerEventsSettings
from windlass_services.api.context import ApiContext


def check_parameters_size(context: ApiContext, parameters: JsonObject | None) -> None:
    """Raises `PayloadTooLarge` for parameters of more bytes, as JSON, than the setting allows."""
    most = context.settings.server.api.maximum_parameters_bytes
    size = len(to_json(parameters or {}))
    if size > most:
        raise PayloadTooLarge(
            f"The parameters take {size} bytes as JSON, but {most} is the most: keep large data in"
            " a store and pass its address, or raise WINDLASS_SERVER_API_MAXIMUM_PARAMETERS_BYTES."
        )


def check_event_size(limits: ServerEventsSettings, event: Event, sent: int) -> None:
    """Raises `PayloadTooLarge` for an event that is over one of the limits.

    `sent` is how many bytes it came in, with others or alone: few need no closer look.
    """
    size = len(to_json(event)) if sent > limits.maximum_size_bytes else sent
    labels = max(len(resource.root) for resource in event.involved_resources)
    for has, what, most, setting in (
        (len(event.event), "characters", limits.maximum_event_name_length, "EVENT_NAME_LENGTH"),
        (len(event.related), "resources", limits.maximum_related_resources, "RELATED_RESOURCES"),
        (labels, "labels", limits.maximum_labels_per_resource, "LABELS_PER_RESOURCE"),
        (size, "bytes", limits.maximum_size_bytes, "SIZE_BYTES"),
    ):
        if has > most:
            raise PayloadTooLarge(
                f"Event {event.id}: {has} {what}, over WINDLASS_SERVER_EVENTS_MAXIMUM_{setting}"
                f" ({most})."
            )
