"""Makes a query that shows a difference smaller: removes and simplifies runs of tokens as long as the difference stays."""
import re

TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|\$?\w+(?:\.\w+)*|<=|>=|<>|=~|->|<-|::|\|\||\.\.|\S")
CLOSING = {"(": ")", "[": "]", "{": "}"}


def groups(tokens):
    """(begin, end) of every bracketed run, longest first."""
    stack, out = [], []
    for i, token in enumerate(tokens):
        if token in CLOSING:
            stack.append(i)
        elif token in CLOSING.values() and stack:
            out.append((stack.pop(), i + 1))
    return sorted(out, key=lambda g: g[0] - g[1])


def smaller(tokens):
    """Candidates, those that cut most first."""
    n = len(tokens)
    for begin, end in groups(tokens):
        for inner in ("null", "1", "[]"):
            if end - begin > 1:
                yield tokens[:begin] + [inner] + tokens[end:]
        yield tokens[:begin] + tokens[begin + 1:end - 1] + tokens[end:]
        if begin and re.match(r"\w", tokens[begin - 1]):
            for inner in ("null", "1"):
                yield tokens[:begin - 1] + [inner] + tokens[end:]
    size = n // 2
    while size >= 1:
        for begin in range(0, n - size + 1, max(1, size // 2)):
            yield tokens[:begin] + tokens[begin + size:]
        size //= 2
    for i, token in enumerate(tokens):
        if re.match(r"'.+'|\d{2,}|\w+\.\w+", token):
            yield tokens[:i] + ["1"] + tokens[i + 1:]


def reduce_query(text, differs, attempts=600):
    """differs(text) -> bool. Gives the smallest text found within so many attempts."""
    tokens = TOKEN.findall(text)
    if not differs(" ".join(tokens)):
        return text
    while attempts > 0:
        for candidate in smaller(tokens):
            if len(candidate) >= len(tokens) and " ".join(candidate) == " ".join(tokens):
                continue
            if len(candidate) > len(tokens):
                continue
            attempts -= 1
            if attempts <= 0:
                break
            if len(" ".join(candidate)) < len(" ".join(tokens)) and differs(" ".join(candidate)):
                tokens = candidate
                break
        else:
            break
    return " ".join(tokens)
