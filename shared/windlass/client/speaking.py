"""Who a process is for the API: its credentials, and the execution that it was started for."""

from windlass.client._sync.transport import credentials
from windlass.settings import Settings, handed_over


def headers_of_process(settings: Settings) -> dict[str, str]:
    """What goes with each request. In the process of a run, the server knows by it who asks."""
    headers = credentials(settings)
    execution_id = handed_over("EXECUTION_ID")
    if execution_id is not None:
        # The models of executions are not for processes that have none.
        from windlass.schemas.executions import EXECUTION_HEADER  # noqa: PLC0415

        headers[EXECUTION_HEADER] = execution_id
    return headers
