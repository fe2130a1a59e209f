"""Where what could not be told is kept: under the home, in a folder for each machine."""

import socket
from pathlib import Path
from typing import Final

from windlass.settings import Settings, handed_over

FOLDER_VARIABLE: Final = "WINDLASS__SPOOL_FOLDER"
"""How a worker tells the processes of its runs where it will look for what they leave behind."""


def spool_folder(settings: Settings) -> Path:
    """The folder of all spools: `spool` in WINDLASS_HOME, unless a worker said another one."""
    said = handed_over(FOLDER_VARIABLE.removeprefix("WINDLASS__"))
    return settings.home.expanduser() / "spool" if said is None else Path(said)


def of_this_machine(folder: Path) -> Path:
    """Machines may share a home, but not always the locks in it: each has spools of its own."""
    return folder / "machines" / socket.gethostname()


def of_refused(folder: Path) -> Path:
    """What servers refused for good."""
    return folder / "refused"


def make_private(folder: Path) -> None:
    """Make a folder that only this user may look into, and those above it. Raises OSError."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
