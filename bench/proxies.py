"""Berth's proxy (`berth proxy run proxy.toml`), Debian's haproxy and nginx in front of the same instances, one thread each where nothing else is said: log by UDP, limits, health checks and metrics on."""
import os
import resource

from bench import BERTH, FOLDER, figure, free_port, start, udp_sink, version, wait_for_port
from turns import in_turns, self_signed

VERSIONS = {"haproxy": version(["haproxy", "-v"]), "nginx": version(["nginx", "-v"])}
CERTIFICATE, KEY = self_signed()
with open(CERTIFICATE + ".both", "w") as both:
    both.write(open(CERTIFICATE).read() + open(KEY).read())
os.chmod(FOLDER, 0o755)
_sink = udp_sink()
SINK = _sink.getsockname()[1]


def raise_descriptors():
    """As many as this process may have, and those that it starts; how many that are."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = 200000 if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def haproxy_head(connections_max=4000, threads=1):
    """What a file of haproxy begins with here."""
    return f"""
global
  nbthread {threads}
  no strict-limits
  maxconn {connections_max}
  log 127.0.0.1:{SINK} local0
  ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
  mode http
  log global
  option httplog
  timeout client 75s
  timeout server 60s
  timeout connect 1s
  timeout queue 2s
  timeout tunnel 1h
"""


class Proxy:
    """One of them: `plain` takes HTTP/1.1, `h2` HTTP/2 by prior knowledge, `secure` both within TLS 1.3, `raw` bytes."""

    def __init__(self, name, instances, raw_instance, connections_max=4000, streams=False, threads=1):
        self.name, self.instances, self.raw_instance, self.connections_max = name, instances, raw_instance, connections_max
        self.threads = threads  # nginx has one
        self.streams = streams  # nginx gathers small pieces of answers but where it is told not to
        self.plain, self.secure, self.raw, self.h2, self.metrics = (free_port() for _ in range(5))
        self.folder = os.path.join(FOLDER, f"{name}-{self.plain}")
        os.mkdir(self.folder)
        self.process = getattr(self, "_" + name)()
        self.pid = self.process.pid
        for port in (self.plain, self.secure, self.raw):
            wait_for_port(port)

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def _berth(self):
        self.h2 = self.plain
        listed = ", ".join(f'"{each}"' for each in self.instances)
        return start([BERTH, "proxy", "run", self.file("proxy.toml", f"""
[proxy]
threads = {self.threads}
metrics = "tcp:127.0.0.1:{self.metrics}"
connections_max = {self.connections_max}
[listener.plain]
listen = "tcp:127.0.0.1:{self.plain}"
[listener.secure]
listen = "tls:127.0.0.1:{self.secure}"
certificates = [{{ chain = "{CERTIFICATE}", key = "{KEY}" }}]
tls_min = "1.3"
[listener.raw]
listen = "tcp:127.0.0.1:{self.raw}"
mode = "tcp"
service = "raw"
[service.back]
instances = [{listed}]
check = {{ http = "/health", interval = "2s" }}
[service.raw]
instances = ["{self.raw_instance}"]
check = {{ tcp = true, interval = "2s" }}
[route.all]
service = "back"
[[log]]
to = "syslog+udp:127.0.0.1:{SINK}"
form = "haproxy"
""")])

    def _haproxy(self):
        listed = "\n".join(f"  server s{i} {each} check inter 2s maxconn 256" for i, each in enumerate(self.instances))
        return start(["haproxy", "-db", "-f", self.file("haproxy.cfg", haproxy_head(self.connections_max, self.threads) + f"""
frontend metrics
  bind 127.0.0.1:{self.metrics}
  http-request use-service prometheus-exporter if {{ path /metrics }}
frontend plain
  bind 127.0.0.1:{self.plain}
  bind 127.0.0.1:{self.h2} proto h2
  bind 127.0.0.1:{self.secure} ssl crt {CERTIFICATE}.both alpn h2,http/1.1
  default_backend back
backend back
  balance random
  http-reuse always
  option httpchk GET /health
{listed}
listen raw
  mode tcp
  option tcplog
  bind 127.0.0.1:{self.raw}
  server raw {self.raw_instance} check inter 2s maxconn 256
""")])

    def _nginx(self):
        listed = "\n".join(f"    server {each} max_conns=256;" for each in self.instances)
        module = "/usr/lib/nginx/modules/ngx_stream_module.so"
        self.has_raw = os.path.exists(module)  # Debian: libnginx-mod-stream
        stream = f"""
stream {{
  log_format line '$remote_addr:$remote_port $upstream_addr $session_time $bytes_sent $status';
  access_log syslog:server=127.0.0.1:{SINK} line;
  server {{ listen 127.0.0.1:{self.raw}; proxy_pass {self.raw_instance}; proxy_timeout 1h; }}
}}
"""
        place = """proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection $connection_upgrade;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"""
        return start(["nginx", "-p", self.folder, "-c", self.file("nginx.conf", f"""
{f"load_module {module};" if self.has_raw else ""}
daemon off;
master_process off;
pid {self.folder}/nginx.pid;
error_log {self.folder}/nginx.log;
worker_rlimit_nofile {2 * self.connections_max + 1000};
events {{ worker_connections {self.connections_max * 9 // 4 + 200}; }}
{stream if self.has_raw else ""}
http {{
  log_format line '$remote_addr:$remote_port [$time_local] $upstream_addr $request_time $upstream_connect_time '
                  '$upstream_response_time $status $bytes_sent "$request"';
  access_log syslog:server=127.0.0.1:{SINK} line;
  keepalive_requests 100000000;
  keepalive_timeout 75s;
  client_max_body_size 0;
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  proxy_buffering {"off" if self.streams else "on"};
  client_body_temp_path {self.folder}/body;
  proxy_temp_path {self.folder}/proxy;
  ssl_certificate {CERTIFICATE};
  ssl_certificate_key {KEY};
  ssl_protocols TLSv1.3;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  upstream back {{
    zone back 1m;
{listed}
    keepalive 256;
    keepalive_requests 100000000;
  }}
  server {{ listen 127.0.0.1:{self.metrics}; location / {{ stub_status; }} }}
  server {{
    listen 127.0.0.1:{self.plain};
    listen 127.0.0.1:{self.h2} http2;
    listen 127.0.0.1:{self.secure} ssl http2;
    location / {{
      {place}
    }}
  }}
{"" if self.has_raw else f"  server {{ listen 127.0.0.1:{self.raw}; location / {{ return 404; }} }}"}
}}
""")])


def compare(work, once, proxies, rounds, scale=1e6, unit="us", per="a request"):
    """Those of turns.in_turns, with a figure for each peer."""
    middle = in_turns(work, once, proxies, rounds, scale, unit, per)
    for peer in VERSIONS:
        if peer in middle:
            figure(f"proxy.{work}.cpu", middle["berth"], unit, peer, VERSIONS[peer], middle[peer])
    return middle
