#!/usr/bin/env python3
"""Finding a request's route among 10, 1,000 and 10,000: hosts by hash, paths by a tree of segments, each request another route."""
import subprocess

from bench import figure, program

took = {}
for line in subprocess.run([program("proxy_routes")], capture_output=True, text=True, check=True).stdout.splitlines():
    routes, nanoseconds, allocations = line.split()
    took[int(routes)] = float(nanoseconds)
    print(f"{int(routes):6,} routes: {took[int(routes)]:6.1f} ns a request, {allocations} allocations")
    if float(allocations) > 0:
        raise SystemExit("finding a route allocates")
for routes in (1000, 10000):
    figure(f"proxy.routes_{routes}.cpu", took[routes], "ns", "10_routes", "itself", took[10])
