#!/usr/bin/env python3
"""CPU per proxied answer of 10 KB and of 1 MB, per upload (of UPLOAD_MB, 256 by default), and per small GET on a connection of its own: Berth, haproxy and nginx in turns within one run."""
import json
import os
import subprocess
import sys

from bench import program, serving
from proxies import Proxy, compare
from turns import by_load

SECONDS = float(os.environ.get("SECONDS_EACH", "1"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
UPLOAD_MB = int(os.environ.get("UPLOAD_MB", "256"))
WANTED = sys.argv[1:]


def backend(size):
    return f"127.0.0.1:{serving('http_backend', str(size))}"


def upload(proxy):
    out = subprocess.run([program("http_upload"), "127.0.0.1", str(proxy.plain), str(UPLOAD_MB << 20), "1"],
                         capture_output=True, text=True, check=True, timeout=60).stdout
    if json.loads(out)["errors"]:
        sys.exit(f"{proxy.name}: an upload failed")
    return 1


small = backend(128)
for work, instance, once, scale, unit in (
        ("get_10kb", backend(10 << 10), by_load(64, SECONDS), 1e6, "us"),
        ("get_1mb", backend(1 << 20), by_load(16, SECONDS), 1e6, "us"),
        ("new_connection", small, by_load(16, SECONDS, "/", "new"), 1e6, "us"),
        (f"upload_{UPLOAD_MB}mb", small, upload, 1e3, "ms")):
    if not WANTED or work in WANTED:
        proxies = [Proxy(name, [instance], small) for name in ("berth", "haproxy", "nginx")]
        compare(work, once, proxies, ROUNDS, scale, unit)
        for proxy in proxies:
            proxy.process.terminate()
