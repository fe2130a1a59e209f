"""What every test stands on; the plugins in tests/support hold the fixtures, by subject."""

pytest_plugins = [
    "tests.support.environment",
    "tests.support.forking",
    "tests.support.golden",
    "tests.support.ordering",
    "tests.support.pgbouncer",
    "tests.support.servers",
    "tests.support.postgres",
    "tests.support.redis",
    "tests.support.windlass_server",
]
