#!/usr/bin/env python3
"""`berth observe run`: observation alone, with real senders in front and PromQL behind."""
import gzip
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from berth import BERTH, expect, main, test, until
from observing import Observe

SYSLOG = '[[input]]\nkind = "syslog"\nlisten = "127.0.0.1:<syslog>"\n'


def logger(port, text, *how):
    result = subprocess.run(["logger", *how, "-n", "127.0.0.1", "-P", str(port), "-t", "orders", "-p", "user.err", text], capture_output=True, text=True)
    expect(result.returncode == 0, result.stderr)


def log_lines(observe):
    return {(labels["service"], labels["level"]): value for labels, value in observe.ask("berth_log_lines_total")}


@test
def three_lines_take_syslog_and_answer_promql_and_end_with_0():
    with Observe(SYSLOG) as observe:
        for how in ("-T", "-d"):
            logger(observe.ports["syslog"], "it broke", how)
        until("both lines", lambda: log_lines(observe).get(("orders", "error")) == 2)
        expect(observe.metric('berth_input_received_total{input="syslog",kind="syslog"}') == 2, observe.get("/metrics"))
        expect(observe.stop() == 0, "exit code")


@test
def a_wrong_file_is_refused_with_its_place_and_a_wrong_change_leaves_what_runs():
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/observe.toml", "w") as out:
            out.write('[[input]]\nkind = "sylog"\n')
        for check in ([], ["--check"]):
            result = subprocess.run([BERTH, "observe", "run", *check, folder + "/observe.toml"], capture_output=True, text=True, timeout=20)
            expect(result.returncode == 1 and "observe.toml:2:8" in result.stderr and "did you mean 'syslog'?" in result.stderr, result.stderr)
    with Observe(SYSLOG) as observe:
        observe.put(SYSLOG + 'lisen = "127.0.0.1:1"\n')
        until("the wrong file to be told", lambda: "did you mean 'listen'?" in observe.printed())
        logger(observe.ports["syslog"], "one", "-T")
        observe.put(SYSLOG + '[[input]]\nname = "more"\nkind = "syslog"\nlisten = "tcp:127.0.0.1:<more>"\n')
        until("the change", lambda: observe.metric('berth_input_received_total{input="more",kind="syslog"}') == 0)
        logger(observe.port("more"), "two", "-T")
        until("both", lambda: log_lines(observe).get(("orders", "error")) == 2)


@test
def an_acknowledged_riemann_event_is_a_sample_after_kill_9():
    with Observe('[[input]]\nkind = "riemann"\nlisten = "tcp:127.0.0.1:<riemann>"\n') as observe:
        sent = subprocess.run(["riemann-client", "send", "-S", "disk free", "-h", "db1", "-d", "0.25", "-T", "127.0.0.1", str(observe.ports["riemann"])],
                              capture_output=True, text=True, timeout=10)
        expect(sent.returncode == 0, sent.stderr)
        observe.kill()
        observe.start()
        expect(observe.ask("disk_free") == [({"__name__": "disk_free", "berth_name": "disk free", "host": "db1"}, 0.25)], observe.ask("disk_free"))


@test
def rsyslogs_relp_lines_each_count_once_through_kill_9():
    with Observe('[[input]]\nkind = "relp"\nlisten = "127.0.0.1:<relp>"\n') as observe, tempfile.TemporaryDirectory() as folder:
        sock = folder + "/log.sock"
        with open(folder + "/rsyslog.conf", "w") as out:
            out.write(f'global(workDirectory="{folder}")\nmodule(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" socket="{sock}" RateLimit.Interval="0")\n'
                      f'module(load="omrelp")\naction(type="omrelp" target="127.0.0.1" port="{observe.ports["relp"]}" action.resumeInterval="1" '
                      f'action.resumeRetryCount="-1" queue.type="LinkedList")\n')
        rsyslog = subprocess.Popen(["rsyslogd", "-n", "-f", folder + "/rsyslog.conf", "-i", folder + "/pid"])
        try:
            until("rsyslog", lambda: os.path.exists(sock))

            def send(count):
                lines = "".join(f"<11>Nov 24 12:00:00 orders: line {i}\n" for i in range(count))
                subprocess.run(["logger", "-u", sock, "-t", "orders", "-p", "user.err", "--socket-errors=on"], input=lines, text=True, check=True)

            send(200)
            until("the first lines", lambda: observe.metric('berth_input_received_total{input="relp",kind="relp"}') == 200)
            observe.kill()
            send(100)
            observe.start()
            until("those that waited in rsyslog", lambda: observe.metric('berth_input_received_total{input="relp",kind="relp"}') >= 100)
            until("each to be counted once", lambda: log_lines(observe).get(("orders", "error")) == 300)
        finally:
            rsyslog.terminate()
            rsyslog.wait(20)


