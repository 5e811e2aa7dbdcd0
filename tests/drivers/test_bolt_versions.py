"""Every version of Bolt that is spoken, by both handshakes: queries, errors, transactions, values."""
import pytest
from bolt import BEGIN, COMMIT, RESET, ROLLBACK, RUN, VERSIONS, Bolt, Failure, Structure
from harness import AUTH

EACH = pytest.mark.parametrize("version", VERSIONS, ids=lambda v: f"{v[0]}.{v[1]}")


@pytest.fixture(params=["classic", "manifest"])
def connect(request, standalone):
    return lambda version: Bolt(standalone.address, version, AUTH, manifest=request.param == "manifest")


@EACH
def test_rows_and_summary(connect, version):
    with connect(version) as bolt:
        if bolt.offered is not None:
            assert bolt.offered == set(VERSIONS)
        rows, summary = bolt.run("UNWIND range(1, $n) AS x RETURN x, $text AS t", {"n": 3, "text": "grüße"})
        assert rows == [[1, "grüße"], [2, "grüße"], [3, "grüße"]]
        assert summary["type"] == "r" and summary["bookmark"].startswith("graft:")
        if version >= (5, 6):
            assert [s["gql_status"] for s in summary["statuses"]] == ["00000"]
        else:
            assert "statuses" not in summary


@EACH
def test_errors(connect, version):
    with connect(version) as bolt:
        with pytest.raises(Failure) as failure:
            bolt.run("RETRUN 1")
        metadata = failure.value.metadata
        if version >= (5, 7):
            assert metadata["neo4j_code"] == "Neo.ClientError.Statement.SyntaxError" and metadata["gql_status"] == "42001"
            assert metadata["diagnostic_record"]["OPERATION_CODE"] == "0" and metadata["description"]
        else:
            assert metadata["code"] == "Neo.ClientError.Statement.SyntaxError" and "gql_status" not in metadata
        with pytest.raises(Failure):
            bolt.run("RETURN 1 / 0")
        assert bolt.run("RETURN 1")[0] == [[1]]


@EACH
def test_transactions(connect, version):
    with connect(version) as bolt:
        label = f"V{version[0]}_{version[1]}"
        bolt.run(f"MATCH (n:{label}) DELETE n")
        bolt.ask(BEGIN, {})
        bolt.run(f"CREATE (:{label})")
        bolt.ask(ROLLBACK)
        assert bolt.run(f"MATCH (n:{label}) RETURN count(n)")[0] == [[0]]
        bolt.ask(BEGIN, {"tx_metadata": {"who": "test"}})
        bolt.run(f"CREATE (:{label} {{x: 1}})")
        bookmark = bolt.ask(COMMIT)["bookmark"]
        rows, _ = bolt.run(f"MATCH (n:{label}) RETURN n", extra={"bookmarks": [bookmark], "mode": "r"})
        node = rows[0][0]
        assert node.tag == ord("N") and len(node.fields) == (4 if version[0] == 5 else 3) and node.fields[2] == {"x": 1}
        bolt.ask(BEGIN, {})
        bolt.ask(RESET)
        assert bolt.run("RETURN 1")[0] == [[1]]


@EACH
def test_a_driver_can_keep_its_home_database(connect, version):
    """From 5.8: the hint, and the database in what BEGIN and RUN are told. Without it a session asks for it anew each time."""
    with connect(version) as bolt:
        hint, name = (True, "default") if version >= (5, 8) else (None, None)
        assert bolt.hello["hints"].get("ssr.enabled") is hint
        assert bolt.ask(RUN, "RETURN 1", {}, {}).get("db") == name
        bolt.ask(RESET)
        assert bolt.ask(BEGIN, {}).get("db") == name


@EACH
def test_moments_with_a_zone(connect, version):
    with connect(version) as bolt:  # seconds since 1970 in UTC, with 5.0 and with 4.4's patch
        noon = Structure(ord("I"), [1_720_000_000, 5, 7200])
        rows, _ = bolt.run("RETURN $t AS t, $t.epochSeconds AS s", {"t": noon})
        assert rows == [[noon, 1_720_000_000]]


FIRST_DAY, LAST_DAY = -365_243_219_162, 365_241_780_471  # of the years -999,999,999 and 999,999,999


@pytest.mark.parametrize("value", [
    Structure(ord("D"), [FIRST_DAY]), Structure(ord("D"), [LAST_DAY]), Structure(ord("d"), [LAST_DAY * 86400 + 86399, 999_999_999]),
    Structure(ord("I"), [FIRST_DAY * 86400, 0, 0]), Structure(ord("I"), [LAST_DAY * 86400 + 82799, 0, 3600])], ids=repr)
def test_the_first_and_last_moments_are_values(connect, value):
    with connect((5, 8)) as bolt:
        assert bolt.run("RETURN $t", {"t": value})[0] == [[value]]


@pytest.mark.parametrize("value", [
    Structure(ord("D"), [FIRST_DAY - 1]), Structure(ord("D"), [LAST_DAY + 1]), Structure(ord("D"), [2**63 - 1]),
    Structure(ord("d"), [(LAST_DAY + 1) * 86400, 0]), Structure(ord("d"), [-2**63, 0]), Structure(ord("I"), [LAST_DAY * 86400 + 86399, 0, 3600]),
    Structure(ord("i"), [LAST_DAY * 86400 + 86399, 0, "Europe/Berlin"]), Structure(ord("t"), [86_400_000_000_000]), Structure(ord("d"), [0, 1_000_000_000])], ids=repr)
def test_moments_that_there_are_not_are_refused(connect, value):
    with connect((5, 8)) as bolt:
        with pytest.raises(Failure) as failure:
            bolt.run("RETURN $t", {"t": value})
        assert failure.value.metadata["neo4j_code"].startswith("Neo.ClientError.")
        assert bolt.run("RETURN 1")[0] == [[1]]


@EACH
def test_nothing_in_common(standalone, version):
    with pytest.raises(AssertionError):
        Bolt(standalone.address, (3, version[1]), AUTH)
