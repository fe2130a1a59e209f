"""Each journey has a server of its own: embedded and patient, unless its module says otherwise."""

from collections.abc import Iterator

import pytest

from tests.support.windlass_server import Backend, WindlassServer, running_server


@pytest.fixture(scope="module", params=[Backend.EMBEDDED])
def windlass_server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    server_settings: dict[str, str],
) -> Iterator[WindlassServer]:
    """The server of the module. `parametrize(..., indirect=True)` names other backends."""
    with running_server(request, tmp_path_factory.mktemp("server"), server_settings) as server:
        yield server
