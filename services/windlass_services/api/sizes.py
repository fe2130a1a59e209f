"""How large what is sent to the server may be."""

from windlass.exceptions import PayloadTooLarge
from windlass.schemas.base import JsonObject
from windlass.schemas.events import Event, Resource
from windlass.settings.server.events import ServerEventsSettings
from windlass_services.api.context import ApiContext


def check_parameters_size(context: ApiContext, parameters: JsonObject | None) -> None:
    """Raises `PayloadTooLarge` for parameters of more bytes, as JSON, than the setting allows."""
    most = context.settings.server.api.maximum_parameters_bytes
    size = len(to_json(parameters or {}))
    if size > most:
        raise PayloadTooLarge(
            f"The parameters take {size:,} bytes as JSON, but {most:,} is the most: keep large data"
            " in a store and pass its address, or raise"
            " WINDLASS_SERVER_API_MAXIMUM_PARAMETERS_BYTES."
        )


def check_event_size(limits: ServerEventsSettings, event: Event) -> None:
    """Raises `PayloadTooLarge` for an event that is over one of the limits."""
    of = f"Event {event.id}"
    _check(of, "characters in its name", len(event.event), limits.maximum_event_name_length,
           "EVENT_NAME_LENGTH")
