"""Names of runs that were given none."""

from windlass_services.orchestration.names import run_name


def test_a_name_is_two_words() -> None:
    assert run_name(0) == "able-albatross"


def test_every_number_has_a_name() -> None:
    names = {run_name(number) for number in range(30_000)}
    assert all(name.count("-") == 1 and name.islower() for name in names)
    assert len(names) > 10_000
