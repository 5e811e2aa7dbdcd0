"""Statements that are long, large or many transactions: batches, imports, SHOW and TERMINATE, cancelling, limits, nesting."""
import concurrent.futures
import select
import time

import neo4j
import neo4j.exceptions
import pytest
from bolt import BEGIN, PULL, RESET, RUN, SUCCESS, Bolt, Failure
from harness import AUTH, Server, wait_for
from heavy_statements import GRAPH, HEAVY_STATEMENTS, TEXT, fill

CANCEL_SECONDS = 10.0  # wide: the machine may be busy; bench/cancel.py prints what is seen


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

def time_to_reset(bolt, statement, streams=False):
    """Seconds from RESET to its answer, sent when the statement runs already."""
    bolt.send(RUN, statement, {}, {})
    bolt.send(PULL, {"n": -1})
    ended_by_itself = select.select([bolt.socket], [], [], 0.3)[0] and not streams
    assert not ended_by_itself, bolt.receive()
    begin = time.monotonic()
    bolt.send(RESET)
    while True:
        message = bolt.receive()
        if message.tag == SUCCESS and not message.fields[0]:
            return time.monotonic() - begin


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    directory = tmp_path_factory.mktemp("graph")
    (directory / "import").mkdir()
    with Server.standalone(directory, import_directory=str(directory / "import"), query_memory_mb=2048) as s:
        with Bolt(s.wait_serving().address, (5, 8), AUTH) as bolt:
            bolt.socket.settimeout(120)
            fill(bolt, directory / "import", 1_000_000)
        yield s


@pytest.mark.parametrize("kind", HEAVY_STATEMENTS)
def test_reset_stops_it_whatever_it_does(graph, kind):
    with Bolt(graph.address, (5, 8), AUTH) as bolt:
        bolt.socket.settimeout(120)
        seconds = time_to_reset(bolt, HEAVY_STATEMENTS[kind], streams=kind == "rows that nobody reads")
        print(f"{kind}: {seconds * 1000:.1f} ms")
        assert seconds < CANCEL_SECONDS
        assert bolt.run("RETURN 1")[0] == [[1]]


def test_a_stopped_delete_deleted_nothing(graph):
    with Bolt(graph.address, (5, 8), AUTH) as bolt:
        before = bolt.run("MATCH (l:Leaf) RETURN count(*)")[0]
        time_to_reset(bolt, HEAVY_STATEMENTS["delete"])
        assert bolt.run("MATCH (l:Leaf) RETURN count(*)")[0] == before


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


