"""`make cluster`: three nodes on this machine, a client that lives through the leader's death, then up until Ctrl-C."""
import pathlib
import random
import shutil
import signal
import sys
import threading
import time

import neo4j

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "cluster"))
from harness import AUTH, Cluster, wait_for  # noqa: E402

HOME = ROOT / "cluster"
WIKI_VOTE = ROOT.parent / "shared" / "datasets" / "wiki-vote"


def say(text=""):
    print(text, flush=True)


def table(rows):
    columns = list(rows[0])
    width = {c: max(len(c), *(len(str(r[c])) for r in rows)) for c in columns}
    line = "+" + "+".join("-" * (width[c] + 2) for c in columns) + "+"
    say(line)
    say("|" + "|".join(f" {c:<{width[c]}} " for c in columns) + "|")
    say(line)
    for r in rows:
        say("|" + "|".join(f" {str(r[c]):<{width[c]}} " for c in columns) + "|")
    say(line)


def members(cluster):
    table(cluster.leader().raft_nodes())


def client_example(cluster, driver):
    say("\nThe client example (neo4j://mycluster.com:9999, a resolver gives the three addresses):")
    with driver.session() as session:
        for text in ("CALL db.dropDB()",
                     "CALL db.createVertexLabel('person', 'id', 'id', 'INT32', false, 'count', 'INT64', false)",
                     "create (n1:person {id:1, count:0})"):
            say(f"  > {text}")
            session.run(text).consume()
        bookmarks = session.last_bookmarks()
    for server in cluster.servers.values():
        with server.driver() as member, member.session(bookmarks=bookmarks, default_access_mode="READ") as session:
            say(f"  node {server.node_id} reads: {session.run('MATCH (n:person) RETURN n.id AS id, n.count AS count').data()}")


def graph_to_load():
    if (WIKI_VOTE / "edges.csv").exists():
        nodes = [int(line) for line in (WIKI_VOTE / "nodes.csv").read_text().split()]
        edges = [tuple(map(int, line.split(","))) for line in (WIKI_VOTE / "edges.csv").read_text().split()]
        return "wiki-vote (SNAP)", nodes, edges
    choose = random.Random(7)
    nodes = list(range(2000))
    return "a generated graph", nodes, [(choose.choice(nodes), choose.choice(nodes)) for _ in range(20000)]


def load(driver):
    name, nodes, edges = graph_to_load()
    started = time.monotonic()
    with driver.session() as session:
        session.run("CALL db.createVertexLabel('user', 'id', 'id', 'INT64', false)").consume()
        for at in range(0, len(nodes), 5000):
            session.run("UNWIND $ids AS id CREATE (:user {id: id})", ids=nodes[at:at + 5000]).consume()
        for at in range(0, len(edges), 5000):
            session.run("UNWIND $edges AS e MATCH (a:user {id: e[0]}), (b:user {id: e[1]}) CREATE (a)-[:voted_for]->(b)",
                        edges=[list(e) for e in edges[at:at + 5000]]).consume()
        took = time.monotonic() - started
        count = session.run("MATCH (:user)-[v:voted_for]->() RETURN count(v) AS n").single()["n"]
    say(f"\nLoaded {name}: {len(nodes)} nodes, {count} relationships in {took:.1f} s.")


def kill_the_leader(cluster, driver):
    leader = cluster.leader()
    say(f"\nA client writes without pause; now kill -9 of the leader, node {leader.node_id} ...")
    gaps, stop, done, unknown = [], threading.Event(), [], []

    def write():
        last = time.monotonic()
        with driver.session() as session:
            while not stop.is_set():
                try:
                    session.execute_write(lambda tx: tx.run("MATCH (n:person {id:1}) SET n.count = n.count + 1").consume())
                except neo4j.exceptions.IncompleteCommit:  # the connection was lost inside COMMIT: no driver retries that
                    unknown.append(1)
                    continue
                now = time.monotonic()
                gaps.append(now - last)
                done.append(1)
                last = now

    client = threading.Thread(target=write)
    client.start()
    try:
        wait_for(lambda: len(done) > 50 or not client.is_alive(), "first writes")
        leader.kill()
        before = len(done)
        wait_for(lambda: len(done) > before + 50 or not client.is_alive(), "writes after the kill")
    finally:
        stop.set()
        client.join()
    count = cluster.leader().query("MATCH (n:person {id:1}) RETURN n.count AS count")[0]["count"]
    say(f"  the client went on: {len(done)} writes acknowledged, {count} found"
        f"{', one was in COMMIT at that moment (IncompleteCommit: found whole or absent)' if unknown else ', no error'}; "
        f"its longest pause {max(gaps) * 1000:.0f} ms")
    say(f"  node {leader.node_id} starts again and catches up:")
    leader.start()
    wait_for(lambda: leader.raft_status()["applied"] >= cluster.leader().raft_status()["commit"], "it has caught up")
    members(cluster)


def main():
    shutil.rmtree(HOME, ignore_errors=True)
    cluster = Cluster(HOME, bolt_port=7687, raft_port=7688, http_port=7070)
    say(f"Starting three nodes; configuration, data and logs are in {HOME}/node1, node2, node3.")
    try:
        cluster.start().wait_serving()
        members(cluster)
        with cluster.driver(initial_retry_delay=0.1) as driver:
            client_example(cluster, driver)
            load(driver)
            kill_the_leader(cluster, driver)
        say("\nConnect with any Neo4j driver (or cypher-shell):")
        for server in cluster.servers.values():
            say(f"  neo4j://{server.host}:{server.config['bolt_port']}   user {AUTH[0]}   password {AUTH[1]}")
        say("The cluster stays up until Ctrl-C.")
        if "--once" not in sys.argv:
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        say("Stopping the nodes.")
        for server in cluster.alive():
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
