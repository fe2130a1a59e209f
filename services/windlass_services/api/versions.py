"""The version of the API that is served."""

from typing import Final

SERVED_API_VERSION: Final = "3.6.7"
"""The version of Prefect whose API this is: what a stock client compares its own with."""
