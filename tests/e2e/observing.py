"""`berth observe run` of a test's own, and what is asked of it."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.parse
import urllib.request

from berth import BERTH, expect, free_port, until


class Observe:
    """A running `berth observe run` in a folder of its own; `text` may name ports as <name>: each is a free one."""

    def __init__(self, text, files=()):
        self.folder = tempfile.mkdtemp(prefix="berth-observe-")
        self.ports = {}
        for name, content in dict(files).items():
            self.write(name, content)
        self.put(text)
        self.process = None
        self.start()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def port(self, name):
        if name not in self.ports:
            self.ports[name] = free_port()
        return self.ports[name]

    def put(self, text):
        head = f'[observe]\nlisten = "127.0.0.1:{self.port("http")}"\n'
        body = re.sub(r"<(\w+)>", lambda found: str(self.port(found[1])), text)
        self.write("observe.toml", body if "[observe]" in body else head + body)

    def start(self):
        self.output = open(os.path.join(self.folder, "out"), "a")
        self.process = subprocess.Popen([BERTH, "observe", "run", "observe.toml"], cwd=self.folder, stdout=self.output, stderr=subprocess.STDOUT)
        until("observation to run", self.runs)

    def runs(self):
        expect(self.process.poll() is None, "it ended: " + self.printed()[-2000:])
        return self.get("/health") == "ok\n"

    def printed(self):
        return open(os.path.join(self.folder, "out"), errors="replace").read()

    def get(self, target):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.ports['http']}{target}", timeout=10).read().decode()

    def post(self, target, body, headers=(), port="http"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port(port)}{target}", data=body, headers=dict(headers), method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()

    def ask(self, query):
        """A PromQL query's answer: a list of (labels, value)."""
        answer = json.loads(self.get("/prometheus/api/v1/query?query=" + urllib.parse.quote(query)))
        return [(each["metric"], float(each["value"][1])) for each in answer["data"]["result"]]

    def metric(self, name):
        """A line of /metrics by all that stands before its value."""
        for line in self.get("/metrics").split("\n"):
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                return self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                expect(False, "it did not stop within 20 s: " + self.printed()[-2000:])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.stop()
        finally:
            if kind:
                print(self.printed()[-3000:])
            shutil.rmtree(self.folder, ignore_errors=True)
