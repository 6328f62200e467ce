#!/usr/bin/env python3
"""Acknowledged messages a second and CPU per message, each synced to the disk before it is acknowledged: Berth's bus over
HTTP and without it, redis-server with `appendfsync always` (XADD), and nats-server with a JetStream file stream, which
does not sync before it acknowledges (Debian's 2.9: every 2 minutes). 1, 16 and 64 publishers, each waiting for its
acknowledgement, 128 bytes a message, in turns within one run on one disk."""
import json
import os
import shutil
import socket
import statistics
import subprocess

from bench import FOLDER, cpu_seconds, figure, free_port, program, start, version, wait_for_port

SECONDS = float(os.environ.get("SECONDS_EACH", "3"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
BYTES = 128
PUBLISHERS = (1, 16, 64)


def load(protocol, process, port, publishers):
    before = cpu_seconds(process.pid)
    out = subprocess.run([program("bus_load"), protocol, str(port), str(publishers), str(SECONDS), str(BYTES)],
                         capture_output=True, text=True, timeout=SECONDS + 30)
    if out.returncode:
        raise SystemExit(f"{protocol}: {out.stderr}")
    result = json.loads(out.stdout)
    result["cpu"] = cpu_seconds(process.pid) - before
    return result


def direct(publishers):
    folder = os.path.join(FOLDER, "direct")
    out = subprocess.run([program("bus_direct"), "publish", folder, str(publishers), str(SECONDS), str(BYTES)],
                         capture_output=True, text=True, timeout=SECONDS + 30, check=True).stdout
    shutil.rmtree(folder)
    return json.loads(out)


def berth():
    port = free_port()
    process = start([program("bus_server"), os.path.join(FOLDER, "bus"), str(port)])
    wait_for_port(port)
    return lambda publishers: load("http", process, port, publishers)


def redis():
    port, folder = free_port(), os.path.join(FOLDER, "redis")
    os.mkdir(folder)
    process = start(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "",
                     "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"])
    wait_for_port(port)
    return lambda publishers: load("redis", process, port, publishers)


def nats():
    port = free_port()
    process = start(["nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", os.path.join(FOLDER, "nats")])
    wait_for_port(port)
    config = json.dumps({"name": "BENCH", "subjects": ["bench"], "storage": "file", "num_replicas": 1}).encode()
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.sendall(b'CONNECT {"verbose":false}\r\nSUB _INBOX.X 1\r\nPUB $JS.API.STREAM.CREATE.BENCH _INBOX.X %d\r\n%s\r\n'
                  % (len(config), config))
        answer = b""
        while b"MSG " not in answer:
            answer += s.recv(65536)
    return lambda publishers: load("nats", process, port, publishers)


engines = {"berth": berth(), "direct": direct}
peers = {}
if shutil.which("redis-server"):
    engines["redis"] = redis()
    peers["redis"] = ("redis-server", version(["redis-server", "--version"]))
if shutil.which("nats-server"):
    engines["nats"] = nats()
    peers["nats"] = ("nats-server", version(["nats-server", "--version"]))
for name in ("redis", "nats"):
    if name not in peers:
        print(f"{name}-server is not installed: left out (./dev install bench)")

results = {}
for publishers in PUBLISHERS:
    for _ in range(ROUNDS):
        for name, run in engines.items():
            result = run(publishers)
            rate, cpu = result["messages"] / result["seconds"], result["cpu"] / result["messages"] * 1e6
            results.setdefault((name, publishers), []).append((rate, cpu))
            print(f"{name:7} {publishers:3} publishers {rate:9.0f} msg/s {cpu:8.1f} µs CPU"
                  + (f"   p50 {result['p50']:7.0f} µs  p99 {result['p99']:7.0f} µs" if "p50" in result else ""), flush=True)

if "nats" in peers:
    print(f"nats-server {peers['nats'][1]} acknowledges without a sync: a power loss takes up to 2 minutes of messages")


def middle(name, publishers, which):
    return statistics.median(each[which] for each in results[name, publishers])


for publishers in PUBLISHERS:
    for which, kind, unit in ((0, "rate", "msg/s"), (1, "cpu", "us")):
        value = middle("berth", publishers, which)
        for name, (peer, peer_version) in peers.items():
            figure(f"bus.publish_{publishers}.{kind}", value, unit, peer, peer_version, middle(name, publishers, which),
                   more_is_better=kind == "rate")
        if not peers:
            figure(f"bus.publish_{publishers}.{kind}", value, unit)
        figure(f"bus.publish_{publishers}_direct.{kind}", middle("direct", publishers, which), unit)
