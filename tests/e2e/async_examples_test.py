#!/usr/bin/env python3
"""Each program of examples/async, with real sockets: what it prints, its exit codes, how it stops."""
import gzip
import http.server
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from berth import expect, main, test
from examples import PROGRAMS, Running, run


class Web:
    """A web server of Python's library: /N answers N bytes, /slow answers only once it is told to end."""

    def __enter__(self):
        self.over = over = threading.Event()
        self.hosts = hosts = []
        self.slow = slow = threading.Event()

        class Answers(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                hosts.append(self.headers["host"])
                if self.path == "/slow":
                    slow.set()
                    over.wait(60)
                    return
                known = self.path[1:].isdigit()
                body = b"x" * int(self.path[1:]) if known else b"what?"
                self.send_response(200 if known else 404)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def url(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Site:
    """A site of Python's library with a login, a page in gzip, and a place for files; it closes each connection."""

    def __enter__(self):
        self.seen = seen = []

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                seen.append((self.path, self.headers, body))
                if self.path == "/login":
                    self.answer(303, b"", ("location", "/me"), ("set-cookie", "id=42; Path=/; HttpOnly"))
                else:
                    head, content = body.split(b"filename=")[1].split(b"\r\n\r\n", 1)
                    told = {"name": head.split(b'"')[1].decode(), "size": len(content.rsplit(b"\r\n--", 1)[0])}
                    self.answer(200, json.dumps(told).encode(), ("content-type", "application/json"))

            def do_GET(self):
                seen.append((self.path, self.headers, b""))
                known = self.headers["cookie"] == "id=42" and "gzip" in self.headers["accept-encoding"]
                greeting = json.dumps({"greeting": "hello " * 1000 + "ada" if known else "who are you?"})
                self.answer(200, gzip.compress(greeting.encode()), ("content-encoding", "gzip"))

            def answer(self, status, body, *headers):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_address[1]}", seen

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@test
def a_url_is_got_with_callbacks_and_as_a_coroutine_alike():
    with Web() as web:
        for name in ("get_callbacks", "get_coroutine"):
            expect(run(name, web.url("/5000")) == "status 200\n5000 bytes\ndone\n", f"{name} of 5000 bytes")
            expect(run(name, web.url("/none", "localhost")) == "status 404\n5 bytes\ndone\n", f"{name} of nothing")
            expect(web.hosts[-1] == f"localhost:{web.port}", f"{name} asked for the host {web.hosts[-1]}")
            refused = run(name, f"http://127.0.0.1:{closed_port()}/", code=1)
            expect(refused.startswith("failed: ") and "refused" in refused and refused.endswith("done\n"), f"{name}: {refused}")
            expect(run(name, web.url("/7", "web.localhost")) == "status 200\n7 bytes\ndone\n", f"{name} by a name that the resolver knows")
            expect("usage" in run(name, code=2), f"{name} without a URL")


@test
def a_session_logs_in_follows_decodes_and_sends_a_file():
    content = bytes(range(256)) * 4000
    with Site() as (site, seen), tempfile.NamedTemporaryFile(suffix=" note.bin") as file:
        file.write(content)
        file.flush()
        told = run("web_session", site, file.name)
        name = os.path.basename(file.name)
        expect(told == f"at {site}/me: {'hello ' * 1000}ada\nsent {name}: {len(content)} bytes\n", told[-300:])
        expect([path for path, _, _ in seen] == ["/login", "/me", "/files"], "what was asked")
        expect(seen[0][2] == b"name=ada&password=secret", f"the form {seen[0][2]}")
        expect(content in seen[2][2], "the file's bytes")
        expect(seen[2][1]["cookie"] == "id=42", "the cookie goes on")


@test
def many_urls_are_got_at_once_and_the_first_error_ends_it():
    with Web() as web:
        urls = [web.url(f"/{size}") for size in (1, 70000, 0, 300)]
        expect(run("get_many", *urls) == "".join(f"{url} {url.rsplit('/', 1)[1]} bytes\n" for url in urls), "sizes in order")
        # The one that never answers does not keep it.
        failed = run("get_many", web.url("/slow"), f"http://127.0.0.1:{closed_port()}/", code=1)
        expect("unhandled error" in failed and "refused" in failed, failed)


@test
def a_signal_ends_a_get_that_gets_no_answer():
    with Web() as web:
        process = subprocess.Popen([os.path.join(PROGRAMS, "get_many"), web.url("/slow")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        expect(web.slow.wait(30), "it never asked")
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=30)[0]
        expect((process.returncode, told) == (0, ""), f"{process.returncode}: {told}")


@test
def the_echo_server_echoes():
    with Running("echo_server", "tcp:0") as server:
        with server.connect() as one, server.connect() as two:
            one.send("hello\n")
            two.send("world\n")
            expect((one.line(), two.line()) == ("hello", "world"), "each hears itself")
            big = bytes(range(256)) * 8000
            sender = threading.Thread(target=lambda: (one.send(big), one.end()))
            sender.start()
            expect(one.exactly(len(big)) == big, "2 MB come back as they were")
            sender.join()
            expect(one.exactly(1) == b"", "the end comes back too")
            server.stop(signal.SIGINT)
            expect(two.exactly(1) == b"", "a stopped server ends its connections")


@test
def the_echo_server_listens_on_a_unix_path_and_tells_what_is_wrong():
    path = f"/tmp/berth-echo-{os.getpid()}.sock"
    with Running("echo_server", f"unix:{path}") as server:
        expect(server.at == f"unix:{path}", f"it listens on {server.at}")
        with socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(30)
            raw.connect(path)
            raw.sendall(b"x")
            expect(raw.recv(10) == b"x", "no echo over a Unix socket")
        expect("another process listens" in run("echo_server", f"unix:{path}", code=1), "a path in use")
    os.unlink(path)
    expect("no port from 1 to 65535" in run("echo_server", "tcp:many", code=1), "a wrong endpoint")


@test
def the_chat_server_tells_everybody_but_the_speaker():
    with Running("chat_server", "tcp:0") as server:
        with server.connect() as anna, server.connect() as ben, server.connect() as carl:
            for peer, name in ((anna, "anna"), (ben, "ben")):
                expect(peer.line() == "What's your name?", "it asks for a name")
                peer.send(f"{name}\r\n")
                expect(peer.line() == f"Welcome, {name}!", f"{name} is welcome")
            carl.line()
            carl.send("anna\n")
            expect(carl.line() == "Name taken, please choose another.", "a name is given once")
            carl.send("carl\n")
            expect(carl.line() == "Welcome, carl!", "another name")
            anna.send("hi all\n")
            expect((ben.line(), carl.line()) == ("<anna> hi all", "<anna> hi all"), "both hear anna")
            ben.send("hi anna\nand carl\n")
            expect([anna.line(), anna.line(), carl.line(), carl.line()] == ["<ben> hi anna", "<ben> and carl"] * 2, "lines keep their order")
        # The name of one who left is free again; the server learns of that in its own time.
        named = False
        end = time.monotonic() + 30
        with server.connect() as other:
            other.line()
            while not named and time.monotonic() < end:
                other.send("anna\n")
                named = other.line() == "Welcome, anna!"
            expect(named, "a name that was left is never free")


@test
def one_who_does_not_read_is_sent_away_from_the_chat_and_keeps_nobody_else():
    with Running("chat_server", "tcp:0") as server:
        with server.connect() as loud, server.connect() as deaf, server.connect() as good:
            for peer, name in ((loud, "loud"), (deaf, "deaf"), (good, "good")):
                peer.send(f"{name}\n")
                expect((peer.line(), peer.line()) == ("What's your name?", f"Welcome, {name}!"), f"{name} is welcome")
            line = "x" * 10000
            for number in range(2000):
                loud.send(f"{number} {line}\n")
                expect(good.line() == f"<loud> {number} {line}", f"line {number}")
            try:
                while deaf.line():
                    pass
            except ConnectionResetError:
                pass
            loud.send("still here?\n")
            expect(good.line() == "<loud> still here?", "the others talk on")


@test
def the_proxy_passes_both_ways_and_ends_with_either():
    echo = Running("echo_server", "tcp:0")
    with echo, Running("tcp_proxy", "tcp:0", f"tcp:echo.localhost:{echo.at.rsplit(':', 1)[1]}") as proxy:
        with proxy.connect() as one:
            one.send("through\n")
            expect(one.line() == "through", "no way through")
            big = os.urandom(1 << 20)
            sender = threading.Thread(target=lambda: (one.send(big), one.end()))
            sender.start()
            expect(one.exactly(len(big)) == big, "1 MB come back as they were")
            sender.join()
            expect(one.exactly(1) == b"", "the end goes through")
        with proxy.connect() as one:
            one.send("x\n")
            one.line()
            echo.stop()
            ready, _, _ = select.select([one.socket], [], [], 30)
            expect(ready, "the end of the other side does not come through")
        with proxy.connect() as late:
            expect(late.exactly(1) == b"", "nothing listens there now: the connection ends")
        proxy.stop(tells="Connection refused")


@test
def the_looping_call_stops_and_fails():
    calls = "".join(f"call {i} after 1 interval(s)\n" for i in (1, 2, 3))
    expect(run("looping_call", "50ms") == calls + "stopped\n", "it stops after three")
    expect(run("looping_call", "50ms", "fail", code=1) == calls + "ended: the third went wrong\n", "it ends with an error")
    expect("duration" in run("looping_call", "often", code=2), "a wrong interval")


main()
