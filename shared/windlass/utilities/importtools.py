"""Public: from the text that names an object to the object."""

import importlib
import importlib.util
import sys
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from windlass.exceptions import ScriptError


def import_object(entrypoint: str) -> Any:
    """The object that an entrypoint names.

    `path/to/file.py:name` or `path/to/file.py:Class.name` runs the file; `package.module:name`
    and `package.module.name` import the module. Raises ScriptError when that raises, ImportError
    when there is no such module, and AttributeError when it has no such name.
    """
    source, colon, name = entrypoint.rpartition(":")
    if not colon:
        source, _, name = entrypoint.rpartition(".")
    if not source or not name:
        raise ImportError(
            f"{entrypoint!r} is no entrypoint: expected `path/to/file.py:name` or `module:name`."
        )
    found: Any = load_script_as_module(source) if source.endswith(".py") else import_module(source)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def load_script_as_module(path: str | Path) -> ModuleType:
    """Run a Python file and return it as a module, which stays in `sys.modules`.

    The folder of the file is on `sys.path` from then on, as it is for a script that is run. The
    module is not `__main__`. Raises ScriptError from whatever the file raises, and
    FileNotFoundError.
    """
    file = Path(path).resolve()
    if not file.is_file():
        raise FileNotFoundError(f"There is no file {file}.")
    name = f"__windlass_loader_{sha256(str(file).encode()).hexdigest()[:12]}__"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    if str(file.parent) not in sys.path:
        sys.path.insert(0, str(file.parent))
    # Before it runs: dataclasses and pickle look the module up by the name of their classes.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ScriptError(f"{file} raised {type(error).__name__}: {error}") from error
    return module


def import_module(name: str) -> ModuleType:
    """Import a module. Raises ScriptError when its code raises, ImportError when there is none."""
    try:
        return importlib.import_module(name)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and name.startswith(error.name or name):
            raise
        raise ScriptError(f"{name} raised {type(error).__name__}: {error}") from error
