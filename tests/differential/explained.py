"""Differences from Neo4j that are on purpose or its own fault, each with its reason; docs/differential.md lists them too.

EXPLAINED: (name, reason, test), the test called with the query's text, the peer's answer and Graft's.
OF_UNTYPED: the same behind a type: only for queries in which what should be of that type may be another (Query.untyped).
REWRITTEN: (name, reason, rewriting). What the peer gets wrong is written in another way that means the same: the difference is explained if the
peer then answers what Graft had answered, and Graft the same as before. Such a rule cannot hide another fault of the same query.
"""
import re

import values


def _only_peer_fails(pattern):
    return lambda text, peer, graft: peer.failed and not graft.failed and re.search(pattern, peer.message)


def _only_graft_fails(pattern):
    return lambda text, peer, graft: graft.failed and not peer.failed and re.search(pattern, graft.message)


def _rows_that_are_not_kept(text, peer, graft):
    """An expression that fails on rows of which none is kept: whether it is computed before they are dropped is open."""
    if peer.failed and not graft.failed and not graft.rows and "(line " not in peer.message:
        return "LIMIT 0" in text
    return graft.failed and not peer.failed and not peer.rows and "(line " not in graft.message


def _null_of_a_map(text, peer, graft):
    """Every row that only Graft has shows a null, and the query makes temporals of maps."""
    if peer.failed or graft.failed or not re.search(r"(date|time)\(\{", text) or len(peer.rows) != len(graft.rows):
        return False
    theirs = [repr(row) for row in peer.rows]
    return all(None in row for row in graft.rows if repr(row) not in theirs)


def _without_nanoseconds(answer):
    def rounded(match):
        hours, minutes, seconds, of_duration = match.groups()
        return f"{float(of_duration):.5f}S" if of_duration else str(round(int(hours) * 3600 + int(minutes) * 60 + float(seconds), 5))
    texts = (" | ".join(values.show(v, 10) for v in row) for row in answer.rows)
    return sorted(re.sub(r"(\d\d):(\d\d):(\d\d(?:\.\d+)?)|(-?\d+\.\d+)S\b", rounded, text) for text in texts)


def _nanoseconds_apart(text, peer, graft):
    return not peer.failed and not graft.failed and re.search(r"duration|\.u\b", text) and _without_nanoseconds(peer) == _without_nanoseconds(graft)


def _one_apart(text, peer, graft):
    """A component of a duration that was multiplied or divided: a whole number less, where Neo4j's floats end below it."""
    if peer.failed or graft.failed or not re.search(r"(duration|\.u\b).*[*/].*\.(days|\w*seconds)", text) or len(peer.rows) != len(graft.rows):
        return False
    pairs = [(a, b) for x, y in zip(peer.rows, graft.rows) for a, b in zip(x, y)]
    return all(values.show(a, 10) == values.show(b, 10) or (isinstance(a, int) and isinstance(b, int) and abs(a - b) == 1) for a, b in pairs)


def _epoch_seconds(text, peer, graft):
    """Of the rows that are not in both, each number before 1970 may be one less here; the query asks for epochSeconds."""
    if peer.failed or graft.failed or "epochSeconds" not in text or len(peer.rows) != len(graft.rows):
        return False

    def equal(a, b):
        if isinstance(a, list) and isinstance(b, list):
            return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b))
        return values.show(a, 10) == values.show(b, 10) or (isinstance(a, int) and isinstance(b, int) and b < 0 and a == b + 1)
    return equal(peer.rows, graft.rows)


def _last_digit_in_a_string(text, peer, graft):
    """Floats in strings to ten digits, as floats elsewhere: log10() and the like may be one unit of the last digit apart."""
    def texts(answer):
        rows = (" | ".join(values.show(v, 10) for v in row) for row in answer.rows)
        return sorted(re.sub(r"\d+\.\d{10,}", lambda match: f"{float(match[0]):.10g}", row) for row in rows)
    return not peer.failed and not graft.failed and "toString" in text and texts(peer) == texts(graft)


def _end_of_group(text, begin):
    """The place behind the bracket that closes the one at begin."""
    depth = 0
    for match in re.compile(r"'(?:[^'\\]|\\.)*'|[()\[\]{}]").finditer(text, begin):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return len(text)


