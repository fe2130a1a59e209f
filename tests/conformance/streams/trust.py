"""Who trusts a broker's certificate is answered, and who does not refuses to speak."""

import pytest

from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.protocol import Streams


async def expect_trust(trusting: Streams, careful: Streams) -> None:
    """Ask both, and close them: the one that knows the authority, and the one that does not."""
    try:
        await trusting.ping()
        with pytest.raises(BrokerUnavailable, match="certificate verify failed"):
            await careful.ping()
    finally:
        await trusting.close()
        await careful.close()
