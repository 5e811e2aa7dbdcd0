"""Statements that are long, large or many transactions: batches, imports, SHOW and TERMINATE, cancelling, limits, nesting."""
import concurrent.futures
import select
import time

import neo4j
import neo4j.exceptions
import pytest
from bolt import PULL, RESET, RUN, SUCCESS, Bolt, Failure
from harness import AUTH, Server, wait_for

CANCEL_SECONDS = 2.0  # wide: the machine may be busy; what is seen is far less (docs/cypher.md)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    directory = tmp_path_factory.mktemp("statements")
    (directory / "import").mkdir()
    with Server.standalone(directory, import_directory=str(directory / "import"), query_memory_mb=64) as s:
        yield s.wait_serving()


@pytest.fixture
def driver(server):
    with server.driver() as d:
        yield d


def autocommit(driver, text, **parameters):
    """Neither in a transaction nor retried, as execute_query is: rows and summary."""
    with driver.session() as session:
        result = session.run(text, parameters)
        return list(result), result.consume()


def code_of(call, *args, **keys):
    with pytest.raises(neo4j.exceptions.Neo4jError) as error:
        call(*args, **keys)
    return error.value.code


# ---- CALL { } IN TRANSACTIONS ----

def test_a_hundred_thousand_rows_in_batches(driver):
    with driver.session() as session:
        summary = session.run("UNWIND range(1, 100000) AS i CALL (i) { CREATE (:Batch {i: i}) } IN TRANSACTIONS OF 1000 ROWS").consume()
        assert summary.counters.nodes_created == 100_000
        bookmarks = session.last_bookmarks()
    with driver.session(bookmarks=bookmarks, default_access_mode=neo4j.READ_ACCESS) as session:
        assert session.run("MATCH (b:Batch) RETURN count(*) AS c, sum(b.i) AS s").single().values() == [100_000, 5_000_050_000]


def test_batches_that_fail_are_gone_on_after(driver):
    with driver.session() as session:
        rows = session.run(
            "UNWIND range(1, 100000) AS i CALL (i) { CREATE (:Some {i: 1 / (i % 5000)}) } IN TRANSACTIONS OF 1000 ROWS "
            "ON ERROR CONTINUE REPORT STATUS AS s RETURN s.committed AS ok, count(*) AS c, min(s.errorMessage) AS why ORDER BY ok").values()
        assert rows == [[False, 20_000, "/ by zero"], [True, 80_000, None]]
        assert session.run("MATCH (s:Some) RETURN count(*) AS c").single()["c"] == 80_000


def test_a_failure_keeps_what_was_committed(driver):
    text = "UNWIND range(1, 10000) AS i CALL (i) { CREATE (:Kept {i: 1 / (5000 - i)}) } IN TRANSACTIONS OF 1000 ROWS"
    assert code_of(autocommit, driver, text) == "Neo.ClientError.Statement.ArithmeticError"
    assert driver.execute_query("MATCH (k:Kept) RETURN count(*) AS c").records[0]["c"] == 4000


def test_batches_are_refused_in_an_explicit_transaction(driver):
    with driver.session() as session:
        tx = session.begin_transaction()
        code = code_of(lambda: tx.run("UNWIND [1] AS i CALL (i) { CREATE (:No) } IN TRANSACTIONS").consume())
    assert code == "Neo.DatabaseError.Transaction.TransactionStartFailed"


def test_batches_while_others_write(driver):
    driver.execute_query("CREATE (:Counter {n: 0})")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        batches = pool.submit(autocommit, driver, "UNWIND range(1, 20000) AS i CALL (i) { CREATE (:Beside {i: i}) } IN TRANSACTIONS OF 100 ROWS")
        for _ in range(200):
            driver.execute_query("MATCH (c:Counter) SET c.n = c.n + 1")
        assert batches.result(60)[1].counters.nodes_created == 20_000
    assert driver.execute_query("MATCH (c:Counter) RETURN c.n AS n").records[0]["n"] == 200


# ---- LOAD CSV ----

