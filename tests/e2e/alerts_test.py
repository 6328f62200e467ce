#!/usr/bin/env python3
"""Alerts, KPIs and objectives of `berth dev`: the defaults without a line, an observe.toml beside berth.toml that is written, changed and made wrong while it runs, KPIs counted
from the bus, a webhook that is told, silences by `berth alerts`, all of it through kill -9."""
import http.client
import http.server
import json
import os
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.dirname(__file__))
from berth import ECHO, Dev, expect, main, test, until

SYSTEM = """
[system]
name = "alerts"

[service.echo]
command = "python3 echo.py"
health = "/health"
public = "alerts"
"""
FAILING = SYSTEM + """
[service.broken]
command = "sh -c 'echo no; exit 3'"
"""
RULES = """
[[output]]
name = "hook"
type = "webhook"
url = "http://127.0.0.1:%d/told"

[alerts]
to = ["hook"]
group_wait = "0s"
group_interval = "1s"

[[alert]]
name = "gifts are sold"
query = '{berth_name="kpi gift value sold"} > 30'
every = "1s"
summary = "sold for %%{value}"

[[kpi]]
name = "orders"
topic = "order.created"
per = "2s"
usual = [0, 1000]

[[kpi]]
name = "gift value sold"
topic = "gift.sold"
field = "order.amount"
per = "2s"

[[objective]]
name = "echo answers"
percent = 99
errors = 'sum(rate(berth_requests_total{service="echo",status=~"5.."}[$window])) or vector(0)'
total = 'sum(rate(berth_requests_total{service="echo"}[$window]))'
"""


class Hook:
    """Keeps what it was told."""

    def __init__(self):
        told = self.told = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                told.append(self.rfile.read(int(self.headers["content-length"])).decode())
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def said(self, words):
        return [text for text in self.told if words in text]


def api(dev, method, path, body=None):
    told = json.load(open(os.path.join(dev.folder, ".berth/api.json")))
    connection = http.client.HTTPConnection(told["address"], timeout=20)
    connection.request(method, path, json.dumps(body) if body is not None else None, {"authorization": "Bearer " + told["token"]})
    response = connection.getresponse()
    text = response.read()
    expect(response.status < 300, f"{method} {path}: {response.status} {text[:300]}")
    return json.loads(text)


def query(dev, expression):
    return api(dev, "GET", "/prometheus/api/v1/query?" + urllib.parse.urlencode({"query": expression}))["data"]["result"]


def alerts(dev):
    return {each["labels"]["alertname"]: each for each in json.loads(dev.run("alerts", "list", "--json").stdout)["alerts"]}


def publish(dev, topic, body):
    dev.run("publish", topic, body)


@test
def without_a_line_a_failing_instance_fires_and_the_service_without_one_is_explained_by_it():
    with Dev(FAILING, {"echo.py": ECHO}) as dev:
        failing = until("the alert", lambda: (a := alerts(dev).get("an instance keeps failing")) and a["phase"] == "firing" and a, 60)
        expect(failing["labels"]["instance"] == "broken/1", failing)
        expect("broken/1 keeps failing" in dev.run("alerts", "list").stdout, "it is not in berth alerts list")
        down = until("its effect", lambda: alerts(dev).get("a service has no healthy instance"), 60)
        expect(down["explained_by"]["instance"] == "broken/1", down)
        expect(query(dev, 'berth_healthy_instances{service="echo"}')[0]["value"][1] == "1", "the healthy one is not counted")
        expect(float(query(dev, "berth_disk_free_bytes")[0]["value"][1]) > 0, "the disk's room is not known")
        expect("a service fails" not in alerts(dev), "nobody called anything")


