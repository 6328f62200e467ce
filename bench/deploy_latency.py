#!/usr/bin/env python3
"""How long things take to be felt: from `berth deploy` to the first answer by the new version, and from an instance's
death to the last request that failed by it (POSTs, which are not repeated), each over 50 tries."""
import http.client
import os
import signal
import statistics
import subprocess
import threading
import time

from bench import figure
from dev_system import Dev, start, system, until, vip

TRIES = int(os.environ.get("TRIES", "50"))


def length(address):
    connection = http.client.HTTPConnection(*address, timeout=5)
    connection.request("GET", "/")
    return int(connection.getresponse().headers["content-length"])


def deploys(dev):
    address, took = vip(dev), []
    for n in range(TRIES):
        wanted = 200 + n
        dev.write("berth.toml", system(wanted))
        begun = time.monotonic()
        deploy = subprocess.Popen([os.environ["BERTH"], "deploy"], cwd=dev.folder, stdout=subprocess.DEVNULL)
        while length(address) != wanted:
            time.sleep(0.002)
            if time.monotonic() - begun > 30:
                raise SystemExit("the new version did not answer within 30 s")
        took.append(time.monotonic() - begun)
        if deploy.wait(60) != 0:
            raise SystemExit("a deploy failed")
    return took


class Posts(threading.Thread):
    """POSTs one after another on one connection; keeps the time of the last that failed."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.last_failed, self.failed, self.done, self.stopped = address, 0.0, 0, 0, False
        self.start()

    def run(self):
        connection = None
        while not self.stopped:
            try:
                connection = connection or http.client.HTTPConnection(*self.address, timeout=5)
                connection.request("POST", "/", headers={"content-length": "0"})
                answer = connection.getresponse()
                answer.read()
                good = answer.status < 500
            except (OSError, http.client.HTTPException):
                good, connection = False, None
            self.done += 1
            if not good:
                self.failed += 1
                self.last_failed = time.monotonic()


def deaths(dev):
    took, failed, requests = [], 0, 0
    for n in range(TRIES):
        posts = [Posts(vip(dev)) for _ in range(4)]
        time.sleep(0.1)
        # In turns, so that none is held back as one that ends again and again.
        instances = dev.service("echo")["instances"]
        id, pid = (instances[n % len(instances)][key] for key in ("id", "pid"))
        begun = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        until("the instance to come back", lambda: (i := dev.instance(id))["state"] == "healthy" and i["pid"] != pid)
        for each in posts:
            each.stopped = True
        for each in posts:
            each.join()
        took.append(max(0.0, max(p.last_failed for p in posts) - begun))
        failed += sum(p.failed for p in posts)
        requests += sum(p.done for p in posts)
    print(f"{requests} POSTs during {TRIES} deaths, {failed} failed")
    return took


with start(system()) as dev:
    took = deploys(dev)
    figure("placement.deploy_to_answer.median", statistics.median(took) * 1e3, "ms")
    figure("placement.deploy_to_answer.maximum", max(took) * 1e3, "ms")
with start(system(instances=10)) as dev:
    took = deaths(dev)
    figure("proxy.death_to_last_failure.median", statistics.median(took) * 1e3, "ms")
    figure("proxy.death_to_last_failure.maximum", max(took) * 1e3, "ms")
