"""What the tests of examples/async share: running one to its end, or as a server that a peer talks to."""
import os
import signal
import socket
import subprocess

from berth import expect

PROGRAMS = os.path.abspath("build/dev/examples/async")


def run(name, *words, code=0):
    """Standard output of one that ends by itself."""
    result = subprocess.run([os.path.join(PROGRAMS, name), *words], capture_output=True, text=True, timeout=60)
    expect(result.returncode == code, f"{name} {' '.join(words)}: {result.returncode}, wanted {code}: {result.stdout}{result.stderr}")
    expect("Sanitizer" not in result.stderr, result.stderr)
    return result.stdout + (result.stderr if code else "")


class Running:
    """A server of the examples on a free port, ended by its id."""

    def __init__(self, name, *words):
        self.process = subprocess.Popen([os.path.join(PROGRAMS, name), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        expect(line.startswith("listening on "), f"{name} says {line!r}: {'' if line else self.process.stderr.read()}")
        self.at = line.split()[-1]

    def __enter__(self):
        return self

    def connect(self):
        host, port = self.at.rsplit(":", 1)
        return Peer(socket.create_connection((host, int(port)), timeout=30))

    def stop(self, number=signal.SIGTERM, tells=None):
        self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        told = self.process.stderr.read()
        expect(code == 0 and (tells in told if tells else not told), f"{self.process.args} ended with {code}: {told}")

    def __exit__(self, kind, *_):
        if kind is None and self.process.poll() is None:
            self.stop()
        elif self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Peer:
    def __init__(self, connection):
        self.socket = connection
        self.file = connection.makefile("rb")

    def send(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def line(self):
        return self.file.readline().decode().rstrip("\r\n")

    def exactly(self, size):
        return self.file.read(size)

    def end(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
