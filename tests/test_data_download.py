"""Downloads from a server on this machine: resumed, checked, from several addresses, refused."""

import functools
import hashlib
import http.server
import io
import re
import sys
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from minialex.data import cifar, download
from minialex.data.archive import unpack
from minialex.errors import InputError

NAME = "pictures.tar.gz"
WHOLE = np.random.default_rng(0).bytes(300_000)
MD5 = hashlib.md5(WHOLE).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves `files`; `cut` bytes an answer, when set; remembers what was asked for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked = {f"/{NAME}": WHOLE}, []
        self.cut, self.ranges = None, True
        self.address = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
        self.server.asked.append((self.path, start))
        whole = self.server.files.get(self.path)
        if whole is None:
            return self.send_error(404)
        if not self.server.ranges:
            start = 0
        if start and start >= len(whole):
            return self.send_error(416)
        self.send_response(206 if self.server.ranges else 200)
        self.send_header("Content-Length", str(len(whole) - start))
        self.end_headers()
        self.wfile.write(whole[start:][: self.server.cut])
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def home(monkeypatch):
    """No test leaves this machine: nobody listens on port 9 of it."""
    monkeypatch.setattr(download, "HOME", "http://127.0.0.1:9/home/")
    monkeypatch.delenv("MINIALEX_MIRRORS", raising=False)
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)


def fetch(folder, *mirrors):
    return download.fetch(NAME, folder, MD5, mirrors)


def test_a_file_arrives(server, tmp_path, capsys):
    path = fetch(tmp_path / "new" / "folder", server.address)
    assert path == tmp_path / "new" / "folder" / NAME
    assert path.read_bytes() == WHOLE
    assert [p.name for p in path.parent.iterdir()] == [NAME]
    said = capsys.readouterr()
    assert said.out == ""
    assert f"downloading {server.address}/{NAME}" in said.err


