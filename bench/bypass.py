#!/usr/bin/env python3
"""What a relay on one host could save by the kernel's by-passes: one connection through a bare relay that copies, splices, or has its two sockets in a sockmap, and to an instance behind a Unix socket. CPU of the whole machine: nothing else may run."""
import json
import os
import platform
import statistics
import subprocess

from bench import figure, program

SECONDS = float(os.environ.get("SECONDS_EACH", "2"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
MODES = ("copy", "splice", "sockmap", "unix")

for name, size in (("message_100b", 100), ("content_10kb", 10_000), ("content_1mb", 1 << 20)):
    spent = {mode: [] for mode in MODES}
    for _ in range(ROUNDS):
        for mode in MODES:
            out = subprocess.run([program("bypass"), mode, str(size), str(SECONDS)], capture_output=True, text=True, timeout=SECONDS + 20)
            if out.returncode == 0:
                spent[mode].append(json.loads(out.stdout))
            elif not spent[mode]:
                print(f"{mode}: {out.stderr.strip()}")
    middle = {mode: statistics.median(each["all_us"] for each in rounds) for mode, rounds in spent.items() if rounds}
    for mode, rounds in spent.items():
        if rounds:
            print(f"{name:13} {mode:8} {middle[mode]:8.1f} us CPU of all, {statistics.median(each['relay_us'] for each in rounds):7.1f} of the relay", flush=True)
    for mode in MODES[1:]:
        if mode in middle:
            figure(f"proxy.bypass_{mode}_{name}.cpu", middle[mode], "us", "copying on Linux", platform.release().split("-")[0], middle["copy"])
