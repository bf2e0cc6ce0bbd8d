#!/usr/bin/env python3
"""A load driver for etcd whose keys hang on a lease: put with the lease, range. Speaks JSON lines, as
harness/load/README.md says.

options = { ttl_s = "120" }: the lease's time to live. It is granted once and never renewed.
"""
import base64
import http.client
import json
import sys


def text(value):
    return base64.b64encode(value.encode()).decode()


class Etcd:
    """Version 3 through the JSON gateway of one member."""

    def __init__(self, address, port, timeout):
        self.connection = http.client.HTTPConnection(address, port, timeout=timeout)

    def call(self, path, body):
        self.connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        data = json.loads(answer.read())
        if answer.status != 200:
            raise ValueError(data.get("error", str(answer.status)))
        return data


def main():
    config = json.loads(sys.stdin.readline())["config"]
    timeout = config["timeout_ms"] / 1000
    members = [(each["node"], Etcd(each["address"], each["port"], timeout)) for each in config["endpoints"]]
    lease = members[0][1].call("/v3/lease/grant", {"TTL": config["options"].get("ttl_s", "120")})["ID"]
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        # Without a wish, members take turns.
        wanted = request.get("node") or members[request["id"] % len(members)][0]
        member = dict(members)[wanted]
        reply = {"id": request["id"], "node": wanted, "outcome": "ok"}
        try:
            if request["op"] == "read":
                found = member.call("/v3/kv/range", {"key": text(request["key"])}).get("kvs")
                reply["value"] = base64.b64decode(found[0]["value"]).decode() if found else None
            else:
                body = {"key": text(request["key"]), "value": text(request["value"]), "lease": lease}
                member.call("/v3/kv/put", body)
        except (ValueError, OSError, http.client.HTTPException) as lost:
            member.connection.close()
            reply.update(outcome="fail" if request["op"] == "read" else "info", error=str(lost))
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
