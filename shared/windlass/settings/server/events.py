"""What the server accepts as an event, and how long it keeps events."""

from datetime import timedelta

from windlass.settings.groups import SettingsGroup, setting


class ServerEventsSettings(SettingsGroup):
    """What the server accepts as an event, and how long it keeps events."""

    retention_period: timedelta = setting(
        timedelta(days=7),
        "How long events are kept, by whole days; 0: for good.",
        aliases=("EVENTS_RETENTION_PERIOD",),
        at_least=0,
    )
    maximum_labels_per_resource: int = setting(
        500,
        "Most labels of one resource.",
        aliases=("EVENTS_MAXIMUM_LABELS_PER_RESOURCE",),
        at_least=1,
    )
    maximum_related_resources: int = setting(
        100,
        "Most related resources of one event.",
        aliases=("EVENTS_MAXIMUM_RELATED_RESOURCES",),
        at_least=0,
    )
    maximum_size_bytes: int = setting(
        1_500_000,
        "Most bytes of one event, as JSON.",
        aliases=("EVENTS_MAXIMUM_SIZE_BYTES",),
        at_least=1,
    )
    maximum_event_name_length: int = setting(
        1024, "Most characters of the name of an event.", at_least=1
    )
