"""The file of a project's deployments: read, and chosen from."""

from pathlib import Path

import pytest

from windlass.deployments.project import Project, find_project_file, read_project
from windlass.exceptions import ConfigurationError

WITH_ANCHORS = """\
prefect-version: 3.6.7
name: null
build: null
pull:
- prefect.deployments.steps.set_working_directory:
    directory: /somewhere
definitions:
  pool: &pool
    name: a-pool
    job_variables: {env: {A: b}}
deployments:
- name: one
  entrypoint: flows.py:a
  work_pool: *pool
- name: two
  entrypoint: flows.py:a
  work_pool:
    <<: *pool
    name: another
"""


def read(folder: Path, text: str) -> Project:
    """What a file with this text says."""
    (folder / "windlass.yaml").write_text(text)
    return read_project(folder / "windlass.yaml")


def names(project: Project, *patterns: str) -> list[str]:
    """The names of the deployments that patterns choose."""
    return [each["name"] for each in project.chosen(patterns)]


def test_our_file_goes_before_that_of_prefect(tmp_path: Path) -> None:
    assert find_project_file(tmp_path) is None
    (tmp_path / "prefect.yaml").touch()
    assert find_project_file(tmp_path) == tmp_path / "prefect.yaml"
    (tmp_path / "windlass.yaml").touch()
    assert find_project_file(tmp_path) == tmp_path / "windlass.yaml"


def test_parts_of_a_file_can_be_used_again(tmp_path: Path) -> None:
    project = read(tmp_path, WITH_ANCHORS)
    assert project.names == ["one", "two"]
    assert [each["work_pool"]["name"] for each in project.deployments] == ["a-pool", "another"]
    assert project.deployments[1]["work_pool"]["job_variables"] == {"env": {"A": "b"}}
    assert list(project.actions) == ["build", "push", "pull"]
    assert project.actions["build"] is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("deployments: [", "is not valid YAML"),
        ("- name: one", "is no mapping"),
        ("", "is no mapping"),
        ("deploymants: []", "'deploymants' that means nothing. Did you mean 'deployments'?"),
        ("deployments: {name: one}", "must be a list of mappings"),
        ("deployments: [one]", "must be a list of mappings"),
    ],
)
def test_a_file_that_says_what_there_is_not_is_refused(
    text: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"windlass\.yaml cannot be read"):
        read_project(tmp_path / "windlass.yaml")


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        (["dep-prod"], ["dep-prod"]),
        (["dep*prod"], ["dep-prod"]),
        (["dep*"], ["dep-dev", "dep-prod"]),
        (["my-flow/*"], ["dep-dev", "other"]),
        (["*flow/other"], ["other"]),
        (["dep-prod", "dep-dev", "dep-*"], ["dep-dev", "dep-prod"]),
        (["their-flow/same", "my-flow/dep-dev"], ["dep-dev", "same"]),
    ],
)
def test_deployments_are_chosen_by_patterns(patterns: list[str], chosen: list[str]) -> None:
    project = Project(
        deployments=[
            {"name": "dep-dev", "flow_name": "my-flow"},
            {"name": "dep-prod", "flow_name": "their-flow"},
            {"name": "other", "flow_name": "my-flow"},
            {"name": "same", "flow_name": "their-flow"},
        ]
    )
    assert names(project, *patterns) == chosen


def test_a_pattern_that_chooses_nothing_is_refused(tmp_path: Path) -> None:
    project = read(tmp_path, WITH_ANCHORS)
    with pytest.raises(
        ConfigurationError, match=r"no deployment 'three' in .*; there are: one, two"
    ):
        project.chosen(["one", "three"])


def test_the_flow_of_a_deployment_is_that_of_its_entrypoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows.py").write_text(
        "from windlass import flow\n@flow(name='named')\ndef a(): ...\n"
    )
    project = read(tmp_path, WITH_ANCHORS)
    assert names(project, "named/t*") == ["two"]
