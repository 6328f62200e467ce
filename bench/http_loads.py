#!/usr/bin/env python3
"""What Berth's HTTP server and nginx cost under other loads than small answers over kept connections, one thread each,
in turns within one run, no access log: TLS 1.3 and HTTP/2 (by h2load), a file of 1 MB, a new connection each request,
10,000 idle connections beside, held by processes of their own (memory of each, and CPU of a small answer meanwhile)."""
import os
import resource
import subprocess
import sys
import time

from bench import FOLDER, figure, free_port, load, memory_bytes, program, start, version, wait_for_port
from turns import by_h2load, by_load, in_turns, self_signed

SECONDS = float(os.environ.get("SECONDS_EACH", "1"))
ROUNDS = int(os.environ.get("ROUNDS", "7"))
IDLE = int(os.environ.get("IDLE", "10000"))
CONNECTIONS = 64
WANTED = sys.argv[1:]

least = IDLE + 2000  # a server has all of them, whoever holds their other ends a part
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if hard != resource.RLIM_INFINITY and hard < least:
    sys.exit(f"{IDLE} idle connections need {least} descriptors a process, {hard} are allowed; fewer: IDLE=1000")
resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, least), hard))

files = os.path.join(FOLDER, "files")
os.mkdir(files)
os.chmod(FOLDER, 0o755)
with open(os.path.join(files, "big.bin"), "wb") as file:
    file.write(os.urandom(1 << 20))
certificate, key = self_signed()


class Server:
    def __init__(self, name, connections_max=least):
        self.connections_max = connections_max
        self.name, self.plain, self.secure = name, free_port(), free_port()
        self.h2 = self.plain
        self.process = getattr(self, "start_" + name)()
        self.pid = self.process.pid
        wait_for_port(self.plain)
        wait_for_port(self.secure)

    def start_berth(self):
        return start([program("http_server"), str(self.plain), files, str(self.secure), certificate, key])

    def start_nginx(self):
        self.h2 = free_port()
        config = os.path.join(FOLDER, f"nginx-{self.plain}.conf")
        small = f"location = / {{ return 200 \"{'x' * 128}\"; }}"
        with open(config, "w") as file:
            file.write(f"""
daemon off;
master_process off;
pid {FOLDER}/nginx-{self.plain}.pid;
error_log {FOLDER}/nginx.log;
worker_rlimit_nofile {least};
events {{ worker_connections {self.connections_max}; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  default_type text/plain;
  ssl_certificate {certificate};
  ssl_certificate_key {key};
  ssl_protocols TLSv1.3;
  server {{ listen 127.0.0.1:{self.plain}; {small} location / {{ root {files}; }} }}
  server {{ listen 127.0.0.1:{self.h2} http2; {small} }}
  server {{ listen 127.0.0.1:{self.secure} ssl http2; {small} }}
}}
""")
        return start(["nginx", "-p", FOLDER, "-c", config])


def measure(work, once, servers):
    middle = in_turns(work, once, servers, ROUNDS)
    figure(f"http.{work}.cpu", middle["berth"], "us", "nginx", nginx_version, middle["nginx"])


# A process of its own for each thousand: PORT COUNT. Each of its connections asks once and stays until its input ends.
HOLDER = """
import socket, sys
request = b"GET / HTTP/1.1\\r\\nHost: bench\\r\\nUser-Agent: idle\\r\\nAccept: */*\\r\\n\\r\\n"
kept = []
for _ in range(int(sys.argv[2])):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(request)
    kept.append(s)
    if not s.recv(4096):
        sys.exit(1)
print("held", flush=True)
sys.stdin.read()
"""


def warm_memory(server):
    load("127.0.0.1", server.plain, CONNECTIONS, 0.3, "/", "bench")
    time.sleep(0.2)
    return memory_bytes(server.pid)


def idle_connections(server):
    """What each connection that has asked once costs its server: over the memory of one that is set to take a hundred, since nginx reserves a slot
    for each that it may take. They stay until the bench ends."""
    before = warm_memory(Server(server.name, 100))
    warm_memory(server)
    for begin in range(0, IDLE, 1000):
        holder = start([sys.executable, "-c", HOLDER, str(server.plain), str(min(1000, IDLE - begin))],
                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if holder.stdout.readline() != "held\n":
            sys.exit(f"{server.name} closed a connection")
    time.sleep(0.5)
    return (memory_bytes(server.pid) - before) / IDLE


nginx_version = version(["nginx", "-v"])
servers = [Server("berth"), Server("nginx")]
works = {
    "small_get_tls": by_h2load(lambda s: f"https://127.0.0.1:{s.secure}/", CONNECTIONS, SECONDS, "--h1"),
    "small_get_h2": by_h2load(lambda s: f"http://127.0.0.1:{s.h2}/", CONNECTIONS, SECONDS, "-m10"),
    "small_get_h2_tls": by_h2load(lambda s: f"https://127.0.0.1:{s.secure}/", CONNECTIONS, SECONDS, "-m10"),
    "file_1mb": by_load(16, SECONDS, "/big.bin"),
    "small_get_new_connection": by_load(16, SECONDS, "/", "new"),
}
for work, once in works.items():
    if not WANTED or work in WANTED:
        measure(work, once, servers)
if not WANTED or "idle" in WANTED:
    fresh = [Server("berth"), Server("nginx")]
    held = {server.name: idle_connections(server) for server in fresh}
    each = {name: size / 1024 for name, size in held.items()}
    figure("http.idle_connection.memory", each["berth"], "KiB", "nginx", nginx_version, each["nginx"])
    measure(f"small_get_beside_{IDLE}_idle", by_load(CONNECTIONS, SECONDS), fresh)
