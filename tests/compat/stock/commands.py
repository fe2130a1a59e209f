"""Runs commands of the stock CLI one after the other, for the price of starting it once.

    python commands.py '[["work-pool", "ls"], ["flow-run", "ls"]]'

Prints, as JSON, what each of them printed; ends with the first one that fails.
"""

import json
import sys

from prefect.cli import app
from typer.testing import CliRunner

if __name__ == "__main__":
    said = []
    for command in json.loads(sys.argv[1]):
        done = CliRunner().invoke(app, command)
        if done.exit_code:
            sys.exit(f"prefect {' '.join(command)} ended with {done.exit_code}:\n{done.output}")
        said.append(done.output)
    print(json.dumps(said))
