"""kill -9 of the leader under load, of all nodes, bookmarks, and the gap that a client sees.

The gaps are printed with the disk's and machine's state in mind; bench-like limits are the issue's (1 s, 1 s, 2.5 s) and
are far above what a healthy machine gives, so they are held here as the product's promise.
"""
import signal
import threading
import time

import neo4j
import pytest
from bolt import ROUTE, Bolt
from harness import AUTH, wait_for

ROUNDS = 20


class Writer(threading.Thread):
    """Managed write transactions, each creating one node with a number of its own."""

    def __init__(self, cluster, name, database=None, **driver_keys):
        super().__init__(name=name, daemon=True)
        self.cluster, self.database, self.driver_keys = cluster, database, driver_keys
        self.acknowledged, self.unknown, self.errors = [], [], []
        self.stamps = []
        self.stop_asked = threading.Event()

    def run(self):
        number = 0
        with self.cluster.driver(**self.driver_keys) as driver:
            while not self.stop_asked.is_set():
                number += 1
                try:
                    with driver.session(database=self.database) as session:
                        session.execute_write(lambda tx: tx.run("CREATE (:w {writer: $w, number: $n})", w=self.name, n=number).consume())
                    self.acknowledged.append(number)
                    self.stamps.append(time.monotonic())
                except neo4j.exceptions.IncompleteCommit:
                    self.unknown.append(number)
                except Exception as error:  # whatever reaches the application is a finding
                    self.errors.append(repr(error))

    def finish(self):
        self.stop_asked.set()
        self.join(60)
        assert not self.is_alive(), f"{self.name} hangs"

    def longest_gap(self):
        return max((b - a for a, b in zip(self.stamps, self.stamps[1:])), default=0.0)


class Probe(threading.Thread):
    """A write every 10 ms on each member over bolt://: the cluster's own write gap, without any driver's retry sleeps."""

    def __init__(self, server, stamps, stop):
        super().__init__(daemon=True)
        self.server, self.stamps, self.stop = server, stamps, stop

    def run(self):
        while not self.stop.is_set():
            try:
                with self.server.driver(connection_timeout=0.5) as driver, driver.session() as session:
                    while not self.stop.is_set():
                        session.run("MERGE (p:probe {id: 0}) SET p.n = 1").consume()
                        self.stamps.append(time.monotonic())
                        self.stop.wait(0.01)
            except (neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError, OSError):
                self.stop.wait(0.01)


def readers(server):
    """Where ROUTE sends those who read."""
    with Bolt(server.address, (5, 8), AUTH) as bolt:
        table = bolt.ask(ROUTE, {}, [], {})["rt"]
    return {address for role in table["servers"] if role["role"] == "READ" for address in role["addresses"]}


def check_writes(cluster, writers):
    for writer in writers:
        assert writer.errors == []
        rows = cluster.leader().query("MATCH (n:w {writer: $w}) RETURN n.number AS number, count(*) AS times", {"w": writer.name})
        found = {r["number"]: r["times"] for r in rows}
        assert all(times == 1 for times in found.values()), f"{writer.name}: a write was doubled"
        lost = set(writer.acknowledged) - set(found)
        assert not lost, f"{writer.name}: acknowledged and lost: {sorted(lost)[:10]}"
        assert set(found) <= set(writer.acknowledged) | set(writer.unknown)


def state_sums(cluster):
    cluster.wait_applied()
    return {s.node_id: s.raft_status().get("stateSums") for s in cluster.alive()}


