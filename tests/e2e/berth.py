"""What the end-to-end tests share: a `berth dev` of their own on a small system, its commands, waiting for conditions, counting."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

BERTH = os.environ.get("BERTH") or os.path.abspath("build/dev/src/app/berth")
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Failed(AssertionError):
    pass


def expect(condition, sentence):
    if not condition:
        raise Failed(sentence)


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, condition, seconds=30):
    end = time.monotonic() + seconds
    last = None
    while time.monotonic() < end:
        try:
            found = condition()
            if found:
                return found
        except (Failed, OSError, ValueError, KeyError, StopIteration, subprocess.SubprocessError) as error:
            last = error
        time.sleep(0.05)
    raise Failed(f"waited {seconds} s for {what}" + (f" ({last})" if last else ""))


class Dev:
    """A running `berth dev` in a folder of its own."""

    def __init__(self, berth_toml, files=(), arguments=(), prepare=None, environment=None, state=None):
        self.folder = tempfile.mkdtemp(prefix="berth-e2e-")
        if prepare:
            prepare(self.folder)
        self.write("berth.toml", berth_toml)
        for name, text in dict(files).items():
            self.write(name, text)
        self.arguments = list(arguments)
        self.common = ["--state", state] if state else []
        self.environment = {**os.environ, **(environment or {})}
        self.process = None
        self.start()

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def start(self):
        self.begun = time.monotonic()
        self.output = open(os.path.join(self.folder, "dev.out"), "a")
        self.process = subprocess.Popen([BERTH, "dev", *self.arguments, *self.common], cwd=self.folder, stdout=self.output, stderr=subprocess.STDOUT,
                                        env=self.environment)

    def printed(self):
        return open(os.path.join(self.folder, "dev.out"), errors="replace").read()

    def run(self, *arguments, ok=True, timeout=60):
        result = subprocess.run([BERTH, *arguments, *self.common], cwd=self.folder, capture_output=True, text=True, timeout=timeout)
        if ok:
            expect(result.returncode == 0, f"berth {' '.join(arguments)}: {result.returncode}: {result.stdout[-400:]}{result.stderr[-800:]}")
        return result

    def state(self):
        return json.loads(self.run("ps", "--json").stdout)

    def service(self, name):
        return next(s for s in self.state()["services"] if s["name"] == name)

    def instance(self, id):
        return next(i for i in self.service(id.split("/")[0])["instances"] if i["id"] == id)

    def healthy(self, seconds=60):
        def all_healthy():
            expect(self.process.poll() is None, "berth dev ended: " + self.printed()[-2000:])
            services = self.state()["services"]
            return services and all(s["health"] == "healthy" for s in services)
        until("all to be healthy", all_healthy, seconds)
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise Failed("berth dev did not stop within 40 s: " + self.printed()[-2000:])

    def left_processes(self):
        """Processes that have this folder in their arguments or as working directory."""
        left = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                line = open(f"/proc/{pid}/cmdline").read()
                folder = os.readlink(f"/proc/{pid}/cwd")
            except OSError:
                continue
            if (self.folder in line or folder.startswith(self.folder)) and int(pid) != os.getpid():
                left.append(f"{pid} {line!r}")
        return left

    def proxies(self):
        return [int(line.split()[0]) for line in self.left_processes() if "proxy\\x00run" in line]

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            self.stop()
        finally:
            for line in self.left_processes():
                try:
                    os.kill(int(line.split()[0]), signal.SIGKILL)
                except OSError:
                    pass
            if kind is None:
                shutil.rmtree(self.folder, ignore_errors=True)
            else:
                print(f"(its folder stays: {self.folder}; it printed: {self.printed()[-1500:]})")


def main():
    wanted = sys.argv[1:]
    passed = failed = 0
    for function in TESTS:
        if wanted and function.__name__ not in wanted:
            continue
        begun = time.monotonic()
        try:
            function()
            passed += 1
            print(f"ok     {function.__name__} ({time.monotonic() - begun:.1f} s)", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAILED {function.__name__}: {error}", flush=True)
            if not isinstance(error, Failed):
                traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)


# A service for tests: answers its name, instance and version; /slow, /fail, /big, /events; exact counts at /counts.
ECHO = r'''
import http.server, json, os, signal, sys, threading, time
counts = {"requests": 0, "events": []}
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def answer(self, status, body):
        body = body.encode()
        self.send_response(status); self.send_header("content-length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def do_GET(self):
        if self.path == "/health":
            return self.answer(500 if os.environ.get("BROKEN") else 200, "ok")
        counts["requests"] += 1
        if self.path.startswith("/slow"): time.sleep(0.5)
        if self.path.startswith("/fail"): print("ERROR asked to fail"); return self.answer(500, "no")
        if self.path == "/counts": return self.answer(200, json.dumps(counts))
        if self.path == "/env": return self.answer(200, json.dumps(dict(os.environ)))
        if self.path == "/big": return self.answer(200, "x" * 3_000_000)
        self.answer(200, json.dumps({"pid": os.getpid(), "version": os.environ.get("VERSION", "1"), "path": self.path}))
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.startswith("/events"):
            counts["events"].append({"id": self.headers.get("Berth-Message-Id"), "attempt": self.headers.get("Berth-Attempt"), "body": body.decode()})
        self.answer(200, body.decode())
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
sys.stdout.reconfigure(line_buffering=True)
server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print("listening on", os.environ["PORT"])
server.serve_forever()
server.server_close()
'''
