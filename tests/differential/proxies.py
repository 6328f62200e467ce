"""What proxy.py and termination.py share: Berth, haproxy and nginx configured alike, between the players of players.py."""
import os
import re
import socket
import subprocess
import tempfile
import threading
import time

from players import LONG, TIGHT, Connection, Service

BERTH = os.environ.get("BERTH") or os.path.abspath("build/dev/src/app/berth")


class Started:
    """A proxy as a process in a folder of its own, with the service behind it; FOLDER and {port}s of the text are filled in.
    Its log, where it has one, comes by UDP."""

    def __init__(self, rows, argv, text, name):
        self.service = Service(rows)
        self.folder = tempfile.mkdtemp(prefix="berth-differential-")
        self.lines, self.log = [], socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.log.bind(("127.0.0.1", 0))
        self.log.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.port, self.tight_port = free_port(), free_port()
        service = self.service
        places = {"FOLDER": self.folder, "PORT_TIGHT": self.tight_port, "PORT_USUAL": self.port, "PORT_A": service.port(0), "PORT_B": service.port(1),
                  "PORT_ONE": service.port(2), "PORT_TWO": service.port(3), "PORT_DEAD": service.port("dead"), "PORT_HOLE": service.port("hole"),
                  "PORT_LOG": self.log.getsockname()[1], "TIGHT": TIGHT, "LONG": LONG}
        for place, value in places.items():
            text = re.sub(rf"\b{place}\b", str(value), text)
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)
        self.output = open(os.path.join(self.folder, "output"), "w+")
        argv = [word.replace("FOLDER", self.folder) for word in argv]
        self.process = subprocess.Popen(argv, stdout=self.output, stderr=self.output, cwd=self.folder)
        end = time.monotonic() + 30
        while not (self.accepts(self.port) and self.accepts(self.tight_port)):
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{argv[0]} does not start: {open(self.output.name).read()}")
            time.sleep(0.01)  # a condition is waited for
        threading.Thread(target=self.gather, daemon=True).start()

    @staticmethod
    def accepts(port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return True
        except OSError:
            return False

    def gather(self):
        while True:
            try:
                self.lines.append(self.log.recv(65536).decode("latin-1"))
            except OSError:
                return

    def line_of(self, port):
        """The log line of the connection from that port, once it has come."""
        end = time.monotonic() + LONG * 2
        while time.monotonic() < end:
            for line in list(self.lines):
                if f" 127.0.0.1:{port} [" in line:
                    return line
            time.sleep(0.01)  # a condition is waited for
        return None

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.service.stop()
        self.log.close()
        self.output.close()
        subprocess.run(["rm", "-rf", self.folder])


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def services_for(rows):
    """(name, the path that leads to it, instances, what else is said, tight) of each service."""
    every = [(name + ("_tight" if tight else ""), f"/{name}", [f"127.0.0.1:{port}" for port in ports], more, tight)
             for tight in (False, True) for name, ports, more in SERVICES]
    for number, row in enumerate(rows):
        if not row.to:
            address = f"127.1.{number // 200}.{number % 200 + 1}"
            every.append((f"r{number}w", f"/r{number}w", [f"{address}:PORT_A", f"{address}:PORT_B"], "", row.tight))
    return every


def berth(rows):
    services = ""
    for name, path, instances, more, tight in services_for(rows):
        listed = ", ".join(f'"{each}"' for each in instances)
        services += f'''
[service.{name}]
instances = [{listed}]
timeout = "{"TIGHT" if tight else "LONG"}s"
connect_timeout = "300ms"
queue_timeout = "{"500m" if tight else "2"}s"
queue_max = 8
eject = {{ failures = 0, share = "0%" }}
retry = {{ budget = "100%" }}
{more}
[route.{name}]
{'prefix = "' + path + '"' if path != "/app" else ""}
listeners = ["{"tight" if tight else "usual"}"]
{OURS.get(path, 'service = "' + name + '"')}
'''
    return Started(rows, [BERTH, "proxy", "run", "conf"], f'''
[listener.usual]
listen = "tcp:PORT_USUAL"
idle_timeout = "LONGs"
head_timeout = "LONGs"
[listener.tight]
listen = "tcp:PORT_TIGHT"
idle_timeout = "TIGHTs"
head_timeout = "TIGHTs"
[[log]]
to = "syslog+udp:127.0.0.1:PORT_LOG"
form = "haproxy"
{services}'''.replace("LONGs", f"{LONG}s").replace("TIGHTs", f"{TIGHT}s"), "conf")


# What Berth is told instead of a service, where haproxy is told the same.
OURS = {"/told": 'redirect = { to = "http://a/b", status = 302 }', "/denied": 'service = "denied"\ndeny = ["127.0.0.0/8"]'}

# By name: which instances it has, and what else is said of it to Berth. haproxy and nginx say the same below.
SERVICES = [
    ("app", ["PORT_A", "PORT_B"], ""),
    ("dead", ["PORT_DEAD"], ""),
    ("hole", ["PORT_HOLE"], ""),
    ("half", ["PORT_DEAD", "PORT_TWO"], ""),
    ("one", ["PORT_ONE"], "in_flight_max = 1"),
    ("told", ["PORT_DEAD"], ""),
    ("denied", ["PORT_DEAD"], ""),
    ("kept", ["PORT_TWO"], "cache = { on = true }"),
    ("down", ["PORT_DEAD"], 'check = { tcp = true, interval = "200ms", rise = 1, fall = 1 }'),
]


def haproxy(rows):
    text = ""
    for suffix, limit in (("", LONG), ("_tight", TIGHT)):
        which = "TIGHT" if suffix else "USUAL"
        text += f"""
defaults
  mode http
  log global
  option httplog
  option redispatch
  option http-keep-alive
  retries 2
  timeout client {limit}s
  timeout server {limit + 1}s
  timeout connect 300ms
  timeout queue {"500ms" if suffix else "2s"}
  timeout http-request {limit}s
  timeout http-keep-alive {limit}s
frontend front{suffix}
  bind 127.0.0.1:PORT_{which}
  http-request redirect location http://a/b code 302 if {{ path_beg /told/ }}
  http-request deny if {{ path_beg /denied/ }}
"""
        mine = [service for service in services_for(rows) if service[4] == bool(suffix)]
        text += "".join(f"  use_backend {name} if {{ path_beg {path} }}\n" for name, path, *_ in mine) + f"  default_backend app{suffix}\n"
        for name, _, instances, more, _ in mine:
            text += f"backend {name}\n"
            if "cache" in more:
                text += "  http-request cache-use kept\n  http-response cache-store kept\n"
            for number, address in enumerate(instances):
                limits = " maxconn 1" if "in_flight_max" in more else ""
                checked = " check inter 200ms rise 1 fall 1" if "check" in more else ""
                text += f"  server s{number} {address}{limits}{checked}\n"
    return Started(rows, ["haproxy", "-db", "-f", "FOLDER/conf"], "global\n  log 127.0.0.1:PORT_LOG format rfc3164 local0\ncache kept\n  total-max-size 4\n  max-age 60\n" + text, "conf")


def nginx(rows):
    upstreams = servers = ""
    for name, _, instances, _, _ in services_for(rows):
        listed = " ".join(f"server {address} max_fails=0;" for address in instances)
        upstreams += f"  upstream {name} {{ {listed} keepalive 8; }}\n"
    for which, limit in (("USUAL", LONG), ("TIGHT", TIGHT)):
        locations = "".join(f"    location {path} {{ proxy_pass http://{name}; }}\n" for name, path, _, _, tight in services_for(rows)
                            if tight == (which == "TIGHT"))
        servers += f"""  server {{
    listen 127.0.0.1:PORT_{which};
    client_header_timeout {limit}s;
    client_body_timeout {limit}s;
    send_timeout {limit}s;
    keepalive_timeout {limit}s;
    lingering_timeout 1s;
    proxy_connect_timeout 300ms;
    proxy_read_timeout {limit}s;
    proxy_send_timeout {limit}s;
{locations}    location / {{ proxy_pass http://app; }}
  }}
"""
    temporary = "".join(f"  {name}_temp_path FOLDER/{name};\n" for name in ("proxy", "fastcgi", "uwsgi", "scgi")) + "  client_body_temp_path FOLDER/body;\n"
    return Started(rows, ["nginx", "-p", "FOLDER", "-c", "FOLDER/conf"], f"""
daemon off;
master_process off;
pid FOLDER/pid;
error_log FOLDER/error.log crit;
events {{ worker_connections 2048; }}
http {{
  access_log off;
{temporary}  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;
  proxy_request_buffering off;
{upstreams}{servers}}}
""", "conf")
