"""Fetching: from a server on this machine that cuts off, lies, or is not there."""

import gzip
import hashlib
import socket
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from vampcore.datasets import DataError
from vampcore.datasets.fetching import Remote, fetch, install, workspace

from .conftest import Answer, Server
from .small import everything_below, sha256, small_mnist, small_static_mnist

BODY = bytes(range(256)) * 3000  # more than one piece


def plain(server: Server, name: str = "images.bin", size: int = len(BODY)) -> Remote:
    server.publish(name, BODY)
    return Remote(name, (server.url,), size, sha256(BODY))


def test_a_file_arrives_whole_and_progress_ends_at_its_size(tmp_path: Path, server: Server) -> None:
    reported: list[tuple[int, int]] = []
    (path,) = fetch((plain(server),), tmp_path, lambda done, total: reported.append((done, total)))
    assert path.read_bytes() == BODY
    assert len(reported) > 1
    assert reported == sorted(reported)
    assert reported[-1] == (len(BODY), len(BODY))
    assert [path.name for path in tmp_path.iterdir()] == ["images.bin"]
    assert {total for _, total in reported} == {len(BODY)}


def test_progress_runs_over_all_files_and_believes_the_server(tmp_path: Path, server: Server) -> None:
    remotes = (plain(server, "a", size=10), plain(server, "b", size=10))
    reported: list[tuple[int, int]] = []
    fetch(remotes, tmp_path, lambda done, total: reported.append((done, total)))
    assert reported[0][1] == len(BODY) + 10
    assert reported[-1] == (2 * len(BODY), 2 * len(BODY))
    assert all(done <= total for done, total in reported)
    assert [done for done, _ in reported] == sorted(done for done, _ in reported)


def test_gzip_is_unpacked_while_it_arrives(tmp_path: Path, server: Server) -> None:
    packed = gzip.compress(BODY)
    server.publish("images.gz", packed)
    reported: list[tuple[int, int]] = []
    remote = Remote("images.gz", (server.url,), len(packed), sha256(BODY))
    (path,) = fetch((remote,), tmp_path, lambda done, total: reported.append((done, total)))
    assert path == tmp_path / "images"
    assert path.read_bytes() == BODY
    assert reported[-1] == (len(packed), len(packed))


