#!/usr/bin/env python3
"""`berth proxy run` with what lives longer than a request: gRPC by Python's grpc, TCP mode beside a real haproxy, a new binary that takes the sockets over under load."""
import http.client
import http.server
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from berth import BERTH, expect, free_port, main, test, until
from examples import Running as Example
from proxies_alone import Alone, running

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")


class Grpc:
    """Python's grpc server with echo.Echo and grpc.health.v1.Health."""

    def __init__(self, *words):
        self.process = subprocess.Popen(["/usr/bin/python3", os.path.join(CLIENTS, "grpc_echo.py"), *words], stdout=subprocess.PIPE, text=True)
        self.address = f"127.0.0.1:{self.process.stdout.readline().strip()}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def client(port):
    result = subprocess.run(["/usr/bin/python3", os.path.join(CLIENTS, "grpc_through_proxy.py"), f"127.0.0.1:{port}"], capture_output=True, text=True, timeout=110)
    expect(result.returncode == 0 and "all as expected" in result.stdout, f"{result.stdout}{result.stderr}")


@test
def all_four_kinds_of_grpc_calls_go_through_and_a_check_keeps_the_unwell_out():
    port = free_port()
    with Grpc() as one, Grpc() as two, Grpc("--unhealthy") as ill, Alone(f"""
[proxy]
control = "proxy.sock"
[listener.web]
listen = "tcp:{port}"
[service.echo]
instances = ["{one.address}", "{two.address}", "{ill.address}"]
protocol = "h2"
check = {{ grpc = "", interval = "200ms" }}
[route.all]
service = "echo"
[[log]]
to = "stdout"
""") as proxy:
        until("the check to speak", lambda: "does not say SERVING" in proxy.logged())
        client(port)
        lines = until("its lines", lambda: len(proxy.printed().splitlines()) > 300 and proxy.printed().splitlines())
        servers = {re.search(r"echo/(echo/\d|<NOSRV>)", line)[1] for line in lines}
        expect(servers == {"echo/1", "echo/2"}, f"{servers}")
        # The instance that goes away within a stream is told as UNAVAILABLE, and nobody else feels it.
        one.process.kill()
        client(port)


