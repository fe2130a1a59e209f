"""`windlass dashboard`: the pages that belong to the API."""

import webbrowser

import click

from windlass.cli.console import fail, say
from windlass.settings import get_current_settings
from windlass.utilities.urls import ui_url_of


@click.group()
def dashboard() -> None:
    """Look at the pages of the server."""


@dashboard.command("open")
def open_() -> None:
    """Open the pages of the server in a browser."""
    api_url = get_current_settings().api.url
    if api_url is None:
        fail(
            "WINDLASS_API_URL is not set, so there are no pages to open. Start a server with"
            " `windlass server start`, and set the variable to its address."
        )
    url = ui_url_of(api_url)
    if not webbrowser.open(url):
        fail(f"There is no browser to open here. The pages are at {url}.")
    say(f"Opened {url!r} in a browser.")
