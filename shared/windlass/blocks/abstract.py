"""Public: what blocks of a kind have in common, for code that takes any of them."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Generic, TypeVar

from pydantic import PrivateAttr

from windlass.blocks.core import Block
from windlass.exceptions import MissingContextError, WindlassError
from windlass.logging import get_run_logger

T = TypeVar("T")
AnyLogger = logging.Logger | logging.LoggerAdapter[Any]


class NotificationError(WindlassError):
    """A notification could not be sent."""


class _Logging:
    @property
    def logger(self) -> AnyLogger:
        """That of the run which it is used in, or one named after its class."""
        try:
            return get_run_logger()
        except MissingContextError:
            return logging.getLogger(f"windlass.{type(self).__name__}")


class CredentialsBlock(_Logging, Block, ABC):
    """Credentials of an external system, and the client that they open."""

    @abstractmethod
    def get_client(self, *args: Any, **kwargs: Any) -> Any:
        """A client of the external system."""


class NotificationBlock(_Logging, Block, ABC):
    """Something that people are notified through."""

    _block_schema_capabilities: ClassVar[list[str] | None] = ["notify"]
    _raises: bool = PrivateAttr(default=False)

    @abstractmethod
    async def notify(self, body: str, subject: str | None = None) -> None:
        """Send a notification."""

    @contextmanager
    def raise_on_failure(self) -> Generator[None]:
        """Inside, what cannot be sent raises NotificationError."""
        before, self._raises = self._raises, True
        try:
            yield
        finally:
            self._raises = before


class JobRun(_Logging, ABC, Generic[T]):
    """A run of a job in an external system."""

    @abstractmethod
    async def wait_for_completion(self) -> None:
        """Wait for the end of the job."""

    @abstractmethod
    async def fetch_result(self) -> T:
        """What came of the job."""


class JobBlock(_Logging, Block, ABC):
    """A job in an external system."""

    @abstractmethod
    async def trigger(self) -> JobRun[Any]:
        """Start the job."""


class DatabaseBlock(_Logging, Block, ABC):
    """A database; a class made from it should be a context manager that closes it."""

    @abstractmethod
    async def fetch_one(
        self, operation: str, parameters: dict[str, Any] | None = None, **options: Any
    ) -> tuple[Any, ...] | None:
        """The first row of a query."""

    @abstractmethod
    async def fetch_many(
        self,
        operation: str,
        parameters: dict[str, Any] | None = None,
        size: int | None = None,
        **options: Any,
    ) -> list[tuple[Any, ...]]:
        """The first `size` rows of a query."""

    @abstractmethod
    async def fetch_all(
        self, operation: str, parameters: dict[str, Any] | None = None, **options: Any
    ) -> list[tuple[Any, ...]]:
        """Every row of a query."""

    @abstractmethod
    async def execute(
        self, operation: str, parameters: dict[str, Any] | None = None, **options: Any
    ) -> None:
        """Run a statement that has no rows."""

    @abstractmethod
    async def execute_many(
        self, operation: str, seq_of_parameters: Sequence[dict[str, Any]], **options: Any
    ) -> None:
        """Run a statement once for each of the parameters."""


class ObjectStorageBlock(_Logging, Block, ABC):
    """A store of objects by path."""

    @abstractmethod
    async def download_object_to_path(
        self, from_path: str, to_path: str | Path, **options: Any
    ) -> Path:
        """Copy an object into a file."""

    @abstractmethod
    async def download_object_to_file_object(
        self, from_path: str, to_file_object: BinaryIO, **options: Any
    ) -> BinaryIO:
        """Copy an object into an open file."""

    @abstractmethod
    async def download_folder_to_path(
        self, from_folder: str, to_folder: str | Path, **options: Any
    ) -> Path:
        """Copy every object under a path into a folder."""

    @abstractmethod
    async def upload_from_path(self, from_path: str | Path, to_path: str, **options: Any) -> str:
        """Copy a file into an object."""

    @abstractmethod
    async def upload_from_file_object(
        self, from_file_object: BinaryIO, to_path: str, **options: Any
    ) -> str:
        """Copy an open file into an object."""

    @abstractmethod
    async def upload_from_folder(
        self, from_folder: str | Path, to_folder: str, **options: Any
    ) -> str:
        """Copy a folder into objects under a path."""


class SecretBlock(_Logging, Block, ABC):
    """A secret in an external store."""

    @abstractmethod
    async def read_secret(self) -> bytes:
        """The secret itself."""

    @abstractmethod
    async def write_secret(self, secret_data: bytes) -> str:
        """Store a secret; returns what it is found by."""
