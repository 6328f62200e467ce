#!/usr/bin/env python3
"""CPU per small GET of Berth's HTTP server on its two reactors, epoll and io_uring, one thread each, over 1, 64 and 1000
keep-alive connections, in turns within one run."""
import os
import statistics
import subprocess
import sys

from bench import cpu_seconds, figure, free_port, load, program, start, wait_for_port

SECONDS = float(os.environ.get("SECONDS_EACH", "3"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
KINDS = ("epoll", "io_uring")


def server(kind):
    port = free_port()
    process = start([program("reactor_server"), str(port)], stdout=subprocess.PIPE, text=True,
                    env={**os.environ, "BERTH_REACTOR": kind})
    named = process.stdout.readline().strip()
    if named != kind:
        sys.exit(f"{kind} is not to be had here: {named}")
    wait_for_port(port)
    return process.pid, port


servers = {kind: server(kind) for kind in KINDS}
for connections in (1, 64, 1000):
    costs = {kind: [] for kind in KINDS}
    tails = {kind: [] for kind in KINDS}
    for number in range(ROUNDS + 1):
        for kind, (pid, port) in servers.items():
            before = cpu_seconds(pid)
            result = load("127.0.0.1", port, connections, SECONDS if number else 1)
            if result["errors"]:
                sys.exit(f"{kind}: {result['errors']} of {result['requests']} requests failed")
            if number:
                costs[kind].append((cpu_seconds(pid) - before) / result["requests"] * 1e6)
                tails[kind].append(result["p99"])
    for kind in KINDS:
        print(f"{kind:8} {connections:4} connections: {min(costs[kind]):.2f} us CPU a request "
              f"(rounds {', '.join(f'{c:.2f}' for c in costs[kind])}), p99 {statistics.median(tails[kind]):.0f} us")
    figure(f"os.reactor_{connections}.cpu", min(costs["io_uring"]), "us", "epoll", os.uname().release.split("-")[0],
           min(costs["epoll"]))
