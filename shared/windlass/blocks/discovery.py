"""The block classes of a module."""

import importlib
import inspect

from windlass.blocks.core import Block
from windlass.utilities.importtools import load_script_as_module


def block_classes_in(source: str) -> list[type[Block]]:
    """Every block class in a module, or in a Python file, that can be registered.

    Raises ImportError for a module that is not there, ScriptError for a file that fails.
    """
    is_file = source.endswith(".py")
    module = load_script_as_module(source) if is_file else importlib.import_module(source)
    return [
        one
        for one in vars(module).values()
        if Block.is_block_class(one) and one is not Block and not inspect.isabstract(one)
    ]
