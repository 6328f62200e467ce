"""HAProxy's lines over TCP, and who takes them: `berth observe run`, and rsyslog, which writes them to a file."""
import json
import os
import socket
import tempfile
import time
import urllib.request

from bench import BERTH, FOLDER, cpu_seconds, free_port, start, wait_for_port

PART = 10_000  # lines that are sent again and again


def block(first, count, services=("users", "orders", "web")):
    """Lines as haproxy sends them; services, paths, times and statuses vary."""
    out = []
    for i in range(first, first + count):
        status = 503 if i % 100 == 0 else 404 if i % 37 == 0 else 200
        out.append(f"<134>Nov 24 12:00:{i % 60:02} haproxy[7]: 10.0.{i % 7}.{i % 250}:5{i % 1000:03} [24/Nov/2026:12:00:{i % 60:02}.{i % 1000:03}] web "
                   f"{services[i % len(services)]}/s{i % 4} 0/0/{i % 3}/{i % 90}/{i % 100} {status} {1000 + i % 900} - - ---- 1/1/1/1/0 0/0 "
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


class Berth:
    name = "berth"

    def __init__(self):
        self.port, self.http = free_port(), free_port()
        folder = tempfile.mkdtemp(dir=FOLDER)
        with open(os.path.join(folder, "observe.toml"), "w") as out:
            out.write(f'[observe]\nlisten = "127.0.0.1:{self.http}"\n[[input]]\nkind = "syslog"\nlisten = "tcp:127.0.0.1:{self.port}"\n')
        self.process = start([BERTH, "observe", "run", os.path.join(folder, "observe.toml")])
        wait_for_port(self.http)
        wait_for_port(self.port)

    def counted(self):
        """Requests in the series, of which none may be missing."""
        page = urllib.request.urlopen(f"http://127.0.0.1:{self.http}/prometheus/api/v1/query?query=sum(berth_requests_total)", timeout=10).read()
        result = json.loads(page)["data"]["result"]
        return int(float(result[0]["value"][1])) if result else 0


class Rsyslog:
    name = "rsyslog"

    def __init__(self):
        self.port, self.file, self.at, self.lines = free_port(), os.path.join(FOLDER, "lines.log"), 0, 0
        with open(os.path.join(FOLDER, "rsyslog.conf"), "w") as out:
            out.write(f'global(workDirectory="{FOLDER}")\nmodule(load="imptcp")\ninput(type="imptcp" address="127.0.0.1" port="{self.port}")\n'
                      f'action(type="omfile" file="{self.file}" template="RSYSLOG_FileFormat" flushOnTXEnd="off" asyncWriting="on" ioBufferSize="64k" flushInterval="1")\n')
        self.process = start(["rsyslogd", "-n", "-f", os.path.join(FOLDER, "rsyslog.conf"), "-i", os.path.join(FOLDER, "rsyslog.pid")])
        wait_for_port(self.port)

    def counted(self):
        """Lines in the file."""
        if os.path.exists(self.file):
            with open(self.file, "rb") as file:
                file.seek(self.at)
                while part := file.read(1 << 20):
                    self.lines += part.count(b"\n")
                    self.at += len(part)
        return self.lines


def cost(of, lines, text):
    """CPU nanoseconds a line, each of them counted."""
    before, had = cpu_seconds(of.process.pid), of.counted()
    send(of.port, text, lines // PART)
    until(f"{lines} lines", lambda: of.counted() >= had + lines)
    time.sleep(1.5)  # the last second's series, the last buffer
    if of.counted() != had + lines:
        raise SystemExit(f"{of.name}: {of.counted() - had} of {lines} lines")
    return (cpu_seconds(of.process.pid) - before) / lines * 1e9
