"""What the docstring and the name of a block class say of its type."""

import inspect
import re
import unicodedata
from typing import Final

_SECTION: Final = re.compile(r"^(?P<name>[A-Z][A-Za-z ]*):[ \t]*$", re.MULTILINE)
_EXAMPLES: Final = ("Example", "Examples")


def slug_of(name: str) -> str:
    """A name as a part of a path: `My Block` is `my-block`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def description_in(docstring: str | None) -> str | None:
    """What a docstring says before its first section (`Attributes:`, `Example:`, ...)."""
    if not docstring:
        return None
    return _SECTION.split(inspect.cleandoc(docstring))[0].strip() or None


def example_in(docstring: str | None) -> str | None:
    """The text of the section `Example:` or `Examples:`."""
    _, *sections = _SECTION.split(inspect.cleandoc(docstring or ""))
    for name, text in zip(sections[::2], sections[1::2], strict=True):
        if name in _EXAMPLES:
            return inspect.cleandoc(text).strip() or None
    return None
