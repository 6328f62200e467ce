#!/usr/bin/env python3
"""CPU for a line of HAProxy by syslog's TCP, from the socket to series on disk, by `berth observe run`; beside rsyslog, which receives the same lines and writes them to a file."""
import os
import re
import socket
import time
import urllib.request

from bench import BERTH, FOLDER, cpu_seconds, figure, free_port, memory_bytes, package_version, start, wait_for_port

LINES = 500_000
ROUNDS = 3


def block(first, count):
    """Lines as haproxy sends them; services, paths, times and statuses vary."""
    out = []
    for i in range(first, first + count):
        status = 503 if i % 100 == 0 else 404 if i % 37 == 0 else 200
        out.append(f"<134>Nov 24 12:00:{i % 60:02} haproxy[7]: 10.0.{i % 7}.{i % 250}:5{i % 1000:03} [24/Nov/2026:12:00:{i % 60:02}.{i % 1000:03}] web "
                   f"{('users', 'orders', 'web')[i % 3]}/s{i % 4} 0/0/{i % 3}/{i % 90}/{i % 100} {status} {1000 + i % 900} - - ---- 1/1/1/1/0 0/0 "
                   f"\"GET /{('users', 'orders', 'carts')[i % 3]}/{i % 5000} HTTP/1.1\"\n")
    return "".join(out).encode()


def send(port, text, times):
    with socket.create_connection(("127.0.0.1", port)) as s:
        for _ in range(times):
            s.sendall(text)


def until(what, holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def cost(process, port, counted):
    """CPU nanoseconds a line, of the best round."""
    text, times = block(0, 10_000), LINES // 10_000
    send(port, text, 1)
    until("the first lines", lambda: counted() >= 10_000)
    best = None
    for _ in range(ROUNDS):
        before, had = cpu_seconds(process.pid), counted()
        send(port, text, times)
        until("all lines", lambda: counted() >= had + LINES)
        time.sleep(1.2)  # the last second's series
        spent = (cpu_seconds(process.pid) - before) / LINES * 1e9
        best = spent if best is None else min(best, spent)
    return best


def ours():
    port, http = free_port(), free_port()
    with open(os.path.join(FOLDER, "observe.toml"), "w") as out:
        out.write(f'[observe]\nlisten = "127.0.0.1:{http}"\n[[input]]\nkind = "syslog"\nlisten = "tcp:127.0.0.1:{port}"\n')
    process = start([BERTH, "observe", "run", os.path.join(FOLDER, "observe.toml")])
    wait_for_port(port)

    def counted():
        page = urllib.request.urlopen(f"http://127.0.0.1:{http}/metrics", timeout=10).read().decode()
        return int(re.search(r"^berth_lines_requests_total (\d+)", page, re.M)[1])
    spent = cost(process, port, counted)
    print(f"berth: {spent:.0f} ns a line, {memory_bytes(process.pid) / 2**20:.0f} MiB")
    return spent


def rsyslog():
    port, file = free_port(), os.path.join(FOLDER, "lines.log")
    with open(os.path.join(FOLDER, "rsyslog.conf"), "w") as out:
        out.write(f'global(workDirectory="{FOLDER}")\nmodule(load="imptcp")\ninput(type="imptcp" address="127.0.0.1" port="{port}")\n'
                  f'action(type="omfile" file="{file}" template="RSYSLOG_FileFormat" flushOnTXEnd="off" asyncWriting="on" ioBufferSize="64k" flushInterval="1")\n')
    process = start(["rsyslogd", "-n", "-f", os.path.join(FOLDER, "rsyslog.conf"), "-i", os.path.join(FOLDER, "rsyslog.pid")])
    wait_for_port(port)
    line = len(block(0, 10_000)) / 10_000 + 12  # its own form is longer

    def counted():
        return os.path.getsize(file) / line if os.path.exists(file) else 0
    spent = cost(process, port, counted)
    print(f"rsyslog: {spent:.0f} ns a line")
    return spent


mine, theirs = ours(), rsyslog()
figure("observe.haproxy_line.cpu", mine, "ns", "rsyslog", package_version("rsyslog"), theirs)
