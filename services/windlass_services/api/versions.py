"""The versions of what is served."""

from typing import Final

SERVED_API_VERSION: Final = "3.6.7"
"""The version of Prefect whose API this is: what a stock client compares its own with."""

HTTP_API_VERSION: Final = "0.8.4"
"""The version that Prefect gives its HTTP interface itself."""
