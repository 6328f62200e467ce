#!/usr/bin/env python3
"""Log lines: `berth parse`, and a real haproxy's lines, directly and by way of a real rsyslog, in the series of `berth dev`."""
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from berth import BERTH, ECHO, Dev, expect, free_port, main, test, until

SYSTEM = """
[system]
name = "watch"

[service.echo]
command = "python3 echo.py"
health = "/health"
"""
HAPROXY_LINE = ('<134>Nov 24 12:00:00 haproxy[7]: 10.0.0.7:5123 [24/Nov/2026:12:00:00.123] web web/s1 0/0/1/2/3 200 1234 - - ---- 1/1/1/1/0 0/0 '
                '"GET /a?token=secret1 HTTP/1.1"')


def parse(*arguments, lines="", code=0):
    result = subprocess.run([BERTH, "parse", *arguments], input=lines, capture_output=True, text=True, timeout=30)
    expect(result.returncode == code, f"berth parse {arguments}: {result.returncode}: {result.stdout}{result.stderr}")
    return result.stdout if code == 0 else result.stdout + result.stderr


@test
def parse_gives_an_object_a_line_and_explains_parser_fields_and_cost():
    record = json.loads(parse(lines=HAPROXY_LINE))
    expect(record["http_status_code"] == "200" and record["backend_name"] == "web", record)
    expect(record["http_request"] == "/a?token=[token]", record)
    told = json.loads(parse("--explain", "--json", "--ecs", lines=HAPROXY_LINE))
    expect(told["parser"] == "haproxy" and told["redacted"] > 0 and told["tried"][0]["nanoseconds"] > 0, told)
    expect(told["record"]["http.response.status_code"] == 200, told)
    text = parse("--explain", "-p", "json", "-p", "grok ^%{WORD:verb} %{INT:ms:int}", lines="GET 17\n")
    expect(re.search(r"fits not +[\d.]+ \S+ +json", text) and re.search(r"fits +[\d.]+ \S+ +grok", text) and re.search(r"ms +17", text), text)


@test
def parse_refuses_a_wrong_pattern_with_its_position_and_tells_of_lines_that_fit_nothing():
    expect("column 3: there is no pattern 'WROD'; did you mean 'WORD'?" in parse("-p", "grok a %{WROD}", lines="x\n", code=1), "no position")
    expect("_grokparsefailure" in parse("-p", "grok ^%{INT:x}$", lines="17\nx\n", code=1), "no tag")


@test
def parse_reads_a_file_of_parsers_and_steps():
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "parse.toml")
        with open(file, "w") as out:
            out.write('parsers = ["grok %{ORDER} %{GREEDYDATA:when}"]\npatterns = { ORDER = "ORD-%{INT:order:int}" }\n'
                      'date = { field = "when", forms = ["yyyy-MM-dd HH:mm"], zone = "Europe/Berlin" }\nremove = ["when"]\n')
        record = json.loads(parse("-f", file, lines="ORD-7 2026-07-01 12:00\n"))
        expect(record == {"time": "2026-07-01T10:00:00.000000Z", "order": 7}, record)
        with open(file, "a") as out:
            out.write("parser = []\n")
        expect("parse.toml:5:1" in parse("-f", file, lines="x\n", code=1), "no place")


def counted(dev):
    """The exact sums of requests by (service, status), and syslog's counters, from /metrics."""
    api = json.load(open(os.path.join(dev.folder, ".berth/api.json")))
    request = urllib.request.Request(f"http://{api['address']}/metrics", headers={"authorization": "Bearer " + api["token"]})
    text = urllib.request.urlopen(request, timeout=10).read().decode()
    sums = {(s, int(c)): int(n) for s, c, n in re.findall(r'berth_requests_total\{service="([^"]+)",status="(\d+)"\} (\d+)', text)}
    return sums, int(re.search(r"berth_syslog_messages_total (\d+)", text)[1])


@test
def a_real_haproxys_lines_directly_and_by_rsyslog_are_requests_of_its_backends():
    import socket
    with Dev(SYSTEM, {"echo.py": ECHO}) as dev, tempfile.TemporaryDirectory() as folder:
        dev.healthy()
        syslog = next(a["url"] for a in dev.state()["addresses"] if a["name"] == "syslog").split(":")[-1]
        between, front = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
        with open(folder + "/rsyslog.conf", "w") as out:
            out.write(f'global(workDirectory="{folder}")\nmodule(load="imudp")\ninput(type="imudp" address="127.0.0.1" port="{between}")\n'
                      f'action(type="omfwd" target="127.0.0.1" port="{syslog}" protocol="tcp" tcp_framing="octet-counted" template="RSYSLOG_ForwardFormat")\n')
        with open(folder + "/haproxy.cfg", "w") as out:
            out.write(f"""
defaults
  mode http
  option httplog
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend direct
  bind 127.0.0.1:{front}
  log 127.0.0.1:{syslog} local0
  log 127.0.0.1:{between} local0
  use_backend %[path,field(2,/)]
backend ordering
  http-request return status 200 content-type text/plain string ok
backend paying
  http-request return status 503 content-type text/plain string no
""")
        programs = [subprocess.Popen(["rsyslogd", "-n", "-f", folder + "/rsyslog.conf", "-i", folder + "/pid"]),
                    subprocess.Popen(["haproxy", "-db", "-f", folder + "/haproxy.cfg"])]
        try:
            def ask(path):
                connection = http.client.HTTPConnection("127.0.0.1", front, timeout=5)
                connection.request("GET", path)
                return connection.getresponse().status
            # Until both ways work; what they count there is counted too.
            sent = {"ordering": 0, "paying": 0}

            def both_arrive():
                ask("/ordering/warm")
                sent["ordering"] += 1
                sums = counted(dev)[0]
                return sums.get(("ordering", 200), 0) > sent["ordering"]
            until("lines by both ways", both_arrive)
            for i in range(40):
                expect(ask(f"/ordering/{i}") == 200 and ask("/paying/" + "x" * 1500) == 503, "haproxy")
                sent["ordering"] += 1
                sent["paying"] += 1

            def all_there():
                sums, messages = counted(dev)
                return sums.get(("paying", 503)) == 2 * sent["paying"] and sums.get(("ordering", 200), 0) >= sent["ordering"] + 40
            until("every line", all_there)
            sums = counted(dev)[0]
            expect(sums[("paying", 503)] == 80, f"{sums}")
        finally:
            for program in programs:
                program.terminate()
                program.wait(20)


main()
