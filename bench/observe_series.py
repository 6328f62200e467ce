#!/usr/bin/env python3
"""Samples by remote write into Berth's store, a Prometheus and a VictoriaMetrics: CPU for a sample, bytes kept, CPU for two queries of dashboards."""
import http.client
import json
import os
import subprocess
import time
import urllib.parse

from bench import FOLDER, cpu_seconds, figure, free_port, package_version, program, start, wait_for_port

END = 1_700_006_400
SUM = {"query": "sum by (service) (rate(http_requests_total[1m]))", "start": END - 3600, "end": END - 10, "step": 10}
P99 = {"query": "histogram_quantile(0.99, sum by (le, path) (rate(latency_seconds_bucket[5m])))", "start": END - 24 * 3600 + 300, "end": END - 10, "step": 300}
ROUNDS = 10


class Peer:
    def __init__(self, name, argv, port, write, query, data):
        self.name, self.write_path, self.query_path, self.data = name, write, query, data
        self.process = start(argv, stdout=subprocess.PIPE if port is None else subprocess.DEVNULL)
        self.port = port or int(self.process.stdout.readline())
        wait_for_port(self.port)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def ask(self, method, path, body=None, headers={}):
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise SystemExit(f"{self.name}: {path[:60]}: {response.status} {text[:300]}")
        return text

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def write(self, bodies):
        for body in bodies:
            self.ask("POST", self.write_path, body, {"content-encoding": "snappy", "content-type": "application/x-protobuf", "x-prometheus-remote-write-version": "0.1.0"})

    def query(self, parameters):
        """CPU milliseconds of one, the best of some, and the answer."""
        path = self.query_path + "/api/v1/query_range?" + urllib.parse.urlencode({**parameters, "nocache": 1})
        best = None
        for _ in range(ROUNDS):
            before = self.cpu()
            answer = json.loads(self.ask("GET", path))["data"]["result"]
            time.sleep(0.02)
            best = min(best or 1e9, (self.cpu() - before) * 1e3)
        return best, answer

    def bytes(self):
        """Of all files, after those that hold what is in memory too were written."""
        return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(self.data()) for name in names if not name.startswith("log-"))


made = os.path.join(FOLDER, "made")
os.mkdir(made)
series, samples = map(int, subprocess.run([program("observe_series"), "make", made], capture_output=True, text=True, check=True).stdout.split())
bodies = [open(os.path.join(made, name), "rb").read() for name in sorted(os.listdir(made))]
print(f"{samples} samples of {series} series in {len(bodies)} requests")

port = free_port()
open(os.path.join(FOLDER, "prometheus.yml"), "w").write("global: {}\n")
prometheus = Peer("prometheus", ["prometheus", f"--config.file={FOLDER}/prometheus.yml", f"--storage.tsdb.path={FOLDER}/prometheus", f"--web.listen-address=127.0.0.1:{port}",
                                 "--web.enable-remote-write-receiver", "--web.enable-admin-api", "--storage.tsdb.retention.time=100y"], port, "/api/v1/write", "",
                  lambda: f"{FOLDER}/prometheus/snapshots")
port = free_port()
victoria = Peer("victoriametrics", ["victoria-metrics", f"-storageDataPath={FOLDER}/victoria", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y", "-search.latencyOffset=0s"], port,
                "/api/v1/write", "/prometheus", lambda: f"{FOLDER}/victoria/data")
os.mkdir(f"{FOLDER}/berth")
berth = Peer("berth", [program("observe_series"), "serve", f"{FOLDER}/berth"], None, "/api/v1/write", "", lambda: f"{FOLDER}/berth")
flush = {"prometheus": ("POST", "/api/v1/admin/tsdb/snapshot"), "victoriametrics": ("GET", "/internal/force_merge"), "berth": ("POST", "/flush")}

results = {}
for peer in (prometheus, victoria, berth):
    begun = time.monotonic()
    idle = peer.cpu()
    peer.write(bodies)
    written = peer.cpu()
    if peer is victoria:
        peer.ask("GET", "/internal/force_flush")
    queries = {}
    for name, parameters in (("sum", SUM), ("p99", P99)):
        queries[name] = peer.query(parameters)
    before = peer.cpu()
    peer.ask(*flush[peer.name])
    time.sleep(2)  # merging goes on behind the answer
    stored = peer.cpu() - before
    results[peer.name] = {"cpu": (written - idle + stored) / samples * 1e9, "bytes": peer.bytes() / samples, **queries}
    r = results[peer.name]
    print(f"{peer.name:16} {(written - idle) / samples * 1e9:6.0f} ns a sample, {r['cpu']:6.0f} with all written, {r['bytes']:.3f} bytes, sum {r['sum'][0]:.1f} ms, "
          f"p99 {r['p99'][0]:.1f} ms ({time.monotonic() - begun:.0f} s)", flush=True)

for name in ("sum", "p99"):
    def values(who):
        return {tuple(s["metric"].items()): dict((float(t), float(v)) for t, v in s["values"]) for s in results[who][name][1]}
    ours, theirs = values("berth"), values("prometheus")
    if ours.keys() != theirs.keys() or any(abs(ours[k].get(t, 1e99) - v) > 1e-9 * max(1, abs(v)) for k in theirs for t, v in theirs[k].items() if v == v):
        raise SystemExit(f"the answers to {name} differ")

for who, package in (("prometheus", "prometheus"), ("victoriametrics", "victoria-metrics")):
    version, r, b = package_version(package), results[who], results["berth"]
    figure("observe.samples.cpu", b["cpu"], "ns", who, version, r["cpu"])
    figure("observe.samples.bytes", b["bytes"], "bytes", who, version, r["bytes"])
    figure("observe.query_sum.cpu", b["sum"][0], "ms", who, version, r["sum"][0])
    figure("observe.query_p99.cpu", b["p99"][0], "ms", who, version, r["p99"][0])
