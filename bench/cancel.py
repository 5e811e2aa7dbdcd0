"""Milliseconds from RESET to its answer, for statements that would run for minutes: prints a table. `.venv/bin/python bench/cancel.py [words of kinds]`"""
import pathlib
import select
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "cluster"), str(ROOT / "tests" / "drivers")]
from bolt import BEGIN, COMMIT, IGNORED, PULL, RESET, RUN, SUCCESS, Bolt  # noqa: E402
from harness import AUTH, Server  # noqa: E402
from heavy_statements import HEAVY_STATEMENTS, fill  # noqa: E402

RUN_SECONDS = 1.0  # before RESET
CHAIN = "EXPLAIN RETURN " + " + ".join(f"{i} * 2" for i in range(150_000))
UNIONS = "EXPLAIN " + " UNION ALL ".join(["MATCH (a:Node)-[:TO]->(b) RETURN a.i AS x"] * 10_000)


def seconds_to_reset(bolt):
    """None: nothing was left to be ended."""
    ended = select.select([bolt.socket], [], [], RUN_SECONDS)[0] and not bolt.streams
    begin = time.monotonic()
    bolt.send(RESET)
    while True:
        message = bolt.receive()
        if message.tag == SUCCESS and not message.fields[0]:
            return None if ended else time.monotonic() - begin


def statement(bolt, text):
    bolt.send(RUN, text, {}, {})
    bolt.send(PULL, {"n": -1})
    return seconds_to_reset(bolt)


def commit(bolt):
    """RESET while a transaction of some 60 MB is being committed: it cannot be taken back, the answer tells how long it took."""
    bolt.ask(BEGIN, {})
    bolt.run_in("UNWIND range(1, 1000000) AS i CREATE (:Big {i: i, t: 'some text of it'})")
    bolt.send(COMMIT)
    begin = time.monotonic()
    bolt.send(RESET)
    while (message := bolt.receive()).tag in (SUCCESS, IGNORED):
        if message.tag == SUCCESS and not message.fields[0]:
            break
    return time.monotonic() - begin


def constraint(bolt):
    return statement(bolt, "CREATE CONSTRAINT made FOR (l:Leaf) REQUIRE (l.i, l.j) IS UNIQUE")


class Client(Bolt):
    streams = False

    def run_in(self, text):
        self.ask(RUN, text, {}, {})
        self.ask(PULL, {"n": -1})


def main():
    kinds = {**HEAVY_STATEMENTS, "EXPLAIN of a long sum": CHAIN, "EXPLAIN of 10,000 unions": UNIONS, "commit": commit, "a constraint on much data": constraint}
    chosen = [k for k in kinds if not sys.argv[1:] or any(word in k for word in sys.argv[1:])]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="graft-cancel-"))
    (folder / "import").mkdir()
    with Server.standalone(folder / "server", import_directory=str(folder / "import"), query_memory_mb=2048) as server:
        server.wait_serving()
        with Client(server.address, (5, 8), AUTH) as bolt:
            bolt.socket.settimeout(300)
            fill(bolt, folder / "import", 3_000_000)
        for kind in chosen:
            with Client(server.address, (5, 8), AUTH) as bolt:
                bolt.socket.settimeout(300)
                bolt.streams = kind == "rows that nobody reads"
                work = kinds[kind]
                seconds = statement(bolt, work) if isinstance(work, str) else work(bolt)
                print(f"{kind:40} " + ("ended by itself" if seconds is None else f"{seconds * 1000:9.1f} ms"), flush=True)
                assert server.running(), kind
                bolt.ask(RESET)
                bolt.run("RETURN 1")


if __name__ == "__main__":
    main()
