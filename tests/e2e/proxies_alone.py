"""What tests of `berth proxy run` share: a proxy in a folder of its own, an instance behind it, curl."""
import http.server
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from berth import BERTH, expect, until


class Backend:
    """Python's http.server, which tells what it got; /health as it is told."""

    def __init__(self, name):
        self.name = name
        self.healthy = True
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status = 200 if backend.healthy or self.path != "/health" else 500
                if self.path.startswith("/slow"):
                    time.sleep(1)
                text = json.dumps({"name": backend.name, "method": self.command, "url": self.path, "size": len(body),
                                   "headers": {name.lower(): value for name, value in self.headers.items()}}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.send_header("X-Powered-By", "python")
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_PUT = do_OPTIONS = do_GET

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Alone:
    """A running `berth proxy run` in a folder of its own; `{port}`-like places are filled in by the caller."""

    def __init__(self, text, files=()):
        self.folder = tempfile.mkdtemp(prefix="berth-alone-")
        for name, content in dict(files).items():
            self.write(name, content)
        self.write("proxy.toml", text)
        self.log = self.path("proxy.log")
        self.process = subprocess.Popen([BERTH, "proxy", "run", "proxy.toml"], cwd=self.folder, stderr=open(self.log, "w"),
                                        stdout=open(self.path("out"), "w"))
        until("the proxy to run", lambda: "message=running" in self.logged() or self.process.poll() is not None)
        expect(self.process.poll() is None, "it ended: " + self.logged())

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name + ".new"), "w") as file:
            file.write(content)
        os.rename(self.path(name + ".new"), self.path(name))

    def logged(self):
        with open(self.log) as file:
            return file.read()

    def printed(self):
        with open(self.path("out")) as file:
            return file.read()

    def reload(self, text):
        """A change of the file alone; resolves when it was taken or refused."""
        before = self.logged()
        self.write("proxy.toml", text)
        until("the change to be seen", lambda: any(word in self.logged()[len(before):] for word in ("the file was applied", "the file is wrong")))
        return self.logged()[len(before):]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        shutil.rmtree(self.folder)
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def curl(*words, code=0):
    result = subprocess.run(["curl", "-sS", "--max-time", "20", *words], capture_output=True, text=True, timeout=60)
    expect(result.returncode == code, f"curl {' '.join(words)}: {result.returncode} {result.stdout}{result.stderr}")
    return result.stdout


def status(*words):
    return curl("-o", "/dev/null", "-w", "%{http_code}", *words)


def asked(*words):
    return json.loads(curl(*words))


def openssl(*words):
    result = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=60)
    expect(result.returncode == 0, result.stderr)


def certificate(folder, name, host):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={host}",
            "-addext", f"subjectAltName=DNS:{host}", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem")


def running(pid):
    """Of a process that may be nobody's child here: a dead one that nobody waits for does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
