#!/usr/bin/env python3
"""CPU of a TCP echo server a message of 64 bytes, over 1 and 64 connections: Berth, Boost.Asio and libuv in turns."""
import json
import os
import subprocess
import sys

from bench import cpu_seconds, figure, free_port, package_version, program, start, wait_for_port

SECONDS = float(os.environ.get("SECONDS_EACH", "0.4"))
ROUNDS = int(os.environ.get("ROUNDS", "15"))
VERSIONS = {"asio": ".".join(package_version("libboost1.81-dev").split(".")[:2]), "libuv": package_version("libuv1-dev")}

servers = {}
for name in ("berth", *VERSIONS):
    port = free_port()
    process = start([program(f"echo_{name}"), str(port)])
    wait_for_port(port)
    servers[name] = (process.pid, port)


def cost(name, connections):
    """Microseconds of CPU a message."""
    pid, port = servers[name]
    before = cpu_seconds(pid)
    out = subprocess.run([program("echo_load"), str(port), str(connections), str(SECONDS), "64"], capture_output=True, text=True, check=True).stdout
    told = json.loads(out)
    if told["errors"]:
        sys.exit(f"{name}: {told['errors']} errors")
    return (cpu_seconds(pid) - before) / told["messages"] * 1e6


for connections in (1, 64):
    costs = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name in servers:
            costs[name].append(cost(name, connections))
    for name, each in costs.items():
        print(f"{connections:2} connections, {name:5} {min(each):.2f} us CPU a message ({', '.join(f'{c:.2f}' for c in each)})")
    for peer, peer_version in VERSIONS.items():
        figure(f"os.tcp_echo_{connections}.cpu", min(costs["berth"]), "us", peer, peer_version, min(costs[peer]))
