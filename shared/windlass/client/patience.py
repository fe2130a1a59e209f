"""How long this process waits for an API that is away."""

from typing import Final

from windlass.settings import Settings, handed_over

FIRST_CONTACT_SECONDS: Final = 10.0
_OF_A_RUN: Final = ("EXECUTION_ID", "CLAIM_FILE", "FLOW_RUN_ID")


def patience_at_first(settings: Settings) -> float:
    """Seconds to wait for an API that never answered: its address may be wrong.

    Not so in the process of a run: whoever started that, such as a worker, was answered.
    """
    patience = settings.client.api_wait_seconds
    if settings.api.url is None:
        return settings.server.ephemeral.startup_timeout_seconds
    return patience if _is_of_a_run() else min(FIRST_CONTACT_SECONDS, patience)


def patience_of_client(settings: Settings) -> float:
    """Seconds for which a client repeats a request: those of a run must not end it."""
    return settings.client.api_wait_seconds if _is_of_a_run() else 0.0


def _is_of_a_run() -> bool:
    return any(handed_over(name) for name in _OF_A_RUN)
