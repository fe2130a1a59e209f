"""Everything that Windlass raises, as one tree.

WindlassError
├── ApiError               an answer of the server that is not a success; has `code` and `status`
│   ├── ObjectNotFound     404
│   ├── ObjectAlreadyExists 409
│   ├── BlockTypeMismatch  400
│   ├── QueryTooBroad      400 (asking the same again would take as long)
│   ├── RequestInvalid     422 (malformed input only)
│   │   ├── DoesNotFit     409 (well-formed, and not what a schema that somebody keeps asks for)
│   │   └── NotPossible    400 (well-formed, and not possible as things are)
│   ├── Forbidden, NotAuthenticated
│   │   └── CsrfTokenNeeded 403
│   ├── Superseded         409 (a write from an execution that no longer owns the run)
│   ├── SlotsTaken         423 (no slot is free; `retry_after` is None when none will be)
│   ├── LeaseLost          410 (the slots of a lease may be others' by now)
│   ├── ServerBusy         503 (try again; `retry_after`)
│   └── PayloadTooLarge    413
├── ServerUnreachable      no answer at all
└── everything else        raised in the process that meets it

The server renders an `ApiError` in one handler; the client turns the `code` back into the same
class. The docstring of a class is its default message.
"""

from typing import Any, ClassVar


class WindlassError(Exception):
    """Something went wrong in Windlass."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class ApiError(WindlassError):
    """The server could not do what was asked."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, message: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.details = details


class ObjectNotFound(ApiError):
    """The object does not exist."""

    code = "not_found"
    status = 404


class ObjectAlreadyExists(ApiError):
    """An object with this name exists already."""

    code = "already_exists"
    status = 409


class BlockTypeMismatch(ApiError):
    """The block schema belongs to another block type."""

    code = "block_type_mismatch"
    status = 400


class QueryTooBroad(ApiError):
    """The database takes too long to find what is asked for."""

    code = "query_too_broad"
    status = 400


class RequestInvalid(ApiError):
    """The request is malformed."""

    code = "invalid_request"
    status = 422


class DoesNotFit(RequestInvalid):
    """What was given does not fit the schema that it has to fit."""

    code = "does_not_fit"
    status = 409


class NotPossible(RequestInvalid):
    """This cannot be done as things are."""

    code = "not_possible"
    status = 400


class NotAuthenticated(ApiError):
    """The request carries no valid credentials."""

    code = "not_authenticated"
    status = 401


class Forbidden(ApiError):
    """The credentials do not allow this."""

    code = "forbidden"
    status = 403


class CsrfTokenNeeded(Forbidden):
    """The request carries no valid token against cross-site requests."""

    code = "csrf_token_needed"


class Superseded(ApiError):
    """Another execution owns this flow run now; this one must stop."""

    code = "superseded"
    status = 409


class PayloadTooLarge(ApiError):
    """The request is larger than the server accepts."""

    code = "too_large"
    status = 413


class SlotsTaken(ApiError):
    """The slots of a concurrency limit are taken."""

    code = "locked"
    status = 423

    def __init__(self, message: str | None = None, *, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.retry_after = retry_after


class LeaseLost(ApiError):
    """The lease is over or was given back: its slots may be others' by now."""

    code = "lease_lost"
    status = 410


class ServerBusy(ApiError):
    """The server cannot answer now; try again later."""

    code = "busy"
    status = 503

    def __init__(self, message: str | None = None, *, retry_after: float = 1.0) -> None:
        super().__init__(message, retry_after=retry_after)
        self.retry_after = retry_after


class ServerUnreachable(WindlassError):
    """No answer from the server."""


class SettingInvalid(WindlassError):
    """A setting has a value that it cannot have."""


class ProfileInvalid(WindlassError):
    """The profiles file cannot be read or names something that does not exist."""


class DatabaseTooNew(WindlassError):
    """The database was written by a newer version of Windlass."""


class BackendMissing(WindlassError):
    """A service needs a package or a server that is not there."""


class PortTaken(WindlassError):
    """The address to listen on is in use or not ours."""


class ReplicaRefused(WindlassError):
    """This process would be a second replica over a backend that lives in one process."""


class ConfigurationError(WindlassError):
    """Something is configured in a way that cannot work."""


class MissingContextError(WindlassError, RuntimeError):
    """No flow run or task run is active here."""


class PauseRefused(WindlassError, RuntimeError):
    """The flow run may not be paused or suspended."""


class NotPausedError(WindlassError):
    """The flow run is not paused, so it cannot be resumed."""


class FlowPauseTimeout(WindlassError):
    """The flow run was paused and not resumed in time."""


class FlowRunWaitTimeout(WindlassError):
    """The flow run did not end in the time that was waited for it."""


class ParameterTypeError(WindlassError):
    """A parameter does not fit the type that the flow declares for it."""


class ParameterBindError(WindlassError, TypeError):
    """The arguments of a call do not fit the function."""


class SignatureMismatchError(WindlassError, TypeError):
    """The parameters given do not match the signature of the function."""


class ReservedArgumentError(WindlassError, TypeError):
    """A parameter of the function has a name that Windlass needs for itself."""


class InvalidNameError(WindlassError, ValueError):
    """A name has characters that names cannot have."""


class MappingLengthMismatch(WindlassError):
    """The iterables given to `map` differ in length."""


class MappingMissingIterable(WindlassError):
    """Nothing given to `map` can be iterated over."""


class UpstreamTaskError(WindlassError):
    """A run that this one depends on did not complete."""


class MissingFlowError(WindlassError):
    """The flow is not where it was looked for."""


class UnspecifiedFlowError(WindlassError):
    """There are several flows here, and none was named."""


class ScriptError(WindlassError):
    """A script raised an exception while it was loaded."""


class MissingResult(WindlassError):
    """The result of the run was not kept, or not where this process can read it."""


class ConcurrencySlotAcquisitionError(WindlassError):
    """Concurrency slots cannot be acquired, or were lost."""


class AcquireConcurrencySlotTimeoutError(WindlassError, TimeoutError):
    """Concurrency slots were not free in time."""


class CrashedRun(WindlassError):
    """The run crashed."""


class FailedRun(WindlassError):
    """The run failed."""


class CancelledRun(WindlassError):
    """The run was cancelled."""


class PausedRun(WindlassError):
    """The run is paused: it has no result yet."""


class UnfinishedRun(WindlassError, RuntimeError):
    """The run is not finished: it has no result yet."""


class WindlassSignal(BaseException):
    """Tells a run to stop: user code lets it pass."""


class Abort(WindlassSignal):
    """The server refused to let the run go on."""


class Pause(WindlassSignal):
    """The run is suspended, and its process has to exit."""


class ExternalSignal(BaseException):
    """Something outside interrupts the run: user code lets it pass."""


class TerminationSignal(ExternalSignal):
    """The process was asked to terminate (SIGTERM)."""
