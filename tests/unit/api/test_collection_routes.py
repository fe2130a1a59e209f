"""The collections that clients choose from."""

import httpx

from windlass_workers.agent.template import base_job_template
from windlass_workers.process.variables import ProcessVariables


async def test_the_worker_types_are_told_with_their_templates(api: httpx.AsyncClient) -> None:
    view = (await api.get("/collections/views/aggregate-worker-metadata")).json()
    process = view["prefect"]["process"]
    assert (process["type"], process["display_name"]) == ("process", "Process")
    assert process["default_base_job_configuration"] == base_job_template(ProcessVariables)


async def test_a_pool_has_the_template_of_its_type_at_first(api: httpx.AsyncClient) -> None:
    for kind, template in (("process", base_job_template(ProcessVariables)), ("unheard-of", {})):
        made = await api.post("/work_pools/", json={"name": kind, "type": kind})
        assert made.json()["base_job_template"] == template


async def test_a_view_that_there_is_not_is_named(api: httpx.AsyncClient) -> None:
    missing = await api.get("/collections/views/nothing")
    assert missing.status_code == 404
    assert "'nothing'" in missing.json()["detail"]
