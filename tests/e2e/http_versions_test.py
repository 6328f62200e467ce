#!/usr/bin/env python3
"""HTTP/2, gRPC and WebSocket of src/http with clients and servers of others: curl, h2load, nginx, Python's grpc and Node's ws."""
import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from berth import expect, main, test, until
from examples import Running, run

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")


def output(*argv, code=0):
    result = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    expect(result.returncode == code, f"{' '.join(argv)} ended with {result.returncode}: {result.stdout}{result.stderr}")
    return result.stdout


def curl(*words):
    return output("curl", "-sS", "--max-time", "60", *words)


@test
def curl_gets_and_posts_by_both_versions_on_one_port():
    with Running("websocket_echo_server", "tcp:0") as server:
        for version, number in (("--http1.1", "1.1"), ("--http2-prior-knowledge", "2")):
            told = curl(version, "-d", "hello", "-w", " %{http_version} %{http_code}", f"http://{server.at}/")
            expect(told == f"hello {number} 200", f"{version}: {told}")
            expect(curl(version, "-I", f"http://{server.at}/").split()[1] == "200", f"HEAD by {version}")


@test
def large_bodies_go_both_ways_by_http_2_and_many_at_once():
    with Running("websocket_echo_server", "tcp:0") as server, tempfile.TemporaryDirectory() as folder:
        content = os.urandom(5 << 20)
        with open(f"{folder}/in", "wb") as file:
            file.write(content)
        # One process each: curl 7.88 --parallel fails by itself to share one connection by prior knowledge.
        words = ["curl", "-sS", "--max-time", "60", "--http2-prior-knowledge", "--data-binary", f"@{folder}/in", f"http://{server.at}/", "-o"]
        uploads = [subprocess.Popen([*words, f"{folder}/out{i}"]) for i in range(4)]
        expect([upload.wait(timeout=90) for upload in uploads] == [0] * 4, "four at once")
        for i in range(4):
            with open(f"{folder}/out{i}", "rb") as file:
                expect(file.read() == content, f"body {i} comes back")
        # The server hears of a body that is too long within it, and answers at once.
        with open(f"{folder}/in", "ab") as file:
            file.write(bytes(20 << 20))
        # Not by curl 7.88: it takes the end of the upload (RST_STREAM with NO_ERROR, RFC 9113 section 8.1) for a fault.
        told = output("nghttp", "-v", "-d", f"{folder}/in", f"http://{server.at}/")
        expect(":status: 413" in told and "error_code=NO_ERROR" in told, told)


@test
def h2load_loses_no_request_over_many_streams():
    with Running("websocket_echo_server", "tcp:0") as server:
        for streams in ("1", "100"):
            told = output("h2load", "-n", "5000", "-c", "10", "-m", streams, f"http://{server.at}/")
            expect("5000 succeeded, 0 failed, 0 errored, 0 timeout" in told, told)
        with tempfile.NamedTemporaryFile() as body:
            body.write(b"x" * 50000)
            body.flush()
            told = output("h2load", "-n", "500", "-c", "4", "-m", "20", "-d", body.name, f"http://{server.at}/")
            expect("500 succeeded, 0 failed, 0 errored, 0 timeout" in told, told)


class Nginx:
    """nginx with HTTP/2 by prior knowledge and over TLS: /N answers N bytes; no more than 100 requests a connection, then it says goodbye."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="berth-nginx-")
        folder = self.folder.name
        self.ports = []
        for _ in range(2):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.ports.append(probe.getsockname()[1])
        for size in (0, 1, 20_000, 3_000_000):
            with open(f"{folder}/{size}", "wb") as file:
                file.write(b"x" * size)
        output("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=nginx",
               "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/ca.pem")
        with open(f"{folder}/nginx.conf", "w") as file:
            file.write(f"""
