"""The cluster's life with real processes: bootstrap, members, add, remove, learners, directories copied by hand."""
import shutil

import neo4j
import pytest
from harness import Cluster, wait_for

NOT_A_LEADER = "Neo.ClientError.Cluster.NotALeader"


def add(cluster, server, procedure="addRaftNode"):
    peer = cluster.peer(server.node_id)
    cluster.leader().write(f"CALL db.bolt.{procedure}($id, $ip, $bolt, $raft)",
                           {"id": server.node_id, "ip": peer["ip"], "bolt": peer["bolt_port"], "raft": peer["bolt_raft_port"]})


def server_error(error):
    """What the server said; over bolt:// the driver wraps NotALeader."""
    while not isinstance(error, neo4j.exceptions.Neo4jError):
        error = error.__cause__ or error.__context__
    return error


def count_persons(server):
    return server.query("MATCH (n:person) RETURN count(n) AS n")[0]["n"]


def write_persons(cluster, ids):
    with cluster.driver() as driver:
        driver.execute_query("UNWIND $ids AS id CREATE (:person {id: id})", ids=list(ids))


def is_voter(cluster, node_id):
    progress = cluster.leader().raft_status()["progress"].get(str(node_id))
    listed = [r for r in cluster.leader().raft_nodes() if r["node_id"] == node_id]
    return bool(progress and progress["voter"] and listed and not listed[0]["is_learner"])


def test_members_are_listed_on_every_node(cluster):
    leader = cluster.leader()
    expected = [{"node_id": i, "ip": cluster.host(i), "bolt_port": s.config["bolt_port"],
                 "bolt_raft_port": s.config["bolt_raft_port"], "is_leader": s is leader, "is_learner": False}
                for i, s in sorted(cluster.servers.items())]
    for server in cluster.servers.values():
        wait_for(lambda s=server: sorted(s.raft_nodes(), key=lambda r: r["node_id"]) == expected, f"node {server.node_id} lists all")


def test_status_on_every_node(cluster):
    leader = cluster.leader()
    for server in cluster.servers.values():
        status = server.raft_status()
        assert status["id"] == server.node_id
        assert status["lead"] == leader.node_id
        assert {"term", "vote", "commit", "raftState", "applied", "progress", "raftlog"} <= set(status)
    assert set(leader.raft_status()["progress"]) == {"1", "2", "3"}


def test_followers_name_the_leader(cluster):
    leader, follower = cluster.leader(), cluster.followers()[0]
    for text in ("CREATE (:x)", "CALL db.bolt.removeRaftNode(3)", "CALL db.dropDB()"):
        with pytest.raises((neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError)) as raised:
            follower.write(text)
        error = server_error(raised.value)
        assert error.code == NOT_A_LEADER
        assert f"{leader.host}:{leader.config['bolt_port']}" in error.message


def test_a_node_dies_another_is_added_and_a_learner(cluster):
    write_persons(cluster, range(100))
    dead = cluster.followers()[0]
    dead.kill()
    cluster.leader().write("CALL db.bolt.removeRaftNode($id)", {"id": dead.node_id})
    rest = [s for s in cluster.alive()]
    for server in rest:
        wait_for(lambda s=server: dead.node_id not in {r["node_id"] for r in s.raft_nodes()}, "the member is gone")

    newcomer = cluster.add(4).start()
    add(cluster, newcomer)
    wait_for(lambda: count_persons(newcomer) == 100, "node 4 is filled", 60)
    wait_for(lambda: is_voter(cluster, 4), "node 4 is a voter", 60)

    learner = cluster.add(5).start()
    add(cluster, learner, "addRaftLearnerNode")
    wait_for(lambda: count_persons(learner) == 100, "learner 5 is filled", 60)
    assert next(r for r in cluster.leader().raft_nodes() if r["node_id"] == 5)["is_learner"]
    write_persons(cluster, range(100, 200))
    for server in cluster.alive():
        wait_for(lambda s=server: count_persons(s) == 200, f"node {server.node_id} follows")

    # Two of three voters dead and a learner alive: nobody leads, reads and the member list still work.
    voters = [s for s in cluster.alive() if s is not learner]
    leader = cluster.leader()
    survivor = next(s for s in voters if s is not leader)
    for server in voters:
        if server is not survivor:
            server.kill()
    wait_for(lambda: survivor.raft_status()["lead"] == 0, "the survivor sees no leader")
    assert not any(r["is_leader"] for r in learner.raft_nodes())
    with pytest.raises(neo4j.exceptions.Neo4jError):
        survivor.write("CREATE (:person {id: 999})")
    assert count_persons(learner) == 200

    # A removed node that was away learns it when it returns.
    for server in voters:
        if not server.running():
            server.start()
    cluster.leader()
    dead.start()
    wait_for(lambda: "removed" in dead.console().lower(), "the removed node says so", 30)
    assert dead.node_id not in {r["node_id"] for r in cluster.leader().raft_nodes()}


