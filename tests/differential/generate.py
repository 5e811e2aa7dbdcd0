"""Seeded random graphs and queries."""
import datetime
import re

import neo4j.time

import grammar

HOLE = re.compile(r"\{([a-z]+)\}")
LABELS = ["A", "B", "C"]
TYPES = ["R", "S", "T"]
PARAMETERS = {"pi": 2, "pf": 1.5, "ps": "ab", "pl": [1, 2, None], "pm": {"a": 1, "b": "x"}, "pn": None, "pd": neo4j.time.Date.from_native(datetime.date(2020, 5, 17))}
ENTITY_VALUES = {
    "n": ["0", "1", "2", "3", "-1"], "f": ["0.5", "1.5", "-2.25"], "s": ["'a'", "'b'", "'ab'", "'Ab c'", "''"], "b": ["true", "false"], "l": ["[]", "[1, 2]", "[3]"], "t": ["['a']", "['b', 'a']"],
    "d": ["date('2020-02-29')", "date('2019-12-31')"], "z": ["datetime('2020-03-29T01:59:59+01:00[Europe/Berlin]')", "datetime('2020-10-25T02:30Z')"], "u": ["duration('P1M')", "duration('PT36H')"],
    "p": ["point({x: 1, y: 2})", "point({x: 0, y: 0.5})"], "m": ["1", "2.5", "'a'", "true", "[1]", "date('2020-01-01')"],
}


def random_graph(random):
    """One CREATE statement; every node and relationship has an id of its own."""
    nodes, relationships = random.choice([(0, 0), (3, 3), (6, 9), (8, 12)])
    parts = []

    def properties(number):
        some = [f"{key}: {random.choice(values)}" for key, values in ENTITY_VALUES.items() if random.random() < 0.55]
        return "{" + ", ".join([f"id: {number}"] + some) + "}"

    for i in range(nodes):
        labels = "".join(f":{label}" for label in LABELS if random.random() < 0.45)
        parts.append(f"(n{i}{labels} {properties(i)})")
    for i in range(relationships):
        parts.append(f"(n{random.randrange(nodes)})-[:{random.choice(TYPES)} {properties(100 + i)}]->(n{random.randrange(nodes)})")
    return "CREATE " + ", ".join(parts) if parts else ""


