"""Connections that end where they should not, say nothing, or come in thousands: the server goes on, and holds on to nothing."""
import concurrent.futures
import os
import random
import socket
import ssl
import struct
import sys
import threading
import time
import pathlib

import pytest
from harness import AUTH, Server, wait_for

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "drivers"))
from bolt import BEGIN, DISCARD, HELLO, LOGON, MAGIC, PULL, RESET, RUN, Structure, pack  # noqa: E402

OURS = MAGIC + bytes.fromhex("00000205" "00000000" "00000000" "00000000")  # 5.2: HELLO, then LOGON


def message(tag, *fields):
    body = pack(Structure(tag, list(fields)))
    return struct.pack(">H", len(body)) + body + b"\0\0"


LOGIN = OURS + message(HELLO, {"user_agent": "test/1"}) + message(LOGON, {"scheme": "basic", "principal": AUTH[0], "credentials": AUTH[1]})


# Some hundred rows at once, and then years without one.
ENDLESS = "MATCH (a:Row), (b:Row), (c:Row) WHERE (a.x = 1 AND b.x = 1 AND c.x <= 300) OR a.x + b.x + c.x = 6000 RETURN a.x, b.x, c.x"


def connect(server, timeout=20):
    return socket.create_connection(server.address, timeout=timeout)


