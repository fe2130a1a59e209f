"""The block types of Windlass itself: what a server has from its first start."""

from typing import Final

BLOCKS: Final[dict[str, str]] = {
    "local-file-system": "windlass.filesystems:LocalFileSystem",
    "secret": "windlass.blocks.system:Secret",
    "webhook": "windlass.blocks.webhook:Webhook",
}
"""By slug, the class as `module:name`: imported when a document of it is loaded."""

PROTECTED: Final = frozenset({"local-file-system", "secret", "webhook"})
"""Those that cannot be deleted."""
