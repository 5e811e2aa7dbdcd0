"""Malformed Bolt: a FAILURE or a closed connection, and the server serves on."""
import random
import socket
import struct

import pytest

MAGIC = bytes.fromhex("6060b017")
VERSIONS = bytes.fromhex("00000005" "00000404" "00000000" "00000000")


def connect(server):
    return socket.create_connection(server.address, timeout=10)


def drain(sock):
    """Reads until the server closes; True if it did within the time limit."""
    sock.settimeout(10)
    try:
        while sock.recv(65536):
            pass
    except (ConnectionResetError, BrokenPipeError):
        pass
    return True


def send(sock, data):
    try:
        sock.sendall(data)
    except (ConnectionResetError, BrokenPipeError):
        pass


def chunked(message):
    return struct.pack(">H", len(message)) + message + b"\0\0"


def shake(server):
    sock = connect(server)
    sock.sendall(MAGIC + VERSIONS)
    agreed = sock.recv(4)
    assert len(agreed) == 4 and agreed != b"\0\0\0\0"
    return sock


def still_serves(server):
    assert server.query("RETURN 1 AS one") == [{"one": 1}]


@pytest.mark.parametrize("bad", [
    b"\0" * 20, b"GARBAGE!" * 4, b"\x60\x60\xb0\x17" + b"\xff" * 16, b"SSH-2.0-OpenSSH_9.2\r\n" + b"x" * 20,
    MAGIC + bytes.fromhex("00000001" "00000002" "00000001" "00000002"),
])
def test_bad_handshakes_are_closed(standalone, bad):
    with connect(standalone) as sock:
        send(sock, bad)
        assert drain(sock)
    still_serves(standalone)


@pytest.mark.parametrize("name, message", [
    ("not a structure", b"\x01"), ("unknown tag", b"\xb1\x99\xa0"), ("empty", b""), ("truncated string", b"\xb1\x01\xd0\xffabc"),
    ("huge string length", b"\xb1\x01\xd2\xff\xff\xff\xff"), ("huge list length", b"\xb1\x01\xd6\xff\xff\xff\xff"),
    ("huge map length", b"\xb1\x01\xda\xff\xff\xff\xff"), ("deep nesting", b"\xb1\x01" + b"\x91" * 20000),
    ("RUN before HELLO", b"\xb3\x10\x81A\xa0\xa0"), ("HELLO with a string", b"\xb1\x01\x81A"), ("reserved marker", b"\xb1\x01\xc7"),
])
def test_bad_messages_before_login(standalone, name, message):
    with shake(standalone) as sock:
        send(sock, chunked(message))
        send(sock, b"\xb0\x02")  # then GOODBYE in a broken chunk, and the end of the stream
        sock.shutdown(socket.SHUT_WR)
        assert drain(sock), name
    still_serves(standalone)


def test_an_endless_message_before_login_is_cut_off(standalone):
    with shake(standalone) as sock:
        chunk = struct.pack(">H", 65535) + b"\0" * 65535
        sent = 0
        try:
            while sent < (256 << 20):
                sock.sendall(chunk)
                sent += len(chunk)
        except (ConnectionResetError, BrokenPipeError):
            pass
        assert sent < (256 << 20), "the server took 256 MiB from somebody who has not logged in"
    still_serves(standalone)


def test_random_bytes(standalone):
    choose = random.Random(4711)
    for _ in range(200):
        with shake(standalone) as sock:
            for _ in range(choose.randrange(1, 5)):
                send(sock, chunked(choose.randbytes(choose.randrange(0, 200))))
            sock.shutdown(socket.SHUT_WR)
            drain(sock)
    still_serves(standalone)


def test_connections_that_say_nothing_cost_nothing_to_the_others(standalone):
    idle = [connect(standalone) for _ in range(300)]
    still_serves(standalone)
    for sock in idle:
        sock.close()
    still_serves(standalone)
