#!/usr/bin/env python3
"""Riemann's protocol of `berth dev` with the real riemann-client: events by TCP and UDP, queries, the index by WebSocket and as server-sent events; a streams file that is
written, changed and made wrong while it runs."""
import base64
import http.client
import json
import os
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from berth import ECHO, Dev, expect, main, test, until

SYSTEM = """
[system]
name = "streams"

[service.echo]
command = "python3 echo.py"
health = "/health"
"""


def port_of(dev, name):
    return int(next(a["url"] for a in dev.state()["addresses"] if a["name"] == name).split(":")[-1])


def send(port, *arguments, by="-T"):
    result = subprocess.run(["riemann-client", "send", *arguments, by, "127.0.0.1", str(port)], capture_output=True, text=True, timeout=10)
    expect(result.returncode == 0, f"riemann-client send: {result.stderr}{result.stdout}")


def query(port, text):
    result = subprocess.run(["riemann-client", "query", text, "--json", "127.0.0.1", str(port)], capture_output=True, text=True, timeout=10)
    return json.loads(result.stdout) if result.returncode == 0 and result.stdout.strip() else []


class WebSocketClient:
    """Just enough of RFC 6455 to read texts."""

    def __init__(self, port, path):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline() not in (b"\r\n", b""):
            pass

    def next(self):
        """A text, or None once it is closed."""
        while True:
            first, second = self.file.read(2)
            size = second & 127
            if size == 126:
                size = struct.unpack(">H", self.file.read(2))[0]
            payload = self.file.read(size)
            if first & 15 == 1:
                return json.loads(payload)
            if first & 15 == 8:
                return None

    def send(self, text):
        data, mask = text.encode(), b"\1\2\3\4"
        head = bytes([0x81, 0x80 | len(data)]) if len(data) < 126 else bytes([0x81, 0x80 | 126]) + struct.pack(">H", len(data))
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))


def log_of(dev):
    return open(os.path.join(dev.folder, ".berth", "berth.log"), errors="replace").read()


def services(events):
    return sorted(e.get("service", "") for e in events)


@test
def a_riemann_client_sends_queries_and_listens():
    with Dev(SYSTEM, {"echo.py": ECHO}) as dev:
        dev.healthy()
        port, web = port_of(dev, "riemann"), port_of(dev, "riemann-web")
        send(port, "-S", "queue", "-h", "db", "-i", "7", "-t", "shop", "-a", "rack=north")
        send(port, "-S", "by udp", "-h", "db", "-d", "0.25", by="-U")
        until("the datagram", lambda: services(query(port, 'host = "db"')) == ["by udp", "queue"])
        found = query(port, 'tagged "shop" and metric > 5 and rack = "north"')
        expect(services(found) == ["queue"] and found[0]["metric_sint64"] == 7, f"{found}")
        wrong = subprocess.run(["riemann-client", "query", "metric >", "127.0.0.1", str(port)], capture_output=True, text=True, timeout=10)
        expect("parse error: column 9" in wrong.stdout + wrong.stderr, f"{wrong}")

        once = WebSocketClient(web, "/index?query=service%20%3D%20%22queue%22")
        event = once.next()
        expect(event["metric"] == 7 and event["tags"] == ["shop"] and event["time"].endswith("Z"), f"{event}")
        expect(once.next() is None, "the index goes on without being asked to")
        live = WebSocketClient(web, "/index?query=service%20%3D~%20%22live%25%22&subscribe=true")
        expect(live.status == 101, f"{live.status}")
        giving = WebSocketClient(web, "/events")
        giving.send('{"service": "live one", "metric": 3, "host": "page"}')
        expect(giving.next() == {}, "the event was not taken")
        expect(live.next()["service"] == "live one", "not live")
        expect(WebSocketClient(web, "/index?query=metric%20%3E").status == 400, "a wrong query was taken")

        stream = http.client.HTTPConnection("127.0.0.1", port_of(dev, "riemann-events"), timeout=10)
        stream.request("GET", "/index?query=metric%20%3E%205")
        answer = stream.getresponse()
        expect(answer.headers["content-type"].startswith("text/event-stream"), f"{answer.headers}")
        line = b""
        while not line.startswith(b"data:"):
            line = answer.readline()
        expect(json.loads(line[5:])["service"] == "queue", f"{line}")
        page = http.client.HTTPConnection("127.0.0.1", port_of(dev, "riemann-events"), timeout=10)
        page.request("GET", "/index?query=true", headers={"Origin": "http://evil.example"})
        expect(page.getresponse().status == 403, "another site's page may read events")
        until("the event's series", lambda: "7" in dev.run("metrics", "queue", "--json").stdout)


STREAMS = """[[stream]]
name = "everything"

[[stream]]
name = "sum"
where = 'service = "orders"'
compute = "counter"
set = { service = "all orders" }
"""
MORE = """
[[stream]]
name = "alerts"
where = 'service = "queue"'
alert = { critical = "metric > 100" }
"""


@test
def a_streams_file_is_taken_over_while_it_runs_and_keeps_what_did_not_change():
    with Dev(SYSTEM, {"echo.py": ECHO, "streams.toml": STREAMS}) as dev:
        dev.healthy()
        port = port_of(dev, "riemann")
        total = lambda: [e["metric_sint64"] for e in query(port, 'service = "all orders"')]
        send(port, "-S", "orders", "-h", "a", "-i", "3")
        until("the sum", lambda: total() == [3])
        alerts = WebSocketClient(port_of(dev, "riemann-web"), "/pubsub/alerts?query=true")
        dev.write("streams.toml", STREAMS + MORE)
        until("the new stream", lambda: (send(port, "-S", "queue", "-h", "a", "-i", "200"), "critical" in str(query(port, 'service = "queue"')))[1])
        expect(alerts.next()["state"] == "critical", "no alert")
        send(port, "-S", "orders", "-h", "a", "-i", "4")
        expect(total() == [7], f"the sum was lost: {total()}")
        dev.write("streams.toml", STREAMS.replace("where", "wehre"))
        until("what is wrong", lambda: "streams.toml:6:1" in log_of(dev) and "did you mean 'where'" in log_of(dev))
        send(port, "-S", "orders", "-h", "a", "-i", "1")
        expect(total() == [8], f"the running streams are gone: {total()}")


main()
