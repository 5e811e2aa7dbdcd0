"""A new member of a large graph is filled by snapshot while writes go on."""
import os
import pathlib
import statistics
import threading
import time

import neo4j
import pytest
from harness import wait_for

# A node holds about a kilobyte. The product's claim is a gigabyte; GRAFT_SNAPSHOT_NODES makes it smaller for a quick look.
NODES = int(os.environ.get("GRAFT_SNAPSHOT_NODES", "1000000"))
BATCH = 2000


def fill(cluster):
    text = "x" * 1000
    with cluster.driver() as driver, driver.session() as session:
        for at in range(0, NODES, BATCH):
            session.run("UNWIND range($from, $to) AS i CREATE (:big {id: i, text: $text + toString(i)})",
                        {"from": at, "to": min(at + BATCH, NODES) - 1, "text": text}).consume()


class Latency(threading.Thread):
    """Writes one small node after another and remembers how long each took."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.cluster, self.stop_asked, self.took, self.error = cluster, threading.Event(), [], None

    def run(self):
        try:
            with self.cluster.driver() as driver, driver.session() as session:
                n = 0
                while not self.stop_asked.is_set():
                    n += 1
                    started = time.monotonic()
                    session.run("CREATE (:small {n: $n})", n=n).consume()
                    self.took.append(time.monotonic() - started)
        except neo4j.exceptions.Neo4jError as error:
            self.error = error

    def finish(self):
        self.stop_asked.set()
        self.join(60)
        assert self.error is None, self.error
        return self.took


def described(took):
    ordered = sorted(took)
    at = lambda q: ordered[min(len(ordered) - 1, int(q * len(ordered)))] * 1000  # noqa: E731
    return f"{len(took)} writes, mean {statistics.mean(took) * 1000:.1f} ms, p50 {at(.5):.1f}, p99 {at(.99):.1f}, max {ordered[-1] * 1000:.1f} ms"


@pytest.mark.timeout(900)
def test_a_new_member_catches_up_by_snapshot_while_writes_go_on(cluster):
    started = time.monotonic()
    fill(cluster)
    cluster.wait_applied(120)
    size = sum(f.stat().st_size for f in (pathlib.Path(cluster.leader().config["directory"])).rglob("*") if f.is_file())
    print(f"\nloaded {NODES} nodes in {time.monotonic() - started:.0f} s; the leader's directory has {size / 2**30:.2f} GiB")

    quiet = Latency(cluster)
    quiet.start()
    wait_for(lambda: len(quiet.took) > 200, "writes before", 60)
    before = quiet.finish()

    during = Latency(cluster)
    during.start()
    newcomer = cluster.add(4).start()
    peer = cluster.peer(4)
    started = time.monotonic()
    cluster.leader().write("CALL db.bolt.addRaftNode(4, $ip, $bolt, $raft)", {"ip": peer["ip"], "bolt": peer["bolt_port"], "raft": peer["bolt_raft_port"]})
    wait_for(lambda: any(r["node_id"] == 4 and not r["is_learner"] for r in newcomer.raft_nodes()) and
             cluster.leader().raft_status()["progress"].get("4", {}).get("voter"), "node 4 is a voter", 600, 0.2)
    took = time.monotonic() - started
    latencies = during.finish()
    print(f"node 4 was filled and made a voter in {took:.1f} s\nwrite latency before: {described(before)}\n              during: {described(latencies)}")

    cluster.wait_applied(60)
    assert newcomer.query("MATCH (n:big) RETURN count(n) AS n") == [{"n": NODES}]
    sums = {str(s.raft_status().get("stateSums")) for s in cluster.alive()}
    assert len(sums) == 1