@pytest.mark.timeout(600)
def test_the_leader_is_killed_twenty_times(cluster):
    writers = [Writer(cluster, "eager-1", initial_retry_delay=0.1), Writer(cluster, "eager-2", initial_retry_delay=0.1),
               Writer(cluster, "defaults")]
    stamps, stop = [], threading.Event()
    probes = [Probe(s, stamps, stop) for s in cluster.servers.values()]
    for thread in writers + probes:
        thread.start()
    try:
        for _ in range(ROUNDS):
            before = {w: len(w.acknowledged) for w in writers}
            wait_for(lambda: all(len(w.acknowledged) > before[w] + 5 for w in writers), "all write", 30)
            leader = cluster.leader()
            leader.kill()
            after = {w: len(w.acknowledged) for w in writers}
            wait_for(lambda: all(len(w.acknowledged) > after[w] + 5 for w in writers), "all write again", 30)
            leader.start()
            # Measured once: under load the leader's commit moves on between two questions, the returned node's answer is always older.
            commit = wait_for(lambda: cluster.leader().raft_status()["commit"], "a leader", 30)
            wait_for(lambda: leader.raft_status()["applied"] >= commit, "it is back", 30)
    finally:
        stop.set()
        for writer in writers:
            writer.finish()
        for probe in probes:
            probe.join(30)
    check_writes(cluster, writers)
    stamps.sort()
    cluster_gap = max(b - a for a, b in zip(stamps, stamps[1:]))
    eager_gap = max(w.longest_gap() for w in writers[:2])
    default_gap = writers[2].longest_gap()
    print(f"\nwrite gap over {ROUNDS} kills: cluster {cluster_gap * 1000:.0f} ms, driver with initial_retry_delay=0.1 "
          f"{eager_gap * 1000:.0f} ms, with its defaults {default_gap * 1000:.0f} ms; "
          f"{sum(len(w.acknowledged) for w in writers)} writes acknowledged, {sum(len(w.unknown) for w in writers)} IncompleteCommit")
    assert cluster_gap < 1.0 and eager_gap < 1.0 and default_gap < 2.5
    assert len(set(map(str, state_sums(cluster).values()))) == 1


