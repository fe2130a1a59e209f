"""The Lua files beside this module, run by their digest and sent in full where it is unknown."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files

from windlass_services.streams.redis.clients import Argument, Reply
from windlass_services.streams.redis.connection import Connection, Refused


@dataclass(frozen=True, slots=True)
class Script:
    """One Lua file; its header names the keys and the arguments."""

    text: str
    digest: str

    async def run(
        self, connection: Connection, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]
    ) -> list[Reply]:
        """Run it once for each (keys, arguments), in one round trip; raise the first refusal."""
        tails = [(len(keys), *keys, *arguments) for keys, arguments in calls]
        replies = await connection.batch([("EVALSHA", self.digest, *tail) for tail in tails])
        unknown = [n for n, reply in enumerate(replies) if _is_unknown(reply)]
        if unknown:  # a server that restarted has forgotten its scripts
            again = await connection.batch([("EVAL", self.text, *tails[n]) for n in unknown])
            for n, reply in zip(unknown, again, strict=True):
                replies[n] = reply
        for reply in replies:
            if isinstance(reply, Refused):
                raise reply
        return replies


def load_script(name: str) -> Script:
    """Read one of the Lua files of this package."""
    text = (
        files("windlass_services.streams.redis").joinpath(f"{name}.lua").read_text(encoding="utf-8")
    )
    return Script(text, sha1(text.encode()).hexdigest())


def _is_unknown(reply: Reply) -> bool:
    return isinstance(reply, Refused) and reply.code == "NOSCRIPT"
