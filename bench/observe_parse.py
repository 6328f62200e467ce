#!/usr/bin/env python3
"""CPU for a line of HAProxy's HTTP log: the fast path, its fields, the same by grok; beside liblognorm, which rsyslog's mmnormalize is, line to JSON in both."""
import os
import resource
import subprocess

from bench import FOLDER, figure, package_version, program

LINES = 200_000
RULE = ("version=2\nrule=:%client_ip:ipv4%:%client_port:number% [%accept_date:char-to:]%] %frontend:word% %backend:char-to:/%/%server:word% "
        "%tq:number%/%tw:number%/%tc:number%/%tr:number%/%tt:number% %status:number% %bytes:number% %cc:word% %cs:word% %term:word% "
        "%act:number%/%fe:number%/%be:number%/%srv:number%/%retries:number% %sq:number%/%bq:number% \"%verb:word% %request:word% HTTP/%version:char-to:\"%\"\n")

ours = {}
for line in subprocess.run([program("observe_parse")], capture_output=True, text=True, check=True).stdout.splitlines():
    name, nanoseconds, allocations = line.split()
    ours[name] = float(nanoseconds)
    print(f"{name:10} {ours[name]:7.0f} ns a line, {1e3 / ours[name]:.2f} M lines/s a core, {allocations} allocations")

with open(os.path.join(FOLDER, "rules"), "w") as rules:
    rules.write(RULE)
with open(os.path.join(FOLDER, "lines"), "w") as lines:
    subprocess.run([program("observe_parse"), "lines", str(LINES)], stdout=lines, check=True)


def peer(lines):
    """CPU seconds of lognormalizer over the file, and how many lines it could not read."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(lines) as given:
        out = subprocess.run(["lognormalizer", "-r", os.path.join(FOLDER, "rules"), "-e", "json"], stdin=given, stdout=subprocess.PIPE, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if b"unparsed-data" in out:
        raise SystemExit("lognormalizer did not read some line")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


empty = os.path.join(FOLDER, "empty")
open(empty, "w").close()
theirs = min(peer(os.path.join(FOLDER, "lines")) - peer(empty) for _ in range(3)) / LINES * 1e9
print(f"lognormalizer {theirs:.0f} ns a line; grok {ours['grok'] / ours['fields']:.1f} times the fast path with its fields, {ours['grok'] / ours['fast']:.1f} times the fast path alone")
figure("observe.haproxy_parse.cpu", ours["json"], "ns", "liblognorm", package_version("liblognorm-utils"), theirs)
figure("observe.haproxy_grok.cpu", ours["grok_json"], "ns", "liblognorm", package_version("liblognorm-utils"), theirs)
