"""Statements over Bolt against one server or several, turn by turn: operations a second and processor time of the server for each.

  bench/bolt.py 127.0.0.1:7687=PID[,USER,PASSWORD] ... [--clients 1,8,64] [--seconds 2] [--only point_read,create] [--persons 20000]

Each server gets the same graph (persons, knows; every answer is known beforehand) under labels of this program's own, which go at the end. A PID may be
left out: then no processor time is shown. All servers run a workload before the next begins, twice; the better turn counts.
One process, one connection per client, the next statement when the answer to the last is complete and right.
"""
import argparse
import collections
import os
import pathlib
import random
import selectors
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "drivers"))
import bolt  # noqa: E402

FIRST_CREATED = 1 << 40


class Graph:
    def __init__(self, persons, degree=10):
        rng = random.Random(42)
        self.persons = persons
        self.out = [[int(rng.random() ** 2 * persons) for _ in range(rng.randrange(1, 2 * degree))] for _ in range(persons)]

    def two_hops(self, i):
        # Over two different relationships: a loop is not gone over twice.
        return sum(len(self.out[b]) - (b == i) for b in self.out[i])


class Workloads:
    def __init__(self, graph):
        self.graph, self.rng, self.created = graph, random.Random(7), FIRST_CREATED

    def person(self):
        return self.rng.randrange(self.graph.persons)

    def return_1(self):
        return "RETURN 1", {}, [[1]]

    def point_read(self):
        i = self.person()
        return "MATCH (n:BoltBench {id:$id}) RETURN n.age", {"id": i}, [[i % 90]]

    def hop_1(self):
        i = self.person()
        return "MATCH (n:BoltBench {id:$id})-[:BOLT_KNOWS]->(m) RETURN count(m)", {"id": i}, [[len(self.graph.out[i])]]

    def hop_2(self):
        i = self.person()
        return "MATCH (n:BoltBench {id:$id})-[:BOLT_KNOWS]->()-[:BOLT_KNOWS]->(m) RETURN count(m)", {"id": i}, [[self.graph.two_hops(i)]]

    def hop_3_distinct(self):
        i = self.person()
        return "MATCH (n:BoltBench {id:$id})-[:BOLT_KNOWS]->()-[:BOLT_KNOWS]->()-[:BOLT_KNOWS]->(m) RETURN count(DISTINCT m)", {"id": i}, None

    def scan_group(self):
        return "MATCH (n:BoltBench) WHERE n.age > 30 RETURN n.age, count(*)", {}, None

    def shortest_path(self):
        a = self.person()
        b = (a + 1 + self.rng.randrange(self.graph.persons - 1)) % self.graph.persons
        text = "MATCH (a:BoltBench {id:$a}), (b:BoltBench {id:$b}) MATCH p = shortestPath((a)-[:BOLT_KNOWS*..15]->(b)) RETURN length(p)"
        return text, {"a": a, "b": b}, None

    def update(self):
        return "MATCH (n:BoltBench {id:$id}) SET n.count = n.count + 1", {"id": self.person()}, []

    def hot_counter(self):
        return "MATCH (n:BoltBench {id:0}) SET n.hot = coalesce(n.hot, 0) + 1", {}, []

    def create(self):
        self.created += 1
        return "CREATE (:BoltBench {id:$id, count:0})", {"id": self.created}, []

    def unwind_create(self):
        ids = list(range(self.created + 1, self.created + 1001))
        self.created += 1000
        return "UNWIND $ids AS id CREATE (:BoltBench {id:id, count:0})", {"ids": ids}, []


NAMES = [name for name in vars(Workloads) if not name.startswith("_") and name != "person"]
WRITES = {"update", "hot_counter", "create", "unwind_create"}


def framed(tag, *fields):
    message = bolt.pack(bolt.Structure(tag, list(fields)))
    return b"".join(struct.pack(">H", len(c)) + c for c in (message[i:i + 0xFFFF] for i in range(0, len(message), 0xFFFF))) + b"\0\0"


