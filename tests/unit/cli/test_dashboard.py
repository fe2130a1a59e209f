"""`windlass dashboard`: a browser is shown where the pages are."""

import webbrowser

import pytest

from tests.support.command import done, windlass


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a browser was asked to show."""
    shown: list[str] = []

    class Browser(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
            shown.append(url)
            return True

    monkeypatch.setattr(webbrowser, "_tryorder", ["recorded"])
    webbrowser.register("recorded", None, Browser())
    return shown


def test_the_pages_are_where_the_api_is(opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDLASS_API_URL", "http://nobody.invalid:4200/base/api")
    assert "Opened" in done("dashboard", "open").out
    assert opened == ["http://nobody.invalid:4200/base"]


def test_without_an_api_there_are_no_pages(
    opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WINDLASS_API_URL", raising=False)
    said = windlass("dashboard", "open")
    assert (said.code, opened) == (1, [])
    assert "WINDLASS_API_URL is not set" in said.err


def test_where_there_is_no_browser_the_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDLASS_API_URL", "http://nobody.invalid/api")
    monkeypatch.setattr(webbrowser, "_tryorder", list[str]())
    said = windlass("dashboard", "open")
    assert said.code == 1
    assert "http://nobody.invalid" in said.err
