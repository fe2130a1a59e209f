"""Every group of commands: its name, where it is, and the line that help shows of it."""

from typing import Final, NamedTuple


class Entry(NamedTuple):
    """A command of the top level."""

    target: str
    """`module:attribute` of a click command."""
    help: str


COMMANDS: Final[dict[str, Entry]] = {
    "api": Entry("windlass.cli.commands.api:api", "Send a request to the API."),
    "artifact": Entry("windlass.cli.commands.artifact:artifact", "Inspect and delete artifacts."),
    "automation": Entry("windlass.cli.commands.automation:automation", "Manage automations."),
    "block": Entry("windlass.cli.commands.block:block", "Manage blocks."),
    "concurrency-limit": Entry(
        "windlass.cli.commands.concurrency_limit:concurrency_limit",
        "Manage concurrency limits of tags.",
    ),
    "config": Entry("windlass.cli.commands.config:config", "View and set settings."),
    "dashboard": Entry(
        "windlass.cli.commands.dashboard:dashboard", "Look at the pages of the server."
    ),
    "deploy": Entry("windlass.cli.commands.deploy:deploy", "Create and update deployments."),
    "deployment": Entry(
        "windlass.cli.commands.deployment:deployment", "Inspect, run and schedule deployments."
    ),
    "event": Entry("windlass.cli.commands.event:event", "Emit and follow events."),
    "flow": Entry("windlass.cli.commands.flow:flow", "List and serve flows."),
    "flow-run": Entry("windlass.cli.commands.flow_run:flow_run", "Work with flow runs."),
    "gcl": Entry(
        "windlass.cli.commands.global_concurrency_limit:global_concurrency_limit",
        "The same as `global-concurrency-limit`.",
    ),
    "global-concurrency-limit": Entry(
        "windlass.cli.commands.global_concurrency_limit:global_concurrency_limit",
        "Manage global concurrency limits.",
    ),
    "init": Entry("windlass.cli.commands.init:init", "Start a project: write its windlass.yaml."),
    "profile": Entry("windlass.cli.commands.profile:profile", "Manage profiles of settings."),
    "profiles": Entry("windlass.cli.commands.profile:profile", "The same as `profile`."),
    "server": Entry("windlass.cli.commands.server:server", "Start and look after a server."),
    "shell": Entry("windlass.cli.commands.shell:shell", "Run commands of the shell as flows."),
    "task": Entry("windlass.cli.commands.task:task", "Serve background tasks."),
    "task-run": Entry("windlass.cli.commands.task_run:task_run", "Look at task runs."),
    "transfer": Entry(
        "windlass.cli.commands.transfer:transfer", "Copy what one server has to another."
    ),
    "variable": Entry("windlass.cli.commands.variable:variable", "Manage variables."),
    "version": Entry("windlass.cli.commands.version:version", "Show versions and addresses."),
    "work-pool": Entry("windlass.cli.commands.work_pool:work_pool", "Manage work pools."),
    "work-queue": Entry("windlass.cli.commands.work_queue:work_queue", "Manage work queues."),
    "worker": Entry("windlass.cli.commands.worker:worker", "Start workers."),
}

OTHER_NAMES: Final[dict[str, str]] = {
    "automations": "automation",
    "blocks": "block",
    "concurrency-limits": "concurrency-limit",
    "deployments": "deployment",
    "events": "event",
    "flow-runs": "flow-run",
    "flows": "flow",
    "task-runs": "task-run",
    "work-queues": "work-queue",
}
"""Names under which commands are found too, but not shown: those that Prefect's answers to."""
