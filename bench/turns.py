"""The same work by several servers, in turns within one run: loads that can be repeated, and what each of them costs in CPU time."""
import os
import re
import statistics
import subprocess
import sys

from bench import FOLDER, cpu_seconds, load


def self_signed():
    """Certificate and key of localhost, as files."""
    certificate, key = os.path.join(FOLDER, "cert.pem"), os.path.join(FOLDER, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


def by_h2load(url, connections, seconds, *options):
    """`url(server)` by h2load; tells how many requests."""
    def once(server):
        shown = subprocess.run(["h2load", "-t1", f"-c{connections}", f"-D{max(1, round(seconds))}", *options, url(server)],
                               capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
        total, good = (int(re.search(rf"(\d+) {word}", shown)[1]) for word in ("done", "succeeded"))
        if good < total or not total:
            sys.exit(f"{server.name}: of {total} requests {good} succeeded\n{shown}")
        return total
    return once


def by_load(connections, seconds, target="/", *options):
    """GETs to a server's `plain` port; tells how many requests."""
    def once(server):
        result = load("127.0.0.1", server.plain, connections, seconds, target, "bench", *options)
        if result["errors"] or not result["requests"]:
            sys.exit(f"{server.name}: {result['errors']} of {result['requests']} requests failed")
        return result["requests"]
    return once


def in_turns(work, once, servers, rounds, scale=1e6, unit="us", per="a request"):
    """`once(server)` works for a while and tells how many times; the median CPU time of each by name, in turns within every round."""
    costs = {server.name: [] for server in servers}
    for server in servers:
        once(server)
    for _ in range(rounds):
        for server in servers:
            before = cpu_seconds(server.pid)
            times = once(server)
            costs[server.name].append((cpu_seconds(server.pid) - before) / times * scale)
    # The kernel does a loopback's receiving on whichever process happens to send: a round may cost too little as well as too much.
    middle = {name: statistics.median(each) for name, each in costs.items()}
    for name, each in costs.items():
        print(f"{work:28} {name:8} {middle[name]:.2f} {unit} CPU {per} (rounds {', '.join(f'{c:.2f}' for c in each)})", flush=True)
    return middle
