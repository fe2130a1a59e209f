"""Blocks of the stock package: saved, nested, loaded; prints their checksums as JSON."""

import json
import sys
from contextlib import suppress

from prefect.blocks.core import Block
from prefect.blocks.fields import SecretDict
from prefect.blocks.system import Secret
from pydantic import BaseModel, SecretStr


class Login(Block):
    """Who one is.

    Attributes:
        user: the name
    """

    user: str
    password: SecretStr


class Options(BaseModel):
    depth: int = 1


class Mirror(Block):
    size: int = 3
    options: dict[str, Options] | None = None


class Store(Block):
    login: Login
    either: Mirror | Login | None = None
    maybe: Login | None = None
    headers: SecretDict
    options: Options = Options()


if __name__ == "__main__":
    if "save" in sys.argv:
        login = Login(user="ann", password="hush")
        login.save("ann")
        saved = Store(login=login, either=Mirror(size=5), headers={"token": "t"})
        saved.save("main")
        Secret(value={"key": "sesame"}).save("door")
        login.password = SecretStr("changed")
        login.save("ann", overwrite=True)
        loaded = Store.load("main")
        assert loaded.login.password.get_secret_value() == "changed", loaded
        assert loaded.either.size == 5, loaded
        assert loaded.headers.get_secret_value() == {"token": "t"}, loaded
        assert Block.load("secret/door").get() == {"key": "sesame"}
        assert Store.load_from_ref(loaded._block_document_id).login.user == "ann"
        with suppress(ValueError):
            saved.save("main")
            raise AssertionError("a name that is taken was overwritten")
    print(
        json.dumps(
            {
                kind.__name__: {
                    "checksum": kind._calculate_schema_checksum(),
                    "fields": kind.model_json_schema(),
                }
                for kind in (Login, Mirror, Store)
            }
        )
    )
