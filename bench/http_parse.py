#!/usr/bin/env python3
"""CPU per head of a request: Berth's parser against llhttp (strict), which Node uses, in turns within one program."""
import subprocess

from bench import figure, program, package_version

llhttp = package_version("node-llhttp").split("~")[0]
for line in subprocess.run([program("http_parse")], capture_output=True, text=True, check=True).stdout.splitlines():
    name, size, ours, theirs, bare, allocations = line.split()
    size, ours, theirs, bare = int(size), float(ours), float(theirs), float(bare)
    print(f"{name:8} {size} bytes: berth {size / ours:.2f} GB/s, {allocations} allocations; llhttp {size / theirs:.2f} GB/s, "
          f"without callbacks {bare:.0f} ns ({size / bare:.2f} GB/s)")
    figure(f"http.parse_{name}.cpu", ours, "ns", "llhttp", llhttp, theirs)
