#!/usr/bin/env python3
"""`berth proxy run proxy.toml`: real curl in front, Python's http.server and Node behind; routes, TLS by name, reload, checks, logs, PROXY protocol, tokens."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from berth import BERTH, expect, free_port, main, test, until
from proxies_alone import Alone, Backend, asked, certificate, curl, status

NODE = """
const http = require("http");
http.createServer((request, response) => {
  let size = 0;
  request.on("data", (part) => (size += part.length));
  request.on("end", () => response.end(JSON.stringify({ node: true, method: request.method, url: request.url, headers: request.headers, size })));
}).listen(Number(process.argv[1]), "127.0.0.1");
"""

def proxy_said(process):
    """A line of a process is there."""
    ready, _, _ = select.select([process.stdout], [], [], 0.2)
    return bool(ready) and json.loads(process.stdout.readline())["status"] == 200


@test
def routes_lead_to_python_and_node_and_say_who_asked():
    port, node_port = free_port(), free_port()
    users, node = Backend("users"), subprocess.Popen(["node", "-e", NODE, str(node_port)])
    text = f"""
[listener.web]
listen = "tcp:{port}"
[service.users]
instances = ["{users.address}"]
[service.node]
instances = ["127.0.0.1:{node_port}"]
[route.users]
host = "api.example"
prefix = "/users"
service = "users"
rewrite = "/"
response_headers = {{ remove = ["X-Powered-By"], set = {{ X-By = "berth" }} }}
[route.node]
host = "*.example"
service = "node"
body_bytes_max = "1MiB"
[route.moved]
path = "/moved/{{id}}"
redirect = {{ to = "http://api.example/users/{{id}}" }}
[[log]]
to = "stdout"
"""
    try:
        until("node", lambda: socket.create_connection(("127.0.0.1", node_port), 1).close() is None)
        with Alone(text) as proxy:
            def at(host, path):
                return ("--resolve", f"{host}:{port}:127.0.0.1", f"http://{host}:{port}{path}")
            got = asked("-H", "X-Forwarded-For: 6.6.6.6", "-H", "Forwarded: for=6.6.6.6", *at("api.example", "/users/7?x=1"))
            expect((got["name"], got["url"]) == ("users", "/7?x=1"), str(got))
            expect(got["headers"]["x-forwarded-for"] == "127.0.0.1", str(got))
            expect(got["headers"]["forwarded"] == f'for=127.0.0.1;proto=http;host="api.example:{port}"', str(got))
            head = curl("-I", "-X", "GET", *at("api.example", "/users/7"))
            expect("X-By: berth" in head and "X-Powered-By" not in head, head)
            got = asked("-d", "x" * 100_000, *at("shop.example", "/a/../b"))
            expect(got["node"] and got["size"] == 100_000, str(got))
            big = os.path.join(proxy.folder, "big")
            open(big, "wb").write(bytes(3 << 20))
            expect(status("--data-binary", f"@{big}", *at("shop.example", "/")) == "413", "too long by its length")
            expect(status("-H", "Transfer-Encoding: chunked", "--data-binary", f"@{big}", *at("shop.example", "/")) == "413", "too long as it comes")
            expect(asked(*at("shop.example", "/after"))["url"] == "/after", "the next request goes on")
            moved = curl("-i", *at("other", "/moved/9"))
            expect(moved.startswith("HTTP/1.1 308") and "Location: http://api.example/users/9" in moved, moved)
            lost = curl("-i", *at("other", "/"))
            expect(lost.startswith("HTTP/1.1 404") and "X-Berth-Reason: nothing public is at other/" in lost, lost)
            until("the log", lambda: "LR--" in proxy.printed() and proxy.printed().count("\n") >= 8)
            lines = proxy.printed().splitlines()
            expect("web users/users/1 " in lines[0] and '"GET /users/7?x=1 HTTP/1.1"' in lines[0], lines[0])
            expect(proxy.stop() == 0, "it ends well")
    finally:
        node.kill()
        node.wait()
        users.stop()


@test
def a_change_is_taken_without_losing_a_request_and_a_wrong_one_leaves_what_runs():
    port = free_port()
    one, two = Backend("one"), Backend("two")

    def text(address, more=""):
        return f'[listener.web]\nlisten = "tcp:{port}"\n[service.a]\ninstances = ["{address}"]\n[route.all]\nservice = "a"\n{more}'

    with Alone(text(one.address)) as proxy:
        url = f"http://127.0.0.1:{port}/"
        expect(asked(url)["name"] == "one", "before")
        failures, stop = [], threading.Event()

        def load():
            while not stop.is_set():
                told = status(url)
                if told != "200":
                    failures.append(told)
        threads = [threading.Thread(target=load) for _ in range(3)]
        for thread in threads:
            thread.start()
        slow = threading.Thread(target=lambda: failures.append("slow") if asked(url + "slow")["name"] != "one" else None)
        slow.start()
        wrong = proxy.reload(text(two.address, 'tiemout = "1s"\n'))
        expect("proxy.toml:7:1: unknown key 'tiemout' in route.all; did you mean 'timeout'?" in wrong, wrong)
        expect(asked(url)["name"] == "one", "the old one goes on")
        taken = proxy.reload(text(two.address))
        expect("the file was applied" in taken, taken)
        until("the new one", lambda: asked(url)["name"] == "two")
        before = proxy.logged()
        proxy.process.send_signal(signal.SIGHUP)
        until("HUP", lambda: "the file was applied" in proxy.logged()[len(before):])
        busy = socket.socket()
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        refused = proxy.reload(text(one.address, f'[listener.more]\nlisten = "tcp:{busy.getsockname()[1]}"\n'))
        expect("the file is wrong" in refused and "Address already in use" in refused, refused)
        expect(asked(url)["name"] == "two", "nothing has changed")
        stop.set()
        for thread in [*threads, slow]:
            thread.join()
        expect(failures == [], f"{len(failures)} requests failed: {failures[:3]}")
    checked = subprocess.run([BERTH, "proxy", "run", "--check", "/nowhere/proxy.toml"], capture_output=True, text=True)
    expect(checked.returncode == 1 and "/nowhere/proxy.toml" in checked.stderr, checked.stderr)
    one.stop()
    two.stop()


@test
def an_instance_whose_check_fails_gets_nothing_until_it_passes_again():
    port = free_port()
    one, two = Backend("one"), Backend("two")
    text = f"""
