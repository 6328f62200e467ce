#!/usr/bin/env python3
"""10,000 idle connections at a proxy, which have asked once: memory of each, and CPU of a small GET beside them; and 10,000 active slow ones, each of whose answers comes in ten pieces, one a second: CPU of
a piece, memory of a connection (of both its sides). Berth, haproxy and nginx in turns within one run, the idle ones all at the same time. Each is measured over one that is set to take 100 connections, since nginx
and haproxy reserve a slot for each that they may take."""
import json
import os
import subprocess
import sys
import time

from bench import cpu_seconds, figure, load, memory_bytes, program, serving, start
from proxies import VERSIONS, Proxy, compare, raise_descriptors
from turns import by_load

SECONDS = float(os.environ.get("SECONDS_EACH", "1"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
COUNT = int(os.environ.get("CONNECTIONS", "10000"))
SLOW_SECONDS = float(os.environ.get("SLOW_SECONDS", "12"))
NAMES = ("berth", "haproxy", "nginx")
PIECES, PIECE = 10, 100
WANTED = sys.argv[1:]

descriptors = raise_descriptors()
if descriptors < COUNT + 1500:
    sys.exit(f"{COUNT} connections need {COUNT + 1500} descriptors a process, {descriptors} are allowed; fewer: CONNECTIONS=1000")
# A slow connection takes the proxy two descriptors.
SLOW_COUNT = min(COUNT, (descriptors - 2000) // 2 // 100 * 100)


class Holder:
    """Clients that stay until the bench ends."""

    def __init__(self, proxy, count, *options):
        self.name = proxy.name
        self.process = start([program("http_hold"), "127.0.0.1", str(proxy.plain), str(count), *options],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline()
        if said != "held\n":
            sys.exit(f"{proxy.name} did not hold {count} connections: {said}")

    def told(self):
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        if told["errors"]:
            sys.exit(f"{self.name} ended {told['errors']} connections")
        return told

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)


def warm_memory(proxy):
    load("127.0.0.1", proxy.plain, 64, 0.5, "/", "bench")
    time.sleep(0.5)
    return memory_bytes(proxy.pid)


def told_memory(work, each):
    for name, kib in each.items():
        print(f"{work:24} {name:8} {kib:.2f} KiB")
    for peer in VERSIONS:
        figure(f"proxy.{work}.memory", each["berth"], "KiB", peer, VERSIONS[peer], each[peer])


def idle():
    instance = f"127.0.0.1:{serving('http_backend')}"
    proxies, memory, holders = [], {}, []
    for name in NAMES:
        small = Proxy(name, [instance], instance, 100)
        before = warm_memory(small)
        small.process.terminate()
        proxy = Proxy(name, [instance], instance, COUNT + 1000)
        warm_memory(proxy)
        holders.append(Holder(proxy, COUNT))
        time.sleep(1)
        memory[name] = (memory_bytes(proxy.pid) - before) / COUNT / 1024
        proxies.append(proxy)
    told_memory("idle", memory)
    compare(f"beside_{COUNT}_idle", by_load(64, SECONDS), proxies, ROUNDS)
    for holder in holders:
        holder.told()
        holder.end()
    for proxy in proxies:
        proxy.process.terminate()


def slow():
    port = serving("http_slow", str(PIECES), str(PIECE), "1000")
    # So many that none has more than its 256: their addresses are all the same backend's.
    instances = [f"127.0.3.{i + 1}:{port}" for i in range(SLOW_COUNT // 200 + 1)]
    memory, cost = {}, {}
    for name in NAMES:
        small = Proxy(name, instances[:1], instances[0], 100, True)
        time.sleep(0.5)
        before = memory_bytes(small.pid)
        small.process.terminate()
        proxy = Proxy(name, instances, instances[0], SLOW_COUNT + 300, True)
        holder = Holder(proxy, SLOW_COUNT, "again")
        time.sleep(1)
        begun, at, had = cpu_seconds(proxy.pid), time.monotonic(), holder.told()
        peak = 0
        while time.monotonic() < at + SLOW_SECONDS:
            time.sleep(1)
            peak = max(peak, memory_bytes(proxy.pid))
        have = holder.told()
        pieces = (have["bytes"] - had["bytes"]) / PIECE
        spent, took = cpu_seconds(proxy.pid) - begun, time.monotonic() - at
        memory[name], cost[name] = (peak - before) / SLOW_COUNT / 1024, spent / pieces * 1e6
        print(f"{SLOW_COUNT} slow, {name:8} {pieces / took:.0f} pieces a second, {(have['answers'] - had['answers']) / took:.0f} answers a second, {cost[name]:.2f} us CPU a piece", flush=True)
        holder.end()
        proxy.process.terminate()
        proxy.process.wait(20)
    told_memory("slow", memory)
    for peer in VERSIONS:
        figure("proxy.slow_piece.cpu", cost["berth"], "us", peer, VERSIONS[peer], cost[peer])


for work in (idle, slow):
    if not WANTED or work.__name__ in WANTED:
        work()
