"""The readers of HTTP/1.1 whose verdicts are compared. Each tells of one case in the form of verdict.h."""
import concurrent.futures
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

sys.path.append("/usr/lib/python3/dist-packages")  # where Debian has h11, whichever Python runs
import h11

PROGRAMS = "build/dev/tests"


def program(name):
    """A verdict for each case by a program of this folder."""
    def verdicts(cases):
        asked = b"".join(b"%d\n%s" % (len(case), case) for case in cases)
        result = subprocess.run([os.path.join(PROGRAMS, name)], input=asked, stdout=subprocess.PIPE, timeout=60, check=True)
        return [path_only(line) for line in result.stdout.decode("latin-1").splitlines()]
    return verdicts


def path_only(verdict):
    """Some tell the absolute form, others its path."""
    return re.sub(r" https?://[^/ ?]+/?(\S*)", r" /\1", verdict)


def h11_verdict(case):
    reader, line = h11.Connection(h11.SERVER), ""
    try:
        reader.receive_data(case)
        while True:
            event = reader.next_event()
            if event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                return line + "open"
            if isinstance(event, h11.Request):
                request, size = event, 0
            elif isinstance(event, h11.Data):
                size += len(event.data)
            elif isinstance(event, h11.EndOfMessage):
                line += f"{request.method.decode()} {request.target.decode('latin-1')} {size}; "
                if reader.their_state is h11.MUST_CLOSE:
                    return line + "closed"
                if reader.their_state is not h11.DONE:
                    return line + "open"
                reader.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
                reader.send(h11.EndOfMessage())
                reader.start_next_cycle()
    except h11.RemoteProtocolError:
        return line + "refused"


def h11_verdicts(cases):
    return [path_only(h11_verdict(case)) for case in cases]


class Server:
    """A proxy as a process that answers each request it has read to its end with 200 and METHOD TARGET BYTES, and one
    that it refuses with a 4xx or 5xx but 408. It ends idle connections and unfinished requests by itself."""

    def __init__(self, config, argv):
        self.folder = tempfile.mkdtemp(prefix="berth-differential-")
        self.path = os.path.join(self.folder, "front.sock")
        with open(os.path.join(self.folder, "conf"), "w") as file:
            file.write(config.replace("FOLDER", self.folder))
        self.log = open(os.path.join(self.folder, "log"), "w+")
        self.process = subprocess.Popen([word.replace("FOLDER", self.folder) for word in argv], stdout=self.log, stderr=self.log)
        end = time.monotonic() + 30
        while not self.accepts():
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{argv[0]} does not start: {open(self.log.name).read()}")
            time.sleep(0.01)  # a condition is waited for

    def accepts(self):
        try:
            self.connect().close()
            return True
        except OSError:
            return False

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.connect(self.path)
        s.settimeout(60)
        return s

    def verdict(self, case):
        with self.connect() as s, s.makefile("rb") as answers:
            try:
                s.sendall(case)
            except OSError:
                pass  # it has refused and gone while more was sent
            return path_only(self.read(answers))

    @staticmethod
    def read(answers):
        line = ""
        while True:
            try:
                status = answers.readline()
                if not status.startswith(b"HTTP/1"):
                    return line + "refused" if status else line + "open"
                fields = {}
                while (field := answers.readline()) not in (b"\r\n", b""):
                    name, _, value = field.partition(b":")
                    fields[name.lower()] = value.strip()
                body = answers.read(int(fields.get(b"content-length", 0)))
            except OSError:
                return line + "open"
            code = int(status.split()[1])
            if code == 408:
                return line + "open"
            if code >= 400:
                return line + "refused"
            if code >= 200:
                line += body.decode("latin-1").strip() + "; "
                if fields.get(b"connection", b"").lower() == b"close":
                    return line + "closed"

    def verdicts(self, cases):
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            return list(pool.map(self.verdict, cases))

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        subprocess.run(["rm", "-rf", self.folder])


def haproxy():
    return Server("""
defaults
  mode http
  timeout client 2s
  timeout server 2s
  timeout connect 2s
  timeout http-request 2s
  timeout http-keep-alive 2s
  option http-buffer-request
frontend front
  bind unix@FOLDER/front.sock
  http-request return status 200 content-type text/plain lf-string "%[method] %[url] %[req.body_len]"
""", ["haproxy", "-db", "-f", "FOLDER/conf"])


def nginx():
    # Its proxy reads bodies to their end before it passes them on; a second server tells of what came.
    return Server("""
daemon off;
master_process off;
pid FOLDER/pid;
error_log FOLDER/error.log crit;
events { worker_connections 512; }
http {
  access_log off;
  client_header_timeout 2s;
  client_body_timeout 2s;
  keepalive_timeout 2s;
  client_body_temp_path FOLDER/body;
  proxy_temp_path FOLDER/proxy;
  fastcgi_temp_path FOLDER/fastcgi;
  uwsgi_temp_path FOLDER/uwsgi;
  scgi_temp_path FOLDER/scgi;
  server {
    listen unix:FOLDER/front.sock;
    location / {
      proxy_pass http://unix:FOLDER/back.sock;
      proxy_set_header X-Target $request_uri;
    }
  }
  server {
    listen unix:FOLDER/back.sock;
    set $bytes $http_content_length;
    if ($bytes = "") { set $bytes 0; }
    return 200 "$request_method $http_x_target $bytes";
  }
}
""", ["nginx", "-p", "FOLDER", "-c", "FOLDER/conf"])
