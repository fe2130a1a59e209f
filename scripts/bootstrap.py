"""Makes the virtual environment and puts a pinned uv into it, with the standard library alone.

Stock Debian has neither pip nor ensurepip beside its Python, so neither is used.
"""

import base64
import hashlib
import http.client
import io
import json
import os
import platform
import re
import ssl
import subprocess
import sys
import urllib.request
import venv
import zipfile
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit

UV_VERSION: Final = "0.13.8"
PINS: Final = {
    "manylinux_2_17_x86_64.manylinux2014_x86_64": (
        "e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984"
    ),
    "manylinux_2_28_aarch64": ("5337c30bb893b4f9ce0ceb921ba2da0d13f649da644f40ad3bef84083bef0203"),
    "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64": (
        "0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d"
    ),
    "musllinux_1_1_x86_64": "29451c60f5e8b07403e0a175d5229efc36b0289b34143ff4aaa499a5dd52553a",
    "macosx_10_12_x86_64": "b7124ca1956ec2e476a1003ea5715a15f0266afaec37f4dc9c6972ba8183e6d1",
    "macosx_11_0_arm64": "62b6943c7fd64fac6854f780bea6e0359e5a5bc3241f83ee357bb38276afac49",
}
"""sha256 of the uv wheel for each platform tag; for any other platform the index must state one."""

DEFAULT_INDEX: Final = "https://pypi.org/simple"
INDEX_FORMATS: Final = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
SECONDS_PER_REQUEST: Final = 60


class BootstrapError(Exception):
    """The environment cannot be made; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What decides which wheel fits: system, processor, and the version of its C library or OS."""

    system: str
    processor: str
    libc: str
    version: tuple[int, int]


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """One file of an index page and the sha256 that the page states, if any."""

    name: str
    url: str
    sha256: str | None


def main(arguments: list[str]) -> int:
    directory = Path(arguments[0])
    try:
        make_environment(directory)
        put_uv(directory / "bin" / "uv", os.environ.get("PIP_INDEX_URL") or DEFAULT_INDEX)
    except BootstrapError as error:
        print(f"bootstrap: {error}", file=sys.stderr)
        return 1
    return 0


