#!/usr/bin/env python3
"""Kill -9 of the proxy, 20 times: from its death to the next answered request on a new connection; nothing may be refused."""
import http.client
import os
import signal
import statistics
import time

from bench import figure
from dev_system import start, system, vip, until

TRIES = int(os.environ.get("TRIES", "20"))


with start(system()) as dev:
    address, took = vip(dev), []
    for _ in range(TRIES):
        pid = until("a proxy", dev.proxies)[0]
        os.kill(pid, signal.SIGKILL)
        begun = time.monotonic()
        connection = http.client.HTTPConnection(*address, timeout=5)  # a refused one ends the bench
        connection.request("GET", "/")
        connection.getresponse().read()
        took.append(time.monotonic() - begun)
        time.sleep(0.5)
    figure("proxy.death_to_answer.median", statistics.median(took) * 1e3, "ms")
    figure("proxy.death_to_answer.maximum", max(took) * 1e3, "ms")
