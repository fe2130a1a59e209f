"""The document that we serve keeps to the wire contract; the list of departures shrinks."""

import json
import tomllib
from pathlib import Path
from typing import Any, Final

from tests.architecture.contract import departures
from windlass_services.api.document import document_app
from windlass_services.api.routes import ROUTERS

HERE: Final = Path(__file__).parent
CONTRACT: Final = HERE.parent / "compat" / "contract"


def ours() -> dict[str, Any]:
    """The OpenAPI document of all routes."""
    return document_app(ROUTERS, "/api").openapi()


def contract(name: str) -> dict[str, Any]:
    return json.loads((CONTRACT / name).read_text())


def test_every_operation_holds_but_those_that_are_listed() -> None:
    document = ours()
    found = departures(contract("openapi-3.6.7.json"), document)
    found |= departures(contract("openapi-3.6.29-additions.json"), document)
    listed = tomllib.loads((HERE / "contract_exceptions.toml").read_text())["operations"]
    new = {operation: faults for operation, faults in found.items() if operation not in listed}
    assert not new, "\n".join(f"{operation}: {faults}" for operation, faults in new.items())
    mended = sorted(set(listed) - set(found))
    assert not mended, f"These hold now: take them off contract_exceptions.toml: {mended}"


def test_a_departure_is_found() -> None:
    document = ours()
    flow = document["components"]["schemas"]["Flow"]
    del flow["properties"]["tags"]
    flow["properties"]["name"] = {"type": "null"}
    faults = departures(contract("openapi-3.6.7.json"), document)["GET /flows/{id}"]
    assert "answer .tags: missing" in faults
    assert "answer .name: string is not in null" in faults
