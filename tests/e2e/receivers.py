"""Who gets what `berth observe run` sends: in the form of Librato and its like, and of carbon."""
import http.server
import json
import socket
import threading

RELP = '[[input]]\nkind = "relp"\nlisten = "127.0.0.1:<relp>"\n'
# Their ports are to be filled in.
LIBRATO_AND_GRAPHITE = """
[[output]]
name = "librato"
type = "librato"
url = "http://127.0.0.1:%d"
email = "me@example.com"
token = "t"
retry_first = "100ms"

[[output]]
name = "graphite"
type = "graphite"
to = "tcp:127.0.0.1:%d"
retry_first = "100ms"
"""


class Receiver:
    """Takes posts; the first of each three is answered 503, with Retry-After."""

    def __init__(self, faults=True):
        receiver = self
        self.posts = []
        self.asked = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.asked += 1
                failing = faults and receiver.asked % 3 == 1
                if not failing:
                    receiver.posts.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(503 if failing else 200)
                if failing:
                    self.send_header("retry-after", "1")
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Carbon:
    """Reads lines as carbon does: of each path the last value of a time."""

    def __init__(self):
        self.values = {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile() as lines:
                for line in lines:
                    path, value, second = line.split()
                    self.values[path, int(second)] = float(value)

    def last(self):
        newest = {}
        for (path, second), value in sorted(self.values.items()):
            newest[path] = value
        return newest

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