class Query:
    """One random query. After build(): text, whether its order is total, whether it writes, "bool" or "list" in untyped where what should be one may be none."""

    def __init__(self, random):
        self.random = random
        self.scope = {}      # name -> type
        self.names = 0
        self.ordered = False
        self.writes = False
        self.patterns = 0
        self.untyped = set()

    # ---- Expressions ----

    def fill(self, template, depth, scope):
        return HOLE.sub(lambda m: self.expression(m.group(1), depth - 1, scope), template)

    def expression(self, kind, depth=2, scope=None):
        scope = self.scope if scope is None else scope
        choices = []
        own = [name for name, t in scope.items() if t == kind]
        if own:
            choices += [lambda: self.random.choice(own)] * 3
        keys = [key for key, t in grammar.PROPERTIES.items() if t == kind]
        entities = [name for name, t in scope.items() if t in ("node", "rel")]
        if keys and entities:
            choices += [lambda: f"{self.random.choice(entities)}.{self.random.choice(keys)}"] * 4
        if kind in grammar.LITERALS:
            choices += [lambda: self.random.choice(grammar.LITERALS[kind])] * (2 if depth > 0 else 3)
        if kind in grammar.TEMPLATES and (depth > 0 or not choices):
            choices += [lambda: self.template(kind, depth, scope)] * 4
        return self.random.choice(choices)()

    def template(self, kind, depth, scope):
        templates = [(t, None) for t in grammar.TEMPLATES.get(kind, [])]
        for name, t in scope.items():
            table = {"node": grammar.NODE_TEMPLATES, "rel": grammar.REL_TEMPLATES, "path": grammar.PATH_TEMPLATES}.get(t, {})
            templates += [(x, name) for x in table.get(kind, [])]
        template, name = self.random.choice(templates)
        if depth <= 0:
            template, name = self.random.choice(grammar.LITERALS.get(kind, ["null"])), None
        if name:
            template = re.sub(r"\bV\b", name, template)
        if self.random.random() < 0.004:  # once in a while something of the wrong type
            if kind == "bool" and "{bool}" in template:
                self.untyped.add("bool")
            if kind in ("lint", "lstr", "bag") or "IN {" in template:
                self.untyped.add("list")
            return self.fill(HOLE.sub("{any}", template), depth, scope)
        return self.fill(template, depth, scope)

    # ---- Patterns ----

    def name(self, prefix):
        self.names += 1
        return f"{prefix}{self.names}"

    def maybe(self, probability):
        return self.random.random() < probability

    def label_expression(self, names):
        a, b = self.random.choice(names), self.random.choice(names)
        dynamic = f"$({a!r})" if self.maybe(0.5) else f"$any([{a!r}, {b!r}])"
        return self.random.choice([a, a, a, f"{a}|{b}", f"!{a}", "%", f"({a}|{b})" if names is TYPES else f"{a}&{b}", dynamic])

    def node_pattern(self, new):
        bound = [n for n, t in self.scope.items() if t == "node"]
        if bound and self.maybe(0.35):
            return f"({self.random.choice(bound)})"
        self.patterns += 1
        name = ""
        if self.maybe(0.8):
            name = self.name("n")
            new[name] = "node"
        text = name
        if self.maybe(0.5):
            text += ":" + self.label_expression(LABELS)
        if self.maybe(0.15):
            text += " {" + self.random.choice(["n: 1", "s: 'a'", "b: true", "n: $pi", "n: {int}"]).replace("{int}", self.expression("int", 0, {})) + "}"
        elif name and self.maybe(0.15):
            text += " WHERE " + self.expression("bool", 1, {name: "node"})
        return f"({text})"

    def relationship_pattern(self, new, before=""):
        left, right = self.random.choice([("-", "->"), ("-", "->"), ("<-", "-"), ("-", "-")])
        if self.maybe(0.15):
            return left + right if right != "->" or left != "<-" else "--"
        text, name = "", ""
        length = self.maybe(0.15) and "){" not in before  # the older form does not go together with quantified paths
        if self.maybe(0.6):
            name = self.name("r")
            text = name
        if self.maybe(0.6):
            text += ":" + (self.random.choice(["R", "S", "R|S"]) if length else self.label_expression(TYPES))
        if length:
            text += self.random.choice(["*1..2", "*2", "*0..1", "*..3", "*1..2 {b: true}"])
        elif self.maybe(0.1):
            text += " {" + self.random.choice(["n: 1", "b: true"]) + "}"
        elif name and self.maybe(0.1):
            text += " WHERE " + self.expression("bool", 1, {name: "rel"})
        if name:
            new[name] = "rels" if length else "rel"
        return f"{left}[{text}]{right}"

    def quantified(self, new):
        inner = self.random.choice(["(X)-[Y]->(Z)", "(X)-[Y:R]->(Z)", "(X)<-[Y]-(Z)", "(X)-[Y]-(Z WHERE Z.n > 0)", "(X:A)-[Y:R|S]-(Z)", "(X)-[Y]->(Z) WHERE X.id <> Z.id"])
        x, y, z = self.name("x"), self.name("y"), self.name("z")
        for a, b in (("X", x), ("Y", y), ("Z", z)):
            inner = re.sub(rf"\b{a}\b", b, inner)
        new[x], new[y], new[z] = "nodes", "rels", "nodes"
        return f"({inner}){self.random.choice(['{1,2}', '{2}', '{0,2}', '{,2}', '{1,3}'])}"

    def path_pattern(self, new):
        kind = self.random.random()
        if kind < 0.05:
            a, b, p = self.name("n"), self.name("n"), self.name("p")
            new[a], new[b], new[p] = "node", "node", "anypath"
            return f"{p} = shortestPath(({a}:A)-[{self.random.choice(['*', ':R*', '*..3'])}]->({b}:B))" + f" WHERE {a} <> {b}"
        if kind < 0.09:
            a, b, p = self.name("n"), self.name("n"), self.name("p")
            new[a], new[b], new[p] = "node", "node", "path"
            return f"{p} = ALL SHORTEST ({a}:A){self.random.choice(['-->', '-[:R]->', '--'])}+({b}:B)"
        if kind < 0.12:
            a, b, p = self.name("n"), self.name("n"), self.name("p")
            new[a], new[b], new[p] = "node", "node", "anypath"
            selector = self.random.choice(["SHORTEST 1", "SHORTEST 2", "ANY SHORTEST", "SHORTEST 2 GROUPS", "ANY"])
            if selector == "ANY":
                del new[p]
            return f"{p} = {selector} ({a}:A){self.random.choice(['-->', '-[:S|T]->'])}{{1,3}}({b}:B)"
        text = self.node_pattern(new)
        for _ in range(self.random.choice([0, 0, 1, 1, 1, 2])):
            if self.maybe(0.12) and "*" not in text:
                text += self.quantified(new) + self.node_pattern(new)
            else:
                text += self.relationship_pattern(new, text) + self.node_pattern(new)
        if self.maybe(0.15):
            p = self.name("p")
            new[p] = "path"
            text = f"{p} = {text}"
        return text

    # ---- Clauses ----

    def match(self):
        new = {}
        paths = [self.path_pattern(new)]
        where = ""
        if " WHERE n" in paths[0] and "shortestPath" in paths[0]:
            paths[0], where = paths[0].split(" WHERE n", 1)
            where = " WHERE n" + where
        elif self.maybe(0.15) and self.patterns < 5 and "SHORTEST" not in paths[0] and "ANY" not in paths[0]:
            paths.append(self.node_pattern(new) + self.relationship_pattern(new) + self.node_pattern(new))
        self.scope.update(new)
        optional = "OPTIONAL " if self.maybe(0.25) else ""
        if not where and self.maybe(0.5):
            where = " WHERE " + self.expression("bool", 2)
        return f"{optional}MATCH {', '.join(paths)}{where}"

    def unwind(self):
        kind = self.random.choice(["lint", "lint", "lstr", "bag"])
        text = self.expression(kind, 2)
        name = self.name("u")
        self.scope[name] = "str" if kind == "lstr" else "int"
        return f"UNWIND {text} AS {name}"

    def aggregation(self):
        kind, text = self.random.choice([
            ("int", "count(*)"), ("int", "count({any})"), ("int", "count(DISTINCT {any})"), ("int", "sum({int})"), ("float", "avg({int})"), ("float", "avg({float})"), ("int", "min({int})"), ("int", "max({int})"),
            ("str", "min({str})"), ("str", "max({str})"), ("bag", "collect({int})"), ("bag", "collect(DISTINCT {int})"), ("float", "stDev({int})"), ("float", "stDevP({float})"), ("float", "percentileCont({float}, 0.4)"),
            ("int", "percentileDisc({int}, 0.5)"), ("date", "max({date})"), ("float", "sum({float})"), ("any", "min({any})"), ("int", "count({node})"), ("int", "sum(DISTINCT {int})")])
        if "{node}" in text:
            nodes = [n for n, t in self.scope.items() if t == "node"]
            text = text.replace("{node}", self.random.choice(nodes)) if nodes else "count(*)"
        return kind, self.fill(text, 2, self.scope)

    def projection(self, keyword):
        """WITH or RETURN: items, and what they make of the scope."""
        items, scope = [], {}
        for name in list(self.scope):
            if self.scope[name] in ("node", "rel", "int", "str", "path", "nodes", "rels", "bag", "float") and self.maybe(0.4) and len(items) < 4:
                items.append(name)
                scope[name] = self.scope[name]
        if "anypath" in self.scope.values():
            p = next(n for n, t in self.scope.items() if t == "anypath")
            q = self.name("e")
            items.append(f"length({p}) AS {q}")
            scope[q] = "int"
        for _ in range(self.random.choice([0, 1, 1, 2])):
            kind = self.random.choice(["int", "int", "float", "str", "bool", "lint", "any", "date", "dt", "dur", "map", "lstr", "ldt", "time", "lt", "pt"])
            name = self.name("e")
            items.append(f"{self.expression(kind, 3)} AS {name}")
            scope[name] = kind
        if self.maybe(0.3):
            for _ in range(self.random.choice([1, 1, 2])):
                kind, text = self.aggregation()
                name = self.name("a")
                items.append(f"{text} AS {name}")
                scope[name] = kind
        if not items:
            name = self.name("e")
            items.append(f"{self.expression('int', 2)} AS {name}")
            scope[name] = "int"
        distinct = "DISTINCT " if self.maybe(0.15) else ""
        self.scope = scope
        text = f"{keyword} {distinct}{', '.join(items)}" + self.order(scope, keyword)
        if keyword == "WITH" and self.maybe(0.3):
            text += " WHERE " + self.expression("bool", 2)
        return text

    def order(self, scope, keyword):
        """ORDER BY all columns, so that the order is total; with entities by their ids."""
        self.ordered = False
        if not self.maybe(0.35) or any(t in ("path", "nodes", "rels", "bag", "any", "map") for t in scope.values()):
            return ""
        keys = [f"{name}.id" if t in ("node", "rel") else name for name, t in scope.items()]
        self.random.shuffle(keys)
        text = " ORDER BY " + ", ".join(k + self.random.choice(["", "", " DESC", " ASC"]) for k in keys)
        if self.maybe(0.3):
            text += f" {self.random.choice(['SKIP', 'OFFSET'])} {self.random.choice([0, 1, 2])}"
        if self.maybe(0.5):
            text += f" LIMIT {self.random.choice([0, 1, 2, 5])}"
        self.ordered = keyword == "RETURN"
        return text

    def subquery(self):
        importable = [n for n, t in self.scope.items() if t != "anypath"]
        names = self.random.sample(importable, min(len(importable), self.random.choice([0, 1, 2])))
        inner = Query(self.random)
        inner.names = self.names + 100
        inner.scope = {n: self.scope[n] for n in names}
        body = [inner.match() if inner.maybe(0.6) else inner.unwind()]
        new_form = self.maybe(0.6)
        kind, result = self.name("c"), None
        if inner.maybe(0.5):
            result_kind, text = inner.aggregation()
        else:
            result_kind = self.random.choice(["int", "str", "bool"])
            text = inner.expression(result_kind, 2)
        body.append(f"RETURN {text} AS {kind}")
        if self.maybe(0.15):
            inner.untyped.add(result_kind)
            body.append(f"UNION {self.random.choice(['', 'ALL '])}" + ("" if new_form or not names else "WITH " + ", ".join(names) + " ") + f"RETURN {inner.expression('int', 0, {})} AS {kind}")
        self.names = inner.names
        self.untyped |= inner.untyped
        self.scope[kind] = result_kind
        if new_form:
            optional = "OPTIONAL " if self.maybe(0.2) else ""
            return f"{optional}CALL ({', '.join(names)}) {{ {' '.join(body)} }}"
        importing = f"WITH {', '.join(names)} " if names else ""
        return f"CALL {{ {importing}{' '.join(body)} }}"

    def reading(self, count):
        clauses = []
        for _ in range(count):
            kind = self.random.random()
            if kind < 0.5 and self.patterns < 5:
                clauses.append(self.match())
            elif kind < 0.65:
                clauses.append(self.unwind())
            elif kind < 0.78:
                clauses.append(self.subquery())
            else:
                clauses.append(self.projection("WITH"))
        return clauses

    def updating(self):
        """Updates whose outcome does not depend on the order of rows: each writes a key of its own from the entity's own values."""
        self.writes = True
        nodes = [n for n, t in self.scope.items() if t == "node"]
        relationships = [n for n, t in self.scope.items() if t == "rel"]
        key = self.name("k")
        choices = [lambda: f"CREATE (:D {{{key}: {self.expression('int', 1, {})}}})-[:W]->(:E)", lambda: f"MERGE (:M {{{key}: {self.random.choice([n for n, t in self.scope.items() if t == 'int'] or ['1'])}}})",
                   lambda: f"FOREACH (e IN {self.expression('lint', 1, {})} | CREATE (:F {{v: e}}))",
                   lambda: f"FOREACH (e IN {self.expression('lint', 0, {})} | FOREACH (f IN [e, 2] | CREATE (:F {{v: e, w: f}})))", lambda: f"CALL {{ CREATE (:Q {{{key}: {self.expression('int', 1, {})}}}) }}",
                   lambda: f"CREATE (:$('D' + 'y') {{{key}: 1}})"]
        if nodes:
            n = self.random.choice(nodes)
            own = {n: "node"}
            value = self.random.choice(["int", "float", "str", "bool", "lint", "date", "dt", "dur", "pt", "lstr"])
            choices += [lambda: f"SET {n}.{key} = {self.expression(value, 2, own)}", lambda: f"SET {n} += {{{key}: {self.expression('int', 1, own)}, s: null}}", lambda: f"SET {n}:X{key}", lambda: f"REMOVE {n}.n, {n}:A",
                        lambda: f"MERGE ({n})-[:W {{{key}: 1}}]->(:M {{{key}: 1}})", lambda: f"DETACH DELETE {n}", lambda: f"CREATE ({n})-[:W]->(:D {{id: {n}.id}})", lambda: f"SET {n} = {{id: {n}.id, {key}: 1}}",
                        lambda: f"MERGE ({n})-[w{key}:W]->(y{key}:M {{{key}: 2}}) ON CREATE SET w{key}.c = 1 ON MATCH SET w{key}.d = 1", lambda: f"FOREACH (x IN CASE WHEN {n}.n > 0 THEN [1] ELSE [] END | SET {n}.{key} = x)",
                        lambda: f"SET {n}[toLower('{key.upper()}')] = 1", lambda: f"SET {n}:$('Y' + '{key}')", lambda: f"SET {n} += $pm", lambda: f"REMOVE {n}['n'], {n}:$('A')", lambda: f"CALL ({n}) {{ SET {n}.{key} = {n}.id }}",
                        lambda: f"CALL ({n}) {{ WITH {n} WHERE {n}.n > 0 CREATE (:Q {{id: {n}.id}}) }}", lambda: f"CALL ({n}) {{ MERGE (q:M {{{key}: {n}.n % 2}}) RETURN q.{key} AS q{key} }}"]
        if relationships:
            r = self.random.choice(relationships)
            choices += [lambda: f"SET {r}.{key} = {self.expression('int', 1, {r: 'rel'})}", lambda: f"DELETE {r}", lambda: f"REMOVE {r}.n"]
        return self.random.choice(choices)()

    def build(self):
        clauses = self.reading(self.random.choice([0, 1, 1, 2, 2, 3]))
        if self.maybe(0.2):
            clauses.append(self.updating())
            if self.maybe(0.3) and "DELETE" not in clauses[-1]:
                second = self.updating()
                if second.startswith("CALL"):  # Neo4j wants a WITH between them
                    clauses.append("WITH *" if self.scope else "WITH 1 AS one")
                clauses.append(second)
            if self.maybe(0.4):
                clauses.append("RETURN count(*) AS c")
        else:
            clauses.append(self.projection("RETURN"))
            if self.maybe(0.05):
                kinds = self.scope
                clauses.append(self.random.choice(["UNION", "UNION ALL"]) + " RETURN " + ", ".join(f"{self.expression('int', 0, {})} AS {name}" for name in kinds))
                self.ordered = False
        return " ".join(clauses)
