#!/usr/bin/env python3
"""`berth observe run`: observation alone, with real senders in front and PromQL behind."""
import os
import socket
import subprocess
import sys
import tempfile

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


main()
