"""Procedures and schema over Bolt: what waits, what runs as many transactions, and what tools ask for on connecting."""
import neo4j
import neo4j.exceptions
import pytest

MANY = 5000


@pytest.fixture
def driver(standalone):
    with standalone.driver() as d:
        d.execute_query("CALL db.dropDB()")
        yield d


@pytest.fixture
def people(driver):
    driver.execute_query("UNWIND range(1, $n) AS i CREATE (:person {id: i, name: 'n' + i})", n=MANY)
    return driver


def code_of(call, *args, **keys):
    with pytest.raises(neo4j.exceptions.Neo4jError) as error:
        call(*args, **keys)
    return error.value.code


def test_indexes_are_awaited_in_any_kind_of_transaction(people):
    people.execute_query("CREATE INDEX by_name FOR (n:person) ON (n.name)")
    people.execute_query("CALL db.awaitIndexes(60)")
    with people.session() as session:
        session.run("CALL db.awaitIndex('by_name', 60)").consume()
        with session.begin_transaction() as tx:
            tx.run("CALL db.awaitIndex('by_name')").consume()
    rows = people.execute_query("SHOW INDEXES YIELD name, state, populationPercent").records
    assert [r.values() for r in rows] == [["by_name", "ONLINE", 100.0]]
    assert code_of(people.execute_query, "CALL db.awaitIndex('nosuch')") == "Neo.ClientError.Schema.IndexNotFound"


def test_a_read_session_may_wait_too(people):
    people.execute_query("CREATE INDEX by_name FOR (n:person) ON (n.name)")
    with people.session(default_access_mode=neo4j.READ_ACCESS) as session:
        session.run("CALL db.awaitIndexes()").consume()
        session.execute_read(lambda tx: tx.run("CALL db.awaitIndexes()").consume())


def test_an_index_that_cannot_be_built_says_why(people):
    people.execute_query("MATCH (p:person {id: 4000}) SET p.name = $long", long="x" * 20000)
    people.execute_query("CREATE INDEX by_name FOR (n:person) ON (n.name)")
    assert code_of(people.execute_query, "CALL db.awaitIndexes(60)") == "Neo.ClientError.Procedure.ProcedureCallFailed"
    row = people.execute_query("SHOW INDEXES YIELD state, failureMessage").records[0]
    assert row["state"] == "FAILED" and "too large to index" in row["failureMessage"]
    people.execute_query("DROP INDEX by_name")


def test_a_constraint_in_a_transaction_fails_at_its_commit(people):
    people.execute_query("MATCH (p:person {id: 4000}) SET p.id = 7")
    with people.session() as session:
        tx = session.begin_transaction()
        tx.run("CREATE CONSTRAINT c FOR (n:person) REQUIRE n.id IS UNIQUE").consume()
        assert code_of(tx.commit) == "Neo.DatabaseError.Schema.ConstraintCreationFailed"
    assert people.execute_query("SHOW CONSTRAINTS").records == []


def test_a_constraint_counts_itself_only(people):
    counters = people.execute_query("CREATE CONSTRAINT c FOR (n:person) REQUIRE n.id IS UNIQUE").summary.counters
    assert (counters.constraints_added, counters.indexes_added) == (1, 0)


def test_labels_are_altered_alone_and_in_transactions(driver):
    driver.execute_query("CALL db.createVertexLabel('typed', 'id', 'id', 'INT64', false)")
    driver.execute_query("UNWIND range(1, $n) AS i CREATE (:typed {id: i})", n=MANY)
    with driver.session() as session:
        row = session.run("CALL db.alterLabelAddFields('vertex', 'typed', ['score', 'INT64', 7, false])").single()
        assert row["record_affected"] == MANY
        assert session.run("MATCH (t:typed {score: 7}) RETURN count(*) AS n").single()["n"] == MANY
        with session.begin_transaction() as tx:
            assert tx.run("CALL db.alterLabelDelFields('vertex', 'typed', ['score'])").single()["record_affected"] == MANY
            tx.rollback()
        assert session.run("MATCH (t:typed {score: 7}) RETURN count(*) AS n").single()["n"] == MANY
        assert session.run("CALL db.alterLabelModFields('vertex', 'typed', ['score', 'STRING', false])").single()["record_affected"] == MANY
        assert session.run("CALL db.deleteLabel('vertex', 'typed')").single()["affected"] == MANY
        assert session.run("MATCH (n) RETURN count(*) AS n").single()["n"] == 0


