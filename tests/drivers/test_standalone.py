"""One server and the official Python driver: sessions, transactions, values, errors."""
import datetime
import time

import neo4j
import neo4j.exceptions
import neo4j.spatial
import neo4j.time
import pytest
from harness import AUTH, Server, wait_for


@pytest.fixture
def driver(standalone):
    with standalone.driver() as d:
        yield d


@pytest.fixture(params=["bolt", "neo4j"])
def any_driver(request, standalone):
    uri = f"{request.param}://{standalone.host}:{standalone.config['bolt_port']}"
    with neo4j.GraphDatabase.driver(uri, auth=AUTH) as d:
        yield d


def test_both_schemes(any_driver):
    any_driver.verify_connectivity()
    assert any_driver.execute_query("RETURN 1 AS one").records[0]["one"] == 1


@pytest.mark.parametrize("database", [None, "neo4j", "default"])
def test_names_of_the_database(any_driver, database):
    with any_driver.session(database=database) as session:
        assert session.run("RETURN 1 AS one").single()["one"] == 1


def test_another_database_is_not_found(driver):
    with driver.session(database="movies") as session, pytest.raises(neo4j.exceptions.ClientError) as error:
        session.run("RETURN 1").consume()
    assert error.value.code == "Neo.ClientError.Database.DatabaseNotFound"