daemon off;
master_process off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
  access_log off;
  keepalive_requests 100;
  client_body_temp_path {folder}/body;
  server {{
    listen 127.0.0.1:{self.ports[0]} http2;
    listen 127.0.0.1:{self.ports[1]} ssl http2;
    ssl_certificate {folder}/ca.pem;
    ssl_certificate_key {folder}/key.pem;
    http2_max_concurrent_streams 7;
    root {folder};
  }}
}}
""")
        self.process = subprocess.Popen(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)
        until("nginx", lambda: [socket.create_connection(("127.0.0.1", port), 5).close() for port in self.ports])
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.folder.cleanup()


@test
def our_client_asks_nginx_by_http_2_many_at_once_and_beyond_its_goodbye():
    with Nginx() as nginx:
        ca = f"{nginx.folder.name}/ca.pem"
        for base, words in ((f"http://127.0.0.1:{nginx.ports[0]}", ()), (f"https://127.0.0.1:{nginx.ports[1]}", ("--ca", ca))):
            told = run("h2_get", *words, *[f"{base}/{size}" for size in (0, 1, 20_000, 3_000_000)])
            expect(told == "200 HTTP/2 0 bytes\n200 HTTP/2 1 bytes\n200 HTTP/2 20000 bytes\n200 HTTP/2 3000000 bytes\n1 connections\n", told)
            # More than a connection takes; those beyond its GOAWAY go by the next.
            told = run("h2_get", *words, *[f"{base}/20000"] * 450)
            expect(told.count("200 HTTP/2 20000 bytes\n") == 450, told[-300:])


def python(name, *words, **more):
    """One of tests/e2e/clients in Debian's Python, whose grpc it wants."""
    return subprocess.run(["/usr/bin/python3", os.path.join(CLIENTS, name), *words], capture_output=True, text=True, timeout=120, **more)


@test
def pythons_grpc_calls_our_server():
    with Running("grpc_server", "tcp:0") as server:
        told = python("grpc_calls.py", server.at)
        expect(told.returncode == 0 and told.stdout.endswith("all as expected\n"), told.stdout + told.stderr)


@test
def our_client_calls_pythons_grpc():
    process = subprocess.Popen(["/usr/bin/python3", os.path.join(CLIENTS, "grpc_echo.py")], stdout=subprocess.PIPE, text=True)
    try:
        base = f"http://127.0.0.1:{process.stdout.readline().strip()}/echo.Echo"
        said = run("grpc_client", f"{base}/Say", "5000", "hello")
        expect(said.startswith("hello\n") and "echo-bytes: 5\n" in said and "grpc-status: 0\n" in said, said)
        expect(run("grpc_client", f"{base}/Count", "5000", "1000").startswith("1\n2\n3\n"), "many answers")
        chatted = run("grpc_client", f"{base}/Chat", "5000", "a", "bb", "")
        expect(chatted.startswith("a\nbb\n\n") and "grpc-status: 0\n" in chatted, chatted)
        failed = run("grpc_client", f"{base}/Say", "5000", "fail")
        expect("grpc-status: 5\n" in failed and "grpc-message: there is no such thing\n" in failed, failed)
        expect("grpc-status: 12\n" in run("grpc_client", f"{base}/Nothing", "5000", "x"), "no such method")
        late = run("grpc_client", f"{base}/Slow", "200", "x")
        expect("grpc-status: 4\n" in late, late)
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@test
def the_http_2_client_of_node_opens_a_websocket_on_a_stream():
    with Running("websocket_echo_server", "tcp:0") as server:
        told = output("node", os.path.join(CLIENTS, "websocket_h2.mjs"), f"http://{server.at}", "/chat")
        expect(told == "status 200, echoed 5 of 5, beside 200, closed with 1000\n", told)


@test
def the_ws_client_of_node_talks_as_long_as_it_likes():
    lock = os.path.join(CLIENTS, "package-lock.json")
    kept = os.path.join(CLIENTS, "node_modules", ".package-lock.json")
    if not os.path.exists(kept) or os.path.getmtime(kept) < os.path.getmtime(lock):
        output("npm", "ci", "--prefix", CLIENTS, "--no-audit", "--no-fund", "--loglevel=error")
    with Running("websocket_echo_server", "tcp:0") as server:
        told = output("node", os.path.join(CLIENTS, "websocket.mjs"), f"ws://{server.at}/chat")
        expect(re.search(r"^6 passed, 0 failed$", told, re.M), told)


@test
def nodes_and_pythons_http_clients_keep_their_connections():
    with Running("websocket_echo_server", "tcp:0") as server:
        told = output("node", os.path.join(CLIENTS, "http.mjs"), f"http://{server.at}/")
        expect(re.search(r"^5 passed, 0 failed$", told, re.M), told)
        connection = http.client.HTTPConnection(server.at, timeout=30)
        for i in range(20):
            connection.request("POST", "/", body=iter([b"part ", str(i).encode()]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
            port = connection.sock.getsockname()
            answer = connection.getresponse()
            text = answer.read().decode()
            expect(answer.status == 200 and text.startswith(f"part {i}"), text)
            expect(connection.sock and connection.sock.getsockname() == port, "the connection is kept")
        connection.close()


main()
