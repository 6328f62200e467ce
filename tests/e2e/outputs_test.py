#!/usr/bin/env python3
"""What comes out of `berth observe run`: HAProxy's lines in, every number at a Librato-shaped and a Graphite receiver, through kill -9; a real Prometheus and a real rsyslog
as receivers; alerts to a webhook, silenced by the command line."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from berth import BERTH, expect, free_port, main, test, until
from observing import Observe
from receivers import LIBRATO_AND_GRAPHITE, RELP, Carbon, Receiver

RIEMANN = '[[input]]\nkind = "riemann"\nlisten = "tcp:127.0.0.1:<riemann>"\n'


class Relp:
    """A sender by RELP: all that send() was given is acknowledged when it returns."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.file = self.socket.makefile("rb")
        self.number = 0
        self.command("open", b"relp_version=0\nrelp_software=test\ncommands=syslog")
        self.answer()

    def command(self, name, data):
        self.number += 1
        self.socket.sendall(f"{self.number} {name} {len(data)} ".encode() + data + b"\n")

    def answer(self):
        number, name, size = [], b"", 0
        head = b""
        while head.count(b" ") < 3:
            head += self.file.read(1)
            expect(head[-1:] != b"", "the connection ended")
        _, name, size = head.split(b" ")[:3]
        rest = self.file.read(int(size) + 1)
        expect(name == b"rsp" and rest.startswith(b"200"), f"{head} {rest}")

    def send(self, lines):
        for line in lines:
            self.command("syslog", line)
        for _ in lines:
            self.answer()


def haproxy_line(service, status, took):
    return (f'<134>Nov 24 12:00:00 haproxy[7]: 10.0.0.7:5123 [24/Nov/2026:12:00:00.123] web {service}/s1 0/0/1/{took}/{took + 1} {status} 1234 - - ---- 1/1/1/1/0 0/0 '
            f'"GET /{service}/{took} HTTP/1.1"').encode()


EXPORT = LIBRATO_AND_GRAPHITE + """
[[export]]
name = "requests"
query = 'berth_requests_total'
service = "requests %%{service} %%{status}"
every = "1s"
delay = "2s"
to = ["librato", "graphite"]

[[export]]
name = "latency"
query = 'sum by (service) (berth_request_duration_seconds_count)'
service = "timed %%{service}"
every = "1s"
delay = "2s"
to = ["graphite"]
"""


@test
def every_number_of_haproxys_lines_arrives_through_kill_9():
    with Receiver() as librato, Carbon() as carbon, Observe(RELP + EXPORT % (librato.port, carbon.port)) as observe:
        sent = {}
        for round in range(4):
            relp = Relp(observe.ports["relp"])
            for service, status, count in (("users", 200, 300), ("users", 503, 7 + round), ("orders", 200, 40 * round), ("orders", 404, 3)):
                relp.send([haproxy_line(service, status, i % 50) for i in range(count)])
                sent[f"requests.{service}.{status}"] = sent.get(f"requests.{service}.{status}", 0) + count
            if round < 3:
                observe.kill()
                observe.start()
        sent = {name: count for name, count in sent.items() if count}

        def gauges():
            newest = {}
            for path, headers, body in librato.posts:
                expect(path == "/v1/metrics" and headers["authorization"].startswith("Basic "), f"{path} {headers}")
                expect(len(body["gauges"]) <= 300, "more than 300")
                for each in body["gauges"]:
                    before = newest.get(each["name"], (0, 0))
                    newest[each["name"]] = max(before, (each["measure_time"], each["value"]))
            return {name: value for name, (_, value) in newest.items()}

        def requests(of):
            return {name: value for name, value in of.items() if name.startswith("requests.")}

        until("every number at Graphite", lambda: requests(carbon.last()) == sent, 90)
        until("every number at Librato", lambda: gauges() == sent, 40)
        until("as many were timed", lambda: sum(v for k, v in carbon.last().items() if k.startswith("timed.")) > 0, 20)
        # They never went back: what was counted before a kill was sent as it was.
        for name in sent:
            line = [value for (path, _), value in sorted(carbon.values.items()) if path == name]
            expect(line == sorted(line), f"{name}: {line}")
        expect(observe.metric('berth_output_events_total{output="librato",outcome="dropped"}') == 0, "dropped")
        expect(librato.asked > len(librato.posts), "no post failed")


STREAMS = """
[[stream]]
name = "all"
where = 'service = "queue" or service = "temperature"'
to = ["index", "send prometheus", "send syslog"]
"""


