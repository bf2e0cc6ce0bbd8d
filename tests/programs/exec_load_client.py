#!/usr/bin/env python3
"""A load driver of one's own, in forty lines: what driver = "exec" speaks, shown on a store that lives in this process.

    [load]
    workload = "register"
    driver   = "exec"
    command  = ["./exec_load_client.py"]

Lines of JSON come in on standard input and go out on standard output, in any order. harness/load/README.md has the
protocol. A real client would put its own connection to the target where `store` is used below.
"""
import json
import sys


def answer(request, store):
    """One request's outcome: ok, fail (certainly not done) or info (nobody knows)."""
    key = request["key"]
    if request["op"] == "read":
        return {"outcome": "ok", "value": store.get(key)}
    if request.get("create") and key in store:
        return {"outcome": "fail", "error": "the key is there already"}
    store[key] = request["value"]
    return {"outcome": "ok"}


def main():
    config = json.loads(sys.stdin.readline())["config"]
    nodes = [endpoint["node"] for endpoint in config["endpoints"]]
    store = {}
    # Whatever takes its time to start comes before this line; operations begin after it.
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        reply = {"id": request["id"], "node": request.get("node", nodes[0] if nodes else "")}
        reply.update(answer(request, store))
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
