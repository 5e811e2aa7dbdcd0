"""Three servers and the official Python driver: routing, NotALeader, bookmarks on followers, failover."""
import json
import threading
import time

import neo4j
import neo4j.exceptions
import pytest
from harness import Cluster, wait_for


def servers_of(table):
    return {role["role"]: set(role["addresses"]) for role in table}


def test_every_member_routes_alike(cluster):
    leader = "{}:{}".format(*cluster.leader().address)
    everybody = {"{}:{}".format(*s.address) for s in cluster.servers.values()}
    for server in cluster.servers.values():
        with neo4j.GraphDatabase.driver(f"neo4j://{server.host}:{server.config['bolt_port']}", auth=("admin", "73@TuGraph")) as driver:
            with driver.session(default_access_mode="WRITE") as session:
                assert session.run("RETURN 1 AS one").single()["one"] == 1
            table = next(iter(driver._pool.routing_tables.values()))  # the driver shows its table nowhere else
            assert {str(a) for a in table.writers} == {leader}
            assert {str(a) for a in table.readers} == everybody - {leader}
            assert {str(a) for a in table.routers} == everybody


def not_a_leader(error):
    """The server's error behind what a bolt:// driver makes of it (WriteServiceUnavailable)."""
    while error is not None and not isinstance(error, neo4j.exceptions.NotALeader):
        error = error.__cause__ or error.__context__
    assert error is not None and error.code == "Neo.ClientError.Cluster.NotALeader"
    return error.message


def test_writes_on_a_follower_name_the_leader(cluster):
    leader = "{}:{}".format(*cluster.leader().address)
    for server in cluster.followers():
        for statement in ("CREATE (:X)", "CALL db.bolt.removeRaftNode(99)", "CALL db.bolt.transferRaftLeader(1)"):
            with server.driver() as driver, driver.session() as session:
                with pytest.raises((neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError)) as error:
                    session.run(statement).consume()
            assert leader in not_a_leader(error.value)
        with server.driver() as driver, driver.session() as session:
            with pytest.raises((neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError)) as error, session.begin_transaction() as tx:
                assert tx.run("RETURN 1 AS one").single()["one"] == 1
                tx.run("CREATE (:X)").consume()
            assert leader in not_a_leader(error.value)


def test_any_member_reads_what_a_bookmark_names(cluster):
    with cluster.driver() as driver, driver.session() as session:
        for i in range(20):
            session.execute_write(lambda tx: tx.run("MERGE (c:Counter {id: 1}) SET c.n = $i", i=i).consume())
            bookmarks = session.last_bookmarks()
            for server in cluster.servers.values():
                with server.driver() as direct, direct.session(bookmarks=bookmarks, default_access_mode="READ") as reader:
                    assert reader.run("MATCH (c:Counter {id: 1}) RETURN c.n AS n").single()["n"] == i


def test_members_are_listed_everywhere(cluster):
    for server in cluster.servers.values():
        rows = server.raft_nodes()
        assert [row["node_id"] for row in rows] == [1, 2, 3] and sum(row["is_leader"] for row in rows) == 1


def test_a_driver_follows_the_leader(tmp_path):
    """kill -9 of the leader under managed writes: none is lost, and the gap is printed."""
    with Cluster(tmp_path, first_host=20) as cluster, cluster.driver() as driver:
        acknowledged, ended, gaps = [], threading.Event(), []

        def work():
            last = time.monotonic()
            number = 0
            with driver.session() as session:
                while not ended.is_set():
                    try:
                        session.execute_write(lambda tx, n=number: tx.run("CREATE (:W {n: $n})", n=n).consume())
                        acknowledged.append(number)
                    except neo4j.exceptions.IncompleteCommit:
                        pass
                    number += 1
                    gaps.append(time.monotonic() - last)
                    last = time.monotonic()

        thread = threading.Thread(target=work)
        thread.start()
        wait_for(lambda: len(acknowledged) > 20, "writes go on")
        cluster.leader().kill()
        before = len(acknowledged)
        wait_for(lambda: len(acknowledged) > before + 20, "writes go on under the new leader")
        ended.set()
        thread.join()
        print(json.dumps({"longest_gap_s": round(max(gaps), 3), "acknowledged": len(acknowledged)}))
        with driver.session() as session:
            found = {r["n"] for r in session.run("MATCH (w:W) RETURN w.n AS n")}
        assert set(acknowledged) <= found
