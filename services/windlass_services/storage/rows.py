"""Rows as dictionaries."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def columns_of(row: "DataclassInstance") -> dict[str, Any]:
    """The fields of a row by name: shallow, where `dataclasses.asdict` would copy every value."""
    return {field.name: getattr(row, field.name) for field in fields(row)}
