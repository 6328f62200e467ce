#!/usr/bin/env python3
"""Riemann events over TCP, acknowledged, to index and ten streams: CPU time of the server an event. No peer runs here; Riemann's own published figure is 185 to 200 thousand a second."""
import subprocess

from bench import cpu_seconds, figure, free_port, program, start, wait_for_port

SECONDS = 8

for line in subprocess.run([program("observe_streams"), "inside"], capture_output=True, text=True, check=True).stdout.splitlines():
    name, nanoseconds, allocations = line.split()
    print(f"{name:32} {float(nanoseconds):7.0f} ns an event, {allocations} allocations")

port = free_port()
server = start([program("observe_streams"), "serve", str(port)])
wait_for_port(port)


def measured(events, connections):
    """Events a second of CPU time, and a second of time."""
    load = [program("observe_streams"), "load", str(port)]
    subprocess.run([*load, "1", str(events), str(connections)], check=True, capture_output=True)
    before = cpu_seconds(server.pid)
    done = int(subprocess.run([*load, str(SECONDS), str(events), str(connections)], check=True, capture_output=True, text=True).stdout)
    return done / (cpu_seconds(server.pid) - before), done / SECONDS


for events in (1, 10, 100, 1000):
    rate, by_time = measured(events, 4)
    print(f"{events:5} events a message: {rate / 1e6:.2f} M a second of CPU, {by_time / 1e6:.2f} M a second beside the load")
    if events == 100:
        figure("observe.riemann_events.rate", rate, "1/s")
