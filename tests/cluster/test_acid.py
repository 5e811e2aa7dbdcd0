"""The LDBC ACID test suite's anomalies, by Waudby et al., "Towards Testing ACID Compliance in the LDBC Social Network
Benchmark" (TPCTC 2020): none may occur, at one node and over a cluster."""
import random
import threading

import neo4j
import pytest

WORKERS = 8
ROUNDS = 40


@pytest.fixture(params=["standalone", "cluster"])
def database(request):
    """A driver to write with; reads go wherever it routes them."""
    fixture = request.getfixturevalue(request.param)
    if request.param == "standalone":
        driver = neo4j.GraphDatabase.driver(fixture.bolt_uri.replace("bolt://", "neo4j://"), auth=("admin", "73@TuGraph"))
    else:
        driver = fixture.driver()
    with driver:
        yield driver


def in_parallel(*functions):
    """Runs all at once; raises what any of them raised."""
    errors = []

    def guarded(f):
        try:
            f()
        except BaseException as error:  # handed to the test's thread
            errors.append(error)
    threads = [threading.Thread(target=guarded, args=(f,)) for f in functions]
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
        assert not t.is_alive(), "a client hangs"
    if errors:
        raise errors[0]


def write(driver, work, *args):
    with driver.session() as session:
        return session.execute_write(work, *args)


def read(driver, work, *args):
    """A read in its own transaction, linearizable (access mode WRITE), so that what was committed is seen."""
    with driver.session(default_access_mode=neo4j.WRITE_ACCESS) as session:
        return session.execute_write(work, *args)


def run(driver, text, **parameters):
    return write(driver, lambda tx: tx.run(text, parameters).data())


def clients(work, workers=WORKERS, rounds=ROUNDS):
    def client(seed):
        choose = random.Random(seed)
        for n in range(rounds):
            work(choose, seed * rounds + n)
    in_parallel(*[lambda s=s: client(s) for s in range(workers)])


def test_atomicity_of_commit_and_rollback(database):
    run(database, "CREATE (:Person {id: 0, emails: ['a']})")
    committed = []

    def work(choose, n):
        fails = choose.random() < 0.5

        def change(tx):
            tx.run("MATCH (p:Person {id: 0}) CREATE (p)-[:KNOWS {n: $n}]->(:Person {id: $n}) SET p.emails = p.emails + $mail",
                   n=n + 1, mail=f"m{n}").consume()
            if fails:
                raise RuntimeError("rolled back on purpose")
        try:
            write(database, change)
            committed.append(n)
        except RuntimeError:
            pass
    clients(work)
    row = run(database, "MATCH (p:Person {id: 0}) OPTIONAL MATCH (p)-[k:KNOWS]->(q) RETURN count(k) AS knows, size(p.emails) AS emails")[0]
    assert row == {"knows": len(committed), "emails": len(committed) + 1}


def test_g0_dirty_write(database):
    run(database, "CREATE (:G {id: 1, history: [0]})-[:E {history: [0]}]->(:G {id: 2, history: [0]})")
    clients(lambda _, n: run(database, "MATCH (a:G {id: 1})-[e:E]->(b:G {id: 2}) SET a.history = a.history + $n, "
                                       "b.history = b.history + $n, e.history = e.history + $n", n=n + 1))
    row = run(database, "MATCH (a:G {id: 1})-[e:E]->(b:G {id: 2}) RETURN a.history AS a, e.history AS e, b.history AS b")[0]
    assert row["a"] == row["b"] == row["e"]
    assert len(row["a"]) == 1 + WORKERS * ROUNDS


def test_g1a_aborted_read(database):
    run(database, "CREATE (:G {id: 1, version: 1})")

    def abort(tx):
        tx.run("MATCH (g:G {id: 1}) SET g.version = 2").consume()
        raise RuntimeError("rolled back on purpose")

    def work(choose, _):
        if choose.random() < 0.5:
            with pytest.raises(RuntimeError):
                write(database, abort)
        else:
            assert read(database, lambda tx: tx.run("MATCH (g:G {id: 1}) RETURN g.version AS v").single()["v"]) == 1
    clients(work)


def test_g1b_intermediate_read(database):
    run(database, "CREATE (:G {id: 1, version: 99})")

    def even_then_odd(tx):
        tx.run("MATCH (g:G {id: 1}) SET g.version = 0").consume()
        tx.run("MATCH (g:G {id: 1}) SET g.version = 1").consume()

    def work(choose, _):
        if choose.random() < 0.3:
            write(database, even_then_odd)
        else:
            assert read(database, lambda tx: tx.run("MATCH (g:G {id: 1}) RETURN g.version AS v").single()["v"]) % 2 == 1
    clients(work)