def _each_group(pattern, text, rewrite):
    """Each match of pattern, which ends in an opening bracket, from the last to the first: what stands before the bracket, the group, what follows -> new text."""
    for match in reversed(list(re.finditer(pattern, text))):
        begin = match.end() - 1
        end = _end_of_group(text, begin)
        text = text[:match.start()] + rewrite(text[match.start():begin], text[begin:end], text[end:])
    return text


def _collect_through_a_list(text):
    return _each_group(r"COLLECT \{", text, lambda before, group, after: (
        f"[z IN {before}{group} | z]{after}" if re.match(r" ?\[", after) else before + group + after))


def _not_of_equality(text):
    """NOT (x) becomes NOT (true = (x)), which Neo4j leaves as it stands, where x compares durations or points."""
    if not re.search(r"duration|point|\.u\b|\.p\b", text):
        return text
    return _each_group(r"\bNOT ?\(", text, lambda before, group, after: (
        f"{before}(true = {group}){after}" if re.search(r"duration|point|\.u\b|\.p\b|\be\d+\b", group) else before + group + after))


def _eager_after_set(text):
    """All rows of the first SET are done before the next update begins."""
    return re.sub(r"((?<!CREATE )(?<!MATCH )\bSET .*?) (CREATE|MERGE|FOREACH|CALL|DETACH|DELETE|REMOVE|SET) ", r"\1 WITH *, count(*) AS z UNWIND range(1, z) AS z1 \2 ", text, count=1)


EXPLAINED = [
    ("fractions of durations", "exact here, where Neo4j loses a nanosecond", _nanoseconds_apart),
    ("reverse() of a stored list", "Neo4j refuses lists that come from a property", _only_peer_fails(r"function 'reverse\(\)'")),
    ("a failing expression beside a false predicate", "Cypher leaves open which of them is computed first", _rows_that_are_not_kept),
    ("integer overflow", "an error here where Neo4j gives a float or a wrapped number", _only_graft_fails(r"integer overflow|does not fit into 64 bits")),
    ("null in a temporal map", "gives null here; Neo4j takes a default, fails or breaks the result, by field",
     _only_peer_fails(r"was a NoValue|Cannot construct|At least one temporal unit|NO_VALUE|50N42|Builder state empty|must be specified|Cannot assign")),
    ("a variable of another type in a pattern", "matches nothing here; Neo4j refuses it where it knows the type", _only_peer_fails(r"defined with conflicting type")),
    ("a date as a date and time", "midnight here, refused by Neo4j", _only_peer_fails(r"^Cannot (select datetime from|get the time of)")),
    ("null in a temporal map", "as above, where Neo4j goes on with some value", _null_of_a_map),
    ("strings joined with temporals", "a string here, as for numbers", _only_peer_fails(r"^Type mismatch: expected Float, Integer, String or List<T> but was")),
    ("CALL right behind an update", "no WITH is asked for between them here", _only_peer_fails(r"^WITH is required between")),
    ("FOREACH over what is no list", "refused here", lambda text, peer, graft: "FOREACH" in text and _only_graft_fails(r"^Type mismatch: expected List")(text, peer, graft)),
    ("a path of one bound node in OPTIONAL MATCH", "null here when the predicate is not true, like all that the pattern brings; Neo4j keeps the path",
     lambda text, peer, graft: not peer.failed and not graft.failed and re.search(r"OPTIONAL MATCH p\d+ = \(n\d+\) WHERE", text)),
    ("components of fractions of durations", "as above", _one_apart),
    ("three signs", "read here as what they say", _only_peer_fails(r"expected a number")),
    ("point.distance() of what is no point", "null in Neo4j, a type error here", _only_graft_fails(r"expected Point")),
    ("n['']", "null here: there is no such property", _only_peer_fails(r"^'' is not a valid token name")),
    ("epochSeconds before 1970", "rounded down here; Neo4j rounds towards 1970", _epoch_seconds),
    ("the last digit of a float in a string", "sin(), log10() and the like are right to one unit of it on both sides", _last_digit_in_a_string),
    ("names of a comprehension in a subquery", "may be those of one outside of it, as in any other comprehension", _only_peer_fails(r"^The variable `(e|acc)` is shadowing")),
    ("an element of a stored list", "Neo4j knows when it compiles that it is no list, and refuses it beside ||; here it is looked at when the query runs",
     _only_peer_fails(r"^Type mismatch: expected List<T> but was (Any or String|Boolean, Float, Integer, Number, Point, String, Duration, Date)")),
    ("a property of a number", "null here where the number is null: null - 1 is not known to be a number before the query runs",
     _only_peer_fails(r"^Type mismatch: expected Map, Node, Relationship, Point, .* but was Float(, Integer, String or List<Float>| or Integer)")),
    ("a number as a relationship", "a type error here, as of nodes; in Neo4j it matches nothing", _only_graft_fails(r"^Type mismatch: expected Relationship but was")),
    ("mixed path syntax", "variable length and quantified paths go together here", _only_peer_fails(r"^Mixing variable-length relationships")),
    ("types checked at compile time", "the arguments of duration.between() and truncate() are checked before a row is read",
     _only_graft_fails(r"^Type mismatch: expected (Date, LocalTime|String or|String but|Map but)")),
]