@pytest.mark.parametrize("value", [
    None, True, 0, -1, 2**63 - 1, -2**63, 1.5, float("inf"), "", "grüßer 😀", b"\x00\xff", [], [1, [2, None]], {}, {"a": {"b": [1]}},
    neo4j.time.Date(2024, 2, 29), neo4j.time.Time(1, 2, 3, 4), neo4j.time.DateTime(2024, 1, 2, 3, 4, 5, 6), neo4j.time.Duration(1, 2, 3, 4),
    neo4j.time.DateTime(2024, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
    neo4j.spatial.CartesianPoint((1.0, 2.0)), neo4j.spatial.WGS84Point((1.0, 2.0, 3.0)), list(range(5000)), "x" * 100_000,
], ids=lambda v: repr(v)[:30])
def test_values_come_back(driver, value):
    back = driver.execute_query("RETURN $v AS v", v=value).records[0]["v"]
    assert back == value and (isinstance(value, (bytes, bytearray)) or type(back) is type(value))


def test_a_zoned_date_time(driver):
    record = driver.execute_query("RETURN datetime('2024-07-01T12:00:00[Europe/Berlin]') AS t").records[0]
    assert record["t"].utcoffset() == datetime.timedelta(hours=2) and str(record["t"].tzinfo) == "Europe/Berlin"


def test_entities(driver):
    record = driver.execute_query("CREATE p = (a:Person:Boss {name: 'Ann', age: 3})-[r:KNOWS {since: 1}]->(b:Person) RETURN a, r, b, p").records[0]
    a, r, b, p = record["a"], record["r"], record["b"], record["p"]
    assert a.labels == {"Person", "Boss"} and dict(a) == {"name": "Ann", "age": 3}
    assert r.type == "KNOWS" and dict(r) == {"since": 1} and r.start_node == a and r.end_node == b
    assert p.start_node == a and p.end_node == b and len(p) == 1
    found = driver.execute_query("MATCH (n) WHERE elementId(n) = $id RETURN n", id=a.element_id).records
    assert [row["n"].element_id for row in found] == [a.element_id]


def test_counters_and_type(driver):
    summary = driver.execute_query("CREATE (:C {x: 1, y: 2})").summary
    assert summary.counters.nodes_created == 1 and summary.counters.properties_set == 2 and summary.counters.labels_added == 1
    assert summary.query_type in ("w", "rw") and summary.database == "default"
    assert driver.execute_query("RETURN 1").summary.query_type == "r"


def test_explicit_transactions(driver):
    with driver.session() as session:
        with session.begin_transaction() as tx:
            tx.run("CREATE (:T {n: 1})")
            assert tx.run("MATCH (t:T) RETURN count(t) AS c").single()["c"] == 1
            tx.rollback()
        assert session.run("MATCH (t:T) RETURN count(t) AS c").single()["c"] == 0
        with session.begin_transaction() as tx:
            tx.run("CREATE (:T {n: 1})")
            tx.commit()
        assert session.run("MATCH (t:T) RETURN count(t) AS c").single()["c"] == 1


def test_a_read_transaction_may_not_write(driver):
    with driver.session() as session, pytest.raises(neo4j.exceptions.ClientError) as error:
        session.execute_read(lambda tx: tx.run("CREATE (:Never)").consume())
    assert error.value.code == "Neo.ClientError.Statement.AccessMode"


def test_two_results_open_at_once(driver):
    with driver.session(fetch_size=10) as session, session.begin_transaction() as tx:
        one, two = tx.run("UNWIND range(1, 100) AS x RETURN x"), tx.run("UNWIND range(1, 50) AS x RETURN x")
        first = next(one)["x"]
        assert [r["x"] for r in two] == list(range(1, 51))
        assert [first] + [r["x"] for r in one] == list(range(1, 101))


def test_a_large_result_comes_in_pieces(driver):
    with driver.session(fetch_size=1000) as session:
        assert sum(1 for _ in session.run("UNWIND range(1, 100000) AS x RETURN x")) == 100_000
        result = session.run("UNWIND range(1, 1000000) AS x RETURN x")
        assert next(iter(result))["x"] == 1
        result.consume()  # nothing more of it: DISCARD
        assert session.run("RETURN 1 AS one").single()["one"] == 1


def test_errors_have_neo4js_codes_and_gql_status(driver):
    with driver.session() as session:
        with pytest.raises(neo4j.exceptions.CypherSyntaxError) as error:
            session.run("RETRUN 1").consume()
        assert error.value.code == "Neo.ClientError.Statement.SyntaxError" and error.value.gql_status == "42001"
        with pytest.raises(neo4j.exceptions.ClientError) as error:
            session.run("RETURN $missing").consume()
        assert error.value.code == "Neo.ClientError.Statement.ParameterMissing"
        with pytest.raises(neo4j.exceptions.CypherSyntaxError) as error:
            session.run("MATCH (node)\nRETURN nod").consume()
        assert error.value.diagnostic_record["_position"] == {"line": 2, "column": 8, "offset": 20}
        assert "did you mean `node`?" in error.value.message and error.value.message.endswith("^")
        assert error.value.__cause__.gql_status == "42N62" and "^" not in error.value.__cause__.gql_status_description
        assert session.run("RETURN 1 AS one").single()["one"] == 1


def test_explain_and_profile(driver):
    plan = driver.execute_query("EXPLAIN MATCH (n) RETURN n").summary.plan
    assert plan["operatorType"].startswith("ProduceResults") and plan["children"]
    assert driver.execute_query("PROFILE UNWIND [1, 2] AS x RETURN x").summary.profile["rows"] == 2


def test_a_statement_ends_at_its_timeout(driver):
    with driver.session() as session:
        begin = time.monotonic()
        with pytest.raises(neo4j.exceptions.Neo4jError) as error:
            session.run(neo4j.Query("UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a + b AS c RETURN count(c)", timeout=0.3)).consume()
        assert error.value.code == "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration" and time.monotonic() - begin < 10


def test_bookmarks_chain_sessions(driver):
    with driver.session() as session:
        session.run("CREATE (:B)").consume()
        bookmarks = session.last_bookmarks()
    with driver.session(bookmarks=bookmarks, default_access_mode="READ") as session:
        assert session.run("MATCH (b:B) RETURN count(b) AS c").single()["c"] >= 1
    with driver.session(bookmarks=neo4j.Bookmarks.from_raw_values(["graft:" + "0" * 32 + ":1:1"])) as session:
        with pytest.raises(neo4j.exceptions.ClientError) as error:
            session.run("RETURN 1").consume()
    assert error.value.code == "Neo.ClientError.Transaction.InvalidBookmark"


def test_wrong_passwords_cost_time_and_right_ones_do_not(standalone):
    uri = standalone.bolt_uri
    for password in ("wrong", "", "73@tugraph"):
        with neo4j.GraphDatabase.driver(uri, auth=("admin", password)) as d, pytest.raises(neo4j.exceptions.AuthError):
            d.verify_connectivity()
    with neo4j.GraphDatabase.driver(uri, auth=("nobody", "73@TuGraph")) as d, pytest.raises(neo4j.exceptions.AuthError):
        d.verify_connectivity()
    with standalone.driver() as d:
        d.verify_connectivity()
    assert "73@tugraph" not in standalone.console() and "73@TuGraph" not in standalone.console()


def test_change_of_password(tmp_path):
    with Server.standalone(tmp_path) as server:
        server.wait_serving()
        server.write("CALL dbms.security.changePassword('73@TuGraph', 'n3w one')")
        with neo4j.GraphDatabase.driver(server.bolt_uri, auth=AUTH) as d, pytest.raises(neo4j.exceptions.AuthError):
            d.verify_connectivity()
        with neo4j.GraphDatabase.driver(server.bolt_uri, auth=("admin", "n3w one")) as d:
            wait_for(lambda: d.execute_query("RETURN 1 AS one").records[0]["one"] == 1, "the new password works")
            server.kill()
            server.start()
            wait_for(lambda: d.execute_query("RETURN 1 AS one").records[0]["one"] == 1, "also after a restart")


def test_disabled_authentication(tmp_path):
    with Server.standalone(tmp_path, disable_auth=True) as server:
        server.wait_serving()
        with neo4j.GraphDatabase.driver(server.bolt_uri) as d:
            d.verify_connectivity()


def test_procedures_of_the_cluster_on_one_node(standalone):
    rows = standalone.raft_nodes()
    assert len(rows) == 1 and rows[0]["is_leader"] and not rows[0]["is_learner"] and rows[0]["node_id"] == 1
    status = standalone.raft_status()
    assert status["id"] == status["lead"] == 1 and status["raftState"] == "StateLeader" and status["raftlog"]["last"] >= status["applied"]
    names = [row["name"] for row in standalone.query("CALL dbms.procedures() YIELD name RETURN name")]
    assert {"db.bolt.listRaftNodes", "db.bolt.addRaftNode", "dbms.procedures"} <= set(names)


def test_the_last_voter_stays(standalone):
    with pytest.raises(neo4j.exceptions.Neo4jError):
        standalone.write("CALL db.bolt.removeRaftNode(1)")
    standalone.wait_serving()


@pytest.mark.parametrize("scheme", ["bolt", "bolt+ssc", "neo4j+ssc"])
def test_tls_and_plain_on_one_port(tmp_path, certificate, scheme):
    with Server.standalone(tmp_path, **certificate) as server:
        server.wait_serving()
        with neo4j.GraphDatabase.driver(f"{scheme}://127.0.0.1:{server.config['bolt_port']}", auth=AUTH) as d:
            assert d.execute_query("UNWIND range(1, 20000) AS x RETURN count(x) AS c").records[0]["c"] == 20000
            assert d.get_server_info().agent.startswith("Neo4j/")
