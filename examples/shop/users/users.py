"""users: who our customers are. Answers GET /users and GET /users/ID."""
import json
import os
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAMES = ["Ada", "Barbara", "Edsger", "Grace", "Ken", "Margaret", "Radia", "Tony"]
USERS = {number: {"id": number, "name": name} for number, name in enumerate(NAMES, 1)}


class Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps the connection open
    wbufsize = -1                  # head and body leave in one packet

    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {"ok": True})
        if self.path == "/users":
            return self.answer(200, list(USERS.values()))
        user = self.path.removeprefix("/users/")
        if user.isdecimal() and int(user) in USERS:
            return self.answer(200, USERS[int(user)])
        print(f"WARN there is no {self.path}", flush=True)
        self.answer(404, {"error": f"there is no {self.path}"})

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
        print(f"INFO users listens on {self.server_address[0]}:{self.server_address[1]}", flush=True)
        self.serve_forever()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RD)  # whoever waits for a request sees the end
            except OSError:
                pass  # it went first
        self.server_close()
        print("INFO users ends", flush=True)


Server((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), Requests).run()
