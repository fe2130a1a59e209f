"""Every test of the SDK runs against a server in memory."""

import pytest

from tests.support.sdk import fake, session
from windlass.engine.session import Session

__all__ = ["fake", "session"]


@pytest.fixture(autouse=True)
def _in_session(session: Session) -> Session:
    return session
