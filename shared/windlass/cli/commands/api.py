"""`windlass api`: a request to the API as it is said, and the answer as it comes."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import click

from windlass._version import __version__
from windlass.cli.console import fail, print_json
from windlass.cli.parameters import reading
from windlass.client._sync.transport import credentials
from windlass.client.csrf import PATH as CSRF_TOKEN
from windlass.client.csrf import CsrfHeaders
from windlass.client.lean_httpx import httpx
from windlass.client.orchestration import get_client
from windlass.settings import Settings, get_current_settings

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_WITH_A_BODY: Final = ("POST", "PUT", "PATCH")
_FILTERS: Final = ("/filter", "/count", "/paginate")
_SECRET_HEADERS: Final = frozenset({"authorization", "prefect-csrf-token"})

_REFUSED, _WRONG, _SERVER_FAILED, _UNREACHABLE = 3, 4, 5, 7
_SERVER_ERRORS: Final = 500


def _body(text: str) -> Any:
    """JSON, `@FILE` or `-`. Raises ValueError."""
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        try:
            text = Path(text[1:]).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{text[1:]} cannot be read: {error}") from error
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from error


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise ValueError(f"{text!r} is not of the form NAME: VALUE")
    return name.strip(), value.strip()


@click.command()
@click.argument("method", metavar="METHOD", type=click.Choice(_METHODS, case_sensitive=False))
@click.argument("path")
@click.option(
    "--data",
    metavar="JSON|@FILE|-",
    callback=reading(_body),
    help="The body; `-` reads the standard input.",
)
@click.option(
    "--header",
    "-H",
    "headers",
    multiple=True,
    metavar="NAME: VALUE",
    callback=reading(_header),
    help="A header of the request. Repeatable.",
)
@click.option("--verbose", "-v", is_flag=True, help="Show the headers, too.")
def api(
    method: str, path: str, data: Any, headers: tuple[tuple[str, str], ...], verbose: bool
) -> None:
    """Send a request to the API.

    The answer is printed. PATH is what follows the address of the API: `/flows/filter`. Without
    --data, a body is read from the standard input, if it is no terminal; that of a filter is `{}`
    otherwise.

    Exits with 3 where the login was refused, 4 for a request that is wrong, 5 for an error of the
    server, and 7 where nobody answers.
    """
    settings = get_current_settings()
    with get_client(sync_client=True) as known:
        url = known.api_url
    body = _piped() if data is None and method in _WITH_A_BODY else data
    if body is None and method == "POST" and path.partition("?")[0].endswith(_FILTERS):
        body = {}
    try:
        answer = _ask(url, settings, method, path, body, dict(headers))
    except httpx.HTTPError as error:
        fail(
            f"No answer from the API at {url} ({type(error).__name__}: {error}).",
            hint="Is it running (`windlass server status`), and is WINDLASS_API_URL right?",
            code=_UNREACHABLE,
        )
    if verbose:
        _tell_headers(answer)
    _tell(answer)


def _ask(
    url: str, settings: Settings, method: str, path: str, body: Any, headers: dict[str, str]
) -> httpx.Response:
    own = {"User-Agent": f"windlass/{__version__}", **credentials(settings)}
    timeout = settings.api.request_timeout
    with httpx.Client(base_url=url, headers=own, timeout=timeout) as client:
        csrf = CsrfHeaders(client.headers, enabled=settings.client.csrf_support_enabled)
        content = {} if body is None else {"json": body}
        place = f"/{path.lstrip('/')}"
        answer = client.request(method, place, headers=headers, **content)
        if csrf.are_asked_for(answer):
            csrf.take(client.get(CSRF_TOKEN, params={"client": csrf.client}))
            answer = client.request(method, place, headers=headers, **content)
        return answer


def _piped() -> Any:
    if sys.stdin.isatty() or not (text := sys.stdin.read()).strip():
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"The standard input is not JSON: {error}.") from error


def _tell_headers(answer: httpx.Response) -> None:
    click.echo(f"> {answer.request.method} {answer.request.url}")
    for name, value in answer.request.headers.items():
        click.echo(f"> {name}: {'...' if name in _SECRET_HEADERS else value}")
    click.echo(f"\n< {answer.status_code} {answer.reason_phrase}")
    for name, value in answer.headers.items():
        click.echo(f"< {name}: {value}")
    click.echo()


def _tell(answer: httpx.Response) -> None:
    if not answer.is_success:
        click.secho(f"{answer.status_code} {answer.reason_phrase}", err=True, fg="red")
    if "json" in answer.headers.get("Content-Type", ""):
        print_json(answer.json())
    elif answer.text:
        click.echo(answer.text)
    if not answer.is_success:
        sys.exit(_exit_code(answer.status_code))


def _exit_code(status: int) -> int:
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return _REFUSED
    return _SERVER_FAILED if status >= _SERVER_ERRORS else _WRONG
