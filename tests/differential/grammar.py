"""Random expressions over the whole language: typed templates, so that most of them run, and some that do not.

Types: int, float, str, bool, lint and lstr (lists), bag (a list without a certain order), any, map, the temporal types, pt (point),
node, rel, path. A hole {type} in a template is filled by an expression of that type.
"""

# What each property key holds, on nodes and on relationships alike.
PROPERTIES = {"id": "int", "n": "int", "f": "float", "s": "str", "b": "bool", "l": "lint", "t": "lstr", "d": "date", "z": "dt", "u": "dur", "p": "pt", "m": "any"}

LITERALS = {
    "int": ["0", "1", "2", "3", "-1", "7", "10", "100", "$pi"],
    "idx": ["0", "1", "2", "-1", "5"],
    "pos": ["1", "2", "3", "7"],
    "float": ["0.5", "1.5", "-2.25", "3.75", "1e3", "$pf"],
    "str": ["'a'", "'b'", "'ab'", "''", "'Ab c'", "'äö'", "' x '", "'1'", "'2.5'", "'true'", "$ps"],
    "ch": ["'a'", "'b'", "' '", "','"],
    "bool": ["true", "false", "null"],
    "lint": ["[]", "[1, 2, 3]", "[3, 1, 2]", "[1, null]", "[0]", "$pl", "range(1, 4)"],
    "lstr": ["[]", "['a', 'b']", "['b', 'ab', 'a']", "['x', null]"],
    "map": ["{}", "{a: 1}", "{a: 1, b: 'x'}", "{a: null}", "$pm"],
    "date": ["date('2020-02-29')", "date('2019-12-31')", "date('2021-01-03')", "date({year: 2020, week: 10})", "date({year: 2020, ordinalDay: 200})", "date('2015-Q2-60')", "date('2019-W1-3')", "date('20200102')", "$pd"],
    "lt": ["localtime('12:31:14.645')", "localtime('00:00')", "localtime({hour: 23, minute: 59})", "localtime('9:05')", "localtime('T0930')"],
    "time": ["time('12:00+01:00')", "time('21:40:32.142-02:00')", "time('11:00Z')"],
    "ldt": ["localdatetime('2020-02-29T12:31:14.645876')", "localdatetime('2019-01-01T00:00')", "localdatetime({year: 2021, month: 3, day: 28, hour: 2})"],
    "dt": ["datetime('2020-03-29T01:59:59+01:00[Europe/Berlin]')", "datetime('2020-10-25T02:30Z')", "datetime('2015-06-24T12:50:35.556+01:00')", "datetime({year: 2020, month: 1, day: 1, timezone: 'Asia/Tokyo'})"],
    "dur": ["duration('P1M')", "duration('P1Y2M3DT4H5M6.789S')", "duration('PT-36H')", "duration({days: 1.5})", "duration('P-1D')", "duration({months: 1, hours: 30})", "duration('PT14:37')", "duration('P2012-02-02T14:37:21.545')"],
    "pt": ["point({x: 1, y: 2})", "point({x: 0, y: 0.5})", "point({longitude: 12.5, latitude: 55.5})", "point({x: 1, y: 2, z: 3})"],
    "any": ["null", "1", "'a'", "true", "2.5", "[1, 2]", "{a: 1}", "date('2020-01-01')"],
    "dunit": ["'millennium'", "'century'", "'decade'", "'year'", "'weekYear'", "'quarter'", "'month'", "'week'", "'day'"],
    "tunit": ["'day'", "'hour'", "'minute'", "'second'", "'millisecond'"],
    "type": ["INTEGER", "FLOAT", "STRING", "BOOLEAN", "LIST<INTEGER>", "LIST<ANY>", "MAP", "DATE", "INTEGER | STRING", "NULL", "INTEGER NOT NULL", "ANY", "POINT", "PROPERTY VALUE"],
    "cmp": ["<", "<=", ">", ">=", "=", "<>"],
    "re": ["'a.*'", "'(?i)AB'", "'[a-c]+'", "'.*\\\\d.*'", "''"],
}

