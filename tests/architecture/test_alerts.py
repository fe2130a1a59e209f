"""Alert rules: whole, explained, and one for everything that is exported."""

import re
from pathlib import Path
from typing import Any, Final

import pytest

from tests.architecture.tree import ROOT
from tests.support.declared_metrics import declared_labels
from tests.support.deployed_metrics import (
    EXAMPLES,
    alerts,
    declared_in,
    documents,
    names_in_deploy,
    queries,
)
from tests.support.promql import parsed, unknown_labels
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


@pytest.mark.parametrize("query", list(queries()))
def test_a_query_is_one_of_prometheus_and_asks_for_labels_that_there_are(query: str) -> None:
    assert unknown_labels(parsed(query), declared_labels()) == set()


@pytest.mark.parametrize(
    ("query", "unknown"),
    [
        ('sum by (loop, le) (rate(windlass_loop_pass_seconds_bucket{lop="a"}[5m]))', {"lop"}),
        ("max by (pool) (windlass_outbox_rows) > 1", {"pool"}),
        ("windlass_outbox_rows and on (queue, owner) windlass_queue_runs_due", {"owner"}),
    ],
)
def test_a_label_that_no_metric_of_a_query_has_is_found(query: str, unknown: set[str]) -> None:
    assert unknown_labels(parsed(query), declared_labels()) == unknown


def test_there_is_an_alert_or_an_example_for_every_metric() -> None:
    just_measured("database")
    declared = declared_in(exposition(Pulse()).decode())
    assert names_in_deploy() == declared


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_made_of_objects_of_kubernetes(path: Path) -> None:
    for document in documents(path):
        assert {"apiVersion", "kind", "metadata"} <= set(document)