class Client:
    def __init__(self, server, mode):
        self.connection = server.connect()
        self.mode, self.buffer, self.summaries, self.rows, self.message = mode, b"", 0, [], b""

    def send(self, text, parameters, expected):
        self.expected, self.summaries, self.rows = expected, 0, []
        self.connection.socket.sendall(framed(bolt.RUN, text, parameters, {"mode": "r"} if self.mode == "r" else {}) + framed(bolt.PULL, {"n": -1}))

    def received(self):
        """True when the answer is complete."""
        data = self.connection.socket.recv(1 << 16)
        assert data, "the server closed the connection"
        self.buffer += data
        while len(self.buffer) >= 2:
            size = self.buffer[0] << 8 | self.buffer[1]
            if len(self.buffer) < size + 2:
                break
            self.message += self.buffer[2:size + 2]
            self.buffer = self.buffer[size + 2:]
            if size == 0 and self.message:
                self.end_of_message()
        return self.summaries == 2

    def end_of_message(self):
        message, self.message = self.message, b""
        if message[1] == bolt.RECORD:
            if self.expected is not None:
                self.rows.append(bolt.Reader(message).value().fields[0])
            return
        assert message[1] == bolt.SUCCESS, bolt.Reader(message).value()
        self.summaries += 1
        if self.summaries == 2 and self.expected is not None:
            assert self.rows == self.expected, f"{self.rows} instead of {self.expected}"


class Server:
    def __init__(self, text):
        self.name, _, pid = text.partition("=")
        pid, *login = pid.split(",")
        self.pids = [int(pid)] if pid else []
        self.login = login or ("", "")
        host, _, port = self.name.rpartition(":")
        self.address = (host, int(port))

    def connect(self):
        return bolt.Bolt(self.address, (5, 4), self.login)

    def cpu(self):
        ticks = 0
        for pid in self.pids:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def load(self, graph):
        with self.connect() as c:
            c.run("MATCH (n:BoltBench) DETACH DELETE n")
            c.run("CREATE CONSTRAINT bolt_bench IF NOT EXISTS FOR (n:BoltBench) REQUIRE n.id IS UNIQUE")
            for first in range(0, graph.persons, 1000):
                ids = list(range(first, min(first + 1000, graph.persons)))
                c.run("UNWIND $ids AS id CREATE (:BoltBench {id:id, count:0, age:id % 90})", {"ids": ids})
            rows = [[a, b] for a, targets in enumerate(graph.out) for b in targets]
            for first in range(0, len(rows), 1000):
                c.run("UNWIND $rows AS r MATCH (a:BoltBench {id:r[0]}), (b:BoltBench {id:r[1]}) CREATE (a)-[:BOLT_KNOWS]->(b)", {"rows": rows[first:first + 1000]})

    def unload(self):
        with self.connect() as c:
            c.run("DROP CONSTRAINT bolt_bench")
            while c.run("MATCH (n:BoltBench) WITH n LIMIT 5000 DETACH DELETE n RETURN count(*)")[0] != [[0]]:
                pass


def turn(server, make, clients, seconds):
    """(operations a second, ms of the server's processors for each)"""
    selector = selectors.DefaultSelector()
    for client in clients:
        selector.register(client.connection.socket, selectors.EVENT_READ, client)
        client.send(*make())
    cpu, begun, done, open_now = server.cpu(), time.monotonic(), 0, len(clients)
    while open_now:
        for key, _ in selector.select(timeout=60):
            if not key.data.received():
                continue
            done += 1
            if time.monotonic() - begun < seconds:
                key.data.send(*make())
            else:
                open_now -= 1
    took = time.monotonic() - begun
    return done / took, (server.cpu() - cpu) * 1000 / done


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="+", type=Server)
    parser.add_argument("--clients", default="1,8,64")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--only", default=",".join(NAMES))
    parser.add_argument("--persons", type=int, default=20_000)
    arguments = parser.parse_args()
    graph = Graph(arguments.persons)
    for server in arguments.servers:
        server.load(graph)
    workloads = collections.defaultdict(lambda: Workloads(graph))  # by server: the same statements for each
    print(f"{'workload':16}{'clients':>8}" + "".join(f"{s.name + ' ops/s':>26}{'ms each':>9}" for s in arguments.servers))
    for name in arguments.only.split(","):
        for count in map(int, arguments.clients.split(",")):
            best = {}
            for server in arguments.servers * 2:
                clients = [Client(server, "w" if name in WRITES else "r") for _ in range(count)]
                rate, each = turn(server, getattr(workloads[server], name), clients, arguments.seconds)
                best[server] = max(best.get(server, (0, 0)), (rate, each))
                for client in clients:
                    client.connection.socket.close()
            print(f"{name:16}{count:8}" + "".join(f"{best[s][0]:26.0f}{best[s][1] if s.pids else float('nan'):9.3f}" for s in arguments.servers), flush=True)
    for server in arguments.servers:
        server.unload()


if __name__ == "__main__":
    main()
