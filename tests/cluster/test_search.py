"""Full text and vector search on all members: the same answers after replication, a restart, and filled by snapshot."""
import random

import pytest
from harness import wait_for

WORDS = [f"w{i}" for i in range(200)]
TEXTS = [{"i": i, "text": " ".join(random.Random(i).choices(WORDS, k=30)), "v": [random.Random(f"{i}/{d}").gauss(0, 1) for d in range(16)]}
         for i in range(6000)]
QUERIES = ["w1", "w1 w2", "w1 AND w2 NOT w3", '"w1 w2"', "w1* AND w7", "w199~1", "[w10 TO w12]"]


def text_answers(server):
    return [[(r["i"], r["s"]) for r in server.query(
        "CALL db.index.fulltext.queryNodes('t', $q) YIELD node, score RETURN node.i AS i, round(score, 5) AS s ORDER BY s DESC, i LIMIT 50", {"q": q})]
        for q in QUERIES]


def vector_answers(server):
    return [[r["i"] for r in server.query("CALL db.index.vector.queryNodes('v', 5, $q) YIELD node RETURN node.i AS i", {"q": TEXTS[i]["v"]})]
            for i in (0, 1234, 4999)]


def same_sums(cluster):
    cluster.wait_applied(30)
    return len({str(s.raft_status().get("stateSums")) for s in cluster.alive()}) == 1


def write(cluster, text, parameters=None):
    """By a driver with routing: the leader may change while a busy machine runs this."""
    with cluster.driver() as driver, driver.session() as session:
        session.execute_write(lambda transaction: transaction.run(text, parameters or {}).consume())


def load(cluster, rows):
    for at in range(0, len(rows), 1000):
        write(cluster, "UNWIND $rows AS r CREATE (n:Doc) SET n = r", {"rows": rows[at:at + 1000]})


def online(server):
    return [r["state"] for r in server.query("SHOW INDEXES YIELD name, state WHERE name IN ['t', 'v'] RETURN state")] == ["ONLINE", "ONLINE"]


@pytest.mark.timeout(240)
def test_search_answers_the_same_on_all_members(cluster):
    load(cluster, TEXTS[:3000])
    write(cluster, "CREATE FULLTEXT INDEX t FOR (n:Doc) ON EACH [n.text] OPTIONS {indexConfig: {`fulltext.analyzer`: 'english'}}")
    write(cluster, "CREATE VECTOR INDEX v FOR (n:Doc) ON (n.v) OPTIONS {indexConfig: {`vector.dimensions`: 16, `vector.similarity_function`: 'cosine'}}")
    load(cluster, TEXTS[3000:])
    write(cluster, "MATCH (n:Doc) WHERE n.i % 7 = 0 SET n.text = n.text + ' extra'")
    write(cluster, "MATCH (n:Doc) WHERE n.i % 11 = 0 REMOVE n.v")
    wait_for(lambda: all(online(s) for s in cluster.alive()), "the indexes are online", 60)
    wait_for(lambda: same_sums(cluster), "equal state sums")
    leader = cluster.leader()
    expected, near = text_answers(leader), vector_answers(leader)
    assert all(expected) and near[1][0] == 1234
    for server in cluster.alive():
        assert text_answers(server) == expected
        assert vector_answers(server) == near

    # Restart: killed, so that the log is replayed on the last checkpoint.
    follower = next(s for s in cluster.followers() if s is not leader)
    follower.kill()
    write(cluster, "CREATE (:Doc {i: 100000, text: 'unheard w1 w2'})")
    follower.start()
    follower.wait_serving()
    cluster.wait_applied(30)
    expected = text_answers(cluster.leader())
    assert text_answers(follower) == expected and vector_answers(follower) == near
    assert follower.query("CALL db.index.fulltext.queryNodes('t', 'unheard') YIELD node RETURN node.i AS i") == [{"i": 100000}]

    # A member filled by snapshot.
    newcomer, peer = cluster.add(4).start(), cluster.peer(4)
    parameters = {"ip": peer["ip"], "bolt": peer["bolt_port"], "raft": peer["bolt_raft_port"]}
    wait_for(lambda: cluster.leader().write("CALL db.bolt.addRaftNode(4, $ip, $bolt, $raft)", parameters) is not False, "node 4 is added")
    wait_for(lambda: any(r["node_id"] == 4 and not r["is_learner"] for r in newcomer.raft_nodes()), "node 4 is a member", 60, 0.2)
    wait_for(lambda: same_sums(cluster), "equal state sums", 60)
    assert text_answers(newcomer) == expected and vector_answers(newcomer) == near


def test_a_transaction_that_searched_conflicts_with_what_it_would_have_found(standalone):
    server = standalone
    server.write("CREATE FULLTEXT INDEX t FOR (n:Doc) ON EACH [n.text]")
    server.write("CREATE (:Doc {text: 'apple'}), (:Count {n: 0})")
    with server.driver() as driver, driver.session() as session:
        transaction = session.begin_transaction()
        found = len(list(transaction.run("CALL db.index.fulltext.queryNodes('t', 'apple') YIELD node RETURN node")))
        server.write("CREATE (:Doc {text: 'another apple'})")
        transaction.run("MATCH (c:Count) SET c.n = $n", n=found).consume()
        with pytest.raises(Exception) as error:
            transaction.commit()
    assert "Transient" in str(getattr(error.value, "code", error.value))
    assert server.query("MATCH (c:Count) RETURN c.n AS n") == [{"n": 0}]