def test_without_an_announced_length_the_checksum_decides(tmp_path: Path, server: Server) -> None:
    remote = plain(server)
    server.answers["/images.bin"] = Answer(BODY, announced=None)
    (path,) = fetch((remote,), tmp_path)
    assert path.read_bytes() == BODY
    server.answers["/images.bin"] = Answer(BODY[:-1], announced=None)
    with pytest.raises(DataError, match="not the published file, by its checksum"):
        fetch((remote,), tmp_path)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(BODY[:-1000], announced=len(BODY)), "1000 more expected"),
        (Answer(BODY[:-1] + b"!"), "by its checksum"),
        (Answer(b""), "by its checksum"),
        (Answer(b"gone", status=404), "answered 404"),
        (Answer(b"busy", status=503), "answered 503"),
    ],
)
def test_a_bad_answer_is_one_line_with_the_address(tmp_path: Path, server: Server, answer: Answer, words: str) -> None:
    remote = plain(server)
    server.answers["/images.bin"] = answer
    with pytest.raises(DataError, match=words) as caught:
        fetch((remote,), tmp_path)
    assert f"{server.url}/images.bin" in str(caught.value)
    assert "try again later" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [(gzip.compress(BODY)[:-9], "ended before the gzip stream"), (BODY, "is not a complete gzip file")],
)
def test_bad_gzip_is_refused(tmp_path: Path, server: Server, body: bytes, words: str) -> None:
    server.publish("images.gz", body)
    with pytest.raises(DataError, match=words):
        fetch((Remote("images.gz", (server.url,), 100, sha256(BODY)),), tmp_path)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_no_network_is_one_line(tmp_path: Path) -> None:
    remote = Remote("images.bin", (f"http://127.0.0.1:{closed_port()}",), 1, sha256(BODY))
    with pytest.raises(DataError, match=r"cannot be reached \(.*refused.*\); check the network"):
        fetch((remote,), tmp_path)


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("vampcore.datasets.fetching.TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection and never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(DataError, match=r"cannot be reached \(.*timed out"):
            fetch((Remote("images.bin", (url,), 1, None),), tmp_path)


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be reached"):
        fetch((Remote("images.bin", ("nonsense",), 1, None),), tmp_path)


def test_a_checksum_of_the_file_as_it_travels_is_held_against_it(tmp_path: Path, server: Server) -> None:
    packed = gzip.compress(BODY)
    server.publish("images.gz", packed)
    remote = Remote("images.gz", (server.url,), len(packed), None, hashlib.md5(packed).hexdigest())
    (path,) = fetch((remote,), tmp_path)
    assert path.read_bytes() == BODY
    server.publish("images.gz", gzip.compress(BODY[1:]))
    with pytest.raises(DataError, match="by its checksum"):
        fetch((remote,), tmp_path)


def test_the_next_address_is_tried_when_one_fails(tmp_path: Path, server: Server) -> None:
    remote = replace(plain(server), bases=(f"{server.url}/moved", f"http://127.0.0.1:{closed_port()}", server.url))
    (path,) = fetch((remote,), tmp_path)
    assert path.read_bytes() == BODY
    assert server.requests == ["/moved/images.bin", "/images.bin"]


def test_the_next_address_is_tried_when_what_one_sent_cannot_be_unpacked(tmp_path: Path, server: Server) -> None:
    server.publish("broken/images.gz", gzip.compress(BODY)[:-100])
    server.publish("whole/images.gz", gzip.compress(BODY))
    bases = tuple(f"{server.url.rstrip('/')}/{folder}/" for folder in ("broken", "whole"))
    (path,) = fetch((Remote("images.gz", bases, 100, sha256(BODY)),), tmp_path)
    assert path.read_bytes() == BODY
    assert [each.name for each in tmp_path.iterdir()] == ["images"]


def test_a_base_url_replaces_the_published_addresses(tmp_path: Path, server: Server) -> None:
    remote = replace(plain(server), bases=("http://127.0.0.1:9/never",))
    fetch((remote,), tmp_path, base_url=f"{server.url}/")
    assert server.requests == ["/images.bin"]


def write_to_a_full_disk(source: IO[bytes], target: IO[bytes], length: int) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        full.write(source.read(length))


def test_a_full_disk_is_one_line_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: Server
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full on this system")
    remote = plain(server)

    def fill() -> None:
        with workspace(tmp_path, "small") as folder:
            fetch((replace(remote, name="images.gz"),), folder)

    server.publish("images.gz", gzip.compress(BODY))
    monkeypatch.setattr("vampcore.datasets.fetching.shutil.copyfileobj", write_to_a_full_disk)

    with pytest.raises(DataError, match=r"small could not be written .*No space left.*free some space") as caught:
        fill()
    assert "\n" not in str(caught.value)
    assert everything_below(tmp_path) == []


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(DataError, match="choose another folder with --data-root"):
        small_mnist().kind.download(tmp_path / "data", None, "http://127.0.0.1:9")
    assert (tmp_path / "data").read_text() == "not a folder"


@pytest.mark.parametrize("broken", range(4))
def test_one_bad_file_of_four_leaves_none(tmp_path: Path, server: Server, broken: int) -> None:
    published = small_mnist()
    for position, (name, content) in enumerate(published.sources.items()):
        server.publish(name, content if position != broken else content[:-20])
    with pytest.raises(DataError):
        published.kind.download(tmp_path, None, server.url)
    assert everything_below(tmp_path) == []


def test_a_failed_download_leaves_the_old_files(tmp_path: Path, server: Server) -> None:
    published = small_static_mnist()
    kind = published.write(tmp_path)
    before = kind.files(tmp_path)[0].read_bytes()
    with pytest.raises(DataError, match="404"):
        kind.download(tmp_path, None, server.url)
    assert kind.files(tmp_path)[0].read_bytes() == before
    assert len(everything_below(tmp_path)) == 2


def test_interrupting_leaves_nothing(tmp_path: Path, server: Server) -> None:
    published = small_mnist()
    for name, content in published.sources.items():
        server.publish(name, content)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        published.kind.download(tmp_path, interrupt, server.url)
    assert everything_below(tmp_path) == []


def test_install_makes_folders_and_replaces(tmp_path: Path) -> None:
    for content in ("old", "new"):
        (tmp_path / "part").write_text(content)
        install(tmp_path / "part", tmp_path / "a" / "b" / "file")
    assert (tmp_path / "a" / "b" / "file").read_text() == "new"
    assert not (tmp_path / "part").exists()
