"""payments: takes the money. Answers POST /payments. As in life, some fail and some take long."""
import json
import os
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAIL_SHARE = float(os.environ.get("FAIL_SHARE", "0.02"))    # of payments that are answered 500
STALL_SHARE = float(os.environ.get("STALL_SHARE", "0.01"))  # of payments that take 1.5 s
lock, taken = threading.Lock(), 0


def due(share, number):
    """Evenly spread: with a share of 0.02 every 50th."""
    return int(number * share) > int((number - 1) * share)


class Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps the connection open
    wbufsize = -1                  # head and body leave in one packet

    def do_GET(self):
        known = self.path == "/health"
        self.answer(200 if known else 404, {"ok": known})

    def do_POST(self):
        global taken
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            payment = json.loads(text)
            order, amount = payment["order"], payment["amount"]
        except (ValueError, KeyError, TypeError):
            return self.answer(400, {"error": "not a payment"})
        with lock:
            taken += 1
            number = taken
        if due(STALL_SHARE, number):
            print(f"WARN the bank is slow with order {order}", flush=True)
            time.sleep(1.5)
        if due(FAIL_SHARE, number):
            print(f"ERROR the bank did not answer for order {order}", flush=True)
            return self.answer(500, {"error": "the bank did not answer"})
        self.answer(200, {"order": order, "paid": amount})

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
        print(f"INFO payments listens on {self.server_address[0]}:{self.server_address[1]}", flush=True)
        self.serve_forever()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RD)  # whoever waits for a request sees the end
            except OSError:
                pass  # it went first
        self.server_close()
        print(f"INFO payments ends after {taken} payments", flush=True)


Server((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), Requests).run()
