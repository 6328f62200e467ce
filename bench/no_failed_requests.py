#!/usr/bin/env python3
"""GETs under load (retries on, 32 connections) through ten rollouts, a scale down and ten kills of instances: how many fail."""
import os
import threading
import time

from bench import figure, load
from dev_system import start, system, until, vip


def changes(dev, log):
    for n in range(10):
        dev.write("berth.toml", system(300 + n, instances=3))
        dev.run("deploy", timeout=120)
        log.append(f"rollout {n + 1}")
        until("all to be healthy", lambda: dev.service("echo")["health"] == "healthy")
        victim = next(i for i in dev.service("echo")["instances"] if i["state"] == "healthy")
        dev.run("kill", victim["id"])
        log.append(f"kill of {victim['id']}")
        until("it to come back", lambda: (i := dev.instance(victim["id"]))["state"] == "healthy" and i["pid"] != victim["pid"])
    dev.run("scale", "echo", "1")
    until("one instance", lambda: len(dev.service("echo")["instances"]) == 1)
    log.append("scale down to 1")


with start(system(instances=3)) as dev:
    log, requests, errors = [], 0, 0
    address, port = vip(dev)
    worker = threading.Thread(target=changes, args=(dev, log))
    worker.start()
    worst = 0
    while worker.is_alive() or requests < 100_000:
        result = load(address, port, 32, 5)
        requests, errors, worst = requests + result["requests"], errors + result["errors"], max(worst, result["p999"])
        if errors:
            print(f"{errors} failed by: {log[-3:]}")
    worker.join()
    if len(log) != 21:
        raise SystemExit(f"the changes ended early: {log}")
    print(f"{requests} requests, {errors} failed, during {len(log)} changes; the slowest p99.9 of 5 s was {worst / 1000:.1f} ms")
    figure("proxy.failed_during_changes.requests", requests, "requests")
    figure("proxy.failed_during_changes.failed", errors, "requests")
