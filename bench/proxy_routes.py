#!/usr/bin/env python3
"""Finding a request's route among 10, 1,000 and 10,000, each request another route: prefixes, paths with a parameter, expressions (RE2, whose automata leave the caches)."""
import subprocess

from bench import figure, program

took = {}
for line in subprocess.run([program("proxy_routes")], capture_output=True, text=True, check=True).stdout.splitlines():
    kind, routes, nanoseconds, allocations = line.split()
    took[kind, int(routes)] = float(nanoseconds)
    print(f"{kind:10} {int(routes):6,} routes: {float(nanoseconds):6.1f} ns a request, {allocations} allocations")
    if float(allocations) > 0:
        raise SystemExit("finding a route allocates")
for kind in ("prefix", "parameter", "expression"):
    figure(f"proxy.routes_{kind}.cpu", took[kind, 10000], "ns", "10_routes", "itself", took[kind, 10])