def test_load_csv(server, driver):
    directory = server.directory / "import"
    (directory / "people.csv").write_text("id,name\n" + "".join(f'{i},"Person, ""{i}"""\n' for i in range(20_000)))
    rows, _ = autocommit(driver, "LOAD CSV WITH HEADERS FROM 'file:///people.csv' AS row CALL (row) { CREATE (:Csv {id: toInteger(row.id), name: row.name}) } "
                                  "IN TRANSACTIONS OF 1000 ROWS RETURN count(*) AS c, max(linenumber()) AS last")
    assert rows[0].values() == [20_000, 20_001]
    assert driver.execute_query("MATCH (c:Csv {id: 7}) RETURN c.name AS n").records[0]["n"] == 'Person, "7"'
    with driver.session() as session, session.begin_transaction() as tx:
        assert tx.run("LOAD CSV FROM 'file:///people.csv' AS row RETURN count(*) AS c").single()["c"] == 20_001


@pytest.mark.parametrize("url", ["file:///none.csv", "file:///../lgraph.json", "http://127.0.0.1:9/x.csv", "file:///etc/passwd", "people.csv"])
def test_nothing_but_files_of_the_folder(driver, url):
    code = code_of(driver.execute_query, "LOAD CSV FROM $url AS row RETURN row", url=url)
    assert code in ("Neo.ClientError.Statement.ExternalResourceFailed", "Neo.ClientError.Statement.InvalidURL"), code


def test_without_a_folder_there_is_no_import(standalone):
    with standalone.driver() as driver:
        assert code_of(driver.execute_query, "LOAD CSV FROM 'file:///x.csv' AS row RETURN row") == "Neo.ClientError.Statement.ExternalResourceFailed"


# ---- SHOW and TERMINATE TRANSACTIONS, dbms.task ----

HEAVY = "UNWIND range(1, 100000000) AS x WITH x WHERE x % 2 = 3 RETURN count(x) AS heavy"


def running(driver, word):
    rows = driver.execute_query("SHOW TRANSACTIONS YIELD transactionId, currentQuery, username, status").records
    return [r for r in rows if word in r["currentQuery"] and "SHOW" not in r["currentQuery"]]


@pytest.mark.parametrize("explicit", [False, True], ids=["autocommit", "transaction"])
def test_a_heavy_statement_is_shown_and_terminated(driver, explicit):
    def heavy():
        with driver.session() as session:
            if explicit:
                with session.begin_transaction() as tx:
                    return tx.run(HEAVY).consume()
            return session.run(HEAVY).consume()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        work = pool.submit(heavy)
        row = wait_for(lambda: running(driver, "heavy"), "the statement is shown")[0]
        assert row["username"] == "admin" and row["status"] == "Running"
        answer = driver.execute_query(f"TERMINATE TRANSACTION '{row['transactionId']}'").records[0]
        assert answer["message"] == "Transaction terminated."
        with pytest.raises(neo4j.exceptions.Neo4jError) as error:
            work.result(CANCEL_SECONDS * 10)
        assert error.value.code == "Neo.ClientError.Transaction.Terminated"
    assert running(driver, "heavy") == []


def test_an_idle_transaction_is_terminated(driver):
    with driver.session() as session:
        tx = session.begin_transaction()
        tx.run("CREATE (:Idle) RETURN 1 AS idle").consume()
        row = wait_for(lambda: running(driver, "idle"), "the transaction is shown")[0]
        driver.execute_query(f"TERMINATE TRANSACTION '{row['transactionId']}'")
        assert "Terminated" in code_of(lambda: tx.run("RETURN 1").consume())
    assert driver.execute_query("MATCH (i:Idle) RETURN count(*) AS c").records[0]["c"] == 0


def test_tasks(driver):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        work = pool.submit(driver.execute_query, HEAVY)
        task = wait_for(lambda: [r["t"] for r in driver.execute_query("CALL dbms.task.listTasks() YIELD tasks_info AS t RETURN t").records
                                 if r["t"]["task_name"] == HEAVY], "the task is listed")[0]
        assert task["user"] == "admin"
        driver.execute_query("CALL dbms.task.terminateTask($id)", id=task["task_id"])
        assert "Terminated" in code_of(work.result, CANCEL_SECONDS * 10)
    assert code_of(driver.execute_query, "CALL dbms.task.terminateTask('default-transaction-999999')") == "Neo.ClientError.Procedure.ProcedureCallFailed"


