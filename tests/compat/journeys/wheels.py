"""Packages made on the spot, for requirements that no index has to serve."""

import ensurepip
import zipfile
from pathlib import Path


def make_wheel(folder: Path, source: str) -> Path:
    """A package `greeting` 1.0 of this source, which needs nothing else to be installed."""
    path = folder / "greeting-1.0-py3-none-any.whl"
    about = "greeting-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("greeting.py", source)
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", "")
    return path


def bundled_pip() -> Path:
    """The pip that comes with Python, to make environments with: it runs as it is packed."""
    return next(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"))
