"""Statements that would run for minutes, by what they do: what RESET has to end. The graph that they need is made by fill()."""

TEXT = "reduce(s = 'ab', i IN range(1, 23) | s + s)"  # 16 MB
GRAPH = ["UNWIND range(1, 400) AS i CREATE (:Node {i: i}) WITH count(*) AS c MATCH (a:Node), (b:Node) WHERE (a.i + b.i) % 20 = 0 CREATE (a)-[:TO]->(b)",
         "CREATE FULLTEXT INDEX docs IF NOT EXISTS FOR (d:Doc) ON EACH [d.text]",
         "CREATE VECTOR INDEX vectors IF NOT EXISTS FOR (d:Doc) ON (d.vector) OPTIONS {indexConfig: {`vector.dimensions`: 64, `vector.similarity_function`: 'cosine'}}",
         "CALL db.awaitIndexes(60)",
         "UNWIND range(1, 20000) AS i CALL (i) { CREATE (:Doc {text: 'word' + toString(i % 5000) + ' and others w' + toString(i), vector: [x IN range(1, 64) | rand()]}) } IN TRANSACTIONS OF 1000 ROWS",
         "CREATE (:Hub)",
         "UNWIND range(1, 300000) AS i CALL (i) { MATCH (h:Hub) CREATE (:Leaf {i: i})-[:OF]->(h) } IN TRANSACTIONS OF 20000 ROWS"]
