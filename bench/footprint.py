#!/usr/bin/env python3
"""Size of the binary; `berth dev` on the shop: time to all healthy, memory and CPU at rest of each of its processes."""
import json
import os
import shutil
import subprocess
import tempfile
import time

from bench import ROOT, cpu_seconds, figure, memory_bytes
from dev_system import Dev, until

berth = os.environ["BERTH"]
figure("berth.binary", os.path.getsize(berth) / 2**20, "MiB")
stripped = tempfile.mktemp()
subprocess.run(["strip", "-o", stripped, berth], check=True)
figure("berth.binary_stripped", os.path.getsize(stripped) / 2**20, "MiB")
os.remove(stripped)

subprocess.run([os.path.join(ROOT, "examples/shop/prepare")], check=True)
shop = os.path.join(ROOT, "examples/shop")
begun = time.monotonic()
dev = Dev(open(os.path.join(shop, "berth.toml")).read(), prepare=lambda folder: shutil.copytree(
    shop, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".berth", "__pycache__")))
with dev:
    begun = dev.begun
    dev.healthy(120)
    figure("berth.start_to_healthy", time.monotonic() - begun, "s")
    try:
        shoppers = dev.instance("shoppers/1")["address"]
        subprocess.run(["curl", "-s", "-X", "POST", f"http://{shoppers}/pause"], check=True)
    except StopIteration:
        pass
    time.sleep(5)

    def processes():
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                line = open(f"/proc/{pid}/cmdline").read().split("\0")
                if os.readlink(f"/proc/{pid}/exe") != os.path.realpath(berth):
                    continue
            except OSError:
                continue
            kind = " ".join(line[1:2])
            if dev.folder in " ".join(line) or os.readlink(f"/proc/{pid}/cwd").startswith(dev.folder):
                found.setdefault(kind, []).append(int(pid))
        return found
    before = {pid: cpu_seconds(pid) for pids in processes().values() for pid in pids}
    time.sleep(10)
    for kind, pids in sorted(processes().items()):
        memory = sum(memory_bytes(pid) for pid in pids) / len(pids) / 2**20
        cpu = sum(cpu_seconds(pid) - before.get(pid, 0) for pid in pids) / len(pids) / 10 * 1000
        print(f"{kind}: {len(pids)} process(es), {memory:.1f} MiB and {cpu:.1f} ms CPU a second each")
        figure(f"berth.idle_{kind}.memory", memory, "MiB")
        figure(f"berth.idle_{kind}.cpu", cpu, "ms/s")