[listener.web]
listen = "tcp:{port}"
[service.a]
instances = ["{one.address}", "{two.address}"]
check = {{ http = "/health", interval = "50ms", rise = 2, fall = 2 }}
[route.all]
service = "a"
"""
    with Alone(text) as proxy:
        def names():
            return {asked(f"http://127.0.0.1:{port}/")["name"] for _ in range(12)}
        until("both", lambda: names() == {"one", "two"})
        two.healthy = False
        until("one alone", lambda: names() == {"one"})
        expect("GET /health answered 500" in proxy.logged(), proxy.logged())
        one.healthy = False
        until("a reason", lambda: "GET /health answered 500" in curl("-i", f"http://127.0.0.1:{port}/"))
        one.healthy = two.healthy = True
        until("both again", lambda: names() == {"one", "two"})
    one.stop()
    two.stop()


@test
def certificates_are_chosen_by_name_and_renewed_live():
    port = free_port()
    one = Backend("one")
    with tempfile.TemporaryDirectory() as folder:
        certificate(folder, "a", "a.example")
        certificate(folder, "b", "b.example")
        text = f"""
[listener.secure]
listen = "tls:{port}"
certificates = [{{ chain = "{folder}/a.pem", key = "{folder}/a.key" }}, {{ chain = "{folder}/b.pem", key = "{folder}/b.key" }}]
hsts = {{ max_age = "1h" }}
[service.a]
instances = ["{one.address}"]
[route.all]
service = "a"
"""
        with Alone(text) as proxy:
            def get(host, *words):
                return curl("--cacert", f"{folder}/{host[0]}.pem", "--resolve", f"{host}:{port}:127.0.0.1", *words, f"https://{host}:{port}/")
            for host in ("a.example", "b.example"):
                got = json.loads(get(host))
                expect(got["headers"]["x-forwarded-proto"] == "https", str(got))
            expect("Strict-Transport-Security: max-age=3600" in get("a.example", "--http1.1", "-i"), "HSTS")
            expect(get("a.example", "--http2", "-o", "/dev/null", "-w", "%{http_version} %{http_code}") == "2 200", "HTTP/2 by ALPN")
            content = os.path.join(proxy.folder, "content")
            open(content, "wb").write(os.urandom(3 << 20))
            got = json.loads(get("a.example", "--http2", "--data-binary", f"@{content}"))
            expect((got["method"], got["size"]) == ("POST", 3 << 20), str(got))
            before = proxy.logged()
            certificate(folder, "b", "b.example")
            until("the new certificate", lambda: "the file was applied" in proxy.logged()[len(before):])
            expect(json.loads(get("b.example"))["name"] == "one", "by the new certificate")
            with open(f"{folder}/a.key", "w") as file:
                file.write("no key")
            until("a wrong key to be told", lambda: "a.key" in proxy.logged()[len(before):] and "the file is wrong" in proxy.logged()[len(before):])
            expect(json.loads(get("a.example"))["name"] == "one", "the old certificate stays")
    one.stop()


@test
def a_proxy_in_front_tells_the_client_by_the_proxy_protocol():
    port, closed = free_port(), free_port()
    one = Backend("one")
    text = f"""