TEMPLATES = {
    "int": [
        "({int} + {int})", "({int} - {int})", "({int} * {idx})", "({int} / {pos})", "({int} % {pos})", "-{int}", "size({str})", "size({lint})", "size({lstr})", "size({bag})",
        "abs({int})", "sign({float})", "toInteger({float})", "toInteger({str})", "toIntegerOrNull({any})", "head({lint})", "last({lint})", "{lint}[{idx}]", "coalesce({int}, {int})",
        "nullIf({int}, {int})", "char_length({str})", "CASE WHEN {bool} THEN {int} ELSE {int} END", "CASE {int} WHEN {int} THEN {int} WHEN {int} THEN {int} END",
        "CASE {int} WHEN > 2, < 0 THEN {int} ELSE {int} END", "reduce(acc = {int}, e IN {lint} | acc + e)", "{date}.day", "{date}.year", "{date}.week", "{date}.weekYear", "{date}.quarter",
        "{date}.ordinalDay", "{date}.dayOfQuarter", "{date}.dayOfWeek", "{lt}.hour", "{lt}.millisecond", "{time}.minute", "{time}.offsetMinutes", "{ldt}.second", "{ldt}.microsecond", "{dt}.hour",
        "{dt}.epochSeconds", "{dt}.epochMillis", "{dt}.offsetSeconds", "{dur}.months", "{dur}.days", "{dur}.seconds", "{dur}.minutesOfHour", "{dur}.monthsOfYear", "{dur}.milliseconds",
        "{dur}.nanosecondsOfSecond", "{dur}.weeks", "COUNT { UNWIND {lint} AS y RETURN y }", "COUNT { UNWIND {lint} AS y RETURN DISTINCT y }", "toInteger({bool})", "size(keys({map}))", "{map}.a", "size(split({str}, {ch}))", "{pt}.srid", "size(toString({int}))"],
    "float": [
        "({float} + {int})", "({float} * {float})", "({float} - {float})", "({int} ^ {pos})", "({float} / {pos})", "toFloat({int})", "toFloat({str})", "toFloatOrNull({any})", "abs({float})",
        "ceil({float})", "floor({float})", "round({float})", "round({float}, 1)", "round({float}, 1, 'HALF_EVEN')", "round({float}, 0, 'UP')", "sqrt(abs({float}))", "exp({idx})", "log(abs({float}) + 1)",
        "log10(abs({int}) + 1)", "sin({float})", "cos({float})", "tan({float})", "atan({float})", "atan2({float}, {int})", "degrees({float})", "radians({float})", "haversin({float})", "asin(sin({float}))",
        "pi()", "e()", "{pt}.x", "{pt}.y", "point.distance({pt}, {pt})", "coalesce({float}, {float})", "CASE WHEN {bool} THEN {float} END", "cot({float} + 0.1)", "toFloat({int}) % {pos}"],
    "str": [
        "({str} + {str})", "({str} + {int})", "{str} || {str}", "toUpper({str})", "toLower({str})", "trim({str})", "ltrim({str})", "rtrim({str})", "btrim({str}, 'a')", "left({str}, 2)", "right({str}, 1)",
        "substring({str}, 1)", "substring({str}, 1, 2)", "replace({str}, {ch}, {str})", "reverse({str})", "toString({int})", "toString({float})", "toString({bool})", "toString({date})", "toString({dur})",
        "toString({dt})", "toString({ldt})", "toString({time})", "toString({pt})", "head(split({str}, {ch}))", "split({str}, {ch})[{idx}]", "{lstr}[{idx}]", "head({lstr})", "coalesce({str}, {str})",
        "toStringOrNull({any})", "valueType({any})", "CASE WHEN {bool} THEN {str} ELSE {str} END", "normalize({str})", "normalize({str}, NFKD)", "trim(BOTH 'a' FROM {str})", "trim(LEADING FROM {str})",
        "reduce(acc = '', e IN {lstr} | acc + e)", "{dt}.timezone", "{dt}.offset", "{time}.timezone", "{pt}.crs", "{map}.b"],
    "bool": [
        "({bool} AND {bool})", "({bool} OR {bool})", "({bool} XOR {bool})", "NOT {bool}", "({int} {cmp} {int})", "({float} {cmp} {int})", "({str} {cmp} {str})", "({any} {cmp} {any})", "({date} {cmp} {date})",
        "({dt} {cmp} {dt})", "({ldt} {cmp} {ldt})", "({time} {cmp} {time})", "({dur} {cmp} {dur})", "({pt} {cmp} {pt})", "({bool} {cmp} {bool})", "({lint} {cmp} {lint})", "({map} {cmp} {map})",
        "({int} < {int} <= {int})", "({int} IN {lint})", "({str} IN {lstr})", "({any} IN [{any}, {any}])", "({int} IN {bag})", "({any} IS NULL)", "({any} IS NOT NULL)", "({str} STARTS WITH {str})",
        "({str} ENDS WITH {str})", "({str} CONTAINS {str})", "({str} =~ {re})", "({any} IS :: {type})", "({any} IS NOT :: {type})", "all(e IN {lint} WHERE e {cmp} {int})", "any(e IN {lint} WHERE e {cmp} {int})",
        "none(e IN {lint} WHERE e {cmp} {int})", "single(e IN {lint} WHERE e {cmp} {int})", "any(e IN {bag} WHERE e {cmp} {int})", "isEmpty({lint})", "isEmpty({str})", "isEmpty({map})", "isNaN({float})",
        "toBoolean({str})", "toBooleanOrNull({any})", "({str} IS NORMALIZED)", "point.withinBBox({pt}, point({x: 0, y: 0}), point({x: 2, y: 3}))", "coalesce({bool}, {bool})", "({lstr} = {lstr})",
        "CASE WHEN {bool} THEN {bool} ELSE {bool} END", "({any} = {any})", "({any} <> {any})", "({str} IS NFD NORMALIZED)", "({any} :: {type})", "EXISTS { UNWIND {lint} AS y WITH y WHERE y {cmp} {int} RETURN y }", "EXISTS { RETURN {int} AS y UNION RETURN {int} AS y }"],
    "lint": [
        "[{int}, {int}]", "({lint} + {lint})", "({lint} + {int})", "tail({lint})", "reverse({lint})", "{lint}[1..]", "{lint}[..{idx}]", "{lint}[{idx}..{idx}]", "range({idx}, {idx})", "range(0, {pos}, 2)",
        "[e IN {lint} WHERE e {cmp} {int}]", "[e IN {lint} | e * {int}]", "[e IN {lint} WHERE e {cmp} {int} | e + {int}]", "coalesce({lint}, {lint})", "toIntegerList({lstr})", "[e IN {lstr} | size(e)]", "COLLECT { UNWIND {lint} AS y WITH y WHERE y {cmp} {int} RETURN y ORDER BY y }"],
    "lstr": ["[{str}, {str}]", "split({str}, {ch})", "toStringList({lint})", "reverse({lstr})", "tail({lstr})", "({lstr} + {str})", "[e IN {lstr} | toUpper(e)]", "[e IN {lint} | toString(e)]", "{lstr} || {lstr}"],
    "bag": ["{lint}"],
    "map": ["{a: {int}, b: {str}}", "{a: {int}}", "{map}"],
    "date": [
        "({date} + {dur})", "({date} - {dur})", "date.truncate({dunit}, {date})", "date({date: {date}, day: 1})", "date({ldt})", "date({dt})", "date(toString({date}))", "coalesce({date}, {date})",
        "date.truncate('month', {ldt}, {day: 5})", "date({year: {date}.year, month: 3})"],
    "lt": ["({lt} + {dur})", "({lt} - {dur})", "localtime.truncate({tunit}, {lt})", "localtime({ldt})", "localtime({time})", "localtime({time: {lt}, minute: 5})"],
    "time": ["({time} + {dur})", "time.truncate({tunit}, {time})", "time({dt})", "time({time: {time}, timezone: '+05:00'})"],
    "ldt": ["({ldt} + {dur})", "({ldt} - {dur})", "localdatetime.truncate({dunit}, {ldt})", "localdatetime.truncate({tunit}, {ldt})", "localdatetime({date: {date}, time: {lt}})", "localdatetime({dt})", "localdatetime({datetime: {ldt}, hour: 3})"],
    "dt": [
        "({dt} + {dur})", "({dt} - {dur})", "datetime.truncate({dunit}, {dt})", "datetime.truncate({tunit}, {dt})", "datetime({datetime: {dt}, timezone: 'Europe/London'})", "datetime({date: {date}, time: {lt}, timezone: 'America/New_York'})",
        "datetime({epochSeconds: {int}})", "datetime({epochMillis: {int}})", "datetime(toString({dt}))", "datetime({ldt})"],
    "dur": [
        "({dur} + {dur})", "({dur} - {dur})", "({dur} * {idx})", "({dur} / {pos})", "duration.between({date}, {date})", "duration.between({ldt}, {ldt})", "duration.between({dt}, {dt})", "duration.inMonths({date}, {date})",
        "duration.inDays({ldt}, {ldt})", "duration.inSeconds({dt}, {dt})", "duration.between({lt}, {lt})", "duration.between({date}, {ldt})", "duration({days: {int}, hours: {int}})", "duration({months: {float}})", "duration(toString({dur}))"],
    "pt": ["point({x: {float}, y: {int}})", "point({x: {int}, y: {int}, z: {float}})"],
    "any": ["{int}", "{float}", "{str}", "{bool}", "{lint}", "{lstr}", "{map}", "{date}", "{dur}", "[{any}, {any}]", "{a: {any}}", "coalesce({any}, {any})", "CASE WHEN {bool} THEN {any} ELSE {any} END", "{dt}", "{lt}", "{pt}"],
}

