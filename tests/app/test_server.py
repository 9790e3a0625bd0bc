import socket
import sys

import pytest


@pytest.fixture
def port():
    """A port opened as Streamlit opens its own: by a socket that does not name its protocol."""
    with socket.socket(socket.AF_INET) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


def at_once(one: socket.socket) -> bool:
    return one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_connections_send_at_once_both_those_that_exist_and_those_to_come(port):
    from app import server

    server.send_at_once.clear()
    with socket.create_connection(port.getsockname()) as first:
        early, _ = port.accept()
        with early:
            assert not at_once(early)
            assert server.send_at_once() >= 3
            assert at_once(early)
            assert at_once(first)
            early.sendall(b"still open")
            assert first.recv(10) == b"still open"
    with socket.create_connection(port.getsockname()):
        late, _ = port.accept()
        with late:
            assert at_once(late)


def test_other_files_and_sockets_are_left_alone(tmp_path):
    from app import server

    server.send_at_once.clear()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, (tmp_path / "a").open("w") as file:
        server.send_at_once()
        assert datagrams.getsockname()[0] == "0.0.0.0"
        file.write("still open")


def test_who_sends_does_not_wait_long_for_who_draws():
    from app import server

    before = sys.getswitchinterval()
    try:
        server.hand_over_soon.clear()
        server.hand_over_soon()
        assert sys.getswitchinterval() == pytest.approx(server.HAND_OVER)
    finally:
        sys.setswitchinterval(before)
