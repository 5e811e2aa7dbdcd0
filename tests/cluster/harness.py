"""Real lgraph_server processes for tests and for `make cluster`: one Server per node, one Cluster per test.

Waits are for conditions with deadlines; nothing sleeps for luck. Only processes started here are ever signalled.
"""
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import neo4j

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GRAFT_BUILD", ROOT / "build"))
CLEAN_EXIT = bool(os.environ.get("GRAFT_CLEAN_EXIT"))  # sanitizers: what still runs at the end is stopped, not killed
PROGRAM = BUILD / "bin" / "lgraph_server"
AUTH = ("admin", "73@TuGraph")


def wait_for(condition, what, seconds=30.0, interval=0.02):
    """Calls condition until it gives something true, and gives that; AssertionError at the deadline."""
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except (neo4j.exceptions.DriverError, neo4j.exceptions.Neo4jError, OSError) as error:
            last = error
        time.sleep(interval)
    raise AssertionError(f"not within {seconds} s: {what} (last: {last!r})")


# Below the range from which the kernel takes the ports of outgoing connections: one of those may take a port of that range
# between the moment we find it free and the moment a server listens on it.
candidates = itertools.cycle(random.sample(range(10000, 30000), 20000))


def free_ports(host, count):
    """Ports that nobody listens on and that this process has not been given lately."""
    ports = []
    while len(ports) < count:
        port = next(candidates)
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
        ports.append(port)
    return ports


class Server:
    """One lgraph_server process and its directory."""

    def __init__(self, directory, config, program=PROGRAM):
        self.directory = pathlib.Path(directory)
        self.config = config
        self.program = program
        self.process = None
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config_path = self.directory / "lgraph.json"
        self.write_config()

    @classmethod
    def standalone(cls, directory=None, **keys):
        temporary = directory is None
        directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="graft-"))
        bolt, raft, http = free_ports("127.0.0.1", 3)
        server = cls(directory, {
            "directory": str(directory / "data"), "log_dir": str(directory / "log"), "host": "127.0.0.1", "port": http,
            "bolt_port": bolt, "bolt_raft_port": raft, "bolt_raft_node_id": 1, **keys})
        server.temporary = temporary
        return server

    temporary = False

    @property
    def host(self):
        return self.config["host"]

    @property
    def bolt_uri(self):
        return f"bolt://{self.host}:{self.config['bolt_port']}"

    @property
    def address(self):
        return self.host, self.config["bolt_port"]

    @property
    def node_id(self):
        return self.config["bolt_raft_node_id"]

    def write_config(self):
        self.config_path.write_text(json.dumps(self.config, indent=2) + "\n")

    def start(self):
        assert not self.running(), "already running"
        output = open(self.directory / "console.txt", "ab")
        self.process = subprocess.Popen([str(self.program), "-c", str(self.config_path), "-d", "run"],
                                        stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True)
        output.close()
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9, and waits for the end."""
        if self.running():
            self.process.kill()
        if self.process:
            self.process.wait()

    def stop(self, seconds=30):
        """SIGTERM: the clean stop. Gives the exit code."""
        if self.running():
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"node {self.node_id} did not stop within {seconds} s")

    def end(self):
        """The end of a test that needs it no more."""
        if CLEAN_EXIT and self.running():
            code = self.stop(60)
            assert code == 0, f"node {self.node_id} ended with {code}:\n{self.console()[-8000:]}"
        self.kill()

    def console(self):
        path = self.directory / "console.txt"
        return path.read_text(errors="replace") if path.exists() else ""

    def driver(self, **keys):
        return neo4j.GraphDatabase.driver(self.bolt_uri, auth=AUTH, **keys)

    def query(self, text, parameters=None, access=neo4j.READ_ACCESS, **keys):
        """One autocommit statement over bolt://, as a list of dicts."""
        with self.driver(connection_timeout=2.0) as driver, driver.session(default_access_mode=access, **keys) as session:
            return session.run(text, parameters or {}).data()

    def write(self, text, parameters=None):
        return self.query(text, parameters, access=neo4j.WRITE_ACCESS)

    def raft_nodes(self):
        return self.query("CALL db.bolt.listRaftNodes()")

    def raft_status(self):
        return json.loads(self.query("CALL db.bolt.getRaftStatus()")[0]["status"])

    def wait_serving(self, seconds=20):
        def serving():
            if not self.running():
                raise AssertionError(f"node {self.node_id} ended with {self.process.returncode}:\n{self.console()[-2000:]}")
            return self.query("RETURN 1 AS one", access=neo4j.WRITE_ACCESS) == [{"one": 1}]
        wait_for(serving, f"node {self.node_id} serves", seconds)
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.end()
        if self.temporary:
            shutil.rmtree(self.directory, ignore_errors=True)


