"""mail: writes to the customer about each order. Berth posts it the messages of order.created; one that
comes twice has the same Berth-Message-Id and is mailed once. GET /sent tells how many."""
import collections
import json
import os
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REMEMBERED_MAX = 100_000  # ids; the oldest are forgotten first
lock, seen, sent, repeated = threading.Lock(), collections.OrderedDict(), 0, 0


class Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps the connection open
    wbufsize = -1                  # head and body leave in one packet

    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {"ok": True})
        if self.path == "/sent":
            return self.answer(200, {"sent": sent, "repeated": repeated})
        self.answer(404, {"error": f"there is no {self.path}"})

    def do_POST(self):
        global sent, repeated
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            order = json.loads(text)
            message, name = self.headers.get("Berth-Message-Id", order["id"]), order["user"]["name"]
        except (ValueError, KeyError, TypeError):
            print(f"ERROR a message is not an order: {text[:80]!r}", flush=True)
            return self.answer(400, {"error": "not an order"})  # Berth tries again, then keeps it as a dead letter
        with lock:
            first = message not in seen
            seen[message] = True
            sent, repeated = sent + first, repeated + (not first)
            if len(seen) > REMEMBERED_MAX:
                seen.popitem(last=False)
        print(f"INFO mail to {name}: order {order['id']}" if first
              else f"WARN message {message} came again; nothing was mailed", flush=True)
        self.answer(200, {"mailed": first})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass  # Berth sees each request


class Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for them
    request_queue_size = 128
    connections = set()

    def process_request(self, connection, address):
        self.connections.add(connection)
        super().process_request(connection, address)

    def shutdown_request(self, connection):
        self.connections.discard(connection)
        super().shutdown_request(connection)

    def run(self):
        """Serves until TERM, then finishes what was begun."""
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=self.shutdown).start())
        print(f"INFO mail listens on {self.server_address[0]}:{self.server_address[1]}", flush=True)
        self.serve_forever()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RD)  # whoever waits for a request sees the end
            except OSError:
                pass  # it went first
        self.server_close()
        print(f"INFO mail ends after {sent} mails", flush=True)


Server((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), Requests).run()
