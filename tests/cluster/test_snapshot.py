"""A new member of a large graph is filled by snapshot while writes go on."""
import itertools
import os
import pathlib
import time

import pytest
from harness import wait_for
from write_load import Writes, described

# A node holds about a kilobyte. The product's claim is a gigabyte; GRAFT_SNAPSHOT_NODES makes it smaller for a quick look.
NODES = int(os.environ.get("GRAFT_SNAPSHOT_NODES", "1000000"))
BATCH = 2000


def fill(cluster):
    text = "x" * 1000
    with cluster.driver() as driver, driver.session() as session:
        for at in range(0, NODES, BATCH):
            session.run("UNWIND range($from, $to) AS i CREATE (:big {id: i, text: $text + toString(i)})",
                        {"from": at, "to": min(at + BATCH, NODES) - 1, "text": text}).consume()


@pytest.mark.timeout(900)
def test_a_new_member_catches_up_by_snapshot_while_writes_go_on(cluster):
    started = time.monotonic()
    fill(cluster)
    cluster.wait_applied(120)
    size = sum(f.stat().st_size for f in (pathlib.Path(cluster.leader().config["directory"])).rglob("*") if f.is_file())
    print(f"\nloaded {NODES} nodes in {time.monotonic() - started:.0f} s; the leader's directory has {size / 2**30:.2f} GiB")

    quiet = Writes(cluster, "CREATE (:small {n: $id})", itertools.count(1))
    quiet.start()
    wait_for(lambda: len(quiet.took) > 200, "writes before", 60)
    before = quiet.finish()

    during = Writes(cluster, "CREATE (:small {n: $id})", itertools.count(1))
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
