"""Public: between values and the bytes that are stored of them."""

import base64
import pickle
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class PickleSerializer(BaseModel):
    """Any value that `pickle` takes, in base64. Reading needs the modules that its types are in."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["pickle"] = "pickle"
    picklelib: Literal["pickle"] = "pickle"

    def dumps(self, obj: Any) -> bytes:
        """The bytes to store. Raises what `pickle` raises."""
        return base64.encodebytes(pickle.dumps(obj))

    def loads(self, blob: bytes) -> Any:
        """The value that was stored. Only for what is trusted: reading may run code."""
        return pickle.loads(base64.decodebytes(blob))