# Where an entity stands in scope as V.
NODE_TEMPLATES = {
    "int": ["COUNT { (V)-->() }", "COUNT { (V)<-[:R]-() }", "size(labels(V))", "size(keys(V))", "size([(V)--(x) | x.id])", "COUNT { MATCH (V)-[e]->(x) WHERE x.n > {idx} }",
            "COUNT { (V)-->{1,2}() }", "size([p = (V)-->(x) | length(p)])", "reduce(acc = 0, e IN [(V)-->(x) | x.n] | acc + coalesce(e, 0))", "COUNT { MATCH (V)-->() RETURN 1 AS one UNION ALL MATCH (V)<--() RETURN 1 AS one }"],
    "bool": ["(V:A)", "(V:A|B)", "(V:A&!B)", "(V:%)", "EXISTS { (V)-->(:A) }", "EXISTS { MATCH (V)--(x) WHERE x.n {cmp} {idx} }", "EXISTS { (V)-[:R|S*1..2]->() }", "(V.m IS NULL)", "('A' IN labels(V))", "(V IS A)", "EXISTS { (V)-[:R]->() WHERE {bool} }"],
    "bag": ["[(V)-->(x) | x.id]", "[(V)-[e]-(x) WHERE x.n {cmp} {idx} | e.id]", "COLLECT { MATCH (V)-->(x) RETURN x.id }"],
    "map": ["V {.n, .s}", "V {.id, x: {int}}", "V {.*, x: {int}}", "properties(V)"],
    "lint": ["COLLECT { MATCH (V)-->(x) RETURN x.id ORDER BY x.id }"],
    "any": ["V['n']", "V.m", "V", "V[{str}]"],
}
REL_TEMPLATES = {
    "int": ["size(keys(V))", "startNode(V).id", "endNode(V).n"],
    "str": ["type(V)"],
    "bool": ["(type(V) = 'R')", "(startNode(V) = endNode(V))", "(V:R|S)"],
    "map": ["V {.*}", "properties(V)"],
    "any": ["V", "V['s']"],
}
PATH_TEMPLATES = {"int": ["length(V)", "size(nodes(V))"], "lint": ["[e IN nodes(V) | e.id]", "[e IN relationships(V) | e.id]"], "bool": ["all(e IN nodes(V) WHERE e.n {cmp} {int})"], "any": ["V"]}
