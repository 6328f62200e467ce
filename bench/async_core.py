#!/usr/bin/env python3
"""CPU and allocations of the async core's operations: Berth against Boost.Asio, timers against libuv too."""
import collections
import subprocess

from bench import figure, package_version, program

ASIO = ".".join(package_version("libboost1.81-dev").split(".")[:2])
VERSIONS = {"asio": ASIO, "asio-shared": ASIO, "libuv": package_version("libuv1-dev")}
told = collections.defaultdict(dict)
for line in subprocess.run([program("async_core")], capture_output=True, text=True, check=True).stdout.splitlines():
    work, framework, nanoseconds, allocations = line.split()
    told[work][framework] = float(nanoseconds)
    print(f"{work:13} {framework:11} {float(nanoseconds):8.1f} ns, {allocations} allocations an operation")
for work, costs in told.items():
    for peer in costs:
        if peer != "berth":
            figure(f"async.{work}.cpu", costs["berth"], "ns", peer, VERSIONS[peer], costs[peer])
