"""Public: values that outlive their process, as files that other processes find."""

import os
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from pydantic import BaseModel, Field

from windlass._version import __version__
from windlass.exceptions import MissingResult
from windlass.schemas.base import JsonObject, Timestamp
from windlass.serializers import PickleSerializer
from windlass.settings import get_current_settings

_PARAMETERS: Final = "parameters"


class ResultRecordMetadata(BaseModel):
    """Where a value is, and how it is stored: what the state of a run says about its result."""

    storage_key: str
    expiration: Timestamp | None = None
    serializer: PickleSerializer = Field(default_factory=PickleSerializer)
    windlass_version: str = __version__


class ResultRecord(BaseModel):
    """A stored value, with its description beside it."""

    metadata: ResultRecordMetadata
    result: str
    """What the serializer made of the value, which is ASCII."""

    @classmethod
    def of(cls, value: Any, storage_key: str) -> "ResultRecord":
        """The record of a value. Raises what the serializer raises."""
        metadata = ResultRecordMetadata(storage_key=storage_key)
        return cls(metadata=metadata, result=metadata.serializer.dumps(value).decode())

    def value(self) -> Any:
        """The value that was stored."""
        return self.metadata.serializer.loads(self.result.encode())


class ResultStore:
    """Values in files of one folder, by default WINDLASS_RESULTS_LOCAL_STORAGE_PATH.

    Processes on several machines share results when the folder is shared.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or get_current_settings().results.local_storage_path

    def write(self, value: Any, storage_key: str | None = None) -> ResultRecordMetadata:
        """Store a value, under a new key if none is given. Raises what `pickle` and files raise."""
        record = ResultRecord.of(value, storage_key or uuid4().hex)
        place = self._place(record.metadata.storage_key)
        place.parent.mkdir(parents=True, exist_ok=True)
        # A reader sees all of it or nothing.
        draft = place.with_name(f".{place.name}.{uuid4().hex}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(record.model_dump_json())
        draft.replace(place)
        return record.metadata

    def read(self, storage_key: str) -> Any:
        """The value under a key. Raises MissingResult where there is none."""
        place = self._place(storage_key)
        try:
            return ResultRecord.model_validate_json(place.read_bytes()).value()
        except FileNotFoundError:
            raise MissingResult(
                f"There is no result at {place}. Where another machine stored it, share its folder"
                " and set WINDLASS_RESULTS_LOCAL_STORAGE_PATH to it on both."
            ) from None

    def _place(self, storage_key: str) -> Path:
        folder = self._folder.expanduser().resolve()
        place = (folder / storage_key).resolve()
        if not place.is_relative_to(folder) or place == folder:
            raise MissingResult(f"The key {storage_key!r} names no file inside of {folder}.")
        return place


def read_result(data: JsonObject) -> Any:
    """The value that the data of a state says is stored. Raises MissingResult."""
    return ResultStore().read(ResultRecordMetadata.model_validate(data).storage_key)


def parameters_key(task_parameters_id: object) -> str:
    """The key under which the parameters of a background task run are stored."""
    return f"{_PARAMETERS}/{task_parameters_id}"
