"""`windlass.blocks` and `windlass block` against a server."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.support.command import done, windlass
from windlass import flow, task
from windlass.blocks.core import Block
from windlass.blocks.system import Secret
from windlass.blocks.webhook import Webhook
from windlass.deployments.steps.core import run_step
from windlass.engine.process import current_session
from windlass.filesystems import LocalFileSystem

pytestmark = pytest.mark.usefixtures("api")

MODULE = """\
from pydantic import SecretStr
from windlass.blocks.core import Block

class Lighthouse(Block):
    '''Shows the way.'''

    height: int
    key: SecretStr
"""
PLACE = "{{ prefect.blocks.secret.place }}"


class Buoy(Block):
    """Floats."""

    colour: str
    key: SecretStr


def test_blocks_are_saved_and_loaded_in_synchronous_code() -> None:
    Buoy(colour="red", key=SecretStr("hush")).save("north", overwrite=True)
    loaded = Buoy.load("north")
    assert (loaded.colour, loaded.key.get_secret_value()) == ("red", "hush")
    assert Block.load("buoy/north") == loaded
    Buoy.delete("north")
    with pytest.raises(ValueError, match="north"):
        Buoy.load("north")


def test_flows_and_tasks_load_blocks() -> None:
    Buoy(colour="green", key=SecretStr("k")).save("south", overwrite=True)

    @task
    def in_a_task() -> str:
        return Buoy.load("south").colour

    @flow
    def synchronous() -> list[str]:
        return [Buoy.load("south").colour, in_a_task()]

    assert synchronous() == ["green", "green"]
    assert current_session().outbox.drain(10)


def test_steps_take_values_of_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path.parent)
    Secret[str].model_validate({"value": str(tmp_path)}).save("place", overwrite=True)
    step = {"prefect.deployments.steps.set_working_directory": {"directory": PLACE}}
    assert run_step(step) == {"directory": str(tmp_path)}


def test_a_file_system_keeps_to_its_folder(tmp_path: Path) -> None:
    LocalFileSystem(basepath=str(tmp_path / "base")).save("files", overwrite=True)
    files = LocalFileSystem.load("files")
    assert files.write_path("a/b.txt", b"content") == str(tmp_path / "base" / "a" / "b.txt")
    assert files.read_path("a/b.txt") == b"content"
    files.get_directory("a", str(tmp_path / "copy"))
    assert (tmp_path / "copy" / "b.txt").read_bytes() == b"content"
    files.put_directory(str(tmp_path / "copy"), "c")
    assert files.read_path("c/b.txt") == b"content"
    for path in ("../outside", "/etc/hostname"):
        with pytest.raises(ValueError, match="outside"):
            files.read_path(path)
    with pytest.raises(ValueError, match="no file"):
        files.read_path("nothing")


async def test_a_webhook_is_called(api: str) -> None:
    webhook = Webhook.model_validate({"method": "GET", "url": f"{api}/health"})
    assert (await webhook.call()).json() is True
    posted = Webhook.model_validate({"url": f"{api}/block_types/filter"})
    answered = await posted.call({"block_types": {"slug": {"any_": ["webhook"]}}})
    assert [one["slug"] for one in answered.json()] == ["webhook"]
    assert (await posted.call('{"limit": 1}')).json()
    posted.allow_private_urls = False
    with pytest.raises(ValueError, match="private network"):
        await posted.call()


def test_types_are_registered_from_a_file_and_deleted(tmp_path: Path) -> None:
    module = tmp_path / "lights.py"
    module.write_text(MODULE)
    assert "Lighthouse" in done("block", "register", "--file", str(module)).out
    assert "lighthouse" in done("block", "type", "ls").out
    shown = done("block", "types", "inspect", "lighthouse").out
    assert "Shows the way." in shown
    assert "height" in shown
    said = done("block", "create", "lighthouse").out
    assert "/blocks/catalog/lighthouse/create" in said
    done("block", "type", "delete", "lighthouse")
    missing = windlass("block", "type", "inspect", "lighthouse")
    assert missing.code == 1
    assert "secret" in missing.err
    assert windlass("block", "type", "delete", "secret").code == 1
    assert windlass("block", "register").code == 2
    assert windlass("block", "register", "-m", "no.such.module").code == 1
    assert windlass("block", "register", "-m", "json").code == 1


def test_blocks_are_listed_shown_and_deleted() -> None:
    id = Buoy(colour="blue", key=SecretStr("hush")).save("west", overwrite=True)
    assert "buoy/west" in done("block", "ls").out
    assert str(id) in {one["id"] for one in done("block", "ls", "-o", "json").json}
    for which in (("buoy/west",), ("--id", str(id))):
        shown = done("block", "inspect", *which).out
        assert "blue" in shown
        assert "hush" not in shown
        assert "hush" not in json.dumps(done("block", "inspect", *which, "-o", "json").json)
    done("block", "delete", "buoy/west")
    assert windlass("block", "inspect", "buoy/west").code == 1
    assert windlass("block", "inspect", "west").code == 2
    assert windlass("block", "inspect").code == 2