def resident(server):
    """KiB."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


# What nobody counts row by row. The server's limit here is 64 MiB.
GREEDY = {
    "text that doubles": "RETURN size(reduce(s = 'ab', i IN range(1, 40) | s + s))",
    "list that doubles": "RETURN size(reduce(l = [1], i IN range(1, 40) | l + l))",
    "list of lists": "RETURN size([x IN range(1, 100000) | [y IN range(1, 10000) | x + y]])",
    "split": f"RETURN size(split({TEXT}, 'b'))",
    "replace": f"RETURN size(replace({TEXT}, 'a', 'abcdefghijklmnopqrstuvwxyz'))",
    "case": f"RETURN size(toUpper({TEXT}))",
    "percentile": "UNWIND range(1, 100000000) AS x RETURN percentileCont(x, 0.5)",
    "distinct maps": "UNWIND range(1, 100000000) AS x RETURN count(DISTINCT {a: x, b: [x, toString(x)]})",
    "maps in a list": "RETURN size([x IN range(1, 100000000) | {a: x, b: toString(x)}])",
    "pattern comprehension": "MATCH (a:Node) RETURN size(collect([(a)-->(b)-->(c)-->(d) | [b.i, c.i, d.i]]))",
    "collected subquery": "MATCH (a:Node) RETURN size(collect(COLLECT { MATCH (a)-->(b)-->(c)-->(d) RETURN [b.i, c.i, d.i] }))",
    "paths": "MATCH p = (a:Node)-[:TO*1..5]->(b) RETURN size(collect(p))",
    "all shortest paths": "MATCH p = allShortestPaths((a:Node)-[:TO*]-(b:Node)) WHERE a <> b RETURN size(collect(p))",
    "cartesian product kept": "MATCH (a:Node), (b:Node), (c:Node) RETURN size(collect([a.i, b.i, c.i]))",
    "eager": "UNWIND range(1, 100000000) AS x WITH {x: x} AS m CREATE (:Eager {x: m.x}) WITH m MATCH (e:Eager) WHERE e.x = m.x RETURN count(*)",
}


@pytest.mark.parametrize("kind", GREEDY)
def test_nothing_grows_without_being_counted(server, kind):
    with Bolt(server.address, (5, 8), AUTH) as bolt:
        bolt.socket.settimeout(120)
        if kind == "text that doubles":
            bolt.run(GRAPH[0])
        before = resident(server)
        with pytest.raises(Failure) as failure:
            bolt.run(GREEDY[kind], extra={"tx_timeout": 60_000})
        assert "MemoryError" in failure.value.metadata["neo4j_code"], failure.value.metadata
        assert resident(server) < before + 400 * 1024


def test_a_transactions_writes_are_counted_together(server):
    with Bolt(server.address, (5, 8), AUTH) as bolt:
        bolt.socket.settimeout(120)
        bolt.ask(BEGIN, {})
        with pytest.raises(Failure) as failure:
            for _ in range(100):
                bolt.ask(RUN, "UNWIND range(1, 20000) AS i CREATE (:Many {i: i, text: 'a text of some length, which takes room'})", {}, {})
                bolt.ask(PULL, {"n": -1})
        assert "MemoryError" in failure.value.metadata["neo4j_code"], failure.value.metadata
        bolt.ask(RESET)
        assert bolt.run("MATCH (m:Many) RETURN count(*)")[0] == [[0]]


def test_a_statement_that_changes_too_much_names_the_way_out(graph):
    with Bolt(graph.address, (5, 8), AUTH) as bolt:
        bolt.socket.settimeout(120)
        with pytest.raises(Failure) as failure:
            bolt.run(f"WITH left({TEXT}, 1000000) AS t UNWIND range(1, 1000) AS i CREATE (:Large {{t: t}})")
        assert "IN TRANSACTIONS" in failure.value.metadata["message"], failure.value.metadata


def test_rows_stream_in_constant_memory(server):
    with Bolt(server.address, (5, 8), AUTH) as bolt:
        bolt.run("UNWIND range(1, 100000) AS x RETURN x, 'some text' AS t")
        before, peak, count = resident(server), 0, 0
        bolt.send(RUN, "UNWIND range(1, 1000000) AS x RETURN x, 'some text' AS t", {}, {})
        assert bolt.receive().tag == SUCCESS
        bolt.send(PULL, {"n": -1})
        while bolt.receive().tag != SUCCESS:
            count += 1
            if count % 100_000 == 0:
                peak = max(peak, resident(server))
        assert count == 1_000_000 and peak < before + 64 * 1024, (before, peak)


@pytest.mark.parametrize("row", ["x", "range(x, x + 100000)"], ids=["short", "long"])
def test_a_client_that_does_not_read_is_not_buffered_for(server, row):
    """Until the server has stopped making rows: its memory and its processor time stand still."""
    def used():
        with open(f"/proc/{server.process.pid}/stat") as stat:
            return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))
    with Bolt(server.address, (5, 8), AUTH) as bolt:
        before = resident(server)
        bolt.send(RUN, f"UNWIND range(1, 1000000000) AS x RETURN {row} AS r", {}, {})
        bolt.send(PULL, {"n": -1})
        marks = [0]

        def stands_still():
            marks.append(used())
            time.sleep(0.2)
            return used() - marks[-1] <= 2  # hundredths of a second
        wait_for(stands_still, "the server waits for its client", 60)
        assert resident(server) < before + 100 * 1024, (before, resident(server))


# ---- deep nesting: an answer or an error ----

NESTED = {
    "parentheses": lambda: "RETURN " + "(" * 10_000 + "1" + ")" * 10_000,
    "parentheses never closed": lambda: "RETURN " + "(" * 1_000_000,
    "list literal": lambda: "RETURN " + "[" * 10_000 + "]" * 10_000,
    "lists never closed": lambda: "RETURN " + "[" * 1_000_000,
    "map literal": lambda: "RETURN " + "{a: " * 10_000 + "1" + "}" * 10_000,
    "long list": lambda: "RETURN size([" + ",".join(map(str, range(100_000))) + "])",
    "long list of lists": lambda: "RETURN size([" + ",".join(f"[{i}]" for i in range(100_000)) + "])",
    "IN a long list": lambda: "UNWIND range(1, 1000) AS x WITH x WHERE x IN [" + ",".join(map(str, range(100_000))) + "] RETURN count(*)",
    "large map": lambda: "RETURN size(keys({" + ",".join(f"k{i}: {i}" for i in range(100_000)) + "}))",
    "node of many properties": lambda: "CREATE (n:Wide {" + ",".join(f"k{i}: {i}" for i in range(5_000)) + "}) RETURN size(keys(n))",
    "node of many labels": lambda: "CREATE (n:" + ":".join(f"M{i}" for i in range(2_000)) + ") RETURN size(labels(n))",
    "conjunction": lambda: "RETURN " + " AND ".join(["true"] * 100_000),
    "disjunction": lambda: "MATCH (n:Node) WHERE " + " OR ".join(f"n.i = {i}" for i in range(20_000)) + " RETURN count(*)",
    "conjunction of predicates": lambda: "MATCH (n:Node) WHERE " + " AND ".join(f"n.i <> {i}" for i in range(20_000)) + " RETURN count(*)",
    "exclusive disjunction": lambda: "RETURN " + " XOR ".join(["true"] * 100_000),
    "sum": lambda: "RETURN " + "+".join(["1"] * 100_000),
    "not": lambda: "RETURN " + "NOT " * 100_000 + "true",
    "not of parentheses": lambda: "RETURN " + "NOT (" * 10_000 + "true" + ")" * 10_000,
    "minus": lambda: "RETURN " + "- " * 100_000 + "1",
    "case": lambda: "RETURN " + "CASE WHEN true THEN " * 10_000 + "1" + " END" * 10_000,
    "case in else": lambda: "RETURN " + "CASE WHEN false THEN 0 ELSE " * 10_000 + "1" + " END" * 10_000,
    "case of many": lambda: "RETURN CASE 5 " + " ".join(f"WHEN {i} THEN {i}" for i in range(20_000)) + " END",
    "comprehensions": lambda: "RETURN " + "[x IN " * 10_000 + "[1]" + "]" * 10_000,
    "quantifiers": lambda: "RETURN " + "any(x IN [1] WHERE " * 10_000 + "true" + ")" * 10_000,
    "reductions": lambda: "RETURN " + "reduce(s = 0, x IN [1] | s + " * 10_000 + "1" + ")" * 10_000,
    "pattern comprehensions": lambda: "MATCH (a) RETURN " + "[(a)-->() | " * 10_000 + "1" + "]" * 10_000,
    "megabyte of text": lambda: "RETURN '" + "x" * 1_000_000 + "'",
    "megabyte of comment": lambda: "RETURN 1 /*" + "x" * 1_000_000 + "*/",
    "megabyte of digits": lambda: "RETURN " + "1" * 1_000_000,
    "megabyte of name": lambda: "RETURN 1 AS `" + "x" * 1_000_000 + "`",
    "semicolons": lambda: ";" * 1_000_000,
    "unions": lambda: " UNION ALL ".join(["RETURN 1 AS x"] * 10_000),
    "distinct unions": lambda: " UNION ".join(["RETURN 1 AS x"] * 10_000),
    "with": lambda: "WITH 1 AS x " + "WITH x + 1 AS x " * 5_000 + "RETURN x",
    "columns": lambda: "RETURN " + ",".join(f"{i} AS c{i}" for i in range(10_000)),
    "pattern": lambda: "MATCH (a)" + "-->()" * 10_000 + " RETURN count(*)",
    "named pattern": lambda: "MATCH p = (a)" + "".join(f"-[r{i}]->(n{i})" for i in range(10_000)) + " RETURN p",
    "patterns apart": lambda: "MATCH " + ",".join(f"(a{i}:Nope)" for i in range(5_000)) + " RETURN count(*)",
    "patterns in a row": lambda: "MATCH " + ",".join(f"(a{i})-->(a{i + 1})" for i in range(5_000)) + " RETURN count(*)",
    "patterns from one node": lambda: "MATCH " + ",".join(f"(a)-->(b{i})" for i in range(1_000)) + " RETURN count(*)",
    "matches": lambda: " ".join(f"MATCH (a{i}:Nope)" for i in range(5_000)) + " RETURN count(*)",
    "create": lambda: "EXPLAIN CREATE (a)" + "-[:T]->()" * 10_000,
    "creates": lambda: "EXPLAIN " + " ".join(f"CREATE (a{i}:Nope)" for i in range(10_000)),
    "merge": lambda: "MATCH (n:Nope) MERGE (a:Nope)" + "-[:T]->()" * 1_000,
    "subqueries": lambda: "CALL { " * 10_000 + "RETURN 1 AS x" + " } RETURN x" * 10_000,
    "exists": lambda: "RETURN " + "EXISTS { MATCH (n) WHERE " * 10_000 + "true" + " }" * 10_000,
    "collected subqueries": lambda: "RETURN " + "COLLECT { RETURN " * 10_000 + "1" + " }" * 10_000,
    "functions": lambda: "RETURN " + "abs(" * 10_000 + "1" + ")" * 10_000,
    "arguments": lambda: "RETURN coalesce(" + ",".join(["null"] * 50_000) + ")",
    "indexing": lambda: "WITH [1] AS l RETURN l" + "[0]" * 10_000,
    "properties": lambda: "WITH {a: 1} AS m RETURN m" + ".a" * 10_000,
    "labels": lambda: "MATCH (n:" + "!" * 20_000 + "A) RETURN count(*)",
    "label alternatives": lambda: "MATCH (n:" + "|".join(f"L{i}" for i in range(20_000)) + ") RETURN count(*)",
    "label parentheses": lambda: "MATCH (n:" + "(" * 20_000 + "A" + ")" * 20_000 + ") RETURN count(*)",
    "quantified patterns": lambda: "MATCH " + "(" * 5_000 + "(a)-->(b)" + "){1,2}" * 5_000 + " RETURN 1",
    "foreach": lambda: "".join(f"FOREACH (x{i} IN [1] | " for i in range(10_000)) + "CREATE (:Z)" + ")" * 10_000,
    "types": lambda: "RETURN 1 IS :: " + "LIST<" * 10_000 + "INTEGER" + ">" * 10_000,
    "power": lambda: "RETURN " + "^".join(["1"] * 50_000),
    "comparison": lambda: "RETURN " + "<".join(map(str, range(20_000))),
}


@pytest.mark.parametrize("kind", NESTED)
def test_deep_statements_end_in_an_answer_or_an_error(server, kind):
    with Bolt(server.address, (5, 8), AUTH) as bolt:
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


def test_a_hundred_megabytes_of_parameter(graph):
    with Bolt(graph.address, (5, 8), AUTH) as bolt:
        bolt.socket.settimeout(120)
        assert bolt.run("RETURN size($t) AS s", {"t": "x" * 100_000_000})[0] == [[100_000_000]]


def test_deep_results(server):
    with Bolt(server.address, (5, 8), AUTH) as bolt:
        for depth in (20, 300, 5_000):
            try:
                bolt.run(f"RETURN reduce(l = [], x IN range(1, {depth}) | [l]) AS l")
            except Failure as failure:
                assert failure.metadata["neo4j_code"].startswith("Neo.ClientError."), failure.metadata
        assert bolt.run("RETURN 1")[0] == [[1]]
