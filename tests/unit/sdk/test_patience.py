"""How long a process waits for an API that is away depends on what the process is for."""

import httpx
import pytest

from windlass.client.orchestration import client_for, sync_client_for
from windlass.client.patience import patience_at_first, patience_of_client
from windlass.exceptions import ServerBusy
from windlass.settings import get_current_settings, temporary_settings

URL = "http://test/api"


class Wire:
    """Answers that it is busy, so many times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.left -= 1
        if self.left >= 0:
            return httpx.Response(503, headers={"Retry-After": "0"})
        return httpx.Response(200, json=[])


def test_a_client_tries_a_few_times() -> None:
    with (
        sync_client_for(
            URL, get_current_settings(), wire=httpx.MockTransport(Wire(times=5))
        ) as client,
        pytest.raises(ServerBusy),
    ):
        client.read_logs()


def test_a_patient_client_tries_for_longer() -> None:
    wire = httpx.MockTransport(Wire(times=20))
    with sync_client_for(URL, get_current_settings(), patience=60, wire=wire) as client:
        assert client.read_logs() == []


async def test_an_asynchronous_client_is_as_patient() -> None:
    wire = httpx.MockTransport(Wire(times=20))
    async with client_for(URL, get_current_settings(), patience=60, wire=wire) as client:
        assert await client.read_logs() == []


@pytest.mark.parametrize("name", ["EXECUTION_ID", "CLAIM_FILE", "FLOW_RUN_ID"])
def test_the_process_of_a_run_waits_from_the_first_request_on(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"WINDLASS__{name}", "anything")
    with temporary_settings({"api.url": URL, "client.api_wait_seconds": 1234}) as settings:
        assert patience_at_first(settings) == 1234
        assert patience_of_client(settings) == 1234


def test_any_other_process_soon_says_that_nobody_answers() -> None:
    with temporary_settings({"api.url": URL, "client.api_wait_seconds": 1234}) as settings:
        assert patience_at_first(settings) == 10
        assert patience_of_client(settings) == 0
