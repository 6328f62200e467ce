#!/usr/bin/env python3
"""From a request's end to the point of its second in the console's live stream, at a second's resolution: 60 requests at any moment of it,
`berth dev` of the release build. What the page adds is its drawing (tests/browser/console.mjs holds the whole under 1.5 s)."""
import json
import random
import threading
import time
import urllib.request

from bench import figure
from dev_system import start, system, vip

REQUESTS = 60

with start(system()) as dev:
    address, port = vip(dev)
    settings = json.load(open(f"{dev.folder}/.berth/settings.json"))
    came = {}  # by second: when its point was read, and the requests it tells

    def read():
        request = urllib.request.Request(f"http://127.0.0.1:{settings['ports']['console']}/v1/live", headers={"Authorization": f"Bearer {settings['token']}"})
        name = ""
        with urllib.request.urlopen(request, timeout=600) as stream:
            for line in stream:
                if line.startswith(b"event: "):
                    name = line[7:].strip()
                if line.startswith(b"data: ") and name == b"point":
                    point = json.loads(line[6:])
                    came[point["time"] // 1000] = (time.time(), (point["services"].get("echo") or {}).get("rate") or 0)
    threading.Thread(target=read, daemon=True).start()
    while not came:
        time.sleep(0.1)
    waits = []
    for _ in range(REQUESTS):
        time.sleep(random.random() * 1.1)
        urllib.request.urlopen(f"http://{address}:{port}/", timeout=5).read()
        ended = time.time()
        seconds = (int(ended), int(ended) + 1)  # counted when its record was read
        while not any(came.get(second, (0, 0))[1] >= 1 for second in seconds):
            time.sleep(0.002)
            if time.time() > ended + 5:
                raise SystemExit("a request had no point within 5 s")
        waits.append(next(came[second][0] for second in seconds if came.get(second, (0, 0))[1] >= 1) - ended)
    waits.sort()
    print(f"median {waits[len(waits) // 2] * 1000:.0f} ms, most {waits[-1] * 1000:.0f} ms")
    figure("console.point.p99", waits[int(len(waits) * 0.99)], "s")