OF_UNTYPED = [
    ("list", "a list of one", "what is no list behind IN is refused here; Neo4j takes it as a list of one where it does not see the type",
     lambda text, peer, graft: "(line " not in graft.message and " IN " in text and _only_graft_fails(r"^Type mismatch: expected List but was")(text, peer, graft)),
    ("bool", "what is no boolean in a predicate", "an error here; Neo4j takes it as true beside AND, OR and XOR, and looks at it only once the pattern is found",
     lambda text, peer, graft: "(line " not in graft.message and re.search(r"\b(AND|X?OR)\b|WHERE c\d+\b", text) and _only_graft_fails(r"^Type mismatch: expected Boolean but was")(text, peer, graft)),
]

REWRITTEN = [
    ("NOT of a comparison", "Neo4j turns NOT a >= b into a < b, which for points and durations is null instead of false", _not_of_equality),
    ("COLLECT { }[..-1]", "Neo4j gives [] for negative ends of a list that COLLECT made, and null for its negative indexes", _collect_through_a_list),
    ("a stored list as PROPERTY VALUE", "true here; Neo4j says that a list it has stored is none, and that the same list as a literal is one",
     lambda text: re.sub(r"(\.m (?:IS (?:NOT )?)?:: PROPERTY VALUE)", r"\1 | LIST<ANY>", text)),
    ("elements of value + list", "Neo4j takes them all for what the value is, and refuses true + [1] as the list of a comprehension that adds to its elements",
     lambda text: re.sub(r"\be \+ ", "{v: e}.v + ", text)),
    ("updates that a SET before them sees", "in Neo4j the value of a later row sees what CREATE behind it did for an earlier one: COUNT { (n)-->() }", _eager_after_set),
    ("a fraction beside a degree", "compared as it is here; Neo4j rounds it down where it counts no further than that: 0.5 > COUNT { (n)-->() } is false for a node without any",
     lambda text: re.sub(r"([<>=]) (COUNT \{ \( ?\w+ ?\)(?:-->|<-\[:R\]-)\(\) \})", r"\1 abs(\2)", text)),
]

# Likewise of queries that fail here only: what the peer refuses too.
REWRITTEN_ERRORS = [
    ("a failing expression beside ORDER BY", "Neo4j sorts by some keys, and cuts by LIMIT or adds the row of OPTIONAL MATCH, before it computes the others; without ORDER BY it fails too",
     lambda text: re.sub(r" ORDER BY [^{}]*$", "", text)),
]


def explanation(text, peer, graft, untyped, alike):
    """The name of the rule that explains the difference, None without one. untyped: as Query.untyped.
    alike(other): whether the peer answers the other query as Graft answered this one, and Graft both the same."""
    for name, _, test in EXPLAINED + [rule[1:] for rule in OF_UNTYPED if rule[0] in untyped]:
        if test(text, peer, graft):
            return name
    for name, _, rewriting in REWRITTEN_ERRORS if graft.failed else REWRITTEN:
        other = rewriting(text)
        if other != text and alike(other):
            return name
    return None
