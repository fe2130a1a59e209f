"""Public: types for the fields of blocks."""

from typing import Any

from pydantic import Secret


class SecretDict(Secret[dict[str, Any]]):
    """An object of which every value is secret."""

    def _display(self) -> str:
        return "**********" if self.get_secret_value() else ""
