"""Asks the resolver of the node it runs in, without libc's resolver: ask_resolver.py NAME TYPE [udp|tcp] [TIMES].

Prints a line per query: the code, "truncated" if so, and the addresses, or "timeout" after 0.3 s.
"""
import socket
import struct
import sys

CODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}
TYPES = {"a": 1, "ptr": 12, "mx": 15, "aaaa": 28}


def query(name, kind, number):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", TYPES[kind], 1)


def after_name(data, at):
    while data[at] != 0:
        if data[at] >= 0xC0:
            return at + 2
        at += 1 + data[at]
    return at + 1


def told(data):
    flags, _, answers = struct.unpack(">3H", data[2:8])
    words = [CODES.get(flags & 15, str(flags & 15))] + (["truncated"] if flags & 0x200 else [])
    at = after_name(data, 12) + 4
    for _ in range(answers):
        at = after_name(data, at)
        kind, _, _, size = struct.unpack(">2HIH", data[at : at + 10])
        at += 10
        family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
        words.append(socket.inet_ntop(family, data[at : at + size]) if family else "?")
        at += size
    return " ".join(words)


def ask(name, kind, transport, number):
    message = query(name, kind, number)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM) as line:
        line.settimeout(0.3)
        line.connect(("127.0.0.1", 53))
        line.send((struct.pack(">H", len(message)) if transport == "tcp" else b"") + message)
        try:
            return told(line.recv(4096)[2 if transport == "tcp" else 0 :])
        except TimeoutError:
            return "timeout"


if __name__ == "__main__":
    transport = sys.argv[3] if len(sys.argv) > 3 else "udp"
    for turn in range(int(sys.argv[4]) if len(sys.argv) > 4 else 1):
        print(ask(sys.argv[1], sys.argv[2], transport, turn + 1))
