"""The page docs/settings.md is what the catalogue says."""

from tests.support.golden import ROOT, assert_golden
from windlass.settings.reference import render_reference


def test_the_reference_of_settings_is_up_to_date() -> None:
    assert_golden(ROOT / "docs" / "settings.md", render_reference())
