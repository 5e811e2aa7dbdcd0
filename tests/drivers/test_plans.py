"""What the driver's summary tells of plans and notifications."""
import pytest

PEOPLE = ("UNWIND range(1, 300) AS i CREATE (p:Person {id: i}) WITH p, i MATCH (q:Person) WHERE q.id < i AND q.id % 7 = i % 7 "
          "CREATE (p)-[:KNOWS]->(q)")


@pytest.fixture(scope="module")
def driver(standalone):
    with standalone.driver() as d:
        d.execute_query("CREATE INDEX person FOR (p:Person) ON (p.id)")
        d.execute_query(PEOPLE)
        yield d
        d.execute_query("MATCH (p:Person) DETACH DELETE p")
        d.execute_query("DROP INDEX person")


def operators(plan):
    return [plan["operatorType"].split("@")[0]] + [name for child in plan["children"] for name in operators(child)]


def test_explain_shows_neo4js_operators(driver):
    def names(query):
        return operators(driver.execute_query("EXPLAIN " + query).summary.plan)

    assert names("MATCH (p:Person {id: 7}) RETURN p") == ["ProduceResults", "NodeIndexSeek"]
    assert names("MATCH (p:Person) WHERE p.id > 7 RETURN p.id ORDER BY p.id LIMIT 3")[-1] == "NodeIndexSeekByRange"
    assert "Sort" not in names("MATCH (p:Person) WHERE p.id > 7 RETURN p.id ORDER BY p.id")
    assert "RelationshipCountFromCountStore" in names("MATCH (:Person)-[:KNOWS]->() RETURN count(*)")
    assert "Walk" in names("MATCH (a)-[:KNOWS]->(b)-[:KNOWS]->(c)-[:KNOWS]->(a) RETURN count(*)")


def test_profile_shows_rows_and_hits(driver):
    profile = driver.execute_query("PROFILE MATCH (p:Person) WHERE p.id < 11 RETURN p.id AS id").summary.profile
    assert profile["rows"] == 10
    seek = profile["children"][-1]
    while seek["children"]:
        seek = seek["children"][0]
    assert seek["operatorType"].startswith("NodeIndexSeekByRange") and seek["rows"] == 10
    assert {"EstimatedRows", "Rows", "DbHits", "Time", "Details"} <= set(seek["args"])


def test_notifications_have_codes_and_positions(driver):
    summary = driver.execute_query("MATCH (n:Nowhere) RETURN n").summary
    statuses = [s for s in summary.gql_status_objects if s.is_notification]
    assert [s.gql_status for s in statuses] == ["01N50"]
    assert statuses[0].position.offset == 9
    with pytest.warns(DeprecationWarning):
        [note] = summary.notifications
    assert note["code"] == "Neo.ClientNotification.Statement.UnknownLabelWarning" and "Nowhere" in note["description"]
    assert driver.execute_query("MATCH (a:Person {id: 1}), (b:Person {id: 2}) RETURN a, b").summary.gql_status_objects[-1].gql_status == "03N90"
    quiet = driver.execute_query("MATCH (p:Person) RETURN count(p)").summary.gql_status_objects
    assert not [s for s in quiet if s.is_notification]


@pytest.mark.parametrize("projection, shown", [(".*", ".*"), (".id, k: p.id + 1", "id: p.id, k: p.id + 1"), (".*, k: 2", ".*, k: 2"), ("", "")])
def test_map_projections_in_plans(driver, projection, shown):
    plan = driver.execute_query(f"EXPLAIN MATCH (p:Person) RETURN p {{{projection}}} AS m").summary.plan
    assert plan["children"][0]["args"]["Details"] == f"p{{{shown}}} AS m"