@test
def graphite_and_statsd_become_series():
    with Observe('[[input]]\nkind = "graphite"\nlisten = "127.0.0.1:<graphite>"\n'
                 '[[input]]\nkind = "statsd"\nlisten = "127.0.0.1:<statsd>"\nflush = "200ms"\n') as observe:
        with socket.create_connection(("127.0.0.1", observe.ports["graphite"])) as carbon:
            carbon.sendall(b"servers.db1.load;rack=north 0.5 -1\n")
        statsd = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        statsd.sendto(b"hits:3|c|@0.5|#env:prod\ntook:12|ms", ("127.0.0.1", observe.ports["statsd"]))
        until("graphite's", lambda: [v for _, v in observe.ask('servers_db1_load{rack="north"}')] == [0.5])
        until("statsd's", lambda: [v for _, v in observe.ask('hits_total{env="prod"}')] == [6])
        expect([v for _, v in observe.ask('took{quantile="0.5"}')] == [12], observe.ask('took'))


@test
def a_scrape_of_prometheus_and_of_ourselves_and_promtools_view_of_our_metrics():
    with Observe('[[input]]\nkind = "scrape"\ntargets = ["127.0.0.1:<prometheus>", "127.0.0.1:<http>", "127.0.0.1:1"]\nevery = "500ms"\n') as observe, \
            tempfile.TemporaryDirectory() as folder:
        with open(folder + "/prometheus.yml", "w") as out:
            out.write("scrape_configs: []\n")
        prometheus = subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                                       f"--web.listen-address=127.0.0.1:{observe.ports['prometheus']}"], stderr=subprocess.DEVNULL)
        try:
            def up():
                return {labels["instance"]: value for labels, value in observe.ask("up")}
            until("both targets", lambda: up().get(f"127.0.0.1:{observe.ports['prometheus']}") == 1 and up().get(f"127.0.0.1:{observe.ports['http']}") == 1)
            until("the third, which nothing listens on", lambda: up().get("127.0.0.1:1") == 0)
            expect(observe.ask('prometheus_build_info{job="scrape"}')[0][0]["version"], "no build info")
            ours = {line.split("{")[0].split(" ")[0] for line in observe.get("/metrics").split("\n") if line and line[0] != "#"}
            seen = {labels["__name__"] for labels, _ in observe.ask('{instance="127.0.0.1:%s"}' % observe.ports["http"])}
            expect(ours - seen == set(), f"not scraped: {ours - seen}")
        finally:
            prometheus.terminate()
            prometheus.wait(20)
        until("its series to end", lambda: observe.ask("prometheus_build_info") == [] and up().get(f"127.0.0.1:{observe.ports['prometheus']}") == 0)
        checked = subprocess.run(["promtool", "check", "metrics"], input=observe.get("/metrics"), capture_output=True, text=True)
        expect(checked.returncode == 0, checked.stdout + checked.stderr)


