"""Execution ids, and the bounds of a claim."""

from uuid import UUID

import pytest
from pydantic import ValidationError

from windlass.exceptions import RequestInvalid
from windlass.schemas.executions import ClaimRequest, execution_id_of, parse_execution_id

RUN_ID = UUID("01890000-0000-7000-8000-00000000000a")


def test_an_execution_id_names_its_run_and_its_generation() -> None:
    text = execution_id_of(RUN_ID, 3)
    assert text == f"{RUN_ID}.3"
    assert parse_execution_id(text) == (RUN_ID, 3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "x.1",
        str(RUN_ID),
        f"{RUN_ID}.",
        f"{RUN_ID}.-1",
        f"{RUN_ID}.0",
        f"{RUN_ID}.1.2",
        f"{RUN_ID}.01",
        f"{RUN_ID}.\N{ARABIC-INDIC DIGIT THREE}",
        f"{RUN_ID.hex}.1",
        f"{RUN_ID}.1".upper(),
    ],
)
def test_nonsense_is_no_execution_id(text: str) -> None:
    with pytest.raises(RequestInvalid, match="no execution id"):
        parse_execution_id(text)


@pytest.mark.parametrize(
    "given", [{"limit": 0}, {"limit": 1, "wait_seconds": 61}, {"limit": 1, "prefetch_seconds": -1}]
)
def test_a_claim_has_its_bounds(given: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        ClaimRequest.model_validate({"worker_name": "w", "request_id": RUN_ID, **given})
