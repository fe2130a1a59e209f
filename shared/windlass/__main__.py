"""The `windlass` command."""

import sys

from windlass._version import __version__


def main() -> None:
    """Run the command line. The version is answered before anything is imported."""
    if sys.argv[1:] in (["--version"], ["-v"]):
        sys.stdout.write(f"{__version__}\n")
        return
    from windlass.cli.main import run  # noqa: PLC0415 (the version must not wait for it)

    run()


if __name__ == "__main__":
    main()