@test
def json_lines_otlp_and_journald_by_http():
    with Observe('[[input]]\nkind = "json_lines"\nlisten = "127.0.0.1:<json>"\n[[input]]\nkind = "otlp"\nlisten = "127.0.0.1:<otlp>"\n'
                 '[[input]]\nkind = "journald"\nlisten = "127.0.0.1:<journal>"\n') as observe:
        status, answer = observe.post("/lines", b'{"msg":"a","level":"error","service":"json"}\n{"msg":"b","level":"error","service":"json"}\n', port="json")
        expect((status, answer) == (200, b'{"lines":2}'), answer)
        logs = {"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "otel"}}]},
                                  "scopeLogs": [{"logRecords": [{"severityNumber": 17, "body": {"stringValue": "broke"}}]}]}]}
        body = gzip.compress(json.dumps(logs).encode())
        expect(observe.post("/v1/logs", body, {"content-type": "application/json", "content-encoding": "gzip"}, port="otlp")[0] == 200, "otlp")
        gauge = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "queue.depth", "gauge": {"dataPoints": [{"asInt": "7"}]}}]}]}]}
        expect(observe.post("/v1/metrics", json.dumps(gauge).encode(), {"content-type": "application/json"}, port="otlp")[0] == 200, "otlp metrics")
        entry = b"__REALTIME_TIMESTAMP=1700000000000000\nPRIORITY=3\nSYSLOG_IDENTIFIER=journal\nMESSAGE\n" + struct.pack("<Q", 3) + b"a\nb\n\n"
        expect(observe.post("/upload", entry, {"content-type": "application/vnd.fdo.journal"}, port="journal")[0] == 202, "journald")
        observe.kill()
        observe.start()
        until("all to be counted", lambda: {s for s, _ in log_lines(observe)} == {"json", "otel", "journal"} and log_lines(observe)[("json", "error")] == 2)
        expect([v for _, v in observe.ask("queue_depth")] == [7], observe.ask("queue_depth"))


@test
def a_file_is_followed_through_rotation_and_kill_9_and_traces_are_one_line():
    with Observe('[[input]]\nkind = "file"\npaths = ["logs/*.log"]\nfrom = "start"\n', {"logs/.keep": ""}) as observe:
        path = os.path.join(observe.folder, "logs/web.log")

        def write(text):
            with open(path, "a") as out:
                out.write(text)
        write("ERROR one\nTraceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'x'\n")
        until("both", lambda: log_lines(observe).get(("web", "error")) == 2)
        observe.kill()
        write("ERROR three\n")
        os.rename(path, path + ".1")
        write("ERROR four\n")
        observe.start()
        until("those of meanwhile", lambda: log_lines(observe).get(("web", "error")) == 4)
        expect(observe.metric('berth_input_received_total{input="file",kind="file"}') == 2, observe.get("/metrics"))


@test
def syslog_and_riemann_by_tls_with_clients_certificates():
    with tempfile.TemporaryDirectory() as folder:
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "30",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        tls = f'chain = "{folder}/cert.pem"\nkey = "{folder}/key.pem"\n'
        with Observe(f'[[input]]\nkind = "syslog"\nlisten = "tls:127.0.0.1:<syslog>"\n{tls}'
                     f'[[input]]\nkind = "riemann"\nlisten = "tls:127.0.0.1:<riemann>"\nclients = "{folder}/cert.pem"\n{tls}') as observe:
            line = b"<11>1 2026-11-24T12:00:00Z h orders - - - by TLS"
            context = ssl.create_default_context(cafile=folder + "/cert.pem")
            with socket.create_connection(("127.0.0.1", observe.ports["syslog"])) as plain, context.wrap_socket(plain, server_hostname="localhost") as secure:
                secure.sendall(str(len(line)).encode() + b" " + line)
            until("the line", lambda: log_lines(observe).get(("orders", "error")) == 1)
            sent = subprocess.run(["riemann-client", "send", "-S", "load", "-h", "db", "-d", "0.5", "-G", "-o", f"cafile={folder}/cert.pem",
                                   "-o", f"certfile={folder}/cert.pem", "-o", f"keyfile={folder}/key.pem", "127.0.0.1", str(observe.ports["riemann"])],
                                  capture_output=True, text=True, timeout=10)
            expect(sent.returncode == 0, sent.stdout + sent.stderr)
            expect([v for _, v in observe.ask("load")] == [0.5], observe.ask("load"))


