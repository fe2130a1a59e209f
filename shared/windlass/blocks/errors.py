"""What can go wrong with blocks on this side of the API."""

from windlass.exceptions import WindlassError


class InvalidBlockRegistration(WindlassError):
    """Only classes made from `Block` can be registered, not `Block` itself."""


class UnknownBlockType(WindlassError):
    """There is no class for a block type in this process."""


class BlockNotSavedError(WindlassError, RuntimeError):
    """The block is not saved, and what was asked of it needs its name there."""


class BlockNotFound(WindlassError, ValueError):
    """There is no such block document."""


class BlockNameTaken(WindlassError, ValueError):
    """A document with this name exists already."""


class BlockInvalid(WindlassError, RuntimeError):
    """A stored document does not fit the block's class."""
