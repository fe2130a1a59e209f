"""Public: blocks that every server has."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BeforeValidator, Field, SecretBytes, SecretStr
from pydantic import Secret as SecretValue

from windlass.blocks.core import Block

T = TypeVar("T")


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr | SecretBytes) else value


class Secret(Block, Generic[T]):
    """A value that nobody is shown: a password, a token, or anything that JSON can say.

    Example:
        ```python
        from windlass.blocks.system import Secret

        Secret(value="sk-1234567890").save("api-key")
        Secret.load("api-key").get()
        ```
    """

    value: Annotated[SecretValue[T], BeforeValidator(_plain)] = Field(
        description="The value to keep secret."
    )

    def get(self) -> T:
        """The value itself."""
        return self.value.get_secret_value()
