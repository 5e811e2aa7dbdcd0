"""Indexes and constraints over a million nodes: built in slices while reads and writes go on, and across a failover."""
import itertools
import os
import time

import neo4j
import pytest
from harness import wait_for
from write_load import Writes, described

NODES = int(os.environ.get("GRAFT_SCHEMA_NODES", "1000000"))
FEWER = NODES // 4
BATCH = 20_000
new_ids = itertools.count(-1, -1)


def fill(cluster, nodes=NODES, duplicate=False):
    with cluster.driver() as driver, driver.session() as session:
        for at in range(0, nodes, BATCH):
            session.run("UNWIND range($from, $to) AS i CREATE (:person {id: i, name: 'name ' + (i % 1000)})",
                        {"from": at, "to": min(at + BATCH, nodes) - 1}).consume()
        if duplicate:
            session.run("CREATE (:person {id: $id, name: 'twin'})", id=nodes // 2).consume()


def new_people(cluster):
    return Writes(cluster, "CREATE (:person {id: $id, name: 'new', nose: 1})", new_ids)


def measured(cluster, statement, then=None):
    """Runs the statement while others write: seconds, latencies, the error if any."""
    writes, error = new_people(cluster), None
    writes.start()
    started = time.monotonic()
    with cluster.driver() as driver, driver.session() as session:
        try:
            session.run(statement).consume()
            if then:
                session.run(then).consume()
        except neo4j.exceptions.Neo4jError as e:
            error = e
    return time.monotonic() - started, writes.finish(), error


def rows(server, text):
    return server.query(text)


@pytest.mark.timeout(900)
def test_a_million_nodes_are_indexed_while_writes_go_on(cluster):
    fill(cluster)
    idle = new_people(cluster)
    idle.start()
    wait_for(lambda: len(idle.took) >= 200, "200 writes without a build")
    quiet = idle.finish()

    seconds, took, error = measured(cluster, "CREATE INDEX by_name FOR (n:person) ON (n.name)", "CALL db.awaitIndexes(600)")
    assert error is None, error
    print(f"\nrange index over {NODES} nodes: {seconds:.1f} s; writes idle: {described(quiet)}; during: {described(took)}")
    seconds, took, error = measured(cluster, "CREATE CONSTRAINT by_id FOR (n:person) REQUIRE n.id IS UNIQUE")
    assert error is None, error
    print(f"unique constraint over {NODES} nodes: {seconds:.1f} s; writes during: {described(took)}")
    seconds, took, error = measured(cluster, "CREATE CONSTRAINT has_name FOR (n:person) REQUIRE n.name IS NOT NULL")
    assert error is None, error
    print(f"existence constraint over {NODES} nodes: {seconds:.1f} s; writes during: {described(took)}")
    seconds, took, error = measured(cluster, "CREATE CONSTRAINT has_nose FOR (n:person) REQUIRE n.nose IS NOT NULL")
    assert error is not None and error.code == "Neo.DatabaseError.Schema.ConstraintCreationFailed", error

    cluster.wait_applied()
    for server in cluster.servers.values():
        found = {r["name"]: r["state"] for r in rows(server, "SHOW INDEXES YIELD name, state")}
        assert found == {"by_name": "ONLINE", "by_id": "ONLINE"}, (server, found)
        assert rows(server, "MATCH (p:person {id: 77}) RETURN count(*) AS n")[0]["n"] == 1
    wait_for(lambda: len({s.raft_status()["stateSums"] for s in cluster.servers.values()}) == 1, "equal state sums")


@pytest.mark.timeout(900)
def test_a_duplicate_fails_the_constraint_on_all_and_removes_it(cluster):
    fill(cluster, FEWER, duplicate=True)
    seconds, took, error = measured(cluster, "CREATE CONSTRAINT by_id FOR (n:person) REQUIRE n.id IS UNIQUE")
    print(f"\na constraint that failed after {seconds:.1f} s; writes during: {described(took)}")
    assert error is not None and error.code == "Neo.DatabaseError.Schema.ConstraintCreationFailed", error
    assert f"property `id` = {FEWER // 2}" in error.message, error.message
    cluster.wait_applied()
    for server in cluster.servers.values():
        assert rows(server, "SHOW CONSTRAINTS YIELD name") == []
        assert rows(server, "SHOW INDEXES YIELD name") == []


@pytest.mark.timeout(900)
def test_a_new_leader_goes_on_with_the_index(cluster):
    fill(cluster, FEWER)
    leader = cluster.leader()
    with cluster.driver() as driver, driver.session() as session:
        session.run("CREATE INDEX by_name FOR (n:person) ON (n.name)").consume()

    def progress(server):
        found = rows(server, "SHOW INDEXES YIELD name, state, populationPercent")
        return found[0] if found else None

    wait_for(lambda: 20 < progress(leader)["populationPercent"] < 100 or progress(leader)["state"] == "ONLINE", "a part of the index", interval=0.001)
    seen = progress(leader)
    leader.kill()
    after = cluster.leader()
    print(f"\nleader killed at {seen['populationPercent']:.0f} %, the next one went on from {progress(after)['populationPercent']:.0f} %")
    wait_for(lambda: progress(after)["state"] == "ONLINE", "the index online", seconds=300)
    leader.start()
    leader.wait_serving()
    wait_for(lambda: progress(leader)["state"] == "ONLINE", "the index online on the one that was killed", seconds=300)
    wait_for(lambda: len({s.raft_status()["stateSums"] for s in cluster.servers.values()}) == 1, "equal state sums", seconds=60)


@pytest.mark.timeout(900)
def test_a_label_is_altered_while_others_write(cluster):
    with cluster.driver() as driver, driver.session() as session:
        session.run("CALL db.createVertexLabel('typed', 'id', 'id', 'INT64', false, 'name', 'STRING', true)").consume()
        for at in range(0, NODES, BATCH):
            session.run("UNWIND range($from, $to) AS i CREATE (:typed {id: i})", {"from": at, "to": min(at + BATCH, NODES) - 1}).consume()
    seconds, took, error = measured(cluster, "CALL db.alterLabelAddFields('vertex', 'typed', ['score', 'INT64', 7, false])")
    assert error is None, error
    print(f"\na field with a default on {NODES} nodes: {seconds:.1f} s; writes during: {described(took)}")
    with cluster.driver() as driver, driver.session() as session:
        assert session.run("MATCH (t:typed) WHERE t.score = 7 RETURN count(*) AS n").single()["n"] == NODES
        with pytest.raises(neo4j.exceptions.Neo4jError):
            session.run("CREATE (:typed {id: -1})").consume()
