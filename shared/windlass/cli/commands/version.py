"""`windlass version`: what is installed here, and which server it talks to."""

import platform

import click
import httpx
import pydantic

from windlass._version import __version__
from windlass.settings import get_current_settings

_SECONDS_TO_ANSWER = 2.0


@click.command()
def version() -> None:
    """Show versions and addresses."""
    settings = get_current_settings()
    url = settings.api.url
    facts = {
        "Version": __version__,
        "Python version": platform.python_version(),
        "Pydantic version": pydantic.VERSION,
        "OS/Arch": f"{platform.system().lower()}/{platform.machine()}",
        "Profile": settings.profile,
        "Home": str(settings.home),
        "Server": url or "none: an embedded one is started for each process",
    }
    if url is None:
        facts["Database"] = settings.server.database.connection_url.partition("+")[0]
    else:
        facts["API version"] = _api_version(url)
    for name, fact in facts.items():
        click.echo(f"{name + ':':<18}{fact}")


def _api_version(url: str) -> str:
    try:
        answer = httpx.get(f"{url.rstrip('/')}/version", timeout=_SECONDS_TO_ANSWER)
        return f"{answer.json()}" if answer.is_success else f"status {answer.status_code}"
    except (httpx.HTTPError, ValueError):
        return "the server does not answer"
