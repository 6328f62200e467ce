#!/usr/bin/env python3
"""The whole chain of real programs: a load, haproxy, rsyslog, `berth observe run`, and receivers in the form of Librato and Graphite. Every number that they get
is what was sent, through kill -9 of ours and a restart of rsyslog in between."""
import http.client
import http.server
import math
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from berth import expect, free_port, main, test, until
from observing import Observe
from receivers import LIBRATO_AND_GRAPHITE, RELP, Carbon, Receiver

EXPORTS = {"requests": ("berth_requests_total", "requests %{service} %{status}"),
           "count": ("berth_request_duration_seconds_count", "count %{service}"),
           "sum": ("berth_request_duration_seconds_sum", "sum %{service}"),
           "half": ("histogram_quantile(0.5, berth_request_duration_seconds_bucket)", "half %{service}")}


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers /MILLISECONDS/STATUS after so long with that status."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        wait, status = self.path.split("/")[2:4]
        time.sleep(int(wait) / 1000)
        self.send_response(int(status))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Rsyslog:
    """Takes datagrams; writes them to a file, and hands them on by RELP from a queue that outlives it."""

    def __init__(self, folder, relp):
        self.folder, self.port = folder, free_port(socket.SOCK_DGRAM)
        with open(folder + "/rsyslog.conf", "w") as out:
            out.write(f'global(workDirectory="{folder}")\nmodule(load="imudp")\nmodule(load="omrelp")\ninput(type="imudp" address="127.0.0.1" port="{self.port}")\n'
                      f'template(name="plain" type="string" string="%msg%\\n")\naction(type="omfile" file="{folder}/seen" template="plain")\n'
                      f'action(type="omrelp" target="127.0.0.1" port="{relp}" action.resumeInterval="1" action.resumeRetryCount="-1" queue.type="LinkedList" '
                      f'queue.filename="forward" queue.saveOnShutdown="on")\n')
        self.start()

    def start(self):
        self.process = subprocess.Popen(["rsyslogd", "-n", "-f", self.folder + "/rsyslog.conf", "-i", self.folder + "/pid"])
        until("rsyslog", lambda: f":{self.port:04X} " in open("/proc/net/udp").read())

    def seen(self):
        """Milliseconds and status of each request, as haproxy told them."""
        out = []
        for line in open(self.folder + "/seen", errors="replace") if os.path.exists(self.folder + "/seen") else ():
            words = line.split()
            at = next((i for i, word in enumerate(words) if word.count("/") == 4 and word.replace("/", "").lstrip("-").isdigit()), None)
            if at is not None and words[at + 1].isdigit():
                out.append((words[at - 1].split("/")[0], int(words[at].split("/")[4]), words[at + 1]))
        return out

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def haproxy(folder, front, syslog, backend):
    with open(folder + "/haproxy.cfg", "w") as out:
        out.write(f"""
defaults
  mode http
  option httplog
  option dontlognull
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend web
  bind 127.0.0.1:{front}
  log 127.0.0.1:{syslog} local0
  use_backend %[path,field(2,/)]
backend ordering
  server s1 127.0.0.1:{backend}
backend paying
  server s1 127.0.0.1:{backend}
""")
    return subprocess.Popen(["haproxy", "-db", "-f", folder + "/haproxy.cfg"])


@test
def every_number_at_librato_and_graphite_is_what_was_sent_to_haproxy():
    exports = "".join(f"\n[[export]]\nname = '{name}'\nquery = '{query}'\nservice = '{service}'\nevery = '1s'\ndelay = '2s'\nto = ['librato', 'graphite']\n"
                      for name, (query, service) in EXPORTS.items())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    front = free_port()
    with Receiver() as librato, Carbon() as carbon, tempfile.TemporaryDirectory() as folder, \
            Observe(RELP + LIBRATO_AND_GRAPHITE % (librato.port, carbon.port) + exports) as observe:
        rsyslog = Rsyslog(folder, observe.ports["relp"])
        proxy = haproxy(folder, front, rsyslog.port, server.server_address[1])
        sent = {}
        try:
            until("haproxy", lambda: socket.create_connection(("127.0.0.1", front), 5).close() is None)

            def load(requests):
                connection = http.client.HTTPConnection("127.0.0.1", front, timeout=10)
                for i in range(requests):
                    service, status = ("ordering", "paying")[i % 2], (200, 200, 404, 503)[i % 4]
                    connection.request("GET", f"/{service}/{i % 20}/{status}")
                    answer = connection.getresponse()
                    answer.read()
                    expect(answer.status == status, f"{answer.status}")
                    key = f"requests.{service}.{status}"
                    sent[key] = sent.get(key, 0) + 1
                connection.close()
                until("rsyslog to have each line", lambda: len(rsyslog.seen()) == sum(sent.values()), 20)

            def counted():
                return sum(value for _, value in observe.ask("berth_requests_total"))

            load(100)
            until("the first lines", lambda: counted() == 100, 20)
            # Not while it waits for acknowledgements: librelp's window does not outlive rsyslog.
            rsyslog.stop()
            rsyslog.start()
            load(60)
            until("those behind rsyslog's restart", lambda: counted() == 160, 20)
            observe.kill()
            load(80)
            observe.start()
            load(40)
            until("each line to count once", lambda: counted() == sum(sent.values()), 30)

            def at_librato():
                newest = {}
                for _, _, body in librato.posts:
                    for each in body["gauges"]:
                        newest[each["name"]] = max(newest.get(each["name"], (0, 0)), (each["measure_time"], each["value"]))
                return {name: value for name, (_, value) in newest.items()}

            expected = dict(sent)
            took = {}
            for service, milliseconds, _ in rsyslog.seen():
                took.setdefault(service, []).append(milliseconds)
            for service, all_of in took.items():
                expected[f"count.{service}"] = len(all_of)
                expected[f"sum.{service}"] = round(sum(all_of) / 1000, 6)

            def equal(of):
                got = {name: round(value, 6) for name, value in of.items() if not name.startswith("half.")}
                wrong = {name: (got.get(name), expected.get(name)) for name in got.keys() | expected.keys() if got.get(name) != expected.get(name)}
                expect(not wrong, f"got and sent: {wrong}")
                return True

            until("every number at Graphite", lambda: equal(carbon.last()), 40)
            until("every number at Librato", lambda: equal(at_librato()), 40)
            for service, all_of in took.items():
                true = sorted(all_of)[len(all_of) // 2] / 1000
                for got in (carbon.last()[f"half.{service}"], at_librato()[f"half.{service}"]):
                    # A bucket's bound is at most half as much again as the one before.
                    expect(true / 1.5 - 0.001 <= got <= true * 1.5 + 0.001, f"{service}: {got}, not {true}")
            expect(not math.isnan(sum(expected.values())) and counted() == 280, f"{expected}")
        finally:
            proxy.terminate()
            proxy.wait(20)
            rsyslog.stop()
            server.shutdown()


main()
