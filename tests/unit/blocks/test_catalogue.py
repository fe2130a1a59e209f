"""The block types that a server has by itself are the classes of the SDK."""

import json

from tests.support.golden import ROOT, assert_golden
from windlass.blocks.catalogue import BLOCKS, PROTECTED
from windlass.blocks.core import Block

KEPT = ROOT / "services/windlass_services/api/collections/block_types.json"


def test_every_block_of_the_catalogue_is_found_by_its_slug() -> None:
    found = {slug: Block.get_block_class_from_key(slug) for slug in BLOCKS}
    assert {slug: one.get_block_type_slug() for slug, one in found.items()} == {
        slug: slug for slug in BLOCKS
    }
    assert BLOCKS.keys() >= PROTECTED


def test_the_server_offers_the_classes_as_they_are() -> None:
    offered = [_offered(slug) for slug in sorted(BLOCKS)]
    assert_golden(KEPT, json.dumps(offered, indent=2) + "\n")


def _offered(slug: str) -> dict[str, object]:
    declared = Block.get_block_class_from_key(slug).declared()
    return {
        "type": declared.type.model_dump(mode="json"),
        "is_protected": slug in PROTECTED,
        "fields": declared.fields,
        "capabilities": declared.capabilities,
    }
