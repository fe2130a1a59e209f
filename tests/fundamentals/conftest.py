"""The tutorial's tests run against the server that `api` stands for."""

import pytest

from tests.support.api_under_test import ApiUnderTest, InMemoryApi
from tests.support.fake_orchestration import FakeOrchestration
from tests.support.sdk import fake, session
from windlass.engine.session import Session

__all__ = ["fake", "session"]


@pytest.fixture(autouse=True)
def api(fake: FakeOrchestration, session: Session) -> ApiUnderTest:
    """The server that the flows of the test talk to."""
    return InMemoryApi(fake, session)
