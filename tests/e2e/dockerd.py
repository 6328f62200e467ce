"""A real dockerd of a test's own: `with Dockerd() as docker: docker.socket`. Needs root. Its folder is removed at the end."""
import os
import shutil
import signal
import subprocess
import tempfile
import time


class Dockerd:
    START_SECONDS = 60
    STOP_SECONDS = 30

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="berth-dockerd-")
        self.socket = os.path.join(self.folder, "docker.sock")
        self.process = None

    @staticmethod
    def why_not():
        """Why it cannot be started here; empty if it can."""
        if os.geteuid() != 0:
            return "dockerd needs root"
        return "" if shutil.which("dockerd") else "dockerd is not installed"

    def start(self):
        """Waits until it answers. Containers have the host's network, so it needs neither iptables nor a bridge."""
        within = lambda name: os.path.join(self.folder, name)
        self.log = open(within("log"), "wb")
        self.process = subprocess.Popen(
            ["dockerd", "--data-root", within("data"), "--exec-root", within("exec"), "--pidfile", within("pid"), "-H", "unix://" + self.socket,
             "--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"],
            stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + self.START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"dockerd ended with {self.process.returncode}: {self.printed()[-2000:]}")
            if subprocess.run(["docker", "-H", "unix://" + self.socket, "version"], capture_output=True).returncode == 0:
                return self
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"dockerd does not answer after {self.START_SECONDS} s: {self.printed()[-2000:]}")

    def printed(self):
        return open(os.path.join(self.folder, "log"), errors="replace").read()

    def docker(self, *arguments, ok=True):
        """The docker client on it; its output."""
        result = subprocess.run(["docker", "-H", "unix://" + self.socket, *arguments], capture_output=True, text=True, timeout=120)
        if ok and result.returncode != 0:
            raise RuntimeError(f"docker {' '.join(arguments)}: {result.stderr[-1000:]}")
        return result.stdout

    def restart(self):
        self.end()
        return self.start()

    def end(self):
        """Ends dockerd (and the containerd that it started), leaves its folder."""
        if not self.process or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(self.STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            containers = self.docker("ps", "-aq", ok=False).split()
            if containers:
                self.docker("rm", "-f", *containers, ok=False)
        self.end()
        for line in reversed(open("/proc/self/mounts").read().split("\n")):
            place = line.split(" ")[1] if " " in line else ""
            if place.startswith(self.folder + "/"):
                subprocess.run(["umount", "-l", place], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    __enter__ = start

    def __exit__(self, kind, error, trace):
        self.stop()