def test_grows_from_one_node_to_two_without_stopping_writes(tmp_path):
    cluster = Cluster(tmp_path, size=1)
    with cluster:
        write_persons(cluster, range(10))
        newcomer = cluster.add(2).start()
        add(cluster, newcomer)
        write_persons(cluster, range(10, 20))
        wait_for(lambda: count_persons(newcomer) == 20, "node 2 is filled", 60)
        wait_for(lambda: is_voter(cluster, 2), "node 2 is a voter", 60)
        write_persons(cluster, range(20, 30))


def test_a_learner_is_promoted_by_addRaftNode(cluster):
    learner = cluster.add(4).start()
    add(cluster, learner, "addRaftLearnerNode")
    wait_for(lambda: learner.raft_status()["applied"] > 0, "the learner has registered", 60)
    add(cluster, learner)
    wait_for(lambda: is_voter(cluster, 4), "it is a voter", 60)


def test_removing_the_leader_hands_over_first(cluster):
    leader = cluster.leader()
    leader.write("CALL db.bolt.removeRaftNode($id)", {"id": leader.node_id})
    rest = [s for s in cluster.alive() if s is not leader]

    def moved():
        rows = rest[0].raft_nodes()
        return leader.node_id not in {r["node_id"] for r in rows} and any(r["is_leader"] for r in rows)
    wait_for(moved, "another leads and the old one is gone")
    del cluster.servers[leader.node_id]
    try:
        write_persons(cluster, [1])
    finally:
        cluster.servers[leader.node_id] = leader


def test_leadership_is_transferred(cluster):
    target = cluster.followers()[0]
    cluster.leader().write("CALL db.bolt.transferRaftLeader($id)", {"id": target.node_id})
    wait_for(lambda: cluster.leader() is target, "the target leads")


@pytest.mark.parametrize("call, parameters, words", [
    ("CALL db.bolt.removeRaftNode(9)", {}, "9"),
    ("CALL db.bolt.addRaftNode(1, '127.0.0.9', 7687, 7688)", {}, "1"),
    ("CALL db.bolt.addRaftNode(9, $ip, $bolt, $raft)", "member", "address"),
    ("CALL db.bolt.addRaftNode(0, '127.0.0.9', 7687, 7688)", {}, ""),
    ("CALL db.bolt.addRaftNode(9, '', 7687, 7688)", {}, ""),
    ("CALL db.bolt.addRaftNode(9, '127.0.0.9', 70000, 7688)", {}, ""),
    ("CALL db.bolt.transferRaftLeader(9)", {}, "9"),
])
def test_bad_membership_calls_are_refused(cluster, call, parameters, words):
    if parameters == "member":
        peer = cluster.peer(2)
        parameters = {"ip": peer["ip"], "bolt": peer["bolt_port"], "raft": peer["bolt_raft_port"]}
    with pytest.raises(neo4j.exceptions.Neo4jError) as raised:
        cluster.leader().write(call, parameters)
    assert words in raised.value.message.lower()
    assert len(cluster.leader().raft_nodes()) == 3


def test_the_last_voter_stays(standalone):
    with pytest.raises(neo4j.exceptions.Neo4jError) as raised:
        standalone.write("CALL db.bolt.removeRaftNode(1)")
    assert "last" in raised.value.message.lower()


