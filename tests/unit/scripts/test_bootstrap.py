"""The bootstrap finds the right uv on any package index, and installs only what is pinned."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import pytest

from scripts.bootstrap import (
    PINS,
    UV_VERSION,
    BootstrapError,
    IndexedFile,
    Machine,
    choose_wheel,
    fetch,
    read_index,
    verified,
)

DIGEST_OF_NOTHING: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("machine", "tag"),
    [
        (
            Machine("linux", "x86_64", "glibc", (2, 36)),
            "manylinux_2_17_x86_64.manylinux2014_x86_64",
        ),
        (Machine("linux", "aarch64", "glibc", (2, 36)), "manylinux_2_28_aarch64"),
        (
            Machine("linux", "aarch64", "glibc", (2, 17)),
            "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
        ),
        (
            Machine("linux", "aarch64", "musl", (1, 2)),
            "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
        ),
        (Machine("linux", "x86_64", "musl", (1, 2)), "musllinux_1_1_x86_64"),
        (Machine("darwin", "x86_64", "", (12, 7)), "macosx_10_12_x86_64"),
        (Machine("darwin", "arm64", "", (15, 0)), "macosx_11_0_arm64"),
    ],
)
def test_the_newest_wheel_that_runs_on_the_machine_is_chosen(machine: Machine, tag: str) -> None:
    other = IndexedFile(f"uv-0.0.1-py3-none-{tag}.whl", "", None)
    assert choose_wheel([other, *map(wheel, PINS)], machine) == wheel(tag)


def test_a_machine_without_a_wheel_is_told_so() -> None:
    with pytest.raises(BootstrapError, match="sparc64"):
        choose_wheel([wheel(tag) for tag in PINS], Machine("linux", "sparc64", "glibc", (2, 36)))


def test_a_pinned_wheel_with_other_content_is_refused_whatever_the_index_states() -> None:
    with pytest.raises(BootstrapError, match="changed the file"):
        verified(wheel("macosx_11_0_arm64", DIGEST_OF_NOTHING), b"")


def test_a_wheel_that_is_not_pinned_must_have_what_the_index_states() -> None:
    assert verified(wheel("linux_riscv64", DIGEST_OF_NOTHING), b"") == b""
    with pytest.raises(BootstrapError, match="changed the file"):
        verified(wheel("linux_riscv64", DIGEST_OF_NOTHING), b"something else")


def test_a_wheel_that_nothing_vouches_for_is_refused() -> None:
    with pytest.raises(BootstrapError, match="nothing states"):
        verified(wheel("linux_riscv64"), b"")


@pytest.mark.parametrize("form", ["html", "json"])
def test_an_index_may_answer_html_or_json(index: "Index", form: str) -> None:
    index.pages["/simple/uv/"] = {
        "html": (
            "text/html",
            f'<a href="../../files/uv%2B1.whl#sha256={DIGEST_OF_NOTHING}">uv+1.whl</a>'
            '<a data-yanked="">no target</a><a href="https://elsewhere.example/uv-2.whl">uv-2</a>',
        ),
        "json": (
            "application/vnd.pypi.simple.v1+json",
            json.dumps(
                {
                    "files": [
                        {
                            "filename": "uv+1.whl",
                            "url": "../../files/uv%2B1.whl",
                            "hashes": {"sha256": DIGEST_OF_NOTHING},
                        },
                        {"filename": "uv-2.whl", "url": "https://elsewhere.example/uv-2.whl"},
                    ]
                }
            ),
        ),
    }[form]
    assert read_index(f"{index.address}/simple", "uv") == [
        IndexedFile("uv+1.whl", f"{index.address}/files/uv%2B1.whl", DIGEST_OF_NOTHING),
        IndexedFile("uv-2.whl", "https://elsewhere.example/uv-2.whl", None),
    ]


def test_credentials_of_the_index_go_to_the_index_alone(index: "Index") -> None:
    index.pages["/file"] = ("text/plain", "content")
    url = f"{index.address}/file"
    fetch(url, index.address.replace("://", "://ada:s%2Fcret@"))
    fetch(url, "https://ada:secret@elsewhere.example/simple")
    expected = "Basic " + base64.b64encode(b"ada:s/cret").decode()
    assert index.credentials == [expected, None]


def test_a_file_that_is_not_there_is_one_clear_sentence(index: "Index") -> None:
    with pytest.raises(BootstrapError, match="PIP_INDEX_URL"):
        fetch(f"{index.address}/missing", index.address)


@dataclass(slots=True)
class Index:
    """A package index: what it answers to each path, and the credentials it was shown."""

    address: str = ""
    pages: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    credentials: list[str | None] = field(default_factory=list[str | None])


@pytest.fixture
def index() -> Iterator[Index]:
    """A running index without pages."""
    kept = Index()
    with ThreadingHTTPServer(("127.0.0.1", 0), _answering(kept)) as server:
        kept.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield kept
        server.shutdown()
        thread.join()


def wheel(tag: str, sha256: str | None = None) -> IndexedFile:
    """The wheel of the pinned uv for one platform."""
    return IndexedFile(f"uv-{UV_VERSION}-py3-none-{tag}.whl", "https://index.example/", sha256)


def _answering(index: Index) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.credentials.append(self.headers.get("Authorization"))
            if self.path not in index.pages:
                self.send_error(404)
                return
            content_type, page = index.pages[self.path]
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
