"""What every test stands on; the plugins in tests/support hold the fixtures, by subject."""

pytest_plugins = [
    "tests.support.environment",
    "tests.support.golden",
    "tests.support.pgbouncer",
    "tests.support.servers",
    "tests.support.postgres",
    "tests.support.redis",
    "tests.support.windlass_server",
]
