"""A folder whose `berth dev` is web/mock/server.mjs: it answers as docs/formats/api.md says, so that commands and the live screen
are tested without instances."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

from berth import BERTH, Failed

MOCK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../web/mock/server.mjs")
PLAIN = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "DISPLAY", "WAYLAND_DISPLAY")}


class Mock:
    def __init__(self, scene="broken", version="0.1.0", **environment):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="berth-mock-"))
        self.process = subprocess.Popen(["node", MOCK, "0"], stdout=subprocess.PIPE, text=True,
                                        env={**PLAIN, "MOCK_SCENE": scene, **environment})
        line = self.process.stdout.readline()
        found = re.match(r"http://(127\.0\.0\.1:\d+)/\?token=(\w+)", line)
        if not found:
            raise Failed(f"the mock printed {line!r}")
        self.address, self.token = found.groups()
        os.makedirs(os.path.join(self.folder, ".berth"))
        os.makedirs(os.path.join(self.folder, "deep/er"))
        self.write(".berth/api.json", json.dumps({"address": self.address, "token": self.token, "pid": self.process.pid, "system": "shop",
                                                  "version": version}))

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def run(self, *arguments, folder="", timeout=60, **more):
        return subprocess.run([BERTH, *arguments], cwd=os.path.join(self.folder, folder), capture_output=True, text=True, timeout=timeout,
                              env={**PLAIN, **more.pop("environment", {})}, **more)

    def start(self, *arguments):
        return subprocess.Popen([BERTH, *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=PLAIN)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)
