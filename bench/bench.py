"""What the benchmarks share: programs on free ports that end with the bench, CPU time of processes, the figure lines."""
import atexit
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BERTH = os.environ.get("BERTH", os.path.join(ROOT, "build/release/src/app/berth"))
FOLDER = tempfile.mkdtemp(prefix="berth-bench-")
_started = []


def program(name):
    return os.path.join(ROOT, "build/release/bench", name)


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(argv, **options):
    options.setdefault("stdout", subprocess.DEVNULL)
    options.setdefault("stderr", subprocess.DEVNULL)
    process = subprocess.Popen(argv, **options)
    _started.append(process)
    return process


def stop_all():
    for process in reversed(_started):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in _started:
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
    subprocess.run(["rm", "-rf", FOLDER])


atexit.register(stop_all)


def wait_for_port(port, address="127.0.0.1", seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection((address, port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"nothing listens on {address}:{port}")


def serving(name, *words):
    """A program of this folder that listens at a port, its first word; tells which."""
    port = free_port()
    start([program(name), str(port), *words])
    wait_for_port(port)
    return port


def cpu_seconds(pid):
    """CPU time of all threads of a process, to the nanosecond."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            total += int(open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0])
        except (OSError, IndexError):
            pass
    return total / 1e9


def memory_bytes(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", open(f"/proc/{pid}/status").read())[1]) * 1024


def load(address, port, connections, seconds, target="/", host="bench", *options):
    out = subprocess.run([program("http_load"), address, str(port), str(connections), str(seconds), target, host, *options],
                         capture_output=True, text=True, timeout=seconds + 30, check=True).stdout
    return json.loads(out)


def udp_sink():
    """A socket that takes syslog lines and throws them away, in the kernel: nobody reads, so that no CPU goes there."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return s


def version(argv, pattern=r"(\d+\.\d+(?:\.\d+)?)"):
    result = subprocess.run(argv, capture_output=True, text=True)
    return re.search(pattern, result.stdout + result.stderr)[1]


def package_version(package):
    """The version of an installed Debian package, without Debian's part."""
    shown = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True).stdout
    return re.sub(r"^\d+:|-[^-]*$", "", shown)


def figure(name, value, unit, peer=None, peer_version=None, peer_value=None, more_is_better=False):
    """The ratio is Berth's cost over the peer's: of a rate, the peer's over Berth's."""
    line = f"figure {name} berth {value:.4g} {unit}"
    if peer:
        ratio = peer_value / value if more_is_better else value / peer_value
        line += f" {peer} {peer_version} {peer_value:.4g} ratio {ratio:.3f}"
    print(line, flush=True)
