#!/usr/bin/env python3
"""A call from one reactor to another and back, beside Asio's post between two io_contexts and a queue with uv_async_send
between two loops of libuv: CPU time of both threads, with one call at a time (each wakes the other) and with 64
outstanding."""
import os
import re
import subprocess

from bench import figure, package_version, program

ROUNDS = int(os.environ.get("ROUNDS", "7"))


def asio_version():
    for line in open("/usr/include/boost/version.hpp", encoding="utf-8"):
        found = re.match(r'#define BOOST_LIB_VERSION "([\d_]+)"', line)
        if found:
            return found[1].replace("_", ".")


def measured(name, outstanding, calls):
    out = subprocess.run([program(name), str(outstanding), str(calls)], capture_output=True, text=True, check=True).stdout
    return [float(word) for word in out.split()]


for outstanding, calls in ((1, 100_000), (64, 2_000_000)):
    names = ("handover_berth", "handover_asio", "handover_libuv")
    rounds = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in names:
            rounds[name].append(measured(name, outstanding, calls))
    # The least: others on the machine can only add.
    cpu = {name: min(r[0] for r in rounds[name]) for name in names}
    wall = {name: min(r[1] for r in rounds[name]) for name in names}
    for name in names:
        print(f"{name:15} {outstanding:2} outstanding: {cpu[name]:.0f} ns CPU, {wall[name]:.0f} ns a call")
    for peer, peer_version in (("asio", asio_version()), ("libuv", package_version("libuv1-dev"))):
        for kind, costs in (("cpu", cpu), ("wall", wall)):
            figure(f"os.handover_{outstanding}.{kind}", costs["handover_berth"], "ns", peer, peer_version,
                   costs[f"handover_{peer}"])
