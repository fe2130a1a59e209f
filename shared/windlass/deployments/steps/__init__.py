"""Public: the steps that prepare the code of a deployment, under the names that files use."""

from windlass.deployments.steps.pull import agit_clone, git_clone, set_working_directory
from windlass.deployments.steps.utility import pip_install_requirements, run_shell_script

__all__ = [
    "agit_clone",
    "git_clone",
    "pip_install_requirements",
    "run_shell_script",
    "set_working_directory",
]
