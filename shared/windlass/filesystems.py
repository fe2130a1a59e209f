"""Public: where files are read and written, as blocks."""

import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import anyio
from pydantic import Field

from windlass.blocks.core import Block
from windlass.dispatch import dispatched


class ReadableFileSystem(Block, ABC):
    """Something that files are read from."""

    _block_schema_capabilities: ClassVar[list[str] | None] = ["read-path"]

    @abstractmethod
    def read_path(self, path: str) -> Any:
        """The content of a file; to be awaited in asynchronous code."""


class WritableFileSystem(ReadableFileSystem, ABC):
    """Something that files are read from and written to."""

    _block_schema_capabilities: ClassVar[list[str] | None] = ["read-path", "write-path"]

    @abstractmethod
    def write_path(self, path: str, content: bytes) -> Any:
        """Write a file, with the folders above it; to be awaited in asynchronous code."""


class LocalFileSystem(WritableFileSystem):
    """Files in a folder of this machine.

    Example:
        ```python
        from windlass.filesystems import LocalFileSystem

        LocalFileSystem(basepath="/srv/results").save("results")
        ```
    """

    _block_type_name: ClassVar[str | None] = "Local File System"
    _block_schema_capabilities: ClassVar[list[str] | None] = ["get-directory", "put-directory"]

    basepath: str | None = Field(
        default=None, description="The folder that paths start from; the working directory if none."
    )

    async def aread_path(self, path: str) -> bytes:
        """The content of a file. Raises ValueError where there is none, or outside `basepath`."""
        place = self._place(path)
        if not place.is_file():
            raise ValueError(f"There is no file {place}.")
        return await anyio.Path(place).read_bytes()

    async def awrite_path(self, path: str, content: bytes) -> str:
        """Write a file, with the folders above it, and return where it is."""
        place = self._place(path)
        await anyio.Path(place.parent).mkdir(parents=True, exist_ok=True)
        await anyio.Path(place).write_bytes(content)
        return str(place)

    async def aget_directory(
        self, from_path: str | None = None, local_path: str | None = None
    ) -> None:
        """Copy a folder, all of `basepath` by default, into a local one (the working directory)."""
        await _copy(self._place(from_path or "."), Path(local_path or "."))

    async def aput_directory(
        self, local_path: str | None = None, to_path: str | None = None
    ) -> None:
        """Copy a local folder, the working directory by default, to a place under `basepath`."""
        await _copy(Path(local_path or "."), self._place(to_path or "."))

    @dispatched
    async def read_path(self, path: str) -> bytes:
        """As `aread_path`, also in synchronous code."""
        return await self.aread_path(path)

    @dispatched
    async def write_path(self, path: str, content: bytes) -> str:
        """As `awrite_path`, also in synchronous code."""
        return await self.awrite_path(path, content)

    @dispatched
    async def get_directory(
        self, from_path: str | None = None, local_path: str | None = None
    ) -> None:
        """As `aget_directory`, also in synchronous code."""
        await self.aget_directory(from_path, local_path)

    @dispatched
    async def put_directory(
        self, local_path: str | None = None, to_path: str | None = None
    ) -> None:
        """As `aput_directory`, also in synchronous code."""
        await self.aput_directory(local_path, to_path)

    def _place(self, path: str) -> Path:
        base = Path(self.basepath or ".").expanduser().resolve()
        place = (base / Path(path).expanduser()).resolve()
        if self.basepath and not place.is_relative_to(base):
            raise ValueError(f"The path {path} is outside of {base}.")
        return place


async def _copy(source: Path, target: Path) -> None:
    def copy() -> None:
        if source.resolve() != target.resolve():
            shutil.copytree(source, target, dirs_exist_ok=True)

    await anyio.to_thread.run_sync(copy)