@test
def a_file_is_taken_over_while_it_runs_and_a_wrong_one_leaves_what_runs():
    hook = Hook()
    with Dev(SYSTEM, {"echo.py": ECHO}) as dev:
        dev.healthy()
        expect(not alerts(dev), f"it is quiet: {alerts(dev)}")
        dev.write("observe.toml", RULES % hook.port)
        rules = until("the rules", lambda: [r["name"] for r in api(dev, "GET", "/v1/alerts")["rules"] if r["name"] == "gifts are sold"])
        expect(rules == ["gifts are sold"], rules)
        dev.write("observe.toml", RULES % hook.port + "\n[[alert]]\nname = \"x\"\nquery = 'up >'\n")
        said = until("what is wrong", lambda: dev.run("alerts", "list").stderr)
        expect("observe.toml:" in said and ":9: alert[1].query is wrong" in said, said)
        expect([r["name"] for r in api(dev, "GET", "/v1/alerts")["rules"] if r["name"] == "gifts are sold"], "what ran does not go on")
        dev.write("observe.toml", RULES % hook.port)
        until("it to be right again", lambda: not dev.run("alerts", "list").stderr)
        publish(dev, "gift.sold", '{"order": {"amount": 42.5}}')
        until("the webhook to be told", lambda: hook.said("firing: sold for 42.5"))
        until("it to be over", lambda: hook.said("resolved: sold for"))


@test
def kpis_are_counted_from_the_bus_and_go_on_after_kill_9():
    with Dev(SYSTEM, {"echo.py": ECHO, "observe.toml": RULES % 1}) as dev:
        dev.healthy()

        def kpi(name):
            return next(k for k in api(dev, "GET", "/v1/kpis")["kpis"] if k["name"] == name)

        until("a whole stretch", lambda: kpi("orders")["value"] == 0)
        for amount in (10, 20.25, 1):
            publish(dev, "gift.sold", json.dumps({"order": {"amount": amount}}))
            publish(dev, "order.created", "{}")
        total = lambda series: float(query(dev, f"sum(sum_over_time({series}[5m]))")[0]["value"][1])
        until("each to be counted once", lambda: total('{berth_name="kpi gift value sold"}') == 31.25 and total('{berth_name="kpi orders"}') == 3)
        expect(kpi("orders")["most"] == 1000 and kpi("gift value sold")["field"] == "order.amount", kpi("orders"))
        until("the second with it to be on disk", lambda: kpi("orders")["value"] == 0)
        dev.kill()
        dev.start()
        dev.healthy()
        until("a whole stretch again", lambda: kpi("orders")["value"] == 0)
        publish(dev, "order.created", "{}")
        until("those before and after", lambda: total('{berth_name="kpi orders"}') == 4)
        for _ in range(20):
            dev.run("call", "echo", "/")
        objective = until("the objective", lambda: (o := api(dev, "GET", "/v1/kpis")["objectives"][0])["left"] is not None and o, 40)
        expect(objective["left"] == 1 and objective["burns"][0]["rate"] == 0 and objective["trouble"] == "", objective)


@test
def a_silence_by_command_hushes_what_fires_through_kill_9():
    hook = Hook()
    rule = RULES % hook.port + "\n[[alert]]\nname = \"always\"\nquery = 'vector(1)'\nevery = \"1s\"\nsummary = \"always\"\n"
    with Dev(SYSTEM, {"echo.py": ECHO, "observe.toml": rule}) as dev:
        dev.healthy()
        until("it to be told", lambda: hook.said("firing: always"))
        dev.run("alerts", "silence", 'alertname="always"', "--for", "1h", "--comment", "new disks")
        until("the silence", lambda: alerts(dev)["always"].get("silenced_by"))
        dev.kill()
        dev.start()
        dev.healthy()
        silenced = until("it again", lambda: alerts(dev).get("always"))
        expect(silenced["phase"] == "firing" and silenced["silenced_by"], silenced)
        expect("new disks" in dev.run("alerts", "list").stdout, "the reason is not told")
        dev.run("alerts", "end", silenced["silenced_by"])
        expect(not alerts(dev)["always"].get("silenced_by"), "it is still silenced")
        history = dev.run("alerts", "history").stdout
        for word in ("silenced", "told", "always"):
            expect(word in history, f"{word} is not in the history: {history}")
        dev.write("berth.toml", SYSTEM.replace('public = "alerts"', 'public = "alerts"\ninstances = 2'))
        dev.run("deploy")
        until("the deploy in the history", lambda: "annotation  deploys" in dev.run("alerts", "history").stdout)


if __name__ == "__main__":
    main()