[listener.web]
listen = "tcp:{port}"
proxy_protocol = ["127.0.0.0/8"]
[listener.other]
listen = "tcp:{closed}"
proxy_protocol = ["192.0.2.0/24"]
[service.a]
instances = ["{one.address}"]
[route.all]
service = "a"
"""
    with Alone(text) as proxy:
        got = asked("--haproxy-protocol", f"http://127.0.0.1:{port}/")
        expect(got["headers"]["x-forwarded-for"] == "127.0.0.1", str(got))
        for header, client in ((b"PROXY TCP4 198.51.100.7 10.0.0.1 4711 80\r\n", "198.51.100.7"), (b"PROXY TCP6 2001:db8::7 ::1 4711 80\r\n", "2001:db8::7"),
                               (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x09\x0a\x00\x00\x01\x12\x67\x00\x50", "203.0.113.9")):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as stream:
                stream.sendall(header + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                answer = b""
                while part := stream.recv(65536):
                    answer += part
            expect(json.loads(answer.split(b"\r\n\r\n")[1])["headers"]["x-forwarded-for"] == client, str(answer))
        for wrong_port, hello in ((port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), (closed, b"PROXY TCP4 198.51.100.7 10.0.0.1 4711 80\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")):
            with socket.create_connection(("127.0.0.1", wrong_port), timeout=20) as stream:
                try:
                    stream.sendall(hello)
                    expect(stream.recv(100) == b"", "no answer without a PROXY header of a trusted proxy")
                except ConnectionResetError:
                    pass
        until("a word about it", lambda: "a connection was refused" in proxy.logged())
    one.stop()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(secret, key, **claims):
    head = base64url(json.dumps({"alg": "HS256", "kid": key}).encode())
    body = base64url(json.dumps({"exp": time.time() + 60, **claims}).encode())
    return f"{head}.{body}." + base64url(hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest())


@test
def tokens_are_checked_by_keys_that_are_fetched_and_rotate():
    port, keys_port = free_port(), free_port()
    one = Backend("one")
    secrets = {"k1": b"0123456789abcdef0123456789abcdef"}
    fetches = []

    class Keys(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            fetches.append(self.path)
            text = json.dumps({"keys": [{"kty": "oct", "kid": key, "k": base64url(secret)} for key, secret in secrets.items()]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *words):
            pass

    keys = http.server.ThreadingHTTPServer(("127.0.0.1", keys_port), Keys)
    threading.Thread(target=keys.serve_forever, daemon=True).start()
    text = f"""
