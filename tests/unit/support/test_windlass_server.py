"""The server that acceptance tests talk to is made of real processes that can be killed."""

import httpx

from tests.support.windlass_server import Backend, WindlassServer


def test_every_api_replica_serves_the_same_data(windlass_server: WindlassServer) -> None:
    windlass_server.post("flows/", {"name": "seen-everywhere"})
    replicas = {Backend.EMBEDDED: 1, Backend.SERVICES: 2}[windlass_server.backend]
    assert len(set(windlass_server.api_urls)) == replicas
    for url in windlass_server.api_urls:
        assert httpx.get(f"{url}/flows/name/seen-everywhere").status_code == 200


def test_a_killed_process_starts_again_where_it_was(own_windlass_server: WindlassServer) -> None:
    server = own_windlass_server
    server.post("flows/", {"name": "kept"})
    name, before = next(iter(server.processes)), server.api_url
    server.processes[name].kill()
    server.start(name)
    assert server.api_url == before
    assert server.get("flows/name/kept")["name"] == "kept"


def test_the_server_does_not_outlive_the_tests(own_windlass_server: WindlassServer) -> None:
    for process in own_windlass_server.processes.values():
        process.let_go()
    for process in own_windlass_server.processes.values():
        assert process.running is not None
        assert process.running.wait(timeout=15) == 0


def test_the_server_stops_on_a_signal_while_its_parent_lives(
    own_windlass_server: WindlassServer,
) -> None:
    codes = own_windlass_server.stop()
    assert set(codes.values()) == {0}