@test
def a_real_prometheus_and_a_real_rsyslog_take_events():
    with tempfile.TemporaryDirectory() as folder:
        port, log = free_port(), free_port()
        with open(folder + "/prometheus.yml", "w") as out:
            out.write("global: {scrape_interval: 1h}\n")
        with open(folder + "/rsyslog.conf", "w") as out:
            out.write(f'global(workDirectory="{folder}")\nmodule(load="imtcp")\ninput(type="imtcp" address="127.0.0.1" port="{log}")\n'
                      f'template(name="all" type="string" string="%app-name% %msgid% %structured-data%%msg%\\n")\naction(type="omfile" file="{folder}/out" template="all")\n')
        prometheus = subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", "--web.enable-remote-write-receiver",
                                       f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rsyslog = subprocess.Popen(["rsyslogd", "-n", "-f", folder + "/rsyslog.conf", "-i", folder + "/pid"])
        outputs = (f'[[output]]\nname = "prometheus"\ntype = "prometheus"\nurl = "http://127.0.0.1:{port}/api/v1/write"\nretry_first = "100ms"\n'
                   f'[[output]]\nname = "syslog"\ntype = "syslog"\nto = "tcp:127.0.0.1:{log}"\nretry_first = "100ms"\n')
        try:
            text = '[observe]\nlisten = "127.0.0.1:<http>"\nstreams = "streams.toml"\n' + RIEMANN + outputs
            with Observe(text, {"streams.toml": STREAMS}) as observe:
                for i, service in enumerate(["queue", "temperature"] * 5):
                    sent = subprocess.run(["riemann-client", "send", "-S", service, "-h", "db", "-d", str(i), "-a", "rack=north",
                                           "-T", "127.0.0.1", str(observe.ports["riemann"])], capture_output=True, text=True, timeout=10)
                    expect(sent.returncode == 0, sent.stderr)

                def known():
                    query = urllib.parse.quote('{host="db"}[5m]')
                    answer = json.loads(urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query={query}", timeout=5).read())
                    return {each["metric"]["__name__"]: [float(v) for _, v in each["values"]] for each in answer["data"]["result"] if each["metric"]["rack"] == "north"}

                until("Prometheus' samples", lambda: known() == {"queue": [0, 2, 4, 6, 8], "temperature": [1, 3, 5, 7, 9]}, 30)
                until("rsyslog's lines", lambda: os.path.exists(folder + "/out") and len(open(folder + "/out").readlines()) == 10, 30)
                line = open(folder + "/out").readline()
                expect(line.startswith("berth queue [event@32473 service=\"queue\" metric=\"0\"") and " rack=\"north\"]" in line, line)
                expect(observe.metric('berth_output_events_total{output="syslog",outcome="unconfirmed"}') == 0, "rsyslog's end was not seen")
        finally:
            for process in (prometheus, rsyslog):
                process.terminate()
                process.wait(20)


ALERTS = """
[[output]]
name = "hook"
type = "webhook"
url = "http://127.0.0.1:%d/hook"
retry_first = "100ms"

[alerts]
to = ["hook"]
group_wait = "0s"
group_interval = "1s"

[[alert]]
name = "queue is long"
where = 'service = "queue" and metric > 100'
hold = 'metric > 50'
summary = "%%{host} has %%{value}"
severity = "critical"

[[alert]]
name = "series are many"
query = 'load > 4'
every = "1s"
"""


@test
def an_alert_reaches_a_webhook_once_and_is_silenced_by_the_command_line():
    with Receiver() as hook, Observe(RIEMANN + ALERTS % hook.port) as observe:
        def send(service, host, metric):
            sent = subprocess.run(["riemann-client", "send", "-S", service, "-h", host, "-d", str(metric), "-L", "600", "-T", "127.0.0.1", str(observe.ports["riemann"])],
                                  capture_output=True, text=True, timeout=10)
            expect(sent.returncode == 0, sent.stderr)

        def told():
            keys, out = set(), []
            for _, headers, body in hook.posts:
                if headers["idempotency-key"] not in keys:
                    keys.add(headers["idempotency-key"])
                    out += [(each["service"], each["state"], each["description"]) for each in body["events"]]
            return out

        def berth(*arguments):
            result = subprocess.run([BERTH, "alerts", *arguments, "--at", f"127.0.0.1:{observe.ports['http']}"], capture_output=True, text=True, timeout=20)
            expect(result.returncode == 0, f"{arguments}: {result.stderr}{result.stdout}")
            return result.stdout

        send("queue", "db1", 150)
        until("the alert", lambda: told() == [("alert queue is long", "critical", "firing: db1 has 150")], 20)
        observe.kill()
        observe.start()
        send("queue", "db1", 60)
        send("load", "db1", 9)
        until("the query's alert", lambda: len(told()) == 2, 20)
        expect("series are many" in told()[1][2], f"{told()}")
        expect("queue is long" in berth("list") and "db1 has" in berth("list"), berth("list"))
        silenced = berth("silence", 'host="db2"', "--for", "1h", "--comment", "new disks")
        send("queue", "db2", 500)
        until("it to be silenced", lambda: "silenced" in berth("list") and "new disks" in berth("list"), 20)
        send("queue", "db1", 10)
        until("the end", lambda: any("resolved: db1" in text for _, _, text in told()), 20)
        expect(not any("db2" in text for _, _, text in told()), f"{told()}")
        berth("end", silenced.split()[1].rstrip(";"))
        until("what was silenced", lambda: any("db2 has 500" in text for _, _, text in told()), 20)
        history = berth("history")
        expect("told" in history and "silenced" in history, history)


main()
