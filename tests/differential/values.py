"""Values as the official driver gives them, written as text: what both databases are compared by, and what the text scripts of
tests/cypher hold. The form is that of src/cypher/script_test.cc; entities are shown by what they hold, never by id."""
import math

import neo4j
import neo4j.graph
import neo4j.spatial
import neo4j.time


def float_text(x):
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "-Infinity" if x < 0 else "Infinity"
    if x == 0 or 1e-3 <= abs(x) < 1e7:
        text = repr(x)
        if "e" in text:  # repr turns to an exponent below 1e-4 only, which is not in this range
            text = f"{x:f}"
        return text if "." in text else text + ".0"
    mantissa, exponent = _scientific(x)
    return f"{mantissa}E{exponent}"


def _scientific(x):
    """The shortest digits, as d.ddd and an exponent."""
    text = repr(abs(x))
    digits, _, exponent = text.partition("e")
    exponent = int(exponent or 0)
    whole, _, fraction = digits.partition(".")
    fraction = "" if fraction == "0" else fraction
    all_digits = (whole + fraction).lstrip("0")
    if whole.strip("0"):
        exponent += len(whole) - 1
    else:
        exponent -= len(fraction) - len(fraction.lstrip("0")) + 1
    all_digits = all_digits.rstrip("0") or "0"
    return ("-" if x < 0 else "") + all_digits[0] + "." + (all_digits[1:] or "0"), exponent


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def _fraction(nanos):
    return ("." + f"{nanos:09d}".rstrip("0")) if nanos else ""


def _clock(t):
    return f"{t.hour:02d}:{t.minute:02d}:{t.second:02d}{_fraction(t.nanosecond)}"


def _day(d):
    return f"{d.year:04d}-{d.month:02d}-{d.day:02d}"


def _offset(delta):
    seconds = int(delta.total_seconds())
    if seconds == 0:
        return "Z"
    size = abs(seconds)
    text = f"{'-' if seconds < 0 else '+'}{size // 3600:02d}:{size // 60 % 60:02d}"
    return text + (f":{size % 60:02d}" if size % 60 else "")


def _zone(t):
    name = getattr(t.tzinfo, "zone", None) or getattr(t.tzinfo, "key", None)
    return f"[{name}]" if name and name != "UTC" else ""  # an offset of 0 comes as the zone UTC


def duration_text(d, float_digits=None):
    total = d.seconds * 1_000_000_000 + d.nanoseconds
    if float_digits:  # fractions of months and days end in some nanosecond or other
        total = round(total, -3)
    months, days = d.months, d.days
    text = "P"

    def divided(n, by):  # towards zero
        return (abs(n) // by) * (1 if n >= 0 else -1), math.copysign(abs(n) % by, n)

    years, rest = divided(months, 12)
    text += f"{years}Y" if years else ""
    text += f"{int(rest)}M" if int(rest) else ""
    text += f"{days}D" if days else ""
    if total:
        sign = "-" if total < 0 else ""
        size = abs(total)
        hours, minutes, seconds = size // 3_600_000_000_000, size // 60_000_000_000 % 60, size % 60_000_000_000
        text += "T"
        text += f"{sign}{hours}H" if hours else ""
        text += f"{sign}{minutes}M" if minutes else ""
        text += f"{sign}{seconds // 1_000_000_000}{_fraction(seconds % 1_000_000_000)}S" if seconds else ""
    return text if text != "P" else "PT0S"


_SYSTEMS = {7203: "cartesian", 9157: "cartesian-3d", 4326: "wgs-84", 4979: "wgs-84-3d"}


def _point(p, digits=None):
    return "point({" + ", ".join(f"{n}: {show(float(c), digits)}" for n, c in zip("xyz", p)) + f", crs: '{_SYSTEMS[p.srid]}'}})"


def _properties(items, digits=None):
    parts = sorted(f"{k}: {show(v, digits)}" for k, v in items)
    return "{" + ", ".join(parts) + "}" if parts else ""


def node_text(node, digits=None):
    labels = "".join(sorted(f":{label}" for label in node.labels))
    properties = _properties(node.items(), digits)
    return "(" + labels + (" " if labels and properties else "") + properties + ")"


def relationship_text(relationship, digits=None):
    properties = _properties(relationship.items(), digits)
    return f"[:{relationship.type}" + (" " if properties else "") + properties + "]"


def path_text(path):
    text = "<" + node_text(path.nodes[0])
    for before, relationship, after in zip(path.nodes, path.relationships, path.nodes[1:]):
        along = relationship.start_node.element_id == before.element_id
        text += ("-" if along else "<-") + relationship_text(relationship) + ("->" if along else "-") + node_text(after)
    return text + ">"


def show(value, float_digits=None):
    """float_digits: significant digits that are compared; None keeps all."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if float_digits and math.isfinite(value):
            value = float(f"{value:.{float_digits}g}")
            value = 0.0 if value == 0 else value
        return float_text(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (bytes, bytearray)):
        return f"bytes({value.hex().upper()})"
    if isinstance(value, list):
        return "[" + ", ".join(show(v, float_digits) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(f"{k}: {show(v, float_digits)}" for k, v in value.items())) + "}"
    if isinstance(value, neo4j.graph.Node):
        return node_text(value, float_digits)
    if isinstance(value, neo4j.graph.Relationship):
        return relationship_text(value, float_digits)
    if isinstance(value, neo4j.graph.Path):
        return path_text(value)
    if isinstance(value, neo4j.spatial.Point):
        return _point(value, float_digits)
    if isinstance(value, neo4j.time.Duration):
        return duration_text(value, float_digits)
    if isinstance(value, neo4j.time.DateTime):
        zoned = value.tzinfo is not None
        return f"{_day(value)}T{_clock(value)}" + (_offset(value.utcoffset()) + _zone(value) if zoned else "")
    if isinstance(value, neo4j.time.Date):
        return _day(value)
    if isinstance(value, neo4j.time.Time):
        return _clock(value) + (_offset(value.utcoffset()) if value.tzinfo is not None else "")
    raise TypeError(f"no text for {type(value)}")
