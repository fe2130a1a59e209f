"""Flows that are baked into images, as their user deploys them; prints JSON of what it did.

python j04_docker.py template   # nothing is built: what the pool of the server is told
python j04_docker.py base FOLDER IMAGE    # an image that stands in for the published one
python j04_docker.py baked MOUNT          # builds images; MOUNT is where the package is
python j04_docker.py leftovers            # containers of these images
"""

import json
import os
import shutil
import sys
from importlib import import_module
from pathlib import Path

import docker
from prefect import deploy, flow
from prefect.docker import DockerImage
from prefect.utilities.dockerutils import get_prefect_image_name

POOL = "my-docker-pool"
OFFLINE = {"pull": False}
DOCKERFILE = """\
FROM {image}
COPY wheels /wheels
COPY bin /usr/bin
COPY lib /lib
RUN ln -sf python3 /usr/bin/python
ENV HOME=/tmp PYTHONPATH=/site:/wheels/{pip}
ENV PIP_NO_INDEX=1 PIP_TARGET=/usr/lib/python3/dist-packages
"""
PROGRAMS = {
    "prefect": "#!/usr/bin/python3\nfrom prefect.cli import app\n\napp()\n",
    "uv": '#!/bin/sh\nexec python3 -m "$@"\n',
}


@flow(log_prints=True)
def buy():
    # A requirement of the project: it is in the images only.
    greeting = import_module("greeting").WORD
    print(f"{greeting} from {os.getcwd()}: A={os.environ['A']} B={os.environ.get('B')}")


@flow
def sell():
    pass


def template():
    """Deployments of images that exist elsewhere."""
    buy.deploy(
        name="existing",
        work_pool_name=POOL,
        image="me/img:tag",
        build=False,
        job_variables={"image_pull_policy": "Never", "env": {"A": "1"}},
        print_next_steps=False,
    )


def base(folder, image):
    """The published image needs a registry that is not there: this one runs the same commands."""
    wheels = list(Path(folder).glob("wheels/pip-*.whl"))
    dockerfile = DOCKERFILE.format(image=image, pip=wheels[0].name)
    (Path(folder) / "Dockerfile").write_text(dockerfile)
    programs = Path(folder) / "bin"
    programs.mkdir()
    for name, text in PROGRAMS.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    # What the compiled parts of the package need beyond what Python needs.
    for name in ("gcc_s.so.1", "stdc++.so.6", "rt.so.1", "pthread.so.0", "dl.so.2", "util.so.1"):
        for library in Path("/lib").glob(f"*-linux-gnu/lib{name}"):
            copy = Path(folder) / library.relative_to("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, copy)
    docker.from_env().images.build(path=folder, tag=get_prefect_image_name())


def baked(mount):
    run_here = {
        "image_pull_policy": "Never",
        "auto_remove": True,
        "network_mode": "host",
        "volumes": [f"{mount}:/site:ro"],
    }
    buy.deploy(
        name="baked",
        work_pool_name=POOL,
        image=DockerImage(name="windlass-j04/img", tag="tag", **OFFLINE),
        push=False,
        job_variables={**run_here, "env": {"A": "1"}},
        print_next_steps=False,
    )
    Path("Dockerfile").write_text(
        f"FROM {get_prefect_image_name()}\nARG WORD\nENV B=$WORD\n"
        "RUN python -m pip install /wheels/greeting-1.0-py3-none-any.whl\n"
        "COPY . /opt/prefect/own\nWORKDIR /opt/prefect/own\n"
    )
    buy.deploy(
        name="custom",
        work_pool_name=POOL,
        image=DockerImage(
            name="windlass-j04/own",
            tag="1",
            dockerfile="Dockerfile",
            buildargs={"WORD": "built"},
            **OFFLINE,
        ),
        push=False,
        job_variables={**run_here, "env": {"A": "2"}},
        print_next_steps=False,
    )
    Path("Dockerfile").unlink()
    deploy(
        buy.to_deployment(name="x"),
        sell.to_deployment(name="y"),
        work_pool_name=POOL,
        image=DockerImage(name="img", tag="dev", **OFFLINE),
        push=False,
    )


def leftovers():
    found = docker.from_env().containers.list(all=True)
    print(json.dumps([c.name for c in found if c.labels.get("io.prefect.deployment-name")]))


if __name__ == "__main__":
    steps = {"template": template, "base": base, "baked": baked, "leftovers": leftovers}
    steps[sys.argv[1]](*sys.argv[2:])