@pytest.mark.timeout(300)
def test_all_three_are_killed_at_once_five_times(cluster):
    writers = [Writer(cluster, f"w{i}", initial_retry_delay=0.1) for i in range(3)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(5):
            before = {w: len(w.acknowledged) for w in writers}
            wait_for(lambda: all(len(w.acknowledged) > before[w] + 20 for w in writers), "all write", 30)
            for server in cluster.servers.values():
                server.signal(signal.SIGKILL)
            for server in cluster.servers.values():
                server.kill()
            cluster.start().wait_serving()
    finally:
        for writer in writers:
            writer.finish()
    for writer in writers:  # with nobody there, a driver may give up: that is an error told to the application, not a loss
        writer.errors = [e for e in writer.errors if "ServiceUnavailable" not in e and "SessionExpired" not in e and "DatabaseUnavailable" not in e]
    check_writes(cluster, writers)
    assert len(set(map(str, state_sums(cluster).values()))) == 1


@pytest.mark.timeout(300)
def test_members_are_restarted_one_after_another(cluster):
    writers = [Writer(cluster, f"r{i}", initial_retry_delay=0.1) for i in range(2)]
    for writer in writers:
        writer.start()
    try:
        for server in list(cluster.servers.values()):
            before = {w: len(w.acknowledged) for w in writers}
            wait_for(lambda: all(len(w.acknowledged) > before[w] + 20 for w in writers), "all write", 30)
            server.stop()
            server.start()
            commit = wait_for(lambda: cluster.leader().raft_status()["commit"], "a leader", 30)
            wait_for(lambda: server.raft_status()["applied"] >= commit, "it is back", 30)
    finally:
        for writer in writers:
            writer.finish()
    check_writes(cluster, writers)
    assert sum(len(w.unknown) for w in writers) == 0, "a clean stop finishes what it has begun"
    print(f"\nlongest pause of a client over three clean restarts: {max(w.longest_gap() for w in writers) * 1000:.0f} ms")


@pytest.mark.timeout(300)
def test_a_leader_that_falls_silent_is_given_up_by_its_clients(cluster):
    """As when its machine loses power: no connection is reset, nothing answers.

    The session names its database, as docs/operations.md advises: otherwise this driver asks the first address of the
    resolver in each session, and waits there for its connection_timeout.
    """
    leader = cluster.leader()
    writer = Writer(cluster, "silent", database="default", initial_retry_delay=0.1, first=leader)
    writer.start()
    try:
        wait_for(lambda: len(writer.acknowledged) > 20, "it writes", 30)
        leader.signal(signal.SIGSTOP)
        stopped = len(writer.acknowledged)
        wait_for(lambda: len(writer.acknowledged) > stopped + 20, "it goes on elsewhere", 30)
        silent = "{}:{}".format(*leader.address)
        for server in (s for s in cluster.servers.values() if s is not leader):
            wait_for(lambda s=server: readers(s) and silent not in readers(s), "readers are not sent to it", 30)
    finally:
        leader.signal(signal.SIGCONT)
        writer.finish()
    check_writes(cluster, [writer])
    print(f"\nthe client's pause: {writer.longest_gap() * 1000:.0f} ms, {len(writer.unknown)} IncompleteCommit")


@pytest.mark.timeout(300)
def test_a_bookmark_is_honoured_on_every_follower(cluster):
    leader = cluster.leader()
    followers = cluster.followers()
    leader.write("CREATE (:b {id: 0, n: 0})")
    readers = [s.driver() for s in followers]
    try:
        with leader.driver() as driver, driver.session() as session:
            for n in range(1, 1001):
                session.run("MATCH (b:b {id: 0}) SET b.n = $n", n=n).consume()
                reader = readers[n % len(readers)]
                with reader.session(bookmarks=session.last_bookmarks(), default_access_mode=neo4j.READ_ACCESS) as reading:
                    assert reading.run("MATCH (b:b {id: 0}) RETURN b.n AS n").single()["n"] == n
    finally:
        for reader in readers:
            reader.close()


def test_a_bookmark_is_honoured_by_a_follower_that_was_stopped(cluster):
    leader, follower = cluster.leader(), cluster.followers()[0]
    leader.write("CREATE (:b {id: 0, n: 0})")
    with leader.driver() as driver, driver.session() as session:
        follower.signal(signal.SIGSTOP)
        session.run("MATCH (b:b {id: 0}) SET b.n = 1").consume()
        bookmarks = session.last_bookmarks()
        follower.signal(signal.SIGCONT)
    with follower.driver() as driver, driver.session(bookmarks=bookmarks, default_access_mode=neo4j.READ_ACCESS) as session:
        assert session.run("MATCH (b:b {id: 0}) RETURN b.n AS n").single()["n"] == 1


def test_a_foreign_bookmark_is_refused(cluster):
    follower = cluster.followers()[0]
    for bookmark in ("graft:00000000000000000000000000000000:0:5", "nonsense", ""):
        with follower.driver() as driver, driver.session(bookmarks=neo4j.Bookmarks.from_raw_values([bookmark])) as session:
            if not bookmark:
                continue
            with pytest.raises(neo4j.exceptions.Neo4jError) as raised:
                session.run("RETURN 1").consume()
            assert "Bookmark" in raised.value.code


def test_an_idle_cluster_holds_no_election(cluster):
    before = cluster.leader().raft_status()
    commit = before["commit"]
    for _ in range(100):
        cluster.leader().query("RETURN 1")
    after = cluster.leader().raft_status()
    assert (after["term"], after["id"]) == (before["term"], before["id"])
    assert after["commit"] >= commit


def test_reads_and_writes_over_the_routing_driver(cluster):
    with cluster.driver() as driver:
        driver.execute_query("CREATE (:r {id: 1})")
        records, _, _ = driver.execute_query("MATCH (n:r) RETURN n.id AS id", routing_=neo4j.RoutingControl.READ)
        assert [r["id"] for r in records] == [1]