def reset(sock):
    """Ends it with a TCP reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def ended(sock, seconds=20):
    """Whether the server closes it in time, whatever it says before."""
    sock.settimeout(seconds)
    try:
        while sock.recv(65536):
            pass
    except (ConnectionResetError, BrokenPipeError):
        pass
    except TimeoutError:
        return False
    return True


def still_serves(server):
    assert server.running(), server.console()[-4000:]
    assert server.query("RETURN 1 AS one") == [{"one": 1}]


def open_files(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def lets_go(server, before):
    """All that was open for the connections of a test is closed again."""
    wait_for(lambda: open_files(server) <= before + 2, f"no more than the {before} open files from before", 60)
    wait_for(lambda: server.query("SHOW TRANSACTIONS YIELD transactionId RETURN count(*) AS n") == [{"n": 1}], "no transaction but the one that asks", 60)


@pytest.mark.parametrize("end", ["closed", "reset", "half closed"])
def test_a_conversation_cut_at_each_byte(standalone, end):
    talk = LOGIN + message(RUN, "UNWIND range(1, 5) AS x RETURN x", {}, {"mode": "r"}) + message(PULL, {"n": 2}) + message(DISCARD, {"n": -1}) + \
        message(BEGIN, {}) + message(RUN, "CREATE (:Cut {x: $x})", {"x": [1, "two", None]}, {}) + message(PULL, {"n": -1})
    still_serves(standalone)
    before = open_files(standalone)
    for length in range(len(talk) + 1):
        sock = connect(standalone)
        try:
            sock.sendall(talk[:length])
            if end == "half closed":
                sock.shutdown(socket.SHUT_WR)
                assert ended(sock), f"{length} bytes, then the end: the server holds the connection"
        except (ConnectionResetError, BrokenPipeError):
            pass
        reset(sock) if end == "reset" else sock.close()
    lets_go(standalone, before)
    assert standalone.query("MATCH (n:Cut) RETURN count(n) AS n") == [{"n": 0}]


def test_one_byte_at_a_time(standalone):
    with connect(standalone) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in LOGIN + message(RUN, "RETURN 42 AS x", {}, {}) + message(PULL, {"n": -1}):
            sock.sendall(bytes([byte]))
        seen = b""
        while b"\x91\x2a" not in seen:  # the record
            got = sock.recv(65536)
            assert got, seen
            seen += got


def test_thousands_come_and_go(standalone):
    still_serves(standalone)
    before = open_files(standalone)
    choose = random.Random(1)
    cuts = [choose.randrange(len(LOGIN) + 1) for _ in range(3000)]

    def come_and_go(cut):
        with connect(standalone, 60) as sock:
            sock.sendall(LOGIN[:cut])
            if cut % 3 == 0:
                reset(sock)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(come_and_go, cuts))
    lets_go(standalone, before)


def test_clients_that_go_away_while_they_are_served(standalone):
    """In a transaction with open results, while a worker makes rows or a write reads the open results to their end."""
    standalone.write("UNWIND range(1, 2000) AS x CREATE (:Row {x: x})")
    before = open_files(standalone)
    work = [
        message(RUN, ENDLESS, {}, {"mode": "r"}) + message(PULL, {"n": -1}),
        message(BEGIN, {}) + message(RUN, ENDLESS, {}, {}) + message(PULL, {"n": 10}) + message(RUN, ENDLESS, {}, {}) + message(PULL, {"n": 10, "qid": 1}) +
        message(RUN, "CREATE (:Gone)", {}, {}) + message(PULL, {"n": -1}),
        message(BEGIN, {"mode": "r"}) + message(RUN, ENDLESS, {}, {}) + message(PULL, {"n": -1}),
        message(RUN, "UNWIND range(1, 100000) AS x CALL (x) { CREATE (:Batch {x: x}) } IN TRANSACTIONS OF 100 ROWS", {}, {}) + message(PULL, {"n": -1}),
        message(RUN, "UNWIND range(1, 20000) AS x CREATE (:Once)", {}, {}) + message(PULL, {"n": -1}),
    ]
    choose = random.Random(2)

    def visit(number):
        with connect(standalone, 60) as sock:
            sock.sendall(LOGIN + work[number % len(work)] + (message(RESET) if number % 7 == 0 else b""))
            sock.settimeout(choose.random() * 0.3)
            try:
                while sock.recv(1 << 14):
                    pass
            except (TimeoutError, ConnectionError):
                pass
            if number % 2:
                reset(sock)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(visit, range(60)))
    lets_go(standalone, before)
    assert standalone.query("MATCH (n:Gone) RETURN count(n) AS n") == [{"n": 0}]


def test_stopping_while_clients_are_served(tmp_path):
    with Server.standalone(tmp_path) as server:
        server.wait_serving()
        server.write("UNWIND range(1, 2000) AS x CREATE (:Row {x: x})")
        work = [message(RUN, ENDLESS, {}, {"mode": "r"}) + message(PULL, {"n": -1}), message(BEGIN, {}) + message(RUN, ENDLESS, {}, {}) + message(PULL, {"n": 10}),
                message(RUN, "UNWIND range(1, 1000000) AS x CALL (x) { CREATE (:B {x: x}) } IN TRANSACTIONS OF 10 ROWS", {}, {}) + message(PULL, {"n": -1})]
        sockets = [connect(server) for _ in range(12)]
        for i, sock in enumerate(sockets):
            sock.sendall(LOGIN + work[i % 3])
        reading = [threading.Thread(target=ended, args=(sock, 60)) for sock in sockets]
        for thread in reading:
            thread.start()
        wait_for(lambda: server.query("SHOW TRANSACTIONS YIELD transactionId RETURN count(*) AS n")[0]["n"] > 4, "they are being served")
        assert server.stop(60) == 0, server.console()[-4000:]
        for thread in reading:
            thread.join()


def test_who_does_not_log_in_in_time_is_cut_off(tmp_path, certificate):
    """30 seconds, whatever else the client does."""
    with Server.standalone(tmp_path, **certificate) as server:
        server.wait_serving()
        before = open_files(server)
        client_hello = bytes.fromhex("160301020001") + b"\0" * 8  # of 512 bytes
        logged_off = LOGIN + message(0x6B)
        begun = {"nothing": b"", "half a magic number": MAGIC[:2], "no HELLO": OURS, "no LOGON": OURS + message(HELLO, {"user_agent": "x"}),
                 "half a TLS ClientHello": client_hello, "half a message": OURS + b"\x01\x00\xB1", "logged off": logged_off}
        sockets = {name: connect(server) for name in begun}
        for name, sock in sockets.items():
            sock.sendall(begun[name])
        drip = connect(server)  # a byte now and then does not help
        stop = threading.Event()

        def drop():
            bytes_left = iter(OURS[:4] + b"\0" * 1000)
            while not stop.wait(1):
                try:
                    drip.sendall(bytes([next(bytes_left)]))
                except OSError:
                    return
        dripping = threading.Thread(target=drop)
        dripping.start()
        try:
            deadline = time.monotonic() + 90
            for name, sock in [*sockets.items(), ("a byte per second", drip)]:
                assert ended(sock, max(1.0, deadline - time.monotonic())), f"{name}: still open"
        finally:
            stop.set()
            dripping.join()
        still_serves(server)
        for sock in [*sockets.values(), drip]:
            sock.close()
        lets_go(server, before)


def test_garbage_instead_of_tls(tmp_path, certificate):
    with Server.standalone(tmp_path, **certificate) as server:
        server.wait_serving()
        before = open_files(server)
        choose = random.Random(3)
        records = [b"\x16" + choose.randbytes(choose.randrange(200)) for _ in range(100)] + \
            [bytes.fromhex("16030100") + bytes([n]) + choose.randbytes(n) for n in range(100)] + [b"\x16\x03\x03\xff\xff" + b"\0" * 65535]
        for record in records:
            with connect(server) as sock:
                try:
                    sock.sendall(record)
                    sock.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                assert ended(sock)
        still_serves(server)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for cut in range(0, len(LOGIN), 3):  # whole handshakes, and an end without a goodbye
            with context.wrap_socket(connect(server)) as sock:
                sock.sendall(LOGIN[:cut] or b"\0")
                reset(sock)
        for cut in range(0, 400, 7):  # a real ClientHello, cut
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(incoming, outgoing)
            with pytest.raises(ssl.SSLWantReadError):
                tls.do_handshake()
            with connect(server) as sock:
                sock.sendall(outgoing.read()[:cut])
        still_serves(server)
        lets_go(server, before)


def test_garbage_on_the_replication_port(standalone):
    still_serves(standalone)
    before = open_files(standalone)
    choose = random.Random(4)
    address = standalone.host, standalone.config["bolt_raft_port"]
    for _ in range(300):
        with socket.create_connection(address, timeout=20) as sock:
            try:
                sock.sendall(choose.randbytes(choose.randrange(300)))
            except OSError:
                pass
            if choose.random() < 0.5:
                reset(sock)
    idle = [socket.create_connection(address, timeout=20) for _ in range(200)]
    still_serves(standalone)
    for sock in idle:
        assert ended(sock, 60), "a connection that says nothing is kept"
        sock.close()
    lets_go(standalone, before)
