"""Alert rules: whole, explained, and one for everything that is exported."""

import re
from pathlib import Path
from typing import Any, Final

import pytest

from tests.architecture.tree import ROOT
from tests.support.deployed_metrics import (
    EXAMPLES,
    alerts,
    declared_in,
    documents,
    names_in_deploy,
)
from windlass_services.runtime.exposition import exposition, just_measured
from windlass_services.runtime.pulse import Pulse

ALERTS: Final[dict[str, dict[str, Any]]] = {alert["alert"]: alert for alert in alerts()}
RUNBOOKS: Final = "docs/operating.md"


def test_no_alert_is_there_twice() -> None:
    assert len(ALERTS) == len(list(alerts()))


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_it_means(name: str) -> None:
    alert = ALERTS[name]
    assert re.fullmatch(r"\d+[smh]", alert["for"])
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    said = alert["annotations"]
    assert said["summary"]
    assert said["description"].endswith(".")
    page, _, anchor = said["runbook"].partition("#")
    assert page == RUNBOOKS
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
    assert anchor == name.lower()


def test_there_is_an_alert_or_an_example_for_every_metric() -> None:
    just_measured("database")
    declared = declared_in(exposition(Pulse()).decode())
    assert names_in_deploy() == declared


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_made_of_objects_of_kubernetes(path: Path) -> None:
    for document in documents(path):
        assert {"apiVersion", "kind", "metadata"} <= set(document)