@test
def curl_reaches_an_instance_of_http_2_by_both_versions():
    port, folder = free_port(), tempfile.mkdtemp()
    content = os.urandom(3_000_000)
    with open(os.path.join(folder, "big"), "wb") as file:
        file.write(content)
    with Example("websocket_echo_server", "tcp:0") as server, Alone(f"""
[listener.web]
listen = "tcp:{port}"
[service.echo]
instances = ["{server.at}"]
protocol = "h2"
[route.all]
service = "echo"
"""):
        for version in ("--http1.1", "--http2-prior-knowledge"):
            for more in ([], ["-H", "Expect: 100-continue"], ["-H", "Transfer-Encoding: chunked"] if version == "--http1.1" else []):
                sent = subprocess.run(["curl", "-sS", "--max-time", "30", version, *more, "--data-binary", f"@{folder}/big", f"http://127.0.0.1:{port}/"], capture_output=True, timeout=60)
                expect(sent.stdout == content, f"{version} {more}: {len(sent.stdout)} bytes {sent.stderr}")
            head = subprocess.run(["curl", "-sS", "-I", "--max-time", "30", version, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, timeout=60)
            expect(head.stdout.split()[1] == "200", head.stdout)
        told = subprocess.run(["h2load", "-n", "2000", "-c", "4", "-m", "50", f"http://127.0.0.1:{port}/"], capture_output=True, text=True, timeout=100)
        expect("2000 succeeded, 0 failed" in told.stdout, told.stdout + told.stderr)
    shutil.rmtree(folder)


WEBSOCKET = r"""
const http = require("http"), http2 = require("http2"), crypto = require("crypto");
const server = http.createServer().on("upgrade", (request, socket) => {
  const accept = crypto.createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nX-Path: ${request.url}\r\n\r\n`);
  socket.pipe(socket);
});
server.listen(Number(process.argv[1]), "127.0.0.1", () => console.log("listening"));
process.stdin.once("data", () => {
  const session = http2.connect(`http://127.0.0.1:${process.argv[2]}`);
  session.once("remoteSettings", (settings) => {
    const stream = session.request({ ":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":path": "/chat", ":authority": "web.example", "sec-websocket-version": "13" });
    let received = 0;
    const sent = Buffer.alloc(1_000_000, "w");
    stream.on("response", (headers) => {
      console.log(`${settings.enableConnectProtocol} ${headers[":status"]} ${headers["x-path"]}`);
      stream.write(sent);
      stream.end();
    });
    stream.on("data", (part) => (received += part.length));
    stream.on("error", (error) => console.log(`error ${error}`));
    stream.on("end", () => { console.log(`echo ${received}`); process.exit(0); });
  });
});
"""


@test
def a_websocket_of_node_by_http_2_reaches_an_upgrade_of_node():
    upstream, port = free_port(), free_port()
    node = subprocess.Popen(["node", "-e", WEBSOCKET, str(upstream), str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        expect(node.stdout.readline() == "listening\n", "node listens")
        with Alone(f"""
[listener.web]
listen = "tcp:{port}"
[service.chat]
instances = ["127.0.0.1:{upstream}"]
[route.all]
service = "chat"
[[log]]
to = "stdout"
""") as proxy:
            node.stdin.write("go\n")
            node.stdin.flush()
            told = node.communicate(timeout=30)[0]
            expect(told == "true 200 /chat\necho 1000000\n", told)
            until("its record", lambda: '101' in "".join(proxy.printed().splitlines()))
    finally:
        node.kill()
        node.wait()


@test
def udp_mode_gives_answers_back():
    port, instance = free_port(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    instance.bind(("127.0.0.1", 0))
    instance.settimeout(10)
    with Alone(f"""
[listener.names]
listen = "udp:127.0.0.1:{port}"
service = "dns"
[service.dns]
instances = ["127.0.0.1:{instance.getsockname()[1]}"]
"""):
        clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(20)]
        for number, client_socket in enumerate(clients):
            client_socket.settimeout(10)
            client_socket.sendto(b"%d" % number, ("127.0.0.1", port))
        for _ in clients:
            question, peer = instance.recvfrom(2000)
            instance.sendto(b"answer to " + question, peer)
        for number, client_socket in enumerate(clients):
            expect(client_socket.recv(2000) == b"answer to %d" % number, f"client {number}")
            client_socket.close()
    instance.close()


class Echo:
    """TCP: what comes goes back in capitals; "close" resets, "wait" says nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            self.answer(connection)
        except OSError:
            pass  # the peer's reset

    def answer(self, connection):
        with connection:
            while data := connection.recv(65536):
                if data == b"close":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    return
                if data == b"wait":
                    time.sleep(3)
                    return
                connection.sendall(data.upper())
            connection.shutdown(socket.SHUT_WR)

    def stop(self):
        self.listener.close()


def talk(port, word, end="half"):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(10)
        connection.sendall(word)
        try:
            if end == "half":
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while len(answer) < len(word) or end in ("half", "silent"):
                part = connection.recv(65536)
                if not part:
                    break
                answer += part
            if end == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return answer
        except OSError:
            return None


@test
def tcp_mode_logs_what_haproxy_logs():
    echo, port, dead, syslog = Echo(), free_port(), free_port(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    syslog.bind(("127.0.0.1", 0))
    syslog.settimeout(10)
    theirs, their_dead, their_patient = free_port(), free_port(), free_port()
    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "haproxy.cfg"), "w") as file:
        file.write(f"""
global
    log 127.0.0.1:{syslog.getsockname()[1]} local0
defaults
    mode tcp
    log global
    option tcplog
    retries 0
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen raw
    bind 127.0.0.1:{theirs}
    timeout server 3s
    server one 127.0.0.1:{echo.port}
listen patient
    bind 127.0.0.1:{their_patient}
    timeout client 3s
    server one 127.0.0.1:{echo.port}
listen gone
    bind 127.0.0.1:{their_dead}
    server one 127.0.0.1:{dead}
""")
    ours_dead = free_port()
    haproxy = subprocess.Popen(["haproxy", "-f", os.path.join(folder, "haproxy.cfg")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until("haproxy", lambda: socket.create_connection(("127.0.0.1", theirs)).close() is None)
        syslog.recv(4096)
        with Alone(f"""
[listener.raw]
listen = "tcp:{port}"
mode = "tcp"
service = "a"
idle_timeout = "1s"
[listener.gone]
listen = "tcp:{ours_dead}"
mode = "tcp"
service = "b"
[service.a]
instances = ["127.0.0.1:{echo.port}"]
[service.b]
instances = ["127.0.0.1:{dead}"]
retries = 0
[[log]]
to = "stdout"
""") as proxy:
            seen = {}
            for name, us, them, word, end in (("whole", port, theirs, b"hello", "half"), ("their reset", port, theirs, b"close", "half"),
                                              ("our reset", port, theirs, b"x", "reset"), ("a silent client", port, theirs, b"x", "silent"),
                                              ("a silent server", port, their_patient, b"wait", "silent"), ("refused", ours_dead, their_dead, b"x", "half")):
                before = len(proxy.printed().splitlines())
                answers = talk(us, word, end), talk(them, word, end)
                our_line = until("our line", lambda: len(proxy.printed().splitlines()) > before and proxy.printed().splitlines()[-1])
                their_line = syslog.recv(4096).decode()
                fields = [re.search(r"(\S+/\S+) (-?\d+)/(-?\d+)/\+?(-?\d+) \+?(\d+) (\S\S) \d+/\d+/\d+/\d+/(\d+) ", line) for line in (our_line, their_line)]
                expect(all(fields), f"{name}: {our_line} | {their_line}")
                ours, haproxys = ((each[5], each[6], each[3] == "-1") for each in fields)
                seen[name] = f"{ours} {haproxys}"
                expect(ours == haproxys, f"{name}: {our_line} | {their_line}")
                if name == "whole":
                    expect(answers == (b"HELLO", b"HELLO"), f"{answers}")
    finally:
        haproxy.kill()
        haproxy.wait()
        echo.stop()
        shutil.rmtree(folder)


@test
def tls_passes_through_tcp_mode_or_ends_there():
    inner, through, ended = free_port(), free_port(), free_port()
    folder = tempfile.mkdtemp()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True, capture_output=True)
    echo = Echo()
    server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{inner}", "-cert", f"{folder}/cert.pem", "-key", f"{folder}/key.pem", "-www", "-quiet"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until("s_server", lambda: socket.create_connection(("127.0.0.1", inner)).close() is None)
        with Alone(f"""
[listener.through]
listen = "tcp:{through}"
mode = "tcp"
service = "inner"
[listener.ended]
listen = "tls:127.0.0.1:{ended}"
certificates = [{{ chain = "{folder}/cert.pem", key = "{folder}/key.pem" }}]
mode = "tcp"
service = "echo"
[service.inner]
instances = ["127.0.0.1:{inner}"]
[service.echo]
instances = ["127.0.0.1:{echo.port}"]
"""):
            got = subprocess.run(["curl", "-sS", "--max-time", "10", "--cacert", f"{folder}/cert.pem", "--resolve", f"localhost:{through}:127.0.0.1", f"https://localhost:{through}/"],
                                 capture_output=True, text=True, timeout=30)
            expect("Ciphers supported" in got.stdout or "s_server" in got.stdout, f"{got.stdout[:200]} {got.stderr}")
            context = ssl.create_default_context(cafile=f"{folder}/cert.pem")
            with context.wrap_socket(socket.create_connection(("127.0.0.1", ended)), server_hostname="localhost") as secured:
                secured.sendall(b"secret")
                expect(secured.recv(100) == b"SECRET", "TLS ends at the proxy")
    finally:
        server.kill()
        server.wait()
        echo.stop()
        shutil.rmtree(folder)


class Web:
    """HTTP/1.1 with kept connections, which answers what was asked for."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if self.path.startswith("/slow"):
                    time.sleep(1)
                text = self.path.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *words):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Load:
    """Clients that ask without a pause, some on kept connections, some on new ones; each failure is kept."""

    def __init__(self, port, echo_port):
        self.port, self.echo_port, self.over = port, echo_port, False
        self.done, self.failures = 0, []
        works = [self.keep, self.keep, self.renew, self.renew, self.tcp]
        self.threads = [threading.Thread(target=work, daemon=True) for work in works]
        for thread in self.threads:
            thread.start()

    def one(self, connection, number):
        connection.request("GET", f"/{number}")
        answer = connection.getresponse()
        text = answer.read()
        expect(answer.status == 200 and text == f"/{number}".encode(), f"{answer.status} {text}")
        self.done += 1
        return not answer.will_close

    def keep(self):
        connection = None
        number = 0
        while not self.over:
            number += 1
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                if not self.one(connection, number):
                    connection.close()
                    connection = None
            except Exception as error:
                self.failures.append(f"kept: {error!r}")
                connection = None

    def renew(self):
        number = 0
        while not self.over:
            number += 1
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                self.one(connection, number)
                connection.close()
            except Exception as error:
                self.failures.append(f"new: {error!r}")

    def tcp(self):
        while not self.over:
            try:
                expect(talk(self.echo_port, b"abc") == b"ABC", "an echo")
                self.done += 1
            except Exception as error:
                self.failures.append(f"tcp: {error!r}")

    def stop(self):
        self.over = True
        for thread in self.threads:
            thread.join(30)


def told(folder, *words, code=0):
    result = subprocess.run([BERTH, "proxy", *words], cwd=folder, capture_output=True, text=True, timeout=60)
    expect(result.returncode == code, f"proxy {words}: {result.returncode} {result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def requests_of(folder):
    text = subprocess.run(["curl", "-sS", "--unix-socket", os.path.join(folder, "proxy.sock"), "http://p/metrics"], capture_output=True, text=True, timeout=30).stdout
    return int(float(re.search(r'haproxy_backend_http_requests_total\{proxy="a"\} (\S+)', text)[1]))


@test
def ten_upgrades_under_load_refuse_and_lose_nothing():
    web, echo = Web(), Echo()
    port, raw, grpc_port = free_port(), free_port(), free_port()
    text = f"""
[proxy]
control = "proxy.sock"
stop_grace = "5s"
[listener.web]
listen = "tcp:{port}"
[listener.raw]
listen = "tcp:{raw}"
mode = "tcp"
service = "echo"
[service.a]
instances = ["{web.address}"]
check = {{ http = "/health", interval = "500ms" }}
[service.echo]
instances = ["127.0.0.1:{echo.port}"]
[route.all]
service = "a"
[[log]]
to = "file:access.log"
"""
    pids = []
    with Alone(text) as proxy:
        told(proxy.folder, "disable", "echo/1")
        told(proxy.folder, "enable", "echo/1")
        load = Load(port, raw)
        try:
            until("some requests", lambda: load.done > 50)
            pids.append(proxy.process.pid)
            for round in range(10):
                before = load.done
                if round == 5:  # by signal as well
                    os.kill(pids[-1], signal.SIGUSR2)
                    pids.append(until("the next process", lambda: successor(proxy, pids)))
                    until("the one before to end", lambda: not running(pids[-2]))
                else:
                    pids.append(int(re.search(r"process (\d+) has taken over", told(proxy.folder, "upgrade"))[1]))
                until("requests by the next process", lambda: load.done > before + 50)
        finally:
            load.stop()
        print(f"       {load.done} requests, {len(load.failures)} failures over {len(pids) - 1} upgrades")
        expect(not load.failures, f"{len(load.failures)} of {load.done} failed: {load.failures[:5]}")
        expect(len(set(pids)) == 11, f"{pids}")
        until("the old ones to end", lambda: not any(running(pid) for pid in pids[:-1]), 20)
        # The counters go from one to the next, but for what the old one answers after it was asked for them.
        expect(requests_of(proxy.folder) > 50, f"{requests_of(proxy.folder)} counted")
        # A new one that cannot start leaves the old one in place, and says why.
        with open(proxy.path("proxy.toml")) as file:
            good = file.read()
        proxy.write("proxy.toml", good + "[route.wrong]\nservice = \"nobody\"\n")
        why = told(proxy.folder, "upgrade", code=1)
        expect("there is no 'nobody'" in why and "line" not in why[:1], why)
        expect(running(pids[-1]), "the old one runs")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/still")
        expect(connection.getresponse().read() == b"/still", "and answers")
        os.kill(pids[-1], signal.SIGTERM)
        until("the last to end", lambda: not running(pids[-1]), 20)
    echo.stop()


def successor(proxy, pids):
    """The pid of whoever runs the proxy in that folder, and is none of `pids`."""
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in pids:
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                if b"--take-over" in words and proxy.folder.encode() in b" ".join(words) and not words[0].endswith(b"sh"):
                    return int(name)
            except OSError:
                continue
    return None


main()
