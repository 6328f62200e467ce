#!/usr/bin/env python3
"""Ten thousand, a hundred thousand and a million series in one store: memory of each, CPU of an event (its labels made, its series found,
its sample packed and logged), the best of two runs, and how far it rises: with events of all series in the same order each time, as who
measures them sends them, and in another order each time."""
import os
import subprocess

from bench import FOLDER, figure, program

SIZES = {10_000: 100, 100_000: 20, 1_000_000: 6}  # series, rounds over all of them
ORDERS = {"cpu": [], "cpu_any_order": ["any"]}

cpu, memory = {order: {} for order in ORDERS}, {}
for turn in range(2):
    for series, rounds in SIZES.items():
        for order, words in ORDERS.items():
            folder = os.path.join(FOLDER, f"many-{series}-{turn}")
            out = subprocess.run([program("observe_many"), folder, str(series), str(rounds), *words], capture_output=True, text=True, check=True).stdout.split()
            subprocess.run(["rm", "-rf", folder], check=True)
            memory[series] = float(out[0])
            cpu[order][series] = min(cpu[order].get(series, 1e9), float(out[1]))
for series in SIZES:
    print(f"{series:8} series: {memory[series]:.0f} bytes each, {cpu['cpu'][series]:.0f} ns an event, {cpu['cpu_any_order'][series]:.0f} in any order")
    figure(f"observe.series_{series}.memory", memory[series], "bytes")
    for order in ORDERS:
        figure(f"observe.series_{series}.{order}", cpu[order][series], "ns", "series_10000", "itself", cpu[order][10_000])