def test_unknown_transactions(driver):
    assert driver.execute_query("TERMINATE TRANSACTION 'default-transaction-999999'").records[0]["message"] == "Transaction not found."
    assert code_of(driver.execute_query, "TERMINATE TRANSACTION 'nonsense'") == "Neo.ClientError.General.InvalidArguments"


# ---- RESET ----

GRAPH = ("UNWIND range(1, 400) AS i CREATE (:Node {i: i}) WITH count(*) AS c MATCH (a:Node), (b:Node) WHERE (a.i + b.i) % 20 = 0 CREATE (a)-[:TO]->(b)")
HEAVY_STATEMENTS = {
    "cartesian product": "MATCH (a:Node), (b:Node), (c:Node), (d:Node) WHERE a.i + b.i + c.i + d.i < 0 RETURN count(*)",
    "variable length": "MATCH p = (a:Node)-[:TO*]->(b) WHERE length(p) < 0 RETURN count(*)",
    "quantified path": "MATCH (a:Node)((x)-[:TO]->(y) WHERE x.i > 0){1,30}(b) RETURN count(*)",
    "all shortest paths": "MATCH p = allShortestPaths((a:Node)-[:TO*]-(b:Node)) WHERE a <> b RETURN sum(length(p))",
    "shortest paths of every pair": "UNWIND range(1, 1000) AS again MATCH (a:Node), (b:Node) WHERE a <> b MATCH p = shortestPath((a)-[*]-(b)) RETURN sum(length(p) + again)",
    "sort": "UNWIND range(1, 500) AS y UNWIND range(1, 1000000) AS x WITH x ORDER BY x % 1000 DESC, x LIMIT 10000 RETURN count(*)",
    "aggregation": "UNWIND range(1, 1000) AS y UNWIND range(1, 1000000) AS x RETURN x % 1000 AS k, sum(x), collect(DISTINCT x % 7)",
    "unwind": "UNWIND range(1, 100000000000) AS x WITH x WHERE x < 0 RETURN x",
    "list comprehension": "UNWIND range(1, 1000) AS y RETURN size([x IN range(1, 1000000) WHERE x % 3 = y | x * 2]) AS s",
    "reduce": "UNWIND range(1, 1000) AS y RETURN reduce(s = 0, x IN range(1, 1000000) | s + x % 7) AS s",
    "regular expressions": "UNWIND range(1, 100000000) AS x WITH x WHERE toString(x) + 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaab' =~ '(a|aa|1)+c' RETURN count(*)",
    "list functions": "UNWIND range(1, 100000) AS x WITH range(1, 200000) AS l RETURN max(size(reverse(tail(l))))",
    "text": "UNWIND range(1, 1000000) AS x RETURN max(size(replace(reduce(s = 'ab', i IN range(1, 16) | s + s), 'a', 'xyz')))",
}


def time_to_reset(bolt, statement):
    """Seconds from RESET to its answer, sent when the statement runs already."""
    bolt.send(RUN, statement, {}, {})
    bolt.send(PULL, {"n": -1})
    ended_by_itself = select.select([bolt.socket], [], [], 0.5)[0]
    assert not ended_by_itself, bolt.receive()
    begin = time.monotonic()
    bolt.send(RESET)
    while True:
        message = bolt.receive()
        if message.tag == SUCCESS and not message.fields[0]:
            return time.monotonic() - begin


@pytest.fixture(scope="module")
def graph(server):
    with server.driver() as driver:
        driver.execute_query(GRAPH)
    return server


@pytest.mark.parametrize("kind", HEAVY_STATEMENTS)
def test_reset_stops_it_whatever_it_does(graph, kind, record_property):
    with Bolt(graph.address, (5, 8), AUTH) as bolt:
        seconds = time_to_reset(bolt, HEAVY_STATEMENTS[kind])
        record_property("seconds", seconds)
        print(f"{kind}: {seconds * 1000:.1f} ms")
        assert seconds < CANCEL_SECONDS
        assert bolt.run("RETURN 1")[0] == [[1]]