@test
def collectd_by_graphite_and_riemann_and_a_real_client_of_statsd():
    with Observe('[[input]]\nkind = "graphite"\nlisten = "127.0.0.1:<graphite>"\n[[input]]\nkind = "riemann"\nlisten = "127.0.0.1:<riemann>"\n'
                 '[[input]]\nkind = "statsd"\nlisten = "127.0.0.1:<statsd>"\nflush = "200ms"\n') as observe, tempfile.TemporaryDirectory() as folder:
        with open(folder + "/collectd.conf", "w") as out:
            out.write(f"""
Hostname "box"
FQDNLookup false
Interval 0.1
PIDFile "{folder}/pid"
BaseDir "{folder}"
PluginDir "/usr/lib/collectd"
TypesDB "/usr/share/collectd/types.db"
LoadPlugin load
LoadPlugin memory
LoadPlugin cpu
LoadPlugin write_graphite
LoadPlugin write_riemann
<Plugin write_graphite>
  <Node "graphite">
    Host "127.0.0.1"
    Port "{observe.ports["graphite"]}"
    Protocol "tcp"
  </Node>
</Plugin>
<Plugin write_riemann>
  <Node "riemann">
    Host "127.0.0.1"
    Port "{observe.ports["riemann"]}"
    Protocol TCP
  </Node>
</Plugin>
""")
        collectd = subprocess.Popen(["/usr/sbin/collectd", "-f", "-C", folder + "/collectd.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            subprocess.run(["/usr/bin/python3", "-c", "import statsd\n"
                            f"c = statsd.StatsClient('127.0.0.1', {observe.ports['statsd']})\n"
                            "c.incr('hits', 3); c.gauge('level', 7); c.gauge('level', -2, delta=True); c.timing('took', 12); c.set('who', 'ann')"], check=True)
            until("statsd's", lambda: [v for _, v in observe.ask("hits_total")] == [3] and [v for _, v in observe.ask("level")] == [5])
            expect([v for _, v in observe.ask("took_count")] == [1] and [v for _, v in observe.ask("took_sum")] == [12], observe.ask("took_sum"))
            until("collectd by Riemann", lambda: observe.ask('{berth_name="load/load/shortterm",host="box"}'))
            until("collectd by Graphite", lambda: observe.ask('{berth_name="box.load.load.shortterm"}'))
        finally:
            collectd.kill()  # at TERM it waits for threads that it has ended itself
            collectd.wait(20)


@test
def journalds_own_uploader():
    with Observe('[[input]]\nkind = "journald"\nlisten = "127.0.0.1:<journal>"\n') as observe, tempfile.TemporaryDirectory() as folder:
        entries = b"".join(b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=0123456789abcdef0123456789abcdef\nPRIORITY=3\n"
                           b"SYSLOG_IDENTIFIER=orders\n_HOSTNAME=h1\nMESSAGE=line %d\n\n" % (1796057630000000 + i, 1000 + i, i) for i in range(5))
        tools = "/lib/systemd/systemd-journal-"
        subprocess.run([tools + "remote", f"--output={folder}/x.journal", "-"], input=entries, check=True, capture_output=True)
        subprocess.run([tools + "upload", f"--url=http://127.0.0.1:{observe.ports['journal']}", f"--file={folder}/x.journal", f"--save-state={folder}/state", "--follow=no"],
                       check=True, capture_output=True, timeout=20)
        until("the entries", lambda: log_lines(observe) == {("orders", "error"): 5})


@test
def a_flood_of_datagrams_spills_and_drops_the_least_important_and_each_line_is_accounted_for():
    with Observe('[observe]\nlisten = "127.0.0.1:<http>"\nqueue = "1MiB"\nspill = "128KiB"\n[[input]]\nkind = "syslog"\nlisten = "udp:127.0.0.1:<syslog>"\n'
                 'parse = "slow"\n[parse.slow]\nparsers = %s\n' % json.dumps([f"grok %{{GREEDYDATA:a}} %{{IP:b}} %{{GREEDYDATA:c}} {i}$" for i in range(20)])) as observe:
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        text = b"orders: " + b"x " * 700

        def burst():
            for i in range(400):
                sender.sendto((b"<15>" if i % 2 else b"<11>") + text, ("127.0.0.1", observe.ports["syslog"]))
                if i % 40 == 0:
                    time.sleep(0.002)  # more would be lost in the kernel
            return (observe.metric('berth_lines_dropped_total{input="syslog",level="debug",reason="no_room"}') or 0) > 100
        until("lines to be dropped", burst, 60)

        def settled():
            received = observe.metric('berth_input_received_total{input="syslog",kind="syslog"}')
            handled, waiting = observe.metric("berth_lines_total"), observe.metric("berth_queue_bytes") + observe.metric("berth_spill_bytes")
            dropped = {level: observe.metric('berth_lines_dropped_total{input="syslog",level="%s",reason="no_room"}' % level) or 0 for level in ("debug", "error")}
            return waiting == 0 and received == handled + sum(dropped.values()) and dropped
        dropped = until("all to be handled or counted as dropped", settled, 60)
        expect(observe.metric("berth_lines_spilled_total") > 0 and dropped["debug"] > dropped["error"], f"{dropped}")


main()
