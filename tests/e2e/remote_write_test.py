#!/usr/bin/env python3
"""A real Prometheus writes what it scrapes to `berth dev`: every sample arrives, and is there after kill -9."""
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(__file__))
from berth import ECHO, Dev, expect, main, test, until

SYSTEM = """
[system]
name = "kept"

[service.echo]
command = "python3 echo.py"
health = "/health"
"""
CONFIG = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: self
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
remote_write:
  - url: http://{address}/prometheus/api/v1/write
    authorization: {{credentials: {token}}}
    queue_config: {{batch_send_deadline: 500ms}}
"""


def ask(address, path, token=None, **parameters):
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", path + "?" + urllib.parse.urlencode(parameters), headers={"authorization": f"Bearer {token}"} if token else {})
    response = connection.getresponse()
    text = response.read()
    expect(response.status == 200, f"{path}: {response.status} {text[:300]}")
    return json.loads(text)["data"]


@test
def every_sample_that_prometheus_scrapes_is_kept_and_survives_kill_9():
    with Dev(SYSTEM, {"echo.py": ECHO}) as dev, tempfile.TemporaryDirectory() as folder:
        dev.healthy()
        told = json.load(open(os.path.join(dev.folder, ".berth/api.json")))
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        with open(folder + "/prometheus.yml", "w") as out:
            out.write(CONFIG.format(port=port, address=told["address"], token=told["token"]))
        log = open(folder + "/log", "w")
        prometheus = subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"],
                                      stdout=log, stderr=log)
        try:
            def ours(query, at):
                return ask(told["address"], "/prometheus/api/v1/query", told["token"], query=query, time=at)["result"]

            def theirs(query, at):
                return ask(f"127.0.0.1:{port}", "/api/v1/query", query=query, time=at)["result"]

            def by_labels(result):
                """As numbers: Prometheus writes those above 2^53 with fewer digits."""
                return {json.dumps(s["metric"], sort_keys=True): repr([(t, float(v)) for t, v in s.get("values", [s.get("value")])]) for s in result}

            def same(query, at):
                a, b = by_labels(ours(query, at)), by_labels(theirs(query, at))
                different = [key for key in a.keys() | b.keys() if a.get(key) != b.get(key)]
                expect(b and not different, f"{len(different)} of {len(b)} series differ: {different[:1]}: {[(x.get(d), ) for d in different[:1] for x in (a, b)]}")
                return True
            until("five scrapes", lambda: theirs("count_over_time(up[1m]) >= 5", time.time()))
            first = round(time.time() - 1, 3)
            until("every sample of every series", lambda: same('{job="self"}[30s]', first))
            expect(same("sum by (handler) (rate(prometheus_http_requests_total[10s]))", first), "rates differ")
            expect(same("histogram_quantile(0.9, sum by (le) (rate(prometheus_http_request_duration_seconds_bucket[10s])))", first), "quantiles differ")
            dev.kill()
            dev.start()
            until("berth dev to answer again", lambda: same('{job="self"}[30s]', first))
            second = round(time.time(), 3)
            # What Prometheus could not send meanwhile it sends again.
            until("what was scraped meanwhile", lambda: same('{job="self"}[1m]', second), 60)
        finally:
            prometheus.terminate()
            prometheus.wait(20)


main()
