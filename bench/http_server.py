#!/usr/bin/env python3
"""CPU per small answer over 64 keep-alive connections: Berth's server, nginx (`return 200`), and as the floor a bare
epoll responder that reads no request, one thread each, in turns within one run. No access log on any."""
import os
import statistics
import sys

from bench import FOLDER, cpu_seconds, figure, free_port, load, program, start, version, wait_for_port

SECONDS = float(os.environ.get("SECONDS_EACH", "0.4"))
ROUNDS = int(os.environ.get("ROUNDS", "15"))
CONNECTIONS = 64
JSON = '{"id":"42","name":"Ada","roles":["admin"]}'


def berth():
    port = free_port()
    process = start([program("http_server"), str(port)])
    wait_for_port(port)
    return process.pid, port


def floor(size):
    port = free_port()
    process = start([program("http_backend"), str(port), str(size)])
    wait_for_port(port)
    return process.pid, port


def nginx():
    port = free_port()
    config = os.path.join(FOLDER, "nginx.conf")
    with open(config, "w") as file:
        file.write(f"""
daemon off;
master_process off;
pid {FOLDER}/nginx.pid;
error_log {FOLDER}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  server {{
    listen 127.0.0.1:{port};
    default_type text/plain;
    location = / {{ return 200 "{'x' * 128}"; }}
    location /users/ {{ default_type application/json; add_header cache-control no-store; return 200 '{JSON}'; }}
  }}
}}
""")
    process = start(["nginx", "-p", FOLDER, "-c", config])
    wait_for_port(port)
    return process.pid, port


nginx_version = version(["nginx", "-v"])
ours, peer = berth(), nginx()
for work, target, bare in (("small_get", "/", floor(128)), ("small_json", "/users/42", floor(len(JSON)))):
    candidates = {"berth": ours, "nginx": peer, "floor": bare}
    costs = {name: [] for name in candidates}
    for name, (_, port) in candidates.items():
        load("127.0.0.1", port, CONNECTIONS, 0.5, target)
    for _ in range(ROUNDS):
        for name, (pid, port) in candidates.items():
            before = cpu_seconds(pid)
            result = load("127.0.0.1", port, CONNECTIONS, SECONDS, target)
            if result["errors"]:
                sys.exit(f"{name}: {result['errors']} of {result['requests']} requests failed")
            costs[name].append((cpu_seconds(pid) - before) / result["requests"] * 1e6)
    # The kernel does a loopback's receiving on whichever process happens to send: a round may cost too little as well as too much.
    middle = {name: statistics.median(each) for name, each in costs.items()}
    for name, each in costs.items():
        print(f"{work:10} {name:5} {middle[name]:.2f} us CPU a request (rounds {', '.join(f'{c:.2f}' for c in each)})")
    figure(f"http.{work}.cpu", middle["berth"], "us", "nginx", nginx_version, middle["nginx"])
    figure(f"http.{work}_over_floor.cpu", middle["berth"], "us", "epoll_responder", "bare", middle["floor"])
