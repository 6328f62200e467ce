#!/usr/bin/env python3
"""CPU for a line of HAProxy by syslog's TCP, from the socket to series on disk, by `berth observe run`; beside rsyslog,
which receives the same lines in the same run and writes them to a file, three rounds of each in turns."""
from bench import figure, memory_bytes, package_version
from observe_lines import PART, Berth, Rsyslog, block, cost

LINES = 500_000
ROUNDS = 3  # of each, in turns: others run on the machine too

text = block(0, PART)
both = [Berth(), Rsyslog()]
spent = {of.name: [] for of in both}
for of in both:
    cost(of, PART, text)
for _ in range(ROUNDS):
    for of in both:
        spent[of.name].append(cost(of, LINES, text))
for of in both:
    print(f"{of.name}: {', '.join(f'{each:.0f}' for each in spent[of.name])} ns a line, {memory_bytes(of.process.pid) / 2**20:.0f} MiB")
figure("observe.haproxy_line.cpu", min(spent["berth"]), "ns", "rsyslog", package_version("rsyslog"), min(spent["rsyslog"]))
