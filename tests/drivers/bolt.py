"""A Bolt client of our own, so that every version and both handshakes can be asked for. Values: what PackStream has, and Structure."""
import dataclasses
import socket
import struct

MAGIC = bytes.fromhex("6060B017")
MANIFEST = bytes.fromhex("000001FF")
HELLO, LOGON, RESET, RUN, BEGIN, COMMIT, ROLLBACK, DISCARD, PULL, ROUTE = 0x01, 0x6A, 0x0F, 0x10, 0x11, 0x12, 0x13, 0x2F, 0x3F, 0x66
SUCCESS, RECORD, IGNORED, FAILURE = 0x70, 0x71, 0x7E, 0x7F
VERSIONS = [(4, 4)] + [(5, minor) for minor in range(9)]


@dataclasses.dataclass
class Structure:
    tag: int
    fields: list


def head(size, tiny, eight):
    """The marker of a string, list or map: eight is the code with one byte of length."""
    if tiny is not None and size < 16:
        return bytes([tiny | size])
    if size < 1 << 8:
        return struct.pack(">BB", eight, size)
    if size < 1 << 16:
        return struct.pack(">BH", eight + 1, size)
    return struct.pack(">BI", eight + 2, size)


def pack(value):
    if value is None:
        return b"\xC0"
    if isinstance(value, bool):
        return b"\xC3" if value else b"\xC2"
    if isinstance(value, int):
        return struct.pack(">b", value) if -16 <= value < 128 else struct.pack(">Bq", 0xCB, value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xC1, value)
    if isinstance(value, bytes):
        return head(len(value), None, 0xCC) + value
    if isinstance(value, str):
        text = value.encode()
        return head(len(text), 0x80, 0xD0) + text
    if isinstance(value, list):
        return head(len(value), 0x90, 0xD4) + b"".join(map(pack, value))
    if isinstance(value, dict):
        return head(len(value), 0xA0, 0xD8) + b"".join(pack(k) + pack(v) for k, v in value.items())
    assert isinstance(value, Structure), value
    return bytes([0xB0 | len(value.fields), value.tag]) + b"".join(map(pack, value.fields))


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, layout):
        size = struct.calcsize(layout)
        (value,) = struct.unpack_from(layout, self.data, self.at)
        self.at += size
        return value

    def bytes(self, size):
        self.at += size
        return self.data[self.at - size:self.at]

    def value(self):
        marker = self.take(">B")
        high, low = marker & 0xF0, marker & 0x0F
        if marker < 0x80 or marker >= 0xF0:
            return marker if marker < 0x80 else marker - 256
        simple = {0xC0: None, 0xC2: False, 0xC3: True}
        if marker in simple:
            return simple[marker]
        if marker == 0xC1:
            return self.take(">d")
        if 0xC8 <= marker <= 0xCB:
            return self.take(">" + "bhiq"[marker - 0xC8])
        sized = {0xCC: "bytes", 0xD0: "text", 0xD4: "list", 0xD8: "map"}
        tiny = {0x80: "text", 0x90: "list", 0xA0: "map", 0xB0: "structure"}
        if high in tiny:
            return self.compound(tiny[high], low)
        return self.compound(sized[marker & 0xFC], self.take(">" + "BHI"[marker & 3]))

    def compound(self, kind, size):
        if kind == "bytes":
            return self.bytes(size)
        if kind == "text":
            return self.bytes(size).decode()
        if kind == "list":
            return [self.value() for _ in range(size)]
        if kind == "map":
            return {self.value(): self.value() for _ in range(size)}
        return Structure(self.take(">B"), [self.value() for _ in range(size)])


class Failure(Exception):
    def __init__(self, metadata):
        super().__init__(metadata.get("code") or metadata.get("neo4j_code"))
        self.metadata = metadata


class Bolt:
    """One connection, logged in."""

    def __init__(self, address, version, auth, manifest=False, patch_utc=True):
        self.socket = socket.create_connection(address, timeout=30)
        self.version = version
        self.offered = None
        if manifest:
            self.shake_hands_by_manifest()
        else:
            self.socket.sendall(MAGIC + bytes([0, 0, version[1], version[0]]) + bytes(12))
            assert self.exactly(4) == bytes([0, 0, version[1], version[0]])
        token = {"scheme": "basic", "principal": auth[0], "credentials": auth[1]}
        hello = {"user_agent": "graft-tests/1.0", **({"patch_bolt": ["utc"]} if version == (4, 4) and patch_utc else {})}
        if version >= (5, 3):
            hello["bolt_agent"] = {"product": "graft-tests/1.0"}
        self.hello = self.ask(HELLO, hello if version >= (5, 1) else {**hello, **token})
        if version >= (5, 1):
            self.ask(LOGON, token)

    def shake_hands_by_manifest(self):
        self.socket.sendall(MAGIC + MANIFEST + bytes(12))
        assert self.exactly(4) == MANIFEST
        self.offered = set()
        for _ in range(self.varint()):
            _, below, minor, major = self.exactly(4)
            self.offered |= {(major, m) for m in range(minor - below, minor + 1)}
        assert self.varint() == 0  # capabilities
        self.socket.sendall(bytes([0, 0, self.version[1], self.version[0], 0]))

    def varint(self):
        value = shift = 0
        while True:
            byte = self.exactly(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            assert more, "the server closed the connection"
            data += more
        return data

    def send(self, tag, *fields):
        message = pack(Structure(tag, list(fields)))
        chunks = [message[i:i + 0xFFFF] for i in range(0, len(message), 0xFFFF)]
        self.socket.sendall(b"".join(struct.pack(">H", len(c)) + c for c in chunks) + b"\0\0")

    def receive(self):
        message = b""
        while True:
            size = struct.unpack(">H", self.exactly(2))[0]
            if size:
                message += self.exactly(size)
            elif message:  # else a keep-alive
                return Reader(message).value()

    def answer(self):
        """The rows until the next summary, and that; Failure."""
        rows = []
        while (message := self.receive()).tag == RECORD:
            rows.append(message.fields[0])
        if message.tag == SUCCESS:
            return rows, message.fields[0]
        raise Failure(message.fields[0] if message.fields else {"code": "ignored"})

    def ask(self, tag, *fields):
        self.send(tag, *fields)
        return self.answer()[1]

    def run(self, text, parameters=None, extra=None):
        """Rows and the last summary."""
        self.send(RUN, text, parameters or {}, extra or {})
        self.send(PULL, {"n": -1})
        try:
            self.answer()
        except Failure:
            self.receive()  # IGNORED
            self.ask(RESET)
            raise
        try:
            return self.answer()
        except Failure:
            self.ask(RESET)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