[listener.web]
listen = "tcp:{port}"
[service.a]
instances = ["{one.address}"]
[auth.login]
jwks_url = "http://127.0.0.1:{keys_port}/keys"
jwks_interval = "300ms"
user_header = "X-User"
[auth.staff]
users = {{ ann = "secret" }}
user_header = "X-User"
[route.all]
service = "a"
auth = ["login", "staff"]
"""
    with Alone(text):
        url = f"http://127.0.0.1:{port}/"

        def with_token(*words, **claims):
            return ("-H", "Authorization: Bearer " + token(*words, **claims), url)
        got = asked(*with_token(secrets["k1"], "k1", sub="ann"))
        expect(got["headers"]["x-user"] == "ann", str(got))
        expect(asked("-u", "ann:secret", url)["headers"]["x-user"] == "ann", "by name and password as well")
        expect(status(url) == "401" and status("-u", "ann:wrong", url) == "401", "nobody and a wrong password")
        expect(status(*with_token(b"x" * 32, "k1", sub="ann")) == "401", "a wrong signature")
        expect(status(*with_token(secrets["k1"], "k1", sub="ann", exp=1)) == "401", "one that has expired")
        secrets["k2"] = b"fedcba9876543210fedcba9876543210"
        del secrets["k1"]
        until("the new key", lambda: status(*with_token(secrets["k2"], "k2", sub="bob")) == "200")
        until("the old one to go", lambda: status(*with_token(b"0123456789abcdef0123456789abcdef", "k1", sub="ann")) == "401")
    keys.shutdown()
    one.stop()


@test
def it_tells_what_it_counts_and_does_what_it_is_told():
    port, metrics_port = free_port(), free_port()
    one, two = Backend("one"), Backend("two")
    text = f"""
[proxy]
metrics = "tcp:{metrics_port}"
control = "proxy.sock"
[listener.web]
listen = "tcp:{port}"
[service.a]
instances = ["{one.address}", "{two.address}"]
[route.all]
service = "a"
"""
    with Alone(text) as proxy:
        def berth(*words, code=0):
            result = subprocess.run([BERTH, "proxy", *words], cwd=proxy.folder, capture_output=True, text=True, timeout=60)
            expect(result.returncode == code, f"berth proxy {' '.join(words)}: {result.returncode} {result.stdout}{result.stderr}")
            return result.stdout + result.stderr
        url = f"http://127.0.0.1:{port}/"

        def names():
            return {asked(url)["name"] for _ in range(10)}
        expect(names() == {"one", "two"}, "both")
        page = curl(f"http://127.0.0.1:{metrics_port}/metrics")
        expect('haproxy_frontend_http_requests_total{proxy="web"} 10' in page and 'haproxy_server_status{proxy="a",server="a/2",state="UP"} 1' in page, page)
        if shutil.which("promtool"):
            checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True)
            expect(checked.returncode in (0, 3), checked.stdout + checked.stderr)
        berth("disable", "a/1")
        expect(names() == {"two"} and "disabled by hand" in berth("state"), "one is out")
        berth("enable", "a/1")
        slow = [threading.Thread(target=lambda: asked(url + "slow")) for _ in range(4)]
        for thread in slow:
            thread.start()
        until("them to be asked", lambda: berth("sessions").count("/slow") == 4)
        told = berth("drain", "a/1", "--wait", "20s")
        expect("a/1 is drained" in told, told)
        expect(names() == {"two"} and not any(line.startswith("a/1") and "healthy" in line for line in berth("state").splitlines()), "nothing new for it")
        for thread in slow:
            thread.join()
        tail = subprocess.Popen([BERTH, "proxy", "tail", "--path", "/tailed", "--json"], cwd=proxy.folder, stdout=subprocess.PIPE, text=True)
        until("the tail to be there", lambda: status(url + "tailed") == "200" and proxy_said(tail))
        tail.kill()
        tail.wait()
        until("the others to end", lambda: "/slow" not in berth("sessions"))
        stuck = subprocess.Popen(["curl", "-sS", url + "slow"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        line = until("a session", lambda: next(line for line in berth("sessions").splitlines() if "/slow" in line))
        berth("kill", line.split()[0])
        expect(stuck.wait(20) != 0, "the client is cut off")
        expect("no instance a/7" in berth("disable", "a/7", code=1), "a word about it")
    expect("no proxy answers" in subprocess.run([BERTH, "proxy", "state", "--control", "/nowhere"], capture_output=True, text=True).stderr, "nobody there")
    one.stop()
    two.stop()


@test
def lines_go_to_files_that_are_rotated_and_to_syslog():
    port, syslog_port = free_port(), free_port()
    one = Backend("one")
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.settimeout(20)
    tcp = socket.create_server(("127.0.0.1", syslog_port))
    tcp.settimeout(20)
    text = f"""
