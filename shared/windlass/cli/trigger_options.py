"""Triggers as commands take them: JSON, or a file."""

from pathlib import Path
from typing import Any, cast

import yaml

from windlass.schemas.base import JsonObject


def read_triggers(text: str) -> list[JsonObject]:
    """The triggers of JSON, or of a `.yaml` or `.json` file: one, a list, or under `triggers`.

    Raises ValueError.
    """
    is_file = text.endswith((".yaml", ".yml", ".json"))
    try:
        # JSON is YAML too.
        said: Any = yaml.safe_load(Path(text).read_text("utf-8") if is_file else text)
    except OSError as error:
        raise ValueError(f"{text} cannot be read: {error}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{text!r} is neither JSON nor YAML") from error
    if isinstance(said, dict) and "triggers" in said:
        said = cast(JsonObject, said)["triggers"]
    found = cast("list[Any]", said if isinstance(said, list) else [said])
    if not all(isinstance(each, dict) for each in found):
        raise ValueError(f'{text!r} has no trigger, such as {{"expect": ["an.event"]}}')
    return found
