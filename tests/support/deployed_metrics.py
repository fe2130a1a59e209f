"""The names of our metrics that files in `deploy` mention."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.golden import ROOT

RULES: Final = ROOT / "deploy" / "alerts" / "windlass.rules.yaml"
EXAMPLES: Final = tuple(sorted((ROOT / "deploy" / "autoscaling").glob("*.yaml")))

_NAME: Final = re.compile(r"\bwindlass_(?!workers\b)[a-z_]+")
_OF_HISTOGRAM: Final = re.compile(r"_(bucket|count|sum)$")


def documents(path: Path) -> list[dict[str, Any]]:
    """What a YAML file says."""
    return list(yaml.safe_load_all(path.read_text()))


def alerts() -> Iterator[dict[str, Any]]:
    """Every rule of every group."""
    for group in documents(RULES)[0]["groups"]:
        yield from group["rules"]


def queries() -> Iterator[str]:
    """Every expression of a rule, and every query by which an example scales."""
    yield from (alert["expr"] for alert in alerts())
    for path in EXAMPLES:
        for document in documents(path):
            for trigger in document.get("spec", {}).get("triggers", ()):
                yield trigger["metadata"]["query"]


def names_in(text: str) -> set[str]:
    """The metrics that a query asks for; of a histogram, as it is declared."""
    return {_OF_HISTOGRAM.sub("", name) for name in _NAME.findall(text)}


def names_in_deploy() -> set[str]:
    """The metrics that any rule or example asks for."""
    asked = {name for alert in alerts() for name in names_in(alert["expr"])}
    return asked.union(*(names_in(path.read_text()) for path in EXAMPLES))


def declared_in(page: str) -> set[str]:
    """Our metrics of which a page of `/metrics` tells the type."""
    found = re.findall(r"^# TYPE (windlass_\w+) ", page, re.MULTILINE)
    return {name for name in found if not name.endswith("_created")}
