"""Write the synchronous client from the asynchronous one, or check that it is up to date.

python scripts/unasync.py [--check]
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

SOURCE: Final = Path("shared/windlass/client/_async")
TARGET: Final = Path("shared/windlass/client/_sync")
SUBSTITUTIONS: Final = (
    (r"\basync def\b", "def"),
    (r"\basync with\b", "with"),
    (r"\basync for\b", "for"),
    (r"\bawait ", ""),
    (r"\bAsync(?=[A-Z])", "Sync"),
    (r"\bhttpx\.SyncClient\b", "httpx.Client"),
    (r"\bhttpx\.SyncBaseTransport\b", "httpx.BaseTransport"),
    (r"\bWindlassClient\b", "SyncWindlassClient"),
    (r"\b__a(?=enter__|exit__)", "__"),
    (r"\baclose\b", "close"),
    (r"\banyio\.sleep\b", "time.sleep"),
    (r"^import anyio$", "import time"),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\bSyncIterator\b", "Iterator"),
    (r"\bclient\._async\b", "client._sync"),
    (r"\bAn asynchronous\b", "A"),
    (r"\bThe asynchronous client: the source\. .*`\.", "Generated from `_async`: change that."),
)


def rewrite(text: str) -> str:
    """The synchronous form of a module."""
    for pattern, replacement in SUBSTITUTIONS:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text


def main() -> int:
    """Write, or with `--check` compare; 1 when something is out of date."""
    check = "--check" in sys.argv[1:]
    stale: list[str] = []
    wanted = {path.name: _formatted(rewrite(path.read_text())) for path in SOURCE.glob("*.py")}
    present = {path.name: path.read_text() for path in TARGET.glob("*.py")}
    for name in sorted(wanted.keys() | present.keys()):
        if wanted.get(name) == present.get(name):
            continue
        stale.append(name)
        if not check:
            _put(TARGET / name, wanted.get(name))
    if check and stale:
        sys.stderr.write(f"Out of date, run `make generate`: {', '.join(stale)}\n")
    return 1 if check and stale else 0


def _put(path: Path, text: str | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if text is None:
        path.unlink()
    else:
        path.write_text(text)


def _formatted(text: str) -> str:
    ruff = [str(Path(sys.executable).parent / "ruff")]
    name = ["--stdin-filename", "shared/windlass/client/_sync/module.py", "-"]
    sorted_text = subprocess.run(
        [*ruff, "check", "--select", "I", "--fix", "--quiet", *name],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return subprocess.run(
        [*ruff, "format", *name], input=sorted_text, capture_output=True, text=True, check=True
    ).stdout


if __name__ == "__main__":
    raise SystemExit(main())
