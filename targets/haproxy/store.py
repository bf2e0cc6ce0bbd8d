#!/usr/bin/env python3
"""A register store in memory, which works on one request at a time and for WORK_MS on each: so much and no more it can do."""
import http.server
import json
import os
import sys
import time

WORK = float(os.environ.get("WORK_MS", "4")) / 1000
values = {}


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/health":
            self.answer(200, {"status": "ok"})
            return
        time.sleep(WORK)
        if self.path in values:
            self.answer(200, {"value": values[self.path]})
        else:
            self.answer(404, {"error": "never written"})

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(WORK)
        values[self.path] = body.decode()
        self.answer(200, {"status": "ok"})

    def log_message(self, *_):
        pass


class Server(http.server.HTTPServer):
    # As many as wait for their turn: a server that took fewer would shed load, and no storm would come.
    request_queue_size = 4096

    def handle_error(self, *_):
        pass  # whoever asked has gone: the work was for nobody


Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
