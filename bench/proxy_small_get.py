#!/usr/bin/env python3
"""CPU per proxied small GET: Berth's proxy against Debian's haproxy, one thread each, both with their log on, the same
backend, the same load of 64 keep-alive connections, in turns within one run."""
import atexit
import json
import os
import statistics
import sys

from bench import FOLDER, BERTH, cpu_seconds, figure, free_port, load, program, serving, start, udp_sink, version, wait_for_port
from dev_system import start as start_dev, system, vip

SECONDS = float(os.environ.get("SECONDS_EACH", "3"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
CONNECTIONS = 64

backend_port = serving("http_backend")
sink = udp_sink()
sink_port = sink.getsockname()[1]


def berth(name, arguments):
    """A proxy of its own on a catalog with one service, whose instance is the backend."""
    state = os.path.join(FOLDER, name)
    os.mkdir(state)
    port = free_port()
    vip = f"127.77.250.{len(os.listdir(FOLDER)) + 1}:{port}"
    service = {"name": "bench", "vip": vip, "routes": [], "instances": [
        {"id": "bench/1", "incarnation": "1", "version": "1", "host": "here", "address": f"127.0.0.1:{backend_port}",
         "health": "healthy", "why": "", "pid": 0}]}
    snapshot = {"full": True, "revision": 1, "system": "bench", "domain": "bench.localhost", "services": [service]}
    with open(os.path.join(state, "catalog.json"), "w") as file:
        json.dump(snapshot, file)
    process = start([BERTH, "proxy", "run", "--state", state, "--host", "here", *arguments])
    address, port = vip.split(":")
    wait_for_port(int(port), address)
    return [process.pid], address, int(port)


def drained(state):
    """Somebody must read the ring, or it fills and records are dropped: `berth dev` does; here a reader of its own."""
    return start([program("ring_reader"), os.path.join(state, "access.ring")])


def haproxy():
    port = free_port()
    config = os.path.join(FOLDER, "haproxy.cfg")
    with open(config, "w") as file:
        file.write(f"""
global
  nbthread 1
  maxconn 4000
  log 127.0.0.1:{sink_port} local0
defaults
  mode http
  log global
  option httplog
  timeout client 60s
  timeout server 60s
  timeout connect 5s
frontend front
  bind 127.0.0.1:{port}
  default_backend back
backend back
  balance random
  http-reuse always
  server one 127.0.0.1:{backend_port} check
""")
    process = start(["haproxy", "-db", "-f", config])
    wait_for_port(port)
    return [process.pid], "127.0.0.1", port


def whole():
    """A `berth dev` with one service: its own process and its proxy's are counted, not the instance and its shim."""
    dev = start_dev(system(instances=1))
    atexit.register(dev.stop)
    return [dev.process.pid, *dev.proxies()], *vip(dev)


haproxy_version = version(["haproxy", "-v"])
candidates = {"haproxy": haproxy(), "ring": berth("ring", []), "udp": berth("udp", ["--syslog", f"127.0.0.1:{sink_port}"]), "whole": whole()}
readers = [drained(os.path.join(FOLDER, name)) for name in ("ring", "udp")]
costs = {name: [] for name in candidates}
tails = {name: [] for name in candidates}
for name, (_, address, port) in candidates.items():
    load(address, port, CONNECTIONS, 1)
for _ in range(ROUNDS):
    for name, (pids, address, port) in candidates.items():
        before = sum(map(cpu_seconds, pids))
        result = load(address, port, CONNECTIONS, SECONDS)
        if result["errors"]:
            sys.exit(f"{name}: {result['errors']} of {result['requests']} requests failed")
        costs[name].append((sum(map(cpu_seconds, pids)) - before) / result["requests"] * 1e6)
        tails[name].append(result["p99"])
for name in candidates:
    print(f"{name:8} {statistics.median(costs[name]):.2f} us CPU a request (rounds {', '.join(f'{c:.2f}' for c in costs[name])}), "
          f"p99 {statistics.median(tails[name]):.0f} us")
peer = statistics.median(costs["haproxy"])
figure("proxy.small_get.cpu", statistics.median(costs["ring"]), "us", "haproxy", haproxy_version, peer)
figure("proxy.small_get_udp.cpu", statistics.median(costs["udp"]), "us", "haproxy", haproxy_version, peer)
figure("proxy.small_get_whole.cpu", statistics.median(costs["whole"]), "us", "haproxy", haproxy_version, peer)