def test_directory_copied_from_a_stopped_member(cluster):
    write_persons(cluster, range(50))
    cluster.wait_applied()
    source = cluster.followers()[0]
    assert source.stop() == 0
    newcomer = cluster.add(4)
    shutil.copytree(source.directory / "data", newcomer.directory / "data")
    source.start()
    newcomer.start()
    add(cluster, newcomer)
    wait_for(lambda: count_persons(newcomer) == 50, "the copy serves", 60)
    wait_for(lambda: is_voter(cluster, 4), "the copy is a voter", 60)


def test_directory_copied_by_hand_may_be_started_before_the_call(cluster):
    write_persons(cluster, range(50))
    cluster.wait_applied()
    source = cluster.followers()[0]
    assert source.stop() == 0
    newcomer = cluster.add(4)
    shutil.copytree(source.directory / "data", newcomer.directory / "data")
    before = {path: path.read_bytes() for path in (newcomer.directory / "data").rglob("*") if path.is_file() and path.name != "lock"}
    source.start()
    newcomer.start()
    wait_for(lambda: "addRaftNode(4" in newcomer.console(), "it says what it waits for", 20)
    wait_for(lambda: "listening on" in newcomer.console(), "its Bolt port is open", 20)
    with pytest.raises(neo4j.exceptions.Neo4jError) as raised:
        newcomer.query("RETURN 1")
    assert raised.value.code == "Neo.TransientError.General.DatabaseUnavailable"
    assert "db.bolt.addRaftNode(4" in raised.value.message
    assert all(path.read_bytes() == content for path, content in before.items()), "nothing was written"
    add(cluster, newcomer)
    wait_for(lambda: count_persons(newcomer) == 50, "the copy serves", 60)
    wait_for(lambda: is_voter(cluster, 4), "the copy is a voter", 60)
    assert not (newcomer.directory / "data" / "set-aside-1").exists(), "the copy was used"


def test_directory_copied_from_a_running_member_is_filled_anew(cluster):
    write_persons(cluster, range(50))
    cluster.wait_applied()
    source = cluster.followers()[0]
    newcomer = cluster.add(4)
    source.signal(19)  # SIGSTOP: a copy of one moment, without the clean-stop marker
    shutil.copytree(source.directory / "data", newcomer.directory / "data")
    source.signal(18)
    add(cluster, newcomer)
    newcomer.start()
    wait_for(lambda: count_persons(newcomer) == 50, "node 4 is filled", 60)
    wait_for(lambda: is_voter(cluster, 4), "node 4 is a voter", 60)


def test_a_member_that_lost_its_directory_is_refused(cluster):
    write_persons(cluster, range(5))
    lost = cluster.followers()[0]
    lost.kill()
    shutil.rmtree(lost.directory / "data")
    lost.start()
    wait_for(lambda: "removeraftnode" in lost.console().lower(), "it says the way out", 30)
    write_persons(cluster, range(5, 10))
    with pytest.raises(neo4j.exceptions.Neo4jError) as raised:
        lost.query("RETURN 1")
    assert "removeRaftNode" in raised.value.message


def test_new_nodes_that_differ_never_found_a_cluster(tmp_path):
    cluster = Cluster(tmp_path)
    third = cluster.servers[3]
    third.config["bolt_raft_init_peers"] = [dict(p, bolt_port=p["bolt_port"] + (p["bolt_raft_node_id"] == 1)) for p in cluster.founders]
    third.write_config()
    try:
        for server in cluster.servers.values():
            server.start()
        wait_for(lambda: "bolt_port" in cluster.servers[1].console(), "node 1 names the field that differs", 20)
        with pytest.raises((neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError)):
            cluster.servers[1].write("CREATE (:x)")
    finally:
        cluster.__exit__()


def test_founders_wait_for_the_missing_one(tmp_path):
    cluster = Cluster(tmp_path)
    try:
        cluster.servers[1].start()
        cluster.servers[2].start()
        wait_for(lambda: cluster.host(3) in cluster.servers[1].console(), "node 1 names the one that is missing", 20)
        with pytest.raises(neo4j.exceptions.Neo4jError) as raised:
            cluster.servers[1].write("CREATE (:x)")
        assert raised.value.code == "Neo.TransientError.General.DatabaseUnavailable"
        cluster.servers[3].start()
        cluster.wait_serving()
    finally:
        cluster.__exit__()