class Cluster:
    """Nodes 1..n on 127.0.0.2, .3, ... with the same ports."""

    def __init__(self, directory, size=3, bolt_port=None, raft_port=None, http_port=None, first_host=2, **keys):
        self.directory = pathlib.Path(directory)
        self.first_host = first_host
        self.ports = (bolt_port, raft_port, http_port) if bolt_port else free_ports("127.0.0.1", 3)
        self.keys = keys
        self.founders = [self.peer(i) for i in range(1, size + 1)]
        self.servers = {i: self.make(i, self.founders) for i in range(1, size + 1)}

    def host(self, node_id):
        return f"127.0.0.{self.first_host + node_id - 1}"

    def peer(self, node_id):
        bolt, raft, _ = self.ports
        return {"bolt_raft_node_id": node_id, "ip": self.host(node_id), "bolt_raft_port": raft, "bolt_port": bolt}

    def make(self, node_id, peers, name=None):
        bolt, raft, http = self.ports
        directory = self.directory / (name or f"node{node_id}")
        return Server(directory, {
            "directory": str(directory / "data"), "log_dir": str(directory / "log"), "host": self.host(node_id),
            "port": http, "bolt_port": bolt, "bolt_raft_port": raft, "bolt_raft_node_id": node_id,
            "bolt_raft_init_peers": peers, **self.keys})

    def add(self, node_id, peers=None):
        """A further server, configured with itself and the founders, not yet started."""
        self.servers[node_id] = self.make(node_id, peers or self.founders + [self.peer(node_id)])
        return self.servers[node_id]

    def start(self):
        for server in self.servers.values():
            server.start()
        return self

    def alive(self):
        return [s for s in self.servers.values() if s.running()]

    def leader(self, seconds=20):
        """The server that a majority names as leader."""
        def find():
            for server in self.alive():
                try:
                    rows = server.raft_nodes()
                except (neo4j.exceptions.DriverError, neo4j.exceptions.Neo4jError, OSError):
                    continue
                for row in rows:
                    if row["is_leader"] and self.servers[row["node_id"]].running():
                        status = self.servers[row["node_id"]].raft_status()
                        if status["raftState"].lower().endswith("leader"):
                            return self.servers[row["node_id"]]
            return None
        return wait_for(find, "a leader", seconds)

    def followers(self):
        leader = self.leader()
        return [s for s in self.alive() if s is not leader]

    def driver(self, first=None, **keys):
        """A routing driver behind a resolver, as an application has it; first: the server that the resolver names first."""
        addresses = [neo4j.Address(s.address) for s in sorted(self.servers.values(), key=lambda s: s is not first)]

        def resolve(address):  # the driver asks for every address, those of the routing table too
            return addresses if address[0] == "mycluster.com" else [address]
        return neo4j.GraphDatabase.driver("neo4j://mycluster.com:9999", auth=AUTH, resolver=resolve, **keys)

    def wait_serving(self, seconds=30):
        def serving():
            for server in self.servers.values():
                if server.process is not None and not server.running():
                    raise AssertionError(f"node {server.node_id} ended with {server.process.returncode}:\n{server.console()[-2000:]}")
            try:
                leader = self.leader(1)
            except AssertionError:  # none yet
                return False
            return leader.write("RETURN 1 AS one") == [{"one": 1}]
        wait_for(serving, "the cluster serves", seconds)
        return self

    def wait_applied(self, seconds=30):
        """Until all running members have applied what the leader has committed now."""
        commit = self.leader().raft_status()["commit"]
        for server in self.alive():
            wait_for(lambda s=server: s.raft_status()["applied"] >= commit, f"node {server.node_id} has applied {commit}", seconds)
        return commit

    def __enter__(self):
        try:
            return self.start().wait_serving()
        except BaseException:
            self.__exit__()  # nothing stays behind
            raise

    def __exit__(self, *_):
        for server in self.servers.values():
            if server.process is not None:
                if server.running():
                    server.signal(signal.SIGCONT)
                server.end()
