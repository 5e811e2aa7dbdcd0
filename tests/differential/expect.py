#!/usr/bin/env python3
"""Fills the expectations of text scripts (tests/cypher/*.test) with a peer's answers, in place.

    expect.py --peer bolt://127.0.0.1:17687 tests/cypher/functions_string.test ...
    expect.py --check ...            changes nothing, names the statements whose answer is another

A statement with a line `> ` or `>= ` behind it (or `>` alone) gets the peer's answer there, `>=` keeping the order; one with
`> error` gets the status' title and the position. Statements without any are run for what they change. A statement behind a
comment line `# differs: reason` keeps what is written: there Graft differs from the peer on purpose.
"""
import argparse
import re
import sys

import values
from database import Database

POSITION = re.compile(r"\(line (\d+), column (\d+) \(offset: \d+\)\)")


def blocks(text):
    """Lines in groups: ("case", line) | ("other", lines) | ("statement", lines, expected lines, differs)."""
    out, statement, expected, differs = [], [], [], False

    def flush():
        nonlocal statement, expected, differs
        if statement:
            out.append(("statement", statement, expected, differs))
            differs = False
        statement, expected = [], []

    for line in text.split("\n"):
        if line.startswith("### "):
            flush()
            out.append(("case", line))
        elif line.startswith("> ") or line == ">" or line.startswith(">= ") or line == ">=":
            expected.append(line)
        elif line.startswith("#"):
            flush()
            differs = differs or line.startswith("# differs")
            out.append(("other", line))
        elif not line.strip():
            flush()
            out.append(("other", line))
        else:
            if expected:
                flush()
            statement.append(line)
    flush()
    return out


def expectation(answer, ordered):
    if answer.failed:
        position = POSITION.search(answer.message)
        where = f": (line {position.group(1)}, column {position.group(2)} " if position else ""
        return [f"> error {answer.title}{where}"]
    mark = ">=" if ordered else ">"
    if not answer.columns:
        return []
    rows = [" | ".join(values.show(v) for v in row) for row in answer.rows]
    if not ordered:
        rows.sort()
    return [f"{mark} " + " | ".join(answer.columns)] + [f"{mark} {row}".rstrip() for row in rows]


class Filler:
    def __init__(self, database):
        self.database = database
        self.parameters = {}

    def fill(self, statement, expected):
        """The new expected lines."""
        first = statement[0].strip()
        if first.startswith(":param "):
            name, _, literal = first[7:].partition("=")
            self.parameters[name.strip()] = self.database.run("RETURN " + literal).rows[0][0]
        elif first == ":begin":
            self.database.begin()
        elif first == ":rollback":
            self.database.rollback()
        elif first == ":commit":
            answer = self.database.commit()
            return expectation(answer, False) if expected else expected
        else:
            answer = self.database.run("\n".join(statement) + "\n", self.parameters)
            if answer.failed and not expected:
                print("fails without being expected to:", " ".join(statement), answer.code, answer.message.split("\n")[0])
            if answer.failed and self.database.transaction:
                self.database.rollback()
            return expectation(answer, any(e.startswith(">=") for e in expected)) if expected else expected
        return expected


def fill_file(path, database, check):
    with open(path) as file:
        text = file.read()
    filler, lines, changed = Filler(database), [], 0
    for block in blocks(text):
        if block[0] != "statement":
            if block[0] == "case":
                database.clear()
                filler.parameters = {}
            lines.append(block[1])
            continue
        _, statement, expected, differs = block
        new = filler.fill(statement, expected)
        if differs:
            new = expected
        elif new != expected:
            changed += 1
            if check:
                print(f"{path}: {' '.join(statement)}\n  was {expected}\n  now {new}")
        lines += statement + new
    if not check:
        with open(path, "w") as file:
            file.write("\n".join(lines))
    return changed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default="bolt://127.0.0.1:17687")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    database = Database(options.peer, options.user, options.password)
    for path in options.files:
        print(f"{path}: {fill_file(path, database, options.check)} statements {'differ' if options.check else 'filled'}")
    database.clear()
    database.close()


if __name__ == "__main__":
    sys.exit(main())