def test_reset_stops_a_large_delete(graph):
    with Bolt(graph.address, (5, 8), AUTH) as bolt:
        bolt.run("UNWIND range(1, 300000) AS i CREATE (:Doomed {i: i})")
        seconds = time_to_reset(bolt, "MATCH (d:Doomed) WHERE size([x IN range(1, 200) WHERE x % 7 = d.i]) >= 0 DETACH DELETE d")
        print(f"delete: {seconds * 1000:.1f} ms")
        assert seconds < CANCEL_SECONDS
        assert bolt.run("MATCH (d:Doomed) RETURN count(*)")[0] == [[300_000]]
        bolt.run("MATCH (d:Doomed) CALL (d) { DELETE d } IN TRANSACTIONS OF 10000 ROWS")


# ---- time and memory ----

def test_the_clients_timeout(driver):
    with driver.session() as session:
        code = code_of(lambda: session.run(neo4j.Query(HEAVY, timeout=0.2)).consume())
        assert code == "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration"
        tx = session.begin_transaction(timeout=0.3)
        code = code_of(lambda: tx.run(HEAVY).consume())
        assert code == "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration"


def test_the_servers_timeouts(tmp_path):
    with Server.standalone(tmp_path, transaction_timeout_ms=300, idle_transaction_timeout_ms=100) as server, server.wait_serving().driver() as driver:
        with driver.session() as session:
            assert code_of(lambda: session.run(HEAVY).consume()) == "Neo.ClientError.Transaction.TransactionTimedOut"
            tx = session.begin_transaction()
            tx.run("CREATE (:Idle)").consume()
            wait_for(lambda: driver.execute_query("SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS 'Idle' AND NOT currentQuery CONTAINS 'SHOW' "
                                                  "RETURN count(*) AS c").records[0]["c"] >= 0 and _over(tx), "the idle transaction is over")


def _over(tx):
    try:
        tx.run("RETURN 1").consume()
    except neo4j.exceptions.Neo4jError as error:
        return error.code == "Neo.ClientError.Transaction.TransactionTimedOut"
    return False


@pytest.mark.parametrize("statement", [
    "UNWIND range(1, 10000000) AS x WITH x ORDER BY -x RETURN count(*)",
    "UNWIND range(1, 10000000) AS x RETURN x AS k, count(*) AS c",
    "UNWIND range(1, 10000000) AS x RETURN size(collect(x))",
    "UNWIND range(1, 10000000) AS x WITH DISTINCT x RETURN count(*)",
], ids=["sort", "grouping", "collect", "distinct"])
def test_a_statement_over_its_memory_ends_with_neo4js_code(driver, statement):
    assert code_of(autocommit, driver, statement) == "Neo.ClientError.General.TransactionOutOfMemoryError"
    assert driver.execute_query("RETURN 1 AS one").records[0]["one"] == 1


