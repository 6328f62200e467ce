#!/usr/bin/env python3
"""CPU of one choice of an instance (with begin and end of the request on it) by each way of balancing, for 10, 1,000 and 10,000 instances; beside itself with ten."""
import subprocess

from bench import figure, program

ten = {}
for line in subprocess.run([program("proxy_pick")], capture_output=True, text=True, check=True).stdout.splitlines():
    way, count, nanoseconds, allocations = line.split()
    nanoseconds = float(nanoseconds)
    print(f"{way:15} {int(count):6,} instances {nanoseconds:6.1f} ns, {allocations} allocations")
    if count == "10":
        ten[way] = nanoseconds
    else:
        figure(f"proxy.pick_{way}_{count}.cpu", nanoseconds, "ns", "itself", "with 10", ten[way])
