"""What may be said about a process job."""

from pathlib import Path

from pydantic import Field

from windlass_workers.contract import JobVariables


class ProcessVariables(JobVariables):
    """The variables of type `process`."""

    stream_output: bool = Field(
        default=True,
        title="Stream Output",
        description="Whether what a flow run writes goes to the output of the worker.",
    )
    working_dir: Path | None = Field(
        default=None,
        title="Working Directory",
        description="Where flow runs run; by default each one in a new temporary directory.",
    )
