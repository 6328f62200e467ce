#!/usr/bin/env python3
"""HTTP/2 and WebSocket of src/http with clients of others: curl, h2load and Node's ws, over examples/async/websocket_echo_server."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from berth import expect, main, test
from examples import Running

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
        expect(":status: 503" in told and "error_code=NO_ERROR" in told, told)


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


@test
def the_ws_client_of_node_talks_as_long_as_it_likes():
    lock = os.path.join(CLIENTS, "package-lock.json")
    kept = os.path.join(CLIENTS, "node_modules", ".package-lock.json")
    if not os.path.exists(kept) or os.path.getmtime(kept) < os.path.getmtime(lock):
        output("npm", "ci", "--prefix", CLIENTS, "--no-audit", "--no-fund", "--loglevel=error")
    with Running("websocket_echo_server", "tcp:0") as server:
        told = output("node", os.path.join(CLIENTS, "websocket.mjs"), f"ws://{server.at}/chat")
        expect(re.search(r"^6 passed, 0 failed$", told, re.M), told)


main()