def test_rows_stream_in_constant_memory(server):
    def resident():
        with open(f"/proc/{server.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    with Bolt(server.address, (5, 8), AUTH) as bolt:
        bolt.run("UNWIND range(1, 100000) AS x RETURN x, 'some text' AS t")
        before, peak, count = resident(), 0, 0
        bolt.send(RUN, "UNWIND range(1, 1000000) AS x RETURN x, 'some text' AS t", {}, {})
        assert bolt.receive().tag == SUCCESS
        bolt.send(PULL, {"n": -1})
        while bolt.receive().tag != SUCCESS:
            count += 1
            if count % 100_000 == 0:
                peak = max(peak, resident())
        assert count == 1_000_000 and peak < before + 64 * 1024, (before, peak)


# ---- deep nesting: an answer or an error ----

NESTED = {
    "parentheses": lambda: "RETURN " + "(" * 10_000 + "1" + ")" * 10_000,
    "list literal": lambda: "RETURN " + "[" * 10_000 + "]" * 10_000,
    "map literal": lambda: "RETURN " + "{a: " * 10_000 + "1" + "}" * 10_000,
    "long list": lambda: "RETURN size([" + ",".join(map(str, range(100_000))) + "])",
    "conjunction": lambda: "RETURN " + " AND ".join(["true"] * 100_000),
    "disjunction": lambda: "MATCH (n:Node) WHERE " + " OR ".join(f"n.i = {i}" for i in range(20_000)) + " RETURN count(*)",
    "sum": lambda: "RETURN " + "+".join(["1"] * 100_000),
    "not": lambda: "RETURN " + "NOT " * 100_000 + "true",
    "minus": lambda: "RETURN " + "- " * 100_000 + "1",
    "case": lambda: "RETURN " + "CASE WHEN true THEN " * 5_000 + "1" + " END" * 5_000,
    "megabyte of text": lambda: "RETURN '" + "x" * 1_000_000 + "'",
    "unions": lambda: " UNION ALL ".join(["RETURN 1 AS x"] * 5_000),
    "with": lambda: "WITH 1 AS x " + "WITH x + 1 AS x " * 5_000 + "RETURN x",
    "pattern": lambda: "MATCH (a)" + "-->()" * 5_000 + " RETURN count(*)",
    "create": lambda: "EXPLAIN CREATE (a)" + "-[:T]->()" * 5_000,
    "subqueries": lambda: "CALL { " * 2_000 + "RETURN 1 AS x" + " } RETURN x" * 2_000,
    "exists": lambda: "RETURN " + "EXISTS { MATCH (n) WHERE " * 2_000 + "true" + " }" * 2_000,
    "functions": lambda: "RETURN " + "abs(" * 10_000 + "1" + ")" * 10_000,
    "indexing": lambda: "WITH [1] AS l RETURN l" + "[0]" * 10_000,
    "properties": lambda: "WITH {a: 1} AS m RETURN m" + ".a" * 10_000,
    "labels": lambda: "MATCH (n:" + "!" * 20_000 + "A) RETURN count(*)",
    "label parentheses": lambda: "MATCH (n:" + "(" * 20_000 + "A" + ")" * 20_000 + ") RETURN count(*)",
    "foreach": lambda: "".join(f"FOREACH (x{i} IN [1] | " for i in range(2_000)) + "CREATE (:Z)" + ")" * 2_000,
    "types": lambda: "RETURN 1 IS :: " + "LIST<" * 5_000 + "INTEGER" + ">" * 5_000,
    "power": lambda: "RETURN " + "^".join(["1"] * 50_000),
    "comparison": lambda: "RETURN " + "<".join(map(str, range(20_000))),
}


@pytest.mark.parametrize("kind", NESTED)
def test_deep_statements_end_in_an_answer_or_an_error(graph, kind):
    with Bolt(graph.address, (5, 8), AUTH) as bolt:
        bolt.socket.settimeout(120)
        try:
            bolt.run(NESTED[kind](), extra={"tx_timeout": 20_000})
        except Failure as failure:
            assert failure.metadata["neo4j_code"].startswith(("Neo.ClientError.", "Neo.TransientError.")), failure.metadata
        assert bolt.run("RETURN 1")[0] == [[1]]


@pytest.mark.parametrize("depth", [10, 1_000, 100_000])
@pytest.mark.parametrize("kind", ["list", "map"])
def test_deep_parameters(server, depth, kind):
    with Bolt(server.address, (5, 8), AUTH) as bolt:
        inner = (b"\x91" if kind == "list" else b"\xA1\x81a") * depth + b"\x01"
        body = b"\xB3\x10" + b"\x89RETURN $v" + b"\xA1\x81v" + inner + b"\xA0"
        for i in range(0, len(body), 0xFFFF):
            chunk = body[i:i + 0xFFFF]
            bolt.socket.sendall(len(chunk).to_bytes(2, "big") + chunk)
        bolt.socket.sendall(b"\0\0")
        answer = bolt.receive()
        if depth == 10:
            assert answer.tag == SUCCESS
        else:  # refused, or closed as no client would send it
            assert answer.tag in (SUCCESS, 0x7F)
    with Bolt(server.address, (5, 8), AUTH) as bolt:
        assert bolt.run("RETURN 1")[0] == [[1]]


def test_deep_results(server):
    with Bolt(server.address, (5, 8), AUTH) as bolt:
        for depth in (20, 300, 5_000):
            try:
                bolt.run(f"RETURN reduce(l = [], x IN range(1, {depth}) | [l]) AS l")
            except Failure as failure:
                assert failure.metadata["neo4j_code"].startswith("Neo.ClientError."), failure.metadata
        assert bolt.run("RETURN 1")[0] == [[1]]
