#!/usr/bin/env python3
"""CPU per small GET of HTTP clients, one thread each, 64 requests in flight, asking the same server (Berth's) in turns
within one run: Berth's client over its pool, libcurl's multi interface on epoll, and h2load, a load generator on nghttp2
that keeps nothing of an answer. By HTTP/1.1 over 64 connections, and by HTTP/2 over one."""
import os
import resource
import subprocess
import sys

from bench import figure, package_version, program, serving, version

REQUESTS = int(os.environ.get("REQUESTS", "60000"))
ROUNDS = int(os.environ.get("ROUNDS", "9"))
IN_FLIGHT = 64
CONTENT = 128
WANTED = sys.argv[1:] or ["h1", "h2"]


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(argv):
    """CPU time of the whole process for each request, in microseconds; start included."""
    before = children_cpu()
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    if done.returncode:
        sys.exit(f"{argv[0]}: {done.stderr}")
    return (children_cpu() - before) / REQUESTS * 1e6, done.stdout


def of_ours(name):
    def once(kind, url):
        cpu, shown = run([program(name), kind, url, str(IN_FLIGHT), str(REQUESTS)])
        if int(shown) != REQUESTS * CONTENT:
            sys.exit(f"{name}: {shown.strip()} bytes of content instead of {REQUESTS * CONTENT}")
        return cpu
    return once


def of_h2load(kind, url):
    options = ["--h1", f"-c{IN_FLIGHT}"] if kind == "h1" else ["-c1", f"-m{IN_FLIGHT}"]
    cpu, shown = run(["h2load", "-t1", f"-n{REQUESTS}", *options, url])
    if f"{REQUESTS} succeeded" not in shown:
        sys.exit(f"h2load: {shown}")
    return cpu


port = serving("http_server")
clients = {"berth": of_ours("http_client"), "libcurl": of_ours("http_client_curl"), "h2load": of_h2load}
versions = {"libcurl": package_version("libcurl4-openssl-dev").split("+")[0],
            "h2load": version(["h2load", "--version"])}
for kind in WANTED:
    costs = {name: [] for name in clients}
    for _ in range(ROUNDS):
        for name, once in clients.items():
            costs[name].append(once(kind, f"http://127.0.0.1:{port}/"))
    least = {name: min(each) for name, each in costs.items()}
    for name, each in costs.items():
        print(f"{kind} {name:8} {least[name]:.2f} us CPU a request (rounds {', '.join(f'{c:.2f}' for c in each)})")
    for peer in ("libcurl", "h2load"):
        figure(f"http.client_{kind}.cpu", least["berth"], "us", peer, versions[peer], least[peer])