def test_an_alteration_that_cannot_be_changes_nothing(driver):
    driver.execute_query("CALL db.createVertexLabel('typed', 'id', 'id', 'INT64', false, 'name', 'STRING', true)")
    driver.execute_query("UNWIND range(1, $n) AS i CREATE (:typed {id: i, name: CASE i WHEN 4000 THEN 'x' ELSE toString(i) END})", n=MANY)
    with driver.session() as session:
        with pytest.raises(neo4j.exceptions.ClientError) as error:
            session.run("CALL db.alterLabelModFields('vertex', 'typed', ['name', 'INT64', true])").consume()
        assert "cannot become INT64" in error.value.message
        assert session.run("MATCH (t:typed {id: 1}) RETURN t.name AS name").single()["name"] == "1"
        session.run("CREATE (:typed {id: -1, name: 'still text'})").consume()


def test_what_the_server_says_of_itself(driver):
    info = {r["name"]: r["value"] for r in driver.execute_query("CALL dbms.system.info()").records}
    assert info["up_time"] >= 0 and info["lgraph_version"]
    config = {r["name"]: r["value"] for r in driver.execute_query("CALL dbms.config.list()").records}
    assert config["bolt_raft_node_id"] == 1 and isinstance(config["bolt_port"], int)


def test_what_langchain_asks_on_connecting(driver):
    driver.verify_connectivity()
    # It turns this code into advice to install APOC.
    assert code_of(driver.execute_query, "CALL apoc.meta.data() YIELD label, other, elementType, type, property "
                   "WHERE NOT type = 'RELATIONSHIP' AND elementType = 'node' RETURN label") == "Neo.ClientError.Procedure.ProcedureNotFound"
    assert code_of(driver.execute_query, "RETURN apoc.version()") == "Neo.ClientError.Statement.SyntaxError"
    row = driver.execute_query("CALL dbms.components() YIELD name, versions, edition UNWIND versions AS version RETURN version, edition").records[0]
    assert row["version"].startswith("5.")
    driver.execute_query("SHOW CONSTRAINTS")
    driver.execute_query("CALL db.schema.nodeTypeProperties() YIELD nodeLabels, propertyName, propertyTypes RETURN *")
    driver.execute_query("CALL db.schema.relTypeProperties()")


def test_what_neomodel_asks(driver):
    row = driver.execute_query("CALL dbms.components() YIELD versions, edition RETURN versions[0] AS version, edition LIMIT 1").records[0]
    assert row["edition"] in ("community", "enterprise")
    driver.execute_query("CREATE CONSTRAINT constraint_unique_Person_name FOR (n:Person) REQUIRE n.name IS UNIQUE")
    driver.execute_query("CREATE INDEX index_Person_age FOR (n:Person) ON (n.age)")
    rows = driver.execute_query("SHOW INDEXES YIELD name, labelsOrTypes, properties, type, entityType, owningConstraint WHERE type <> 'LOOKUP' RETURN name").records
    assert sorted(r["name"] for r in rows) == ["constraint_unique_Person_name", "index_Person_age"]
    with driver.session() as session:
        for record in session.run("SHOW CONSTRAINTS").data():
            session.run(f"DROP CONSTRAINT {record['name']}").consume()
        for record in session.run("SHOW INDEXES").data():
            session.run(f"DROP INDEX {record['name']}").consume()
    assert driver.execute_query("SHOW INDEXES").records == []


def test_the_schema_is_shown_as_virtual_nodes_and_relationships(driver):
    driver.execute_query("CREATE (:a {x: 1})-[:t]->(:b)")
    driver.execute_query("CREATE INDEX by_x FOR (n:a) ON (n.x)")
    row = driver.execute_query("CALL db.schema.visualization()").records[0]
    a, b = sorted(row["nodes"], key=lambda n: n["name"])
    assert dict(a) == {"name": "a", "indexes": ["x"], "constraints": []} and set(b.labels) == {"b"}
    assert int(a.element_id) < 0 and a.element_id != b.element_id
    (t,) = row["relationships"]
    assert (t.type, t.start_node.element_id, t.end_node.element_id) == ("t", a.element_id, b.element_id)
