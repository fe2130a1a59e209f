"""What the server tells of the worker types is what their catalogue says."""

import json

from tests.support.golden import ROOT, assert_golden
from windlass_workers.catalogue import worker_metadata

_COPY = ROOT / "services/windlass_services/api/collections/worker_types.json"


def test_the_server_has_a_copy_of_the_catalogue() -> None:
    assert_golden(_COPY, json.dumps(worker_metadata(), indent=2) + "\n")
