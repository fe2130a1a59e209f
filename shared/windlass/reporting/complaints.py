"""What a user has to hear of what could not be told to the server."""

import sys


def complain(sentence: str) -> None:
    """Say it on standard error. Not as a log record: that would have to be sent, too."""
    sys.stderr.write(f"windlass: {sentence}.\n")
