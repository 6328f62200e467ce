#!/usr/bin/env python3
"""PromQL against a real Prometheus with the same samples: the same answers within 1e-9, the same refusals."""
import http.client
import json
import math
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(__file__))
from berth import BERTH, ECHO, Dev, expect, main, test, until
from promql_expressions import ORDERED, REFUSED, all_expressions

SERVER = os.path.join(os.path.dirname(BERTH), "../../tests/promql_server")
BEGIN, LASTS, APART = 1_700_000_000, 5400, 15
INSTANTS = [BEGIN + 3003.5, BEGIN + 5333]
RANGES = [(BEGIN + 1500, BEGIN + 2700, 60), (BEGIN - 100, BEGIN + 5700, 307.5)]


class Series:
    """Families of an OpenMetrics file, with samples by time."""

    def __init__(self):
        self.random = random.Random(42)
        self.families = {}

    def add(self, kind, name, labels, value_at, family=None, there=lambda i: True):
        """A sample each 15 s, a few milliseconds early or late."""
        at = BEGIN + self.random.random() * APART
        lines = self.families.setdefault(family or name, (kind, []))[1]
        text = ",".join(f'{k}="{v}"' for k, v in labels.items())
        for i in range(LASTS // APART):
            value = value_at(i)
            if there(i):
                lines.append(f"{name}{{{text}}} {value!r} {at + i * APART + self.random.random() * 0.05:.3f}".replace(" nan ", " NaN ").replace(" inf ", " +Inf "))
                if self.random.random() < 0.01:
                    at += self.random.random()

    def counter(self, labels, name="requests", steps=20, resets=0.01):
        state = {"sum": float(self.random.randrange(100))}

        def value(_):
            state["sum"] = 0.0 if self.random.random() < resets else state["sum"] + self.random.randrange(steps)
            return state["sum"]
        self.add("counter", name + "_total", labels, value, family=name)

    def text(self):
        out = []
        for name, (kind, lines) in sorted(self.families.items()):
            out += [f"# TYPE {name} {kind}", *lines]
        return "\n".join(out + ["# EOF", ""])


def make_series():
    made = Series()
    chance = made.random
    for job in ("api", "web", "batch"):
        for instance in range(2):
            for status in ("200", "404", "500"):
                made.counter({"job": job, "instance": f"h{instance}:80", "status": status})
            made.counter({"job": job, "instance": f"h{instance}:80"}, "errors", 3)
            made.add("gauge", "up", {"job": job, "instance": f"h{instance}:80"}, lambda i: 0.0 if chance.random() < 0.1 else 1.0)
    made.counter({"job": "api", "instance": "h0:80", "status": "200"}, "other")
    for zone in ("east", "west"):
        for sensor in "abc":
            made.add("gauge", "temperature", {"zone": zone, "sensor": sensor}, lambda i: 15 + 10 * math.sin(i / 20) + chance.gauss(0, 2))
            if sensor != "c":
                made.add("gauge", "humidity", {"zone": zone, "sensor": sensor}, lambda i: 60 + chance.gauss(0, 10))
        made.add("gauge", "zone_info", {"zone": zone, "owner": "team-" + zone}, lambda i: 1.0)
    for job in ("api", "web"):
        made.add("gauge", "job_info", {"job": job, "owner": "o" + job}, lambda i: 1.0)
    made.add("gauge", "constant", {}, lambda i: 42.0)
    made.add("gauge", "infinite", {}, lambda i: math.inf)
    for i in range(3):
        made.add("gauge", "huge", {"i": str(i)}, lambda _: chance.choice([-1, 1]) * chance.random() * 10 ** chance.randrange(6))
    for i in range(4):
        # NaN and infinities among numbers; no two equal numbers, so that their order is known.
        made.add("gauge", "odd", {"i": str(i)}, lambda n, i=i: {0: math.nan, 1: math.inf}.get((n + i) % 9, chance.gauss(0, 1)))
    made.add("gauge", "gappy", {"n": "1"}, lambda i: float(i // 7), there=lambda i: i % 60 < 35)
    made.add("gauge", "gappy", {"n": "2"}, lambda i: float(i % 5), there=lambda i: i % 90 > 30)
    made.add("gauge", "sparse", {}, lambda i: i * 1.5, there=lambda i: i % 40 == 0)
    for path in ("/", "/buy"):
        counts = [0] * 6
        bounds = ["0.005", "0.05", "0.1", "0.5", "2.5", "+Inf"]
        columns = []
        for _ in range(LASTS // APART):
            for _ in range(chance.randrange(8)):
                took = chance.expovariate(4 if path == "/" else 1)
                for b, bound in enumerate(bounds):
                    counts[b] += took <= float(bound)
            columns.append(list(counts))
        for b, bound in enumerate(bounds):
            made.add("histogram", "latency_seconds_bucket", {"path": path, "le": bound}, lambda i, b=b: float(columns[i][b]), family="latency_seconds")
        made.add("histogram", "latency_seconds_count", {"path": path}, lambda i: float(columns[i][-1]), family="latency_seconds")
        made.add("histogram", "latency_seconds_sum", {"path": path}, lambda i: columns[i][-1] * 0.3, family="latency_seconds")
        for b, bound in enumerate(("-1", "0", "1", "+Inf")):
            made.add("gauge", "crooked_bucket", {"path": path, "le": bound}, lambda i, b=b: float([3, 2, 9, 12][b] + i % 3))
    return made.text()


class Api:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, path, **parameters):
        self.connection.request("POST", "/api/v1/" + path, urllib.parse.urlencode(parameters, doseq=True), {"content-type": "application/x-www-form-urlencoded"})
        return self.read()

    def get(self, path, **parameters):
        self.connection.request("GET", "/api/v1/" + path + "?" + urllib.parse.urlencode(parameters, doseq=True))
        return self.read()

    def read(self):
        response = self.connection.getresponse()
        return response.status, json.loads(response.read())


class Both:
    """A Prometheus and our server on one set of samples."""
    made = None

    @classmethod
    def get(cls):
        if not cls.made:
            cls.made = cls()
        return cls.made

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="berth-promql-")
        folder = self.folder.name
        samples = os.path.join(folder, "samples.txt")
        with open(samples, "w") as out:
            out.write(make_series())
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", samples, folder + "/data"], check=True, capture_output=True, timeout=60)
        with open(folder + "/prometheus.yml", "w") as out:
            out.write("global: {}\n")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.log = open(folder + "/log", "w")
        self.programs = [subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                                           f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=100y"], stdout=self.log, stderr=self.log)]
        ours = subprocess.Popen([SERVER, samples], stdout=subprocess.PIPE, text=True)
        self.programs.append(ours)
        try:
            self.ours = Api(int(ours.stdout.readline()))

            def ready():
                # A connection that was refused is made anew.
                self.theirs = Api(port)
                return self.theirs.get("query", query="temperature", time=INSTANTS[0])[1]["data"]["result"]
            until("Prometheus to answer", ready)
        except Exception:
            self.end()
            raise

    def end(self):
        for program in self.programs:
            program.terminate()
            program.wait(20)
        self.folder.cleanup()

    def same(self, path, ordered=False, **parameters):
        """Nothing if both answer the same, else what differs."""
        (status, ours), (expected_status, theirs) = self.ours.ask(path, **parameters), self.theirs.ask(path, **parameters)
        if status != expected_status or ours.get("errorType") != theirs.get("errorType"):
            return f"{status} {ours.get('error', 'answered')} but {expected_status} {theirs.get('error', 'answered')}"
        if status != 200:
            return None
        return differs(ours["data"], theirs["data"], ordered)


def close(a, b):
    a, b = float(a), float(b)
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= 1e-9 * max(abs(a), abs(b)) or abs(a - b) < 1e-12


def differs(ours, theirs, ordered):
    if ours["resultType"] != theirs["resultType"]:
        return f"{ours['resultType']} but {theirs['resultType']}"
    a, b = ours["result"], theirs["result"]
    if ours["resultType"] in ("scalar", "string"):
        good = a[0] == b[0] and (a[1] == b[1] if ours["resultType"] == "string" else close(a[1], b[1]))
        return None if good else f"{a} but {b}"
    if not ordered:
        a, b = (sorted(each, key=lambda s: sorted(s["metric"].items())) for each in (a, b))
    if [s["metric"] for s in a] != [s["metric"] for s in b]:
        return f"{[s['metric'] for s in a][:4]} of {len(a)} but {[s['metric'] for s in b][:4]} of {len(b)}"
    for x, y in zip(a, b):
        mine, other = (s.get("values", [s.get("value")]) for s in (x, y))
        if [v[0] for v in mine] != [v[0] for v in other]:
            return f"{x['metric']} at {mine[:3]} of {len(mine)} but {other[:3]} of {len(other)}"
        for p, q in zip(mine, other):
            if not close(p[1], q[1]):
                return f"{x['metric']} {p} but {q}"
    return None


@test
def hundreds_of_expressions_have_the_answers_of_prometheus():
    both = Both.get()
    expressions = all_expressions()
    expect(len(expressions) >= 300, f"only {len(expressions)} expressions")
    wrong = []
    for expression in expressions:
        asked = [("query", {"time": INSTANTS[0]}), ("query", {"time": INSTANTS[1]})]
        asked += [("query_range", {"start": s, "end": e, "step": step}) for s, e, step in RANGES]
        for path, times in asked:
            found = both.same(path, ordered=path == "query" and expression in ORDERED, query=expression, **times)
            if found:
                wrong.append(f"{path} {expression}: {found}")
                break
    expect(not wrong, f"{len(wrong)} of {len(expressions)} differ:\n" + "\n".join(wrong[:60]))
    print(f"       ({len(expressions)} expressions, each at 2 moments and over 2 ranges)")


@test
def what_prometheus_refuses_is_refused_with_its_place():
    both = Both.get()
    wrong = []
    for expression in REFUSED:
        status, ours = both.ours.ask("query", query=expression, time=INSTANTS[0])
        expected, theirs = both.theirs.ask("query", query=expression, time=INSTANTS[0])
        if (status, ours.get("errorType")) != (expected, theirs.get("errorType")):
            wrong.append(f"{expression!r}: {status} {ours} but {expected} {theirs}")
        elif status == 400 and not ours["error"].startswith('invalid parameter "query": 1:'):
            wrong.append(f"{expression!r}: {ours['error']}")
    expect(not wrong, "\n".join(wrong))


@test
def series_labels_and_values_are_those_of_prometheus():
    both = Both.get()
    times = {"start": BEGIN, "end": BEGIN + LASTS}
    for path, parameters in (("labels", times), ("labels", {**times, "match[]": "temperature"}), ("labels", {**times, "match[]": ["temperature", 'up{job="api"}']}),
                             ("label/job/values", times), ("label/zone/values", {**times, "match[]": "zone_info"}), ("label/__name__/values", times),
                             ("label/nosuch/values", times)):
        ours, theirs = both.ours.get(path, **parameters), both.theirs.get(path, **parameters)
        expect(ours == theirs, f"{path} {parameters}: {ours} but {theirs}")
    for match in ("temperature", ['up{job!="web"}', "gappy"], '{__name__=~"requests.*",status="500"}', "nothing"):
        (status, ours), (_, theirs) = both.ours.ask("series", **times, **{"match[]": match}), both.theirs.ask("series", **times, **{"match[]": match})
        key = lambda labels: sorted(labels.items())
        expect(status == 200 and sorted(ours["data"], key=key) == sorted(theirs["data"], key=key), f"series {match}: {ours} but {theirs}")
    for path, parameters in (("series", {}), ("series", {"match[]": "foo{"}), ("series", {"match[]": "{}"}), ("labels", {"match[]": "rate(x[5m])"}), ("labels", {"start": "x"}),
                             ("query", {"query": "1", "time": "yesterday"}), ("query", {"query": "1", "timeout": "x"}), ("query_range", {"query": "1"}),
                             ("query_range", {"query": "1", "start": 10, "end": 5, "step": 1}), ("query_range", {"query": "1", "start": 1, "end": 5, "step": 0}),
                             ("query_range", {"query": "1", "start": 1, "end": 5, "step": "-1"}), ("query_range", {"query": "1", "start": 1, "end": 5, "step": "x"}),
                             ("query_range", {"query": "1", "start": 1, "end": 12000, "step": 1}), ("query_range", {"query": "'a'", "start": 1, "end": 5, "step": 1}),
                             ("query_range", {"query": "x[5m]", "start": 1, "end": 5, "step": 1}), ("label/0x/values", {})):
        ask = (lambda api: api.get(path, **parameters)) if path.startswith("label/") else (lambda api: api.ask(path, **parameters))
        ours, theirs = ask(both.ours), ask(both.theirs)
        if path == "labels" and "match[]" in parameters:  # the parsers' words differ
            ours[1]["error"] = theirs[1]["error"] = ours[1]["error"][:30] and theirs[1]["error"][:30]
        if path == "series" and parameters.get("match[]") in ("foo{", "{}"):
            ours[1].pop("error"), theirs[1].pop("error")
        expect(ours == theirs, f"{path} {parameters}: {ours} but {theirs}")
    for form in ("2023-11-14T22:30:00Z", "2023-11-14T23:30:00.25+01:00", "1700001000.5"):
        expect(both.same("query", query="time()", time=form) is None, f"time {form}")
    for step in ("1m", "90", "1h30m", "0.5"):
        expect(both.same("query_range", query="time()", start=BEGIN, end=BEGIN + 5000, step=step) is None, f"step {step}")


SYSTEM = """
[system]
name = "asked"

[service.echo]
command = "python3 echo.py"
health = "/health"
public = "echo"
"""


@test
def berth_dev_answers_over_its_own_series():
    with Dev(SYSTEM, {"echo.py": ECHO}) as dev:
        dev.healthy()
        for _ in range(20):
            dev.run("call", "echo", "/a")
        dev.run("call", "echo", "/fail", ok=False)
        told = json.load(open(os.path.join(dev.folder, ".berth/api.json")))
        api = http.client.HTTPConnection(told["address"], timeout=10)

        def ask(path, token=told["token"], **parameters):
            api.request("GET", f"/prometheus/api/v1/{path}?" + urllib.parse.urlencode(parameters), headers={"authorization": "Bearer " + token})
            response = api.getresponse()
            return response.status, json.loads(response.read())

        def one(query):
            found = ask("query", query=query)[1]["data"]["result"]
            return float(found[0]["value"][1]) if found else None
        until("all requests to be counted", lambda: one('berth_requests_total{service="echo",status="200"}') == 20)
        expect(one('sum(berth_requests_total{service="echo"})') == 21, ask("query", query="berth_requests_total"))
        expect(one('increase(berth_requests_total{status="500"}[5m])') > 0, "no error in the rate")
        median = one('histogram_quantile(0.5, sum by (le) (rate(berth_request_duration_seconds_bucket{service="echo"}[5m])))')
        expect(0 < median < 1, f"the median is {median} s")
        expect(one('berth_request_duration_seconds_count{service="echo"}') == 21, "the histogram's count")
        expect("echo" in ask("label/service/values")[1]["data"], "label values")
        expect(ask("metadata", metric="berth_requests_total")[1]["data"]["berth_requests_total"][0]["type"] == "counter", "metadata")
        expect(ask("status/buildinfo")[1]["data"]["version"] == "2.42.0", "buildinfo")
        expect(ask("query", token="wrong", query="1")[0] == 401, "without the token")


try:
    main()
finally:
    if Both.made:
        Both.made.end()
