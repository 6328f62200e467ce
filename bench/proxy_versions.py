#!/usr/bin/env python3
"""CPU per small GET through the proxy by TLS 1.3, by HTTP/2 in clear and within TLS, and per message of 64 bytes by WebSocket and in TCP mode, 64 connections (of HTTP/2 with three streams each, since more than 256 in flight would meet the limit of each): Berth, haproxy and nginx in turns within one run."""
import json
import os
import subprocess
import sys

from bench import program, serving
from proxies import Proxy, compare
from turns import by_h2load

SECONDS = float(os.environ.get("SECONDS_EACH", "1"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
CONNECTIONS = 64
MESSAGE = 64
WANTED = sys.argv[1:]


def by_messages(port, *options):
    def once(proxy):
        shown = subprocess.run([program("echo_load"), str(port(proxy)), str(CONNECTIONS), str(SECONDS), str(MESSAGE), *options],
                               capture_output=True, text=True, timeout=SECONDS + 60).stdout
        told = json.loads(shown or '{"messages": 0, "errors": "all connections"}')
        if told["errors"] or not told["messages"]:
            sys.exit(f"{proxy.name}: {told['errors']} failed")
        return told["messages"]
    return once


responder, echo = (f"127.0.0.1:{port}" for port in (serving("http_backend"), serving("websocket_echo", str(MESSAGE))))
proxies = [Proxy(name, [responder], echo) for name in ("berth", "haproxy", "nginx")]
talking = [Proxy(name, [echo], echo) for name in ("berth", "haproxy", "nginx")]
for work, once, among, per in (
        ("small_get_tls", by_h2load(lambda p: f"https://127.0.0.1:{p.secure}/", CONNECTIONS, SECONDS, "--h1"), proxies, "a request"),
        ("small_get_h2", by_h2load(lambda p: f"http://127.0.0.1:{p.h2}/", CONNECTIONS, SECONDS, "-m3"), proxies, "a request"),
        ("small_get_h2_tls", by_h2load(lambda p: f"https://127.0.0.1:{p.secure}/", CONNECTIONS, SECONDS, "-m3"), proxies, "a request"),
        ("websocket_message", by_messages(lambda p: p.plain, "websocket"), talking, "a message there and back"),
        ("tcp_message", by_messages(lambda p: p.raw), proxies, "a message there and back")):
    if not WANTED or work in WANTED:
        compare(work, once, [p for p in among if work != "tcp_message" or getattr(p, "has_raw", True)], ROUNDS, per=per)
