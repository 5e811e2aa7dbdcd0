#!/usr/bin/env python3
"""Random queries on Graft and on a peer (Neo4j 5); every difference is printed with its seed, made smaller, and explained or not.

    make differential PEER=bolt://127.0.0.1:17687 SEED=1 QUERIES=20000

Neo4j is not part of this repository: see tests/differential/README.md for how to get it. The peer's graph is emptied.
"""
import argparse
import collections
import os
import pathlib
import random
import re
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cluster"))

import explained  # noqa: E402
import generate  # noqa: E402
import values  # noqa: E402
from database import Answer, Database  # noqa: E402
from reduce import reduce_query  # noqa: E402

QUERIES_PER_GRAPH = 40
DUMP = ["MATCH (n) RETURN n", "MATCH (a)-[r]->(b) RETURN a, r, b"]


def loose(value):
    """Without the order of lists, and with whole floats as integers: what collect() and DISTINCT leave open."""
    if isinstance(value, list):
        return sorted((loose(v) for v in value), key=lambda v: (str(type(v)), values.show(v, 10)))
    if isinstance(value, dict):
        return {k: loose(v) for k, v in value.items()}
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


def rows_text(answer, ordered, loosely):
    rows = [" | ".join(values.show(loose(v) if loosely else v, 10) for v in row) for row in answer.rows]
    return rows if ordered else sorted(rows)


def same(peer, graft, ordered):
    if peer.failed or graft.failed:
        return peer.failed == graft.failed
    if peer.columns != graft.columns or len(peer.rows) != len(graft.rows):
        return False
    return any(rows_text(peer, ordered, how) == rows_text(graft, ordered, how) for how in (False, True))


class Pair:
    """Both databases with the same graph; queries run in transactions that are rolled back."""

    def __init__(self, peer, graft):
        self.databases = (peer, graft)

    def load(self, statement):
        for database in self.databases:
            database.clear()
            if statement:
                answer = database.run(statement)
                assert not answer.failed, f"{database.uri}: {answer.message}: {statement}"

    def ask(self, text):
        """Both answers; of a write that succeeded the rows are followed by the graph that it leaves."""
        writes = re.search(r"\b(CREATE|MERGE|SET|DELETE|REMOVE)\b", text)
        return [self.written(database, text) if writes else database.run(text, generate.PARAMETERS) for database in self.databases]

    @staticmethod
    def written(database, text):
        database.begin()
        answer = database.run(text, generate.PARAMETERS)
        dump = []
        for statement in DUMP if not answer.failed else []:
            dump += [["graph: " + values.show(v, 10) for v in row] for row in database.run(statement).rows]
        database.rollback()
        return Answer(answer.columns, answer.rows + dump, answer.code, answer.message)

    def explanation(self, text, peer, graft, ordered, untyped):
        def alike(other):
            answers = self.ask(other)
            return all(same(answer, graft, ordered) for answer in answers)
        return explained.explanation(text, peer, graft, untyped, alike)

    def difference(self, text, ordered, untyped):
        """What kind of unexplained difference there is; None without one."""
        peer, graft = self.ask(text)
        if same(peer, graft, ordered) or self.explanation(text, peer, graft, ordered, untyped):
            return None
        return peer.title, graft.title


def graphs_differ(pair):
    """True if the two hold different graphs outside of transactions: then the difference is not the query's."""
    return any(len({tuple(rows_text(database.run(statement), False, False)) for database in pair.databases}) > 1 for statement in DUMP)


def summary(answer):
    if answer.failed:
        return f"{answer.code}: {answer.message.splitlines()[0]}"
    return f"{len(answer.rows)} rows: {answer.columns} " + "; ".join(rows_text(answer, True, False))[:600]


def report(pair, number, seed, query, text, reduced):
    print(f"\n== difference in query {number} (seed {seed})\nquery: {text}")
    if graphs_differ(pair):
        print("  the graphs differ outside of it:", [[len(database.run(statement).rows) for statement in DUMP] for database in pair.databases])
    kind = pair.difference(text, query.ordered, query.untyped)
    small = reduce_query(text, lambda t: pair.difference(t, False, query.untyped) == kind) if reduced and pair.difference(text, False, query.untyped) == kind else text
    if small != text:
        print(f"smaller: {small}")
    peer, graft = pair.ask(small)
    print(f"  peer:  {summary(peer)}\n  Graft: {summary(graft)}", flush=True)


def start_graft():
    from harness import AUTH, Server
    server = Server.standalone()
    server.start()
    server.wait_serving()
    return server, Database(server.bolt_uri, *AUTH)


def run(options, pair):
    counts, started = collections.Counter(), time.monotonic()
    for first in range(options.first // QUERIES_PER_GRAPH * QUERIES_PER_GRAPH, options.queries, QUERIES_PER_GRAPH):
        rng = random.Random(f"{options.seed}/{first}")
        pair.load(generate.random_graph(rng))
        for number in range(max(first, options.first), min(first + QUERIES_PER_GRAPH, options.queries)):
            query = generate.Query(random.Random(f"{options.seed}/{number}/query"))
            text = query.build()
            peer, graft = pair.ask(text)
            counts["queries"] += 1
            counts["writes"] += query.writes
            counts["both failed" if peer.failed and graft.failed else "rows"] += 1 if peer.failed and graft.failed else len(peer.rows)
            counts["status differs"] += peer.failed and graft.failed and peer.title != graft.title
            if same(peer, graft, query.ordered):
                continue
            name = pair.explanation(text, peer, graft, query.ordered, query.untyped)
            if name:
                counts["explained: " + name] += 1
                continue
            counts["unexplained"] += 1
            if counts["unexplained"] <= options.show:
                report(pair, number, options.seed, query, text, not options.no_reduce)
        if first % (QUERIES_PER_GRAPH * 25) == 0:
            print(f"# {first} queries, {counts['unexplained']} unexplained, {time.monotonic() - started:.0f} s", flush=True)
    print(f"\nseed {options.seed}, {time.strftime('%Y-%m-%d')}, {time.monotonic() - started:.0f} s:")
    for name, count in sorted(counts.items()):
        print(f"  {name}: {count}")
    return counts["unexplained"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default=os.environ.get("PEER"), help="bolt URI of a Neo4j 5 without authentication; its graph is emptied")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--queries", type=int, default=20000)
    parser.add_argument("--first", type=int, default=0, help="the number of the query to begin with: with --queries one more, that query alone")
    parser.add_argument("--show", type=int, default=30, help="differences printed in full")
    parser.add_argument("--no-reduce", action="store_true")
    options = parser.parse_args()
    if not options.peer:
        print("make differential needs a Neo4j 5 to compare with: PEER=bolt://host:port (no authentication; its graph is emptied).\n"
              "How to get one: tests/differential/README.md")
        return 2
    server, graft = start_graft()
    try:
        pair = Pair(Database(options.peer), graft)
        return 1 if run(options, pair) else 0
    finally:
        graft.close()
        server.kill()


if __name__ == "__main__":
    sys.exit(main())