def test_g1c_circular_information_flow(database):
    run(database, "UNWIND range(0, 9) AS id CREATE (:G {id: id, version: 0})")
    seen = {}

    def work(choose, n):
        a, b = choose.sample(range(10), 2)

        def change(tx):
            tx.run("MATCH (g:G {id: $id}) SET g.version = $n", id=a, n=n + 1).consume()
            return tx.run("MATCH (g:G {id: $id}) RETURN g.version AS v", id=b).single()["v"]
        seen[n + 1] = write(database, change)
    clients(work)
    for transaction, read_from in seen.items():
        assert read_from == 0 or seen.get(read_from) != transaction, f"{transaction} and {read_from} read each other"


def test_imp_item_many_preceders(database):
    run(database, "CREATE (:G {id: 1, version: 1})")

    def twice(tx):
        first = tx.run("MATCH (g:G {id: 1}) RETURN g.version AS v").single()["v"]
        return first, tx.run("MATCH (g:G {id: 1}) RETURN g.version AS v").single()["v"]

    def work(choose, _):
        if choose.random() < 0.5:
            run(database, "MATCH (g:G {id: 1}) SET g.version = g.version + 1")
        else:
            first, second = read(database, twice)
            assert first == second
    clients(work)


def test_pmp_predicate_many_preceders(database):
    run(database, "CREATE (:Person {id: 0}), (:Post {id: 0})")

    def twice(tx):
        count = "MATCH (:Person)-[:LIKES]->(:Post {id: 0}) RETURN count(*) AS n"
        return tx.run(count).single()["n"], tx.run(count).single()["n"]

    def work(choose, _):
        if choose.random() < 0.5:
            run(database, "MATCH (p:Person {id: 0}), (q:Post {id: 0}) CREATE (p)-[:LIKES]->(q)")
        else:
            first, second = read(database, twice)
            assert first == second
    clients(work)


def test_otv_and_fr_observed_transactions_do_not_vanish(database):
    run(database, "UNWIND range(1, 4) AS i CREATE (:C {id: i, version: 0}) WITH collect(i) AS all "
                  "MATCH (a:C), (b:C) WHERE b.id = a.id % 4 + 1 CREATE (a)-[:NEXT]->(b)")
    versions = "MATCH (a:C {id: 1})-[:NEXT]->(b)-[:NEXT]->(c)-[:NEXT]->(d) RETURN [a.version, b.version, c.version, d.version] AS v"

    def twice(tx):
        return tx.run(versions).single()["v"], tx.run(versions).single()["v"]

    def work(choose, _):
        if choose.random() < 0.4:
            run(database, "MATCH (a:C {id: 1})-[:NEXT]->(b)-[:NEXT]->(c)-[:NEXT]->(d) SET a.version = a.version + 1, "
                          "b.version = b.version + 1, c.version = c.version + 1, d.version = d.version + 1")
        else:
            first, second = read(database, twice)
            assert len(set(first)) == 1, "a transaction was seen in part"
            assert first == second
    clients(work)


def test_lost_update(database):
    run(database, "CREATE (:Counter {id: 0, n: 0})")

    def increment(tx):
        n = tx.run("MATCH (c:Counter {id: 0}) RETURN c.n AS n").single()["n"]
        tx.run("MATCH (c:Counter {id: 0}) SET c.n = $n", n=n + 1).consume()
    clients(lambda *_: write(database, increment), workers=4, rounds=15)
    clients(lambda *_: run(database, "MATCH (c:Counter {id: 0}) SET c.n = c.n + 1"), rounds=20)
    assert run(database, "MATCH (c:Counter {id: 0}) RETURN c.n AS n") == [{"n": 4 * 15 + WORKERS * 20}]


def test_write_skew(database):
    run(database, "UNWIND range(0, 4) AS id CREATE (:Pair {id: id, a: 70, b: 80})")

    def withdraw(tx, pair, side):
        row = tx.run("MATCH (p:Pair {id: $pair}) RETURN p.a + p.b AS total", pair=pair).single()
        if row["total"] >= 100:
            tx.run(f"MATCH (p:Pair {{id: $pair}}) SET p.{side} = p.{side} - 100", pair=pair).consume()
    clients(lambda choose, _: write(database, withdraw, choose.randrange(5), choose.choice("ab")), workers=4, rounds=15)
    assert run(database, "MATCH (p:Pair) WHERE p.a + p.b < 0 RETURN p.id AS id") == []


def test_write_skew_by_a_phantom(database):
    """Two transactions each see that there is no doctor on call and put one there: only one may."""
    def on_call(tx, shift, name):
        if tx.run("MATCH (d:OnCall {shift: $shift}) RETURN count(d) AS n", shift=shift).single()["n"] == 0:
            tx.run("CREATE (:OnCall {shift: $shift, name: $name})", shift=shift, name=name).consume()
    for shift in range(10):
        in_parallel(*[lambda w=w: write(database, on_call, shift, f"w{w}") for w in range(4)])
    assert run(database, "MATCH (d:OnCall) WITH d.shift AS shift, count(*) AS n WHERE n > 1 RETURN shift, n") == []
