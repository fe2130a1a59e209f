"""Checksums of block schemas, and secrets hidden by their paths."""

from typing import Any

from windlass.schemas.block_fields import (
    block_schema_checksum,
    obfuscated,
    secret_paths,
    with_secrets_restored,
)

ALPHA: dict[str, Any] = {
    "title": "Alpha",
    "type": "object",
    "properties": {
        "user": {"type": "string", "title": "User"},
        "pw": {"type": "string", "format": "password", "writeOnly": True, "title": "Pw"},
        "cfg": {"type": "object"},
    },
    "required": ["user"],
    "secret_fields": ["pw", "cfg.*"],
    "block_type_slug": "alpha",
    "block_schema_references": {},
}
SUM_OF_ALPHA = "sha256:7f446c42ed394216ce9d5313424a40c6a43a53bff67cbfb05aba4961e4794dd7"
MODEL = {"title": "Mod", "type": "object", "properties": {"z": {"type": "string"}}}
BETA: dict[str, Any] = {
    "title": "Beta",
    "type": "object",
    "properties": {
        "one": {"$ref": "#/definitions/Alpha"},
        "mod": {"$ref": "#/definitions/Mod"},
        "n": {"type": "integer"},
    },
    "required": ["one"],
    "secret_fields": ["one.pw", "one.cfg.*"],
    "block_type_slug": "beta",
    "block_schema_references": {
        "one": {"block_schema_checksum": SUM_OF_ALPHA, "block_type_slug": "alpha"}
    },
    "definitions": {"Alpha": ALPHA, "Mod": MODEL},
}


def test_checksums_are_those_that_stock_servers_compute() -> None:
    assert block_schema_checksum(ALPHA) == SUM_OF_ALPHA
    assert block_schema_checksum(BETA) == (
        "sha256:dd5555079525f93adc71ed112ead54988c20d42bd82e73fa193a0d3206efb990"
    )
    assert block_schema_checksum({}) == (
        "sha256:f8e6e96abbc38504d4e9c99fc57281fa0026bede1fa42db79f22f984501710f4"
    )
    assert block_schema_checksum({"title": "x", "type": "object", "properties": {"é": {}}}) != (
        block_schema_checksum({"title": "x", "type": "object", "properties": {"e": {}}})
    )


def test_what_is_secret_and_what_nothing_refers_to_does_not_count() -> None:
    assert block_schema_checksum(ALPHA | {"secret_fields": []}) == SUM_OF_ALPHA
    unused = ALPHA | {"definitions": {"Mod": MODEL}}
    assert block_schema_checksum(unused) == SUM_OF_ALPHA
    assert block_schema_checksum(BETA) != block_schema_checksum(
        BETA | {"definitions": {"Alpha": ALPHA}}
    )


def test_every_value_below_a_secret_path_is_hidden() -> None:
    data = {"user": "u", "pw": "p", "cfg": {"k": "v", "deep": {"n": 1, "none": None}, "l": [1]}}
    assert obfuscated(data, secret_paths(ALPHA)) == {
        "user": "u",
        "pw": "********",
        "cfg": {"k": "********", "deep": {"n": "********", "none": None}, "l": "********"},
    }
    assert data["pw"] == "p"


def test_a_path_leads_through_lists_and_every_key() -> None:
    data = {"many": [{"pw": "a"}, {"pw": None}, 3], "named": {"x": {"pw": "b"}, "y": {"n": 1}}}
    assert obfuscated(data, ["many.pw", "named.*.pw", "missing.pw"]) == {
        "many": [{"pw": "********"}, {"pw": None}, 3],
        "named": {"x": {"pw": "********"}, "y": {"n": 1}},
    }


def test_a_secret_that_comes_back_hidden_keeps_its_value() -> None:
    stored = {"user": "********", "pw": "p", "cfg": {"k": "v"}}
    sent = {"user": "********", "pw": "********", "cfg": {"k": "**********", "new": "********"}}
    assert with_secrets_restored(sent, stored, secret_paths(ALPHA)) == {
        "user": "********",
        "pw": "p",
        "cfg": {"k": "v", "new": "********"},
    }
