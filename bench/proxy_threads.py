#!/usr/bin/env python3
"""CPU per small GET with one thread and with two, 64 keep-alive connections: Berth and haproxy, each beside itself, in turns within one run."""
import os

from bench import figure, serving
from proxies import VERSIONS, Proxy
from turns import by_load, in_turns

SECONDS = float(os.environ.get("SECONDS_EACH", "2"))
ROUNDS = int(os.environ.get("ROUNDS", "7"))
CONNECTIONS = 64

backend = f"127.0.0.1:{serving('http_backend')}"
sides = [Proxy(name, [backend], backend, threads=threads) for name in ("berth", "haproxy") for threads in (1, 2)]
for side in sides:
    side.name += f"_{side.threads}"
cost = in_turns("threads", by_load(CONNECTIONS, SECONDS), sides, ROUNDS)
figure("proxy.threads_2.cpu", cost["berth_2"], "us", "itself", "with 1", cost["berth_1"])
figure("proxy.threads_2.cpu", cost["berth_2"], "us", "haproxy with 2", VERSIONS["haproxy"], cost["haproxy_2"])
figure("proxy.haproxy_threads_2.cpu", cost["haproxy_2"], "us", "haproxy with 1", VERSIONS["haproxy"], cost["haproxy_1"])