def make_environment(directory: Path) -> None:
    """A virtual environment without pip; one whose Python still runs is kept."""
    python = directory / "bin" / "python"
    test = [str(python), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    if python.exists() and subprocess.run(test, capture_output=True, check=False).returncode == 0:
        return
    print(f"Making {directory} with Python {platform.python_version()} ({sys.executable})")
    venv.create(directory, clear=directory.exists(), symlinks=True, with_pip=False)


def put_uv(target: Path, index: str) -> None:
    """The pinned uv at `target`, fetched from `index` unless it is there already."""
    if not _is_pinned_version(target):
        print(f"Fetching uv {UV_VERSION} from {urlsplit(index).hostname}")
        chosen = choose_wheel(read_index(index, "uv"), this_machine())
        content = verified(chosen, fetch(chosen.url, index)[0])
        fresh = target.with_name("uv.fresh")
        with zipfile.ZipFile(io.BytesIO(content)) as wheel:
            fresh.write_bytes(wheel.read(f"uv-{UV_VERSION}.data/scripts/uv"))
        fresh.chmod(0o755)
        fresh.replace(target)
    target.touch()


def this_machine() -> Machine:
    """The machine that runs this."""
    processor = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    if sys.platform == "darwin":
        return Machine("darwin", processor, "", _version(platform.mac_ver()[0]))
    libc, version = platform.libc_ver()
    if libc == "glibc":
        return Machine("linux", processor, "glibc", _version(version))
    return Machine("linux", processor, "musl", (1, 2))


def choose_wheel(files: list[IndexedFile], machine: Machine) -> IndexedFile:
    """The wheel of the pinned version that runs on `machine`, built for the newest system of them.

    Raises `BootstrapError` when the index has none.
    """
    start, end = f"uv-{UV_VERSION}-py3-none-", ".whl"
    fitting = [
        (newest, file)
        for file in files
        if file.name.startswith(start) and file.name.endswith(end)
        if (newest := _newest_fitting(file.name[len(start) : -len(end)], machine))
    ]
    if not fitting:
        raise BootstrapError(
            f"the index has no wheel of uv {UV_VERSION} for {machine.system} {machine.processor} "
            f"{machine.libc}. Install uv yourself and run `uv sync --all-extras`."
        )
    return max(fitting, key=lambda pair: pair[0])[1]


def verified(file: IndexedFile, content: bytes) -> bytes:
    """`content`, when its sha256 is the pinned one, or the stated one where none is pinned.

    Raises `BootstrapError` otherwise.
    """
    tag = file.name.removeprefix(f"uv-{UV_VERSION}-py3-none-").removesuffix(".whl")
    expected = PINS.get(tag, file.sha256)
    if expected is None:
        raise BootstrapError(f"nothing states the sha256 of {file.name}; it is not installed.")
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        raise BootstrapError(
            f"{file.name} has sha256 {actual}, expected {expected}. The index or something on "
            "the way to it changed the file; it is not installed."
        )
    return content


def read_index(index: str, project: str) -> list[IndexedFile]:
    """The files of a project on a package index, from its JSON or its HTML page."""
    page, content_type, address = fetch(f"{index.rstrip('/')}/{project}/", index, INDEX_FORMATS)
    if "json" in content_type:
        return [
            IndexedFile(
                file["filename"],
                urljoin(address, file["url"]),
                file.get("hashes", {}).get("sha256"),
            )
            for file in json.loads(page)["files"]
        ]
    links = _Links()
    links.feed(page.decode())
    return [_linked_file(address, link) for link in links.found]


def fetch(url: str, index: str, accept: str = "*/*") -> tuple[bytes, str, str]:
    """Body, content type and final address of `url`, with the credentials that `index` carries.

    Raises `BootstrapError` when it cannot be had.
    """
    request = urllib.request.Request(_without_credentials(url), headers={"Accept": accept})
    if credentials := _credentials(url, index):
        request.add_unredirected_header("Authorization", credentials)
    try:
        with urllib.request.urlopen(
            request, timeout=SECONDS_PER_REQUEST, context=_trust()
        ) as reply:
            return reply.read(), reply.headers.get("Content-Type", ""), reply.geturl()
    except (OSError, http.client.HTTPException) as error:
        hint = "Is the network there? A mirror can be named with PIP_INDEX_URL."
        if isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
            hint = "Install ca-certificates, or name a bundle with SSL_CERT_FILE."
        raise BootstrapError(f"cannot fetch {request.full_url}: {error}. {hint}") from error


class _Links(HTMLParser):
    """Collects the targets of all links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _linked_file(page: str, link: str) -> IndexedFile:
    url, fragment = urldefrag(urljoin(page, link))
    stated = re.search(r"sha256=([0-9a-f]{64})", fragment)
    return IndexedFile(
        unquote(urlsplit(url).path.rsplit("/", 1)[-1]), url, stated[1] if stated else None
    )


def _newest_fitting(tags: str, machine: Machine) -> tuple[int, int] | None:
    """The highest system version among the dotted platform tags that `machine` satisfies."""
    family = {"darwin": "macosx", "linux": "manylinux"}[machine.system]
    if machine.libc == "musl":
        family = "musllinux"
    pattern = re.compile(rf"{family}_(\d+)_(\d+)_{re.escape(machine.processor)}")
    versions = [
        (int(match[1]), int(match[2]))
        for tag in tags.split(".")
        if (match := pattern.fullmatch(tag))
    ]
    return max((version for version in versions if version <= machine.version), default=None)


def _version(text: str) -> tuple[int, int]:
    major, minor = (*text.split("."), "0")[:2]
    return int(major), int(minor)


def _is_pinned_version(uv: Path) -> bool:
    if not uv.exists():
        return False
    answer = subprocess.run([str(uv), "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.split()[1:2] == [UV_VERSION]


def _credentials(url: str, index: str) -> str | None:
    """A basic Authorization header when `index` carries a user and `url` is on its host."""
    parts = urlsplit(index)
    if parts.username is None or urlsplit(url).hostname != parts.hostname:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rsplit("@", 1)[-1]))


def _trust() -> ssl.SSLContext:
    """The system's certificates, or the bundle that pip was told to use."""
    return ssl.create_default_context(cafile=os.environ.get("PIP_CERT") or None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
