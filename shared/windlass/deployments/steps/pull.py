"""Public: steps that bring the code of a flow to where it runs."""

import os
from pathlib import Path


def set_working_directory(directory: str) -> dict[str, str]:
    """Make `directory` the working directory of this process; the answer has its absolute path.

    Raises FileNotFoundError and NotADirectoryError.
    """
    path = Path(directory).expanduser().absolute()
    os.chdir(path)
    return {"directory": str(path)}
