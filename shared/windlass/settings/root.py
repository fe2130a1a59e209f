"""All settings of a process."""

from collections.abc import Mapping
from pathlib import Path

from windlass.settings.api import APISettings
from windlass.settings.cli import CLISettings
from windlass.settings.client import ClientSettings
from windlass.settings.deployments import DeploymentsSettings
from windlass.settings.flows import FlowsSettings
from windlass.settings.groups import SettingsGroup, group, setting
from windlass.settings.logging import LoggingSettings
from windlass.settings.results import ResultsSettings
from windlass.settings.runner import RunnerSettings
from windlass.settings.server.root import ServerSettings
from windlass.settings.sources import DEFAULTS, Given
from windlass.settings.tasks import TasksSettings
from windlass.settings.worker import WorkerSettings


class Settings(SettingsGroup):
    """All settings of a process, checked, and where each comes from."""

    home: Path = setting(
        Path("~/.windlass"), "Folder of profiles, the embedded database, logs and the spool."
    )
    profiles_path: Path = setting(Path("$WINDLASS_HOME/profiles.toml"), "File of the profiles.")
    api: APISettings = group(APISettings)
    cli: CLISettings = group(CLISettings)
    client: ClientSettings = group(ClientSettings)
    deployments: DeploymentsSettings = group(DeploymentsSettings)
    flows: FlowsSettings = group(FlowsSettings)
    logging: LoggingSettings = group(LoggingSettings)
    results: ResultsSettings = group(ResultsSettings)
    runner: RunnerSettings = group(RunnerSettings)
    server: ServerSettings = group(ServerSettings)
    tasks: TasksSettings = group(TasksSettings)
    worker: WorkerSettings = group(WorkerSettings)

    profile: str
    """The name of the active profile."""
    given: Mapping[str, Given]
    """What was said about settings, by their dotted paths."""
    notices: tuple[str, ...]
    """What the user should hear: settings that are unknown, or have no effect."""

    def source_of(self, path: str) -> str:
        """Where the value of the setting at a dotted path comes from, such as `env`."""
        given = self.given.get(path)
        return DEFAULTS if given is None else given.source