HEAVY_STATEMENTS = {
    "cartesian product": "MATCH (a:Node), (b:Node), (c:Node), (d:Node) WHERE a.i + b.i + c.i + d.i < 0 RETURN count(*)",
    "variable length": "MATCH p = (a:Node)-[:TO*]->(b) WHERE length(p) < 0 RETURN count(*)",
    "variable length into": "MATCH (a:Node {i: 1}), (b:Node {i: 3}) MATCH p = (a)-[:TO*1..12]->(b) RETURN count(p)",
    "distinct ends": "UNWIND range(1, 10000) AS again MATCH (a:Leaf {i: again})-[*..6]-(b) RETURN sum(again), count(DISTINCT b)",
    "quantified path": "MATCH (a:Node)((x)-[:TO]->(y) WHERE x.i > 0){1,30}(b) RETURN count(*)",
    "all shortest paths": "UNWIND range(1, 1000) AS again MATCH p = allShortestPaths((a:Node)-[:TO*]-(b:Node)) WHERE a <> b RETURN sum(length(p) + again)",
    "shortest paths of every pair": "UNWIND range(1, 1000) AS again MATCH (a:Node), (b:Node) WHERE a <> b MATCH p = shortestPath((a)-[*]-(b)) RETURN sum(length(p) + again)",
    "SHORTEST k": "UNWIND range(1, 1000) AS again MATCH p = SHORTEST 50000 (a:Node {i: 1})-[:TO]-+(b:Node {i: 19}) RETURN sum(length(p) + again)",
    "walk": "MATCH (a:Node)-[:TO]->(b)-[:TO]->(c)-[:TO]->(d)-[:TO]->(e)-[:TO]->(a) WHERE a.i + c.i < d.i + e.i RETURN count(*)",
    "counted walk": "UNWIND range(1, 100000) AS again MATCH (a:Node)-[:TO]->(b)-[:TO]->(c)-[:TO]->(d) WHERE NOT (a)-->(d) RETURN sum(again), count(*)",
    "sort": "UNWIND range(1, 500) AS y UNWIND range(1, 1000000) AS x WITH x ORDER BY x % 1000 DESC, x LIMIT 10000 RETURN count(*)",
    "sort of millions": "UNWIND range(1, 9000000) AS x WITH x ORDER BY (x * 7919) % 10000019 RETURN count(x)",
    "sort of texts": "UNWIND range(1, 1500000) AS x WITH toString((x * 7919) % 10000019) + 'and some text' AS t ORDER BY t RETURN count(t)",
    "aggregation": "UNWIND range(1, 1000) AS y UNWIND range(1, 1000000) AS x RETURN x % 1000 AS k, sum(x), collect(DISTINCT x % 7)",
    "percentile of millions": "UNWIND range(1, 15000000) AS x RETURN percentileCont((x * 7919) % 10000019, 0.5)",
    "groups": "UNWIND range(1, 4000000) AS x WITH x AS k, count(*) AS c, collect(x) AS l RETURN sum(size(l))",
    "distinct lists": "UNWIND range(1, 3000000) AS x WITH DISTINCT [x, toString(x)] AS l RETURN count(l)",
    "unwind": "UNWIND range(1, 100000000000) AS x WITH x WHERE x < 0 RETURN x",
    "list comprehension": "UNWIND range(1, 1000) AS y RETURN size([x IN range(1, 1000000) WHERE x % 3 = y | x * 2]) AS s",
    "one list comprehension": "RETURN size([x IN range(1, 20000000) WHERE x % 3 < 2 | x * 2]) AS s",
    "reduce": "UNWIND range(1, 1000) AS y RETURN reduce(s = 0, x IN range(1, 1000000) | s + x % 7) AS s",
    "nested reduce": "RETURN reduce(s = 0, x IN range(1, 1000000) | s + reduce(t = 0, y IN range(1, 1000) | t + y)) AS s",
    "growing list": "RETURN size(reduce(l = [], x IN range(1, 300000) | l + x)) AS s",
    "regular expressions": "UNWIND range(1, 100000000) AS x WITH x WHERE toString(x) + 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaab' =~ '(a|aa|1)+c' RETURN count(*)",
    "regular expression on a long text": f"WITH {TEXT} AS t UNWIND range(1, 1000) AS x RETURN sum(CASE WHEN t =~ ('.*' + toString(x) + '(a|b)*c') THEN 1 ELSE 0 END)",
    "list functions": "UNWIND range(1, 100000) AS x WITH range(1, 200000) AS l RETURN max(size(reverse(tail(l))))",
    "long list functions": "WITH range(1, 8000000) AS l UNWIND range(1, 1000) AS x RETURN sum(size(reverse(tail(l))))",
    "equality of long lists": "WITH range(1, 8000000) AS l UNWIND range(1, 10000) AS x WITH l, x WHERE l + [x] = l + [0] RETURN count(*)",
    "IN a long list": "WITH range(1, 8000000) AS l UNWIND range(1, 10000) AS x RETURN sum(CASE WHEN -x IN l THEN 1 ELSE 0 END)",
    "text": "UNWIND range(1, 1000000) AS x RETURN max(size(replace(reduce(s = 'ab', i IN range(1, 16) | s + s), 'a', 'xyz')))",
    "long text functions": f"WITH {TEXT} AS t UNWIND range(1, 10000) AS x RETURN sum(size(toUpper(reverse(t))) + size(normalize(t, 'NFD')) + x)",
    "split": f"WITH {TEXT} AS t UNWIND range(1, 10000) AS x RETURN sum(size(split(t, 'b')) + x)",
    "foreach": "FOREACH (x IN range(1, 100000) | FOREACH (y IN range(1, 100000) | MERGE (:Once {x: 1})))",
    "subqueries": "MATCH (a:Node) RETURN sum(COUNT { MATCH (a)-->()-->()-->(b) WHERE b.i > a.i AND EXISTS { (b)-->()-->(c) WHERE c.i > b.i } })",
    "pattern comprehension": "UNWIND range(1, 1000) AS again MATCH (a:Node) RETURN sum(size([(a)-->(b)-->(c)-->(d) WHERE d.i > b.i | d.i + again]))",
    "pagerank": "CALL algo.pagerank(10000) YIELD pr RETURN sum(pr)",
    "algo.allShortestPaths": "UNWIND range(1, 1000000) AS again MATCH (a:Node {i: 1}), (b:Node {i: 2}) CALL algo.allShortestPaths(a, b) YIELD cost RETURN sum(cost + again)",
    "jaccard": "UNWIND range(1, 10000) AS again CALL algo.jaccard([x IN range(1, 3000000) | (x * 7919) % 10000019], range(1, 3000000)) YIELD similarity RETURN sum(similarity)",
    "full text search": "UNWIND range(1, 100000) AS x CALL db.index.fulltext.queryNodes('docs', 'w* OR word1* OR *2') YIELD node, score RETURN sum(score)",
    "vector search": "UNWIND range(1, 1000000) AS x CALL db.index.vector.queryNodes('vectors', 1000, [i IN range(1, 64) | rand()]) YIELD node, score RETURN sum(score)",
    "create": "UNWIND range(1, 100000000) AS i CREATE (:Made {i: i})",
    "merge": "UNWIND range(1, 100000000) AS i MERGE (:Merged {i: i})",
    "set": "UNWIND range(1, 1000) AS again MATCH (l:Leaf) SET l.j = again",
    "delete": "MATCH (d:Leaf) WHERE size([x IN range(1, 200) WHERE x % 7 = d.i]) >= 0 DETACH DELETE d",
    "detach delete of a hub": "UNWIND range(1, 100) AS again MATCH (h:Hub) CREATE (g:Hub) WITH h, g MATCH (l:Leaf) CREATE (l)-[:OF]->(g) WITH DISTINCT h, g DETACH DELETE g",
    "in transactions": "UNWIND range(1, 100000000) AS i CALL (i) { CREATE (:Made {i: i}) } IN TRANSACTIONS OF 1000 ROWS",
    "in one transaction of many rows": "UNWIND range(1, 100000000) AS i CALL (i) { CREATE (:Made {i: i}) } IN TRANSACTIONS OF 100000000 ROWS",
    "import": "LOAD CSV WITH HEADERS FROM 'file:///large.csv' AS row RETURN count(row.name)",
    "import in one statement": "LOAD CSV WITH HEADERS FROM 'file:///large.csv' AS row CREATE (:Made {name: row.name})",
    "rows that nobody reads": "UNWIND range(1, 1000000000) AS x RETURN x",
}


def fill(bolt, import_directory, csv_rows):
    for statement in GRAPH:
        bolt.run(statement)
    with open(import_directory / "large.csv", "w") as file:
        file.write("id,name,city\n")
        for i in range(csv_rows):
            file.write(f"{i},Name {i * 7919 % 10000019},City {i % 1000}\n")
