"""Public: the steps that prepare the code of a deployment, under the names that files use."""

from windlass.deployments.steps.pull import set_working_directory

__all__ = ["set_working_directory"]
