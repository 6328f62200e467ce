#!/usr/bin/env python3
"""Requests within requests, through the gateway to servers of Node, Python and Go: no server sees a request that the client did not
send as one, and nobody gets the answer of another. Then floods of connections, heads and resets: memory stays bounded, what is
refused is counted, and others are answered."""
import http.server
import os
import re
import resource
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "differential"))
from berth import BERTH, expect, main, test, until
from cases import CASES

resource.setrlimit(resource.RLIMIT_NOFILE, (min(1 << 14, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
                                            resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

# Each tells a line of every request that it sees, and answers with the same: METHOD TARGET BYTES.
NODE = """
const http = require("http");
const server = http.createServer((request, response) => {
  let size = 0;
  request.on("data", (part) => (size += part.length));
  request.on("end", () => {
    const line = `${request.method} ${request.url} ${size}`;
    console.log(line);
    response.end(line);
  });
});
server.keepAliveTimeout = 60000;
server.on("upgrade", (request, socket) => { console.log(`${request.method} ${request.url} upgrade`); socket.end("HTTP/1.1 400 Bad Request\\r\\nConnection: close\\r\\n\\r\\n"); });
server.listen(0, "127.0.0.1", () => console.log("port", server.address().port));
"""

GO = """
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
)

func main() {
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		size, _ := io.Copy(io.Discard, request.Body)
		line := fmt.Sprintf("%s %s %d", request.Method, request.RequestURI, size)
		fmt.Println(line)
		fmt.Fprint(answer, line)
	}))
}
"""


class Python:
    """http.server as its users write it, with chunks read, which it leaves to them."""

    def __init__(self):
        self.lines = lines = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                size = self.size()
                line = f"{self.command} {self.path} {size}"
                lines.append(line)
                self.send_response(200)
                self.send_header("Content-Length", str(len(line)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(line.encode("latin-1"))

            do_HEAD = do_POST = do_PUT = do_OPTIONS = do_DELETE = do_PATCH = do_TRACE = do_BREW = do_get = do_GET

            def size(self):
                if "chunked" not in self.headers.get("transfer-encoding", "").lower():
                    return len(self.rfile.read(int(self.headers.get("content-length", 0))))
                size = 0
                while part := int(self.rfile.readline().split(b";")[0], 16):
                    size += len(self.rfile.read(part))
                    self.rfile.readline()
                while self.rfile.readline() not in (b"\r\n", b""):
                    pass
                return size

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.request_queue_size = 256
        self.server.handle_error = lambda *words: None  # its clients may go at any time
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Program:
    """A server that is a program of its own."""

    def __init__(self, argv):
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, errors="replace")
        self.port = int(self.process.stdout.readline().split()[1])
        self.lines = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def stop(self):
        self.process.kill()
        self.process.wait()


class Gateway:
    """`berth proxy run` with a route to each server."""

    def __init__(self, servers, more=""):
        self.folder = tempfile.mkdtemp(prefix="berth-smuggling-")
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            two.bind(("127.0.0.1", 0))
            self.port, self.metrics = one.getsockname()[1], two.getsockname()[1]
        routes = "".join(f'\n[service.{name}]\ninstances = ["127.0.0.1:{server.port}"]\n[route.{name}]\nprefix = "/{name}"\nservice = "{name}"\n'
                         for name, server in servers.items())
        with open(os.path.join(self.folder, "proxy.toml"), "w") as file:
            file.write(f'[proxy]\nmetrics = "tcp:{self.metrics}"\n[listener.web]\nlisten = "tcp:{self.port}"\nhead_timeout = "2s"\n{more}{routes}')
        self.log = open(os.path.join(self.folder, "log"), "w")
        # What sanitizers keep of freed memory would hide what the program keeps.
        environment = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=4:thread_local_quarantine_size_kb=64"}
        self.process = subprocess.Popen([BERTH, "proxy", "run", "proxy.toml"], cwd=self.folder, stderr=self.log, stdout=self.log, env=environment)
        until("the proxy to run", lambda: "message=running" in open(self.log.name).read() or self.process.poll() is not None)

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def tried(self):
        try:
            return self.connect()
        except OSError:
            return None

    def memory(self):
        """Resident, in MiB."""
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{self.process.pid}/status").read())[1]) / 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def counted(self, name):
        with socket.create_connection(("127.0.0.1", self.metrics), timeout=20) as s:
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            text = s.makefile("rb").read().decode()
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))

    def get(self, target):
        """The body of the answer."""
        with self.connect() as s:
            s.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % target.encode())
            return s.makefile("rb").read().partition(b"\r\n\r\n")[2].decode("latin-1")

    def stop(self):
        self.process.terminate()
        code = self.process.wait(20)
        self.log.close()
        shutil.rmtree(self.folder)
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def attacks(server):
    """(name, bytes): in each, /SERVER/smuggled is no request of its own for who reads by the RFCs."""
    outer = b"POST /%s/outer HTTP/1.1\r\nHost: a\r\n" % server
    inner = b"GET /%s/smuggled HTTP/1.1\r\nHost: a\r\nX-Rest: " % server
    whole = b"GET /%s/smuggled HTTP/1.1\r\nHost: a\r\n\r\n" % server
    hidden = b"0\r\n\r\n" + inner
    length = b"Content-Length: %d\r\n"
    for coding in (b"Transfer-Encoding: chunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding: xchunked", b"Transfer-Encoding:\tchunked",
                   b"Transfer-Encoding: \x0bchunked", b"transfer-encoding: CHUNKED", b"Transfer-Encoding: chunked, identity", b"X: y\nTransfer-Encoding: chunked",
                   b"X: y\r\n Transfer-Encoding: chunked", b"Transfer-Encoding: \"chunked\"", b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding: chunked\x00",
                   b"Transfer_Encoding: chunked", b"Transfer-Encoding: chunked;q=1", b"X: y\rTransfer-Encoding: chunked", b"Content-Encoding: chunked",
                   b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked"):
        for first, second in ((length % len(hidden) + coding + b"\r\n", b""), (coding + b"\r\n", length % len(hidden))):
            yield b"CL.TE " + coding, outer + first + second + b"\r\n" + hidden
        if coding in (b"Transfer_Encoding: chunked", b"Content-Encoding: chunked"):
            continue  # other fields: the length counts, and what is behind it is a request
        chunk = b"%x\r\n" % len(whole) + whole + b"\r\n0\r\n\r\n"
        yield b"TE.CL " + coding, outer + b"Content-Length: 4\r\n" + coding + b"\r\n\r\n" + chunk
    for value in (b"+%d", b"0x%x", b" %d, %d", b"%d\x00", b"-%d", b"%d_", b"00%d\r\nContent-Length: 0", b"0\r\nContent-Length: %d"):
        told = value % ((len(whole),) * value.count(b"%"))
        yield b"length " + value, outer + b"Content-Length: " + told + b"\r\n\r\n" + whole
    yield b"length in a body", outer + length % len(whole) + b"\r\n" + whole
    yield b"GET with a body", outer.replace(b"POST", b"GET") + length % len(whole) + b"\r\n" + whole
    yield b"HEAD with a body", outer.replace(b"POST", b"HEAD") + length % len(whole) + b"\r\n" + whole
    yield b"OPTIONS with a body", outer.replace(b"POST", b"OPTIONS") + length % len(whole) + b"\r\n" + whole
    yield b"a body in chunks", outer + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(whole), whole)
    for option in (b"Content-Length", b"content-length, close", b"x, Content-Length", b"Host", b"Transfer-Encoding"):
        yield b"Connection: " + option, outer + b"Connection: " + option + b"\r\n" + length % len(whole) + b"\r\n" + whole
    for line in (b"%x\n", b"%x\r", b"%x;\r\n", b"%x \r\n", b"0x%x\r\n", b"%x;a\n\r\n", b"0000000000000000%x\r\n", b"10000000000000000%x\r\n", b"+%x\r\n"):
        yield b"chunk line " + line, outer + b"Transfer-Encoding: chunked\r\n\r\n" + line % len(whole) + whole + b"\r\n0\r\n\r\n"
    yield b"trailers that are fields", outer + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: %d\r\n\r\n" % len(whole)
    yield b"upgrade with a body", outer + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\n" + length % len(whole) + b"\r\n" + whole
    yield b"h2c", outer + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n" + length % len(whole) + b"\r\n" + whole
    yield b"Expect with a body", outer + b"Expect: 100-continue\r\n" + length % len(whole) + b"\r\n" + whole
    yield b"Expect of something else", outer + b"Expect: x\r\n" + length % len(whole) + b"\r\n" + whole
    yield b"a line in the target", b"GET /%s/outer HTTP/1.1\r\nX: \r\nHost: a\r\n\r\n".replace(b"outer", b"outer%%20HTTP/1.1%%0d%%0aX:%%20y%%0d%%0a%%0d%%0aGET%%20/%s/smuggled") % (server, server)
    yield b"a bare CR in the target", b"GET /%s/outer\rX: y\r\r" % server + whole
    yield b"HTTP/1.0 with chunks", outer.replace(b"/1.1", b"/1.0") + b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n" + length % len(hidden) + b"\r\n" + hidden
    yield b"a body that stops, then closed", outer + length % (len(whole) + 5) + b"\r\n" + whole


def send_whole(gateway, data):
    """What comes back until it ends or says no more."""
    with gateway.connect() as s:
        s.settimeout(4)
        got = b""
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            while part := s.recv(65536):
                got += part
        except OSError:
            pass
        return got


@test
def no_server_sees_a_request_that_the_client_did_not_send_as_one():
    folder = tempfile.mkdtemp(prefix="berth-go-")
    with open(os.path.join(folder, "main.go"), "w") as file:
        file.write(GO)
    built = subprocess.run(["go", "build", "-o", "server", "main.go"], cwd=folder, capture_output=True, text=True,
                           env={**os.environ, "GOFLAGS": "-mod=mod", "GO111MODULE": "off", "CGO_ENABLED": "0"}, timeout=300)
    expect(built.returncode == 0, built.stderr)
    servers = {"python": Python(), "node": Program(["node", "-e", NODE]), "go": Program([os.path.join(folder, "server")])}
    try:
        with Gateway(servers) as gateway:
            sent = 0
            for name, server in servers.items():
                word = name.encode()
                tried = list(attacks(word))
                # And what the readers are compared by, whose second request is one.
                tried += [(case.encode(), data.replace(b" / ", b" /%s/outer " % word).replace(b"/next", b"/%s/next" % word)) for case, data in CASES]
                for attack, data in tried:
                    got = send_whole(gateway, data)
                    sent += 1
                    expect(b"smuggled" not in got, f"{name}, {attack}: was answered with {got[-300:]}")
                    victim = f"/{name}/victim{sent}"
                    expect(gateway.get(victim) == f"GET {victim} 0", f"{name}, {attack}: the next client was not answered its own")
                until("all lines of " + name, lambda: f"GET {victim} 0" in server.lines)
                seen = [line for line in server.lines if not re.fullmatch(r"\w+ [^ ]*(outer|next|victim\d+)[^ ]* (\d+|upgrade)", line)]
                expect(not any("smuggled" in line.split()[1] and "%" not in line for line in server.lines), f"{name} saw {server.lines}")
                expect(not seen, f"{name} saw what nobody sent: {seen}")
            expect(sent > 500, f"only {sent} were tried")
            expect(gateway.counted("haproxy_frontend_request_errors_total") > 100, "and those that were refused are counted")
            expect(gateway.stop() == 0, "it ends well")
    finally:
        for server in servers.values():
            server.stop()
        shutil.rmtree(folder)


@test
def floods_are_refused_and_counted_and_leave_nothing_behind():
    server = Python()
    with Gateway({"python": server}, "connections_per_client_max = 300\n") as gateway:
        for _ in range(50):
            gateway.get("/python/warm")
        before, files = gateway.memory(), gateway.descriptors()

        # Connections: more than one client may have.
        many = [each for each in (gateway.tried() for _ in range(1500)) if each]
        until("most to be refused", lambda: gateway.counted("berth_proxy_entries_refused_total") >= 1200)
        for each in many:
            each.close()
        until("the others to be answered again", lambda: gateway.get("/python/a") == "GET /python/a 0")

        # Heads that never end: 431 at their limit, and 408 for those that stop.
        long_ones = [gateway.connect() for _ in range(200)]
        for each in long_ones:
            each.sendall(b"GET /python/b HTTP/1.1\r\nX: " + b"x" * 31_000)
        grown = gateway.memory() - before
        expect(grown < 64, f"200 heads of 31 KB took {grown:.0f} MiB")
        for each in long_ones[:100]:
            try:
                each.sendall(b"x" * 100_000)
            except OSError:
                pass
        answered = []
        for each in long_ones:
            try:
                answered.append(each.recv(12).decode())
            except OSError:
                answered.append("reset")
            each.close()
        expect(answered[100:].count("HTTP/1.1 408") == 100, str(answered[100:]))
        expect(answered[:100].count("HTTP/1.1 431") + answered[:100].count("reset") == 100, str(answered[:100]))
        until("each to be counted", lambda: gateway.counted("haproxy_frontend_request_errors_total") >= 200)

        # Requests whose clients reset at once, at every place.
        request = b"POST /python/c HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n" + b"x" * 20
        for round in range(40):
            for cut in range(1, len(request) + 1, 4):
                s = gateway.tried()
                while not s:  # those before are still being counted
                    s = gateway.tried()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                try:
                    s.sendall(request[:cut])
                except OSError:
                    pass  # refused
                s.close()
        until("all to be over", lambda: gateway.descriptors() <= files + 10)
        expect(gateway.get("/python/d") == "GET /python/d 0", "it answers")
        grown = gateway.memory() - before
        expect(grown < 64, f"it grew by {grown:.0f} MiB")
        expect(gateway.stop() == 0, "it ends well")
    server.stop()


main()