def test_a_partial_file_is_continued(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(WHOLE[:123_456])
    assert fetch(tmp_path, server.address).read_bytes() == WHOLE
    assert server.asked == [(f"/{NAME}", 123_456)]


def test_a_complete_part_is_only_checked(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(WHOLE)
    assert fetch(tmp_path, server.address).read_bytes() == WHOLE


def test_a_connection_that_breaks_is_taken_up_again(server, tmp_path):
    server.cut = 100_000
    assert fetch(tmp_path, server.address).read_bytes() == WHOLE
    assert [start for _, start in server.asked] == [0, 100_000, 200_000]


def test_what_came_before_a_failure_is_kept_for_the_next_address(server, tmp_path):
    server.files["/slow/" + NAME] = WHOLE
    server.cut, server.ranges = 100_000, False  # starts again from zero: gives up
    with pytest.raises(InputError, match="ended after 100,000 of 300,000 bytes") as caught:
        fetch(tmp_path, server.address + "/slow")
    assert f"{NAME}.part is kept" in str(caught.value)
    server.cut, server.ranges = None, True
    assert fetch(tmp_path, server.address).read_bytes() == WHOLE
    assert server.asked[-1] == (f"/{NAME}", 100_000)


def test_a_server_without_ranges_sends_it_whole(server, tmp_path):
    server.ranges = False
    (tmp_path / f"{NAME}.part").write_bytes(b"x" * 1000)
    assert fetch(tmp_path, server.address).read_bytes() == WHOLE


@pytest.mark.parametrize("answer", [b"<html>Please log in</html>", WHOLE])
def test_a_part_outlives_an_address_that_sends_something_else(answer, server, tmp_path):
    """Or breaks off, sending all of it from the beginning."""
    part = tmp_path / f"{NAME}.part"
    part.write_bytes(WHOLE[:200_000])
    server.files[f"/{NAME}"] = answer
    server.ranges, server.cut = False, 100_000
    with pytest.raises(InputError, match=r"checksum is|ended after 100,000"):
        fetch(tmp_path, server.address)
    assert part.read_bytes() == WHOLE[:200_000]
    assert [p.name for p in tmp_path.iterdir()] == [part.name]


def test_the_part_of_another_file_is_thrown_away(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(b"x" * 1000)
    assert fetch(tmp_path, server.address).read_bytes() == WHOLE
    assert [start for _, start in server.asked] == [1000, 0]


def test_a_wrong_checksum_is_an_error_and_leaves_nothing(server, tmp_path):
    server.files[f"/{NAME}"] = WHOLE[:-1] + b"?"
    with pytest.raises(InputError, match=f"its md5 checksum is .* instead of {MD5}"):
        fetch(tmp_path, server.address)
    assert list(tmp_path.iterdir()) == []


def test_addresses_are_tried_in_turn(server, tmp_path, monkeypatch):
    server.files = {f"/bad/{NAME}": b"something else", f"/good/{NAME}": WHOLE}
    address = server.address
    monkeypatch.setenv("MINIALEX_MIRRORS", f"{address}/bad/, {address}/good,{address}/unused")
    assert fetch(tmp_path, f"{address}/none", "no address").read_bytes() == WHOLE
    assert [path for path, _ in server.asked] == [f"/{d}/{NAME}" for d in ("none", "bad", "good")]


def test_offline_names_file_addresses_and_folder(server, tmp_path):
    with pytest.raises(InputError) as caught:
        fetch(tmp_path, server.address + "/none", "no address")
    message = str(caught.value)
    assert message.startswith(f"{NAME} could not be downloaded")
    assert f"{server.address}/none/{NAME}: HTTP Error 404" in message
    assert f"no address/{NAME}: unknown url type" in message
    assert re.search(rf"http://127\.0\.0\.1:9/home/{NAME}: .*refused", message)
    assert f"Put {NAME} into {tmp_path} by hand" in message
    assert "--data-dir" in message
    assert "MINIALEX_MIRRORS" in message


def test_a_full_disk_is_no_fault_of_the_address(server, tmp_path, monkeypatch):
    def full(address, part, md5):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download, "_download", full)
    with pytest.raises(OSError, match="No space left"):
        fetch(tmp_path, server.address)


def test_the_cache_is_where_the_system_has_it(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = download.cache_folder()
    assert folder.name in ("minialex", "Cache")
    assert folder.is_relative_to(tmp_path) == (sys.platform == "linux")
    assert folder.is_absolute()


# From the server to pictures.


def archive(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def test_cifar_is_downloaded_unpacked_and_read(server, tmp_path):
    record = b"\x03" + bytes(range(256)) * 12
    folder, names = "cifar-10-batches-bin", "\n".join("abcdefghij").encode()
    files = {f"{folder}/data_batch_{i}.bin": record for i in range(1, 6)}
    raw = archive(
        **files, **{f"{folder}/test_batch.bin": record, f"{folder}/batches.meta.txt": names}
    )
    server.files = {"/cifar-10-binary.tar.gz": raw}
    layout = cifar.CIFAR10.layouts[0]._replace(md5=hashlib.md5(raw).hexdigest())
    variant = cifar.CIFAR10._replace(layouts=(layout,), train_records=1, test_records=1)
    train, test = cifar.load(variant, tmp_path, mirrors=[server.address])
    assert train.labels.tolist() == [3] * 5
    assert test.images.shape == (1, 32, 32, 3)
    cifar.load(variant, tmp_path)
    assert len(server.asked) == 1
    with ThreadPoolExecutor(4) as pool:  # trainings that begin together download it once
        load = functools.partial(cifar.load, variant, tmp_path / "b", mirrors=[server.address])
        loaded = [future.result() for future in [pool.submit(load) for _ in range(4)]]
    assert [len(test) for _, test in loaded] == [1] * 4
    assert len(server.asked) == 2


def test_an_archive_put_by_hand_is_checked(tmp_path):
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(b"half of it")
    with pytest.raises(
        InputError, match=r"cifar-10-python\.tar\.gz: the md5 checksum is .* Remove"
    ):
        cifar.load(cifar.CIFAR10, tmp_path)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (archive(**{"folder/a": b"x" * 100_000})[:-20], "cannot be unpacked"),
        (b"no archive", "cannot be unpacked"),
        (archive(other=b"x"), "holds no folder folder"),
        (archive(**{"../escaped": b"x", "folder/../escaped": b"x"}), "holds no folder folder"),
    ],
    ids=["cut off", "no archive", "other files", "escaping"],
)
def test_a_bad_archive_leaves_nothing_behind(raw, message, tmp_path):
    path = tmp_path / "data" / NAME
    path.parent.mkdir()
    path.write_bytes(raw)
    with pytest.raises(InputError, match=message):
        unpack(path, hashlib.md5(raw).hexdigest(), "folder")
    assert [p.name for p in path.parent.iterdir()] == [NAME]
    assert [p.name for p in tmp_path.iterdir()] == ["data"]


def test_a_folder_in_the_way_is_named_and_stays(tmp_path):
    raw = archive(**{"folder/a": b"x"})
    (tmp_path / NAME).write_bytes(raw)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/readme").write_text("by hand")
    with pytest.raises(InputError, match=r"folder is in the way of .* Remove it"):
        unpack(tmp_path / NAME, hashlib.md5(raw).hexdigest(), "folder")
    assert (tmp_path / "folder/readme").read_text() == "by hand"
    assert {p.name for p in tmp_path.iterdir()} == {NAME, "folder"}