[listener.web]
listen = "tcp:{port}"
[service.a]
instances = ["{one.address}"]
[route.all]
service = "a"
[[log]]
to = "file:access.log"
form = "json"
[[log]]
to = "syslog+udp:127.0.0.1:{udp.getsockname()[1]}"
[[log]]
to = "syslog+tcp:127.0.0.1:{syslog_port}"
"""
    with Alone(text) as proxy:
        path = os.path.join(proxy.folder, "access.log")
        expect(status(f"http://127.0.0.1:{port}/first") == "200", "first")
        line = udp.recv(65536).decode()
        expect(line.startswith("<134>") and " berth: 127.0.0.1:" in line and '"GET /first HTTP/1.1"' in line, line)
        stream = tcp.accept()[0]
        stream.settimeout(20)
        framed = stream.recv(65536).decode()
        size, rest = framed.split(" ", 1)
        expect(int(size) == len(rest) and rest.startswith("<134>"), framed)
        record = json.loads(until("the file", lambda: os.path.exists(path) and open(path).read()))
        expect((record["target"], record["status"], record["server"]) == ("/first", 200, "a/1"), str(record))
        os.rename(path, path + ".1")
        proxy.process.send_signal(signal.SIGHUP)
        until("HUP", lambda: "the file was applied" in proxy.logged())
        expect(status(f"http://127.0.0.1:{port}/second") == "200", "second")
        record = json.loads(until("the new file", lambda: os.path.exists(path) and open(path).read()))
        expect(record["target"] == "/second", str(record))
        expect(proxy.stop() == 0, "it ends well")
    one.stop()


@test
def an_operator_weighs_and_ejects():
    port = free_port()
    one, two = Backend("one"), Backend("two")
    text = f"""
[proxy]
control = "proxy.sock"
[listener.web]
listen = "tcp:{port}"
[service.a]
instances = ["{one.address}", "{two.address}"]
balance = {{ way = "weighted" }}
[route.all]
service = "a"
"""
    with Alone(text) as proxy:
        def berth(*words, code=0):
            result = subprocess.run([BERTH, "proxy", *words], cwd=proxy.folder, capture_output=True, text=True, timeout=60)
            expect(result.returncode == code, f"berth proxy {words}: {result.stdout}{result.stderr}")
            return result.stdout + result.stderr

        def of_one():
            return sum(asked(f"http://127.0.0.1:{port}/")["name"] == "one" for _ in range(12))
        expect(of_one() == 6, "by halves")
        expect("a/1 has the weight 3" in berth("weight", "a/1", "3"), "a word about it")
        expect(of_one() == 9, "three to one")
        expect("a/1 rests for 1m" in berth("eject", "a/1", "--for", "1m"), "a word about it")
        expect(of_one() == 0 and "ejected by hand" in berth("state"), "it rests")
        expect("no instance a/7" in berth("eject", "a/7", code=1), "a word about it")
    one.stop()
    two.stop()


main()
