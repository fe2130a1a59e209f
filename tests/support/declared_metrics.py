# pyright: reportPrivateUsage=false, reportUnknownMemberType=false, reportUnknownVariableType=false
"""The metrics that the services declare."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics import MetricWrapperBase

from windlass_services.runtime import metrics


def every_metric(registry: CollectorRegistry) -> Iterator[MetricWrapperBase]:
    """The metrics of a registry, in the order in which they are declared."""
    for value in vars(metrics).values():
        if isinstance(value, MetricWrapperBase) and value in registry._collector_to_names:
            yield value


def name_of(metric: MetricWrapperBase) -> str:
    """As it is asked for; of a histogram, what comes before `_bucket`."""
    return f"{metric._name}_total" if isinstance(metric, Counter) else metric._name


def labels_of(metric: MetricWrapperBase) -> tuple[str, ...]:
    """The names of its labels."""
    names: tuple[str, ...] = metric._labelnames
    return names


def declared_labels() -> dict[str, frozenset[str]]:
    """The labels of every metric, by its name."""
    return {
        name_of(metric): frozenset(labels_of(metric))
        for registry in (metrics.COUNTED, metrics.MEASURED)
        for metric in every_metric(registry)
    }
