"""How long the server keeps what grows with every run."""

from datetime import timedelta

from windlass.settings.groups import SettingsGroup, setting


class ServerLogsSettings(SettingsGroup):
    """What the server keeps of logs."""

    retention_period: timedelta = setting(
        timedelta(0),
        "How long logs are kept, by whole days; 0: for good.",
        at_least=0,
        documented=False,
    )


class ServerStatesSettings(SettingsGroup):
    """What the server keeps of the states that runs were in."""

    retention_period: timedelta = setting(
        timedelta(0),
        "How long the history of states is kept, by whole days; 0: for good. The state that a run"
        " is in stays.",
        at_least=0,
        documented=False,
    )
