"""The collector rests while modules are imported, and is as it was afterwards."""

import gc

import pytest

from windlass.utilities.quick_imports import quick_imports


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_as_it_was_afterwards(enabled: bool) -> None:
    if not enabled:
        gc.disable()
    try:
        with quick_imports():
            assert not gc.isenabled()
        assert gc.isenabled() is enabled
    finally:
        gc.enable()


def test_an_import_that_fails_leaves_it_as_it_was() -> None:
    with pytest.raises(ImportError), quick_imports():
        raise ImportError
    assert gc.isenabled()


def test_what_was_imported_is_not_looked_at_again() -> None:
    before = gc.get_freeze_count()
    with quick_imports():
        made: list[list[int]] = [[] for _ in range(1_000)]
    assert gc.get_freeze_count() >= before + len(made)
