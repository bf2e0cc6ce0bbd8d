#!/usr/bin/env python3
"""A load driver for Redis whose keys expire: SET with PX, GET. Speaks JSON lines, as harness/load/README.md says.

options = { ttl_ms = "60000" }: how long a key lives after it was written.
"""
import json
import socket
import sys


class Redis:
    """One connection, one command at a time, in RESP2."""

    def __init__(self, address, port, timeout):
        self.socket = socket.create_connection((address, port), timeout)
        self.file = self.socket.makefile("rb")

    def call(self, *words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            data = str(word).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
        self.socket.sendall(b"".join(parts))
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the connection was closed")
        kind, rest = line[:1], line[1:-2].decode()
        if kind == b"-":
            raise ValueError(rest)
        if kind != b"$":
            return rest
        return None if rest == "-1" else self.file.read(int(rest) + 2)[:-2].decode()


def main():
    config = json.loads(sys.stdin.readline())["config"]
    node = config["endpoints"][0]
    timeout = config["timeout_ms"] / 1000
    lifetime = config["options"].get("ttl_ms", "60000")
    redis = Redis(node["address"], node["port"], timeout)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        reply = {"id": request["id"], "node": node["node"], "outcome": "ok"}
        try:
            redis = redis or Redis(node["address"], node["port"], timeout)
            if request["op"] == "read":
                reply["value"] = redis.call("GET", request["key"])
            else:
                redis.call("SET", request["key"], request["value"], "PX", lifetime)
        except ValueError as refused:
            reply.update(outcome="fail", error=str(refused))
        except OSError as lost:
            redis = None
            reply.update(outcome="fail" if request["op"] == "read" else "info", error=str(lost))
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
