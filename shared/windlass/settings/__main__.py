"""`python -m windlass.settings`: print the reference of all settings."""

import sys

from windlass.settings.reference import render_reference

if __name__ == "__main__":
    sys.stdout.write(render_reference())
