#!/usr/bin/env python3
"""`berth logs -q` and the API of the kept lines: what instances print, requests and syslog, found by words and fields, once, also after kill -9 and a restart."""
import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from berth import BERTH, ECHO, Dev, expect, main, test, until

TALKER = r'''
import json, sys, time
sys.stdout.reconfigure(line_buffering=True)
print("talker begins")
n = 0
while True:
    try:
        wanted = int(open("wanted").read())
    except (OSError, ValueError):
        wanted = 0
    while n < wanted:
        if n % 10 == 9: print(json.dumps({"level": "error", "msg": "payment refused", "number": n}))
        else: print(f"level=info msg=\"all is well\" number={n}")
        n += 1
    time.sleep(0.02)
'''
SYSTEM = """
[system]
name = "small"

[service.echo]
command = "python3 echo.py"
health = "/health"

[service.talker]
command = "python3 talker.py"
port = false
"""


def small():
    dev = Dev(SYSTEM, {"echo.py": ECHO, "talker.py": TALKER})
    return dev.healthy()


def ask(dev, path, **query):
    place = json.loads(dev.run("open", "--json").stdout)["url"]
    base, token = place.split("/?token=")
    request = urllib.request.Request(f"{base}/v1/logs{path}?{urllib.parse.urlencode(query)}", headers={"authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def say(dev, lines):
    dev.write("wanted", str(lines))


def numbers(dev):
    """Those of the talker's lines, in the order in which they were written."""
    found = ask(dev, "", q="service:talker number:*", lines=5000)["lines"]
    out = []
    for line in reversed(found):
        text = line["text"]
        out.append(json.loads(text)["number"] if text.startswith("{") else int(text.rsplit("=", 1)[1]))
    return out


@test
def what_instances_print_is_found_by_words_fields_and_level():
    with small() as dev:
        say(dev, 100)
        until("a hundred lines", lambda: len(numbers(dev)) == 100)
        expect(numbers(dev) == list(range(100)), "not each once and in order")
        errors = dev.run("logs", "talker", "-q", "level:error").stdout.splitlines()
        for each in errors:
            expect(re.match(r"\d\d:\d\d:\d\d\.\d{3} talker/1 ", each), "a line begins with its time: " + each)
        expect(len(errors) == 10 and all("payment refused" in line and "talker/1" in line for line in errors), f"errors: {errors}")
        expect(len(dev.run("logs", "-q", "\"payment refused\" number>50", "--since", "1h").stdout.splitlines()) == 5, "by a number")
        expect(len(dev.run("logs", "-q", "/num[a-z]+\": 1\\d}/").stdout.splitlines()) == 1, "by an expression")
        one = json.loads(dev.run("logs", "-q", "msg:well number:33", "--json").stdout)
        expect(one["service"] == "talker" and one["instance"] == "talker/1" and one["level"] == "info", f"one line: {one}")
        nothing = dev.run("logs", "-q", "nosuchword")
        expect(nothing.stdout == "" and "no line was found" in nothing.stderr, f"nothing: {nothing}")
        wrong = dev.run("logs", "talker", "-q", "all level:loud", ok=False)
        expect(wrong.returncode == 1, f"a wrong query ended with {wrong.returncode}")
        lines = wrong.stderr.splitlines()
        expect(lines[0] == "berth: the query is wrong: a level is error, warn, info or debug", wrong.stderr)
        expect(lines[1].endswith("all level:loud") and lines[2].index("^") - (len(lines[1]) - 14) == 10, wrong.stderr)
        counts = ask(dev, "/histogram", q="service:talker number:*")
        expect(sum(counts["counts"]["error"]) == 10 and counts["lines"] == 100, f"histogram: {counts['lines']}")


@test
def requests_and_syslog_are_lines_too():
    with small() as dev:
        dev.run("call", "echo", "/fail?x=1", ok=False)
        dev.run("call", "echo", "/hello")
        found = until("two requests", lambda: (lines := ask(dev, "", q="service:echo kind=request")["lines"]) and len(lines) == 2 and lines)
        hello, fail = found
        expect(hello["fields"]["path"] == "/hello" and hello["fields"]["status"] == "200" and hello["level"] == "info", f"hello: {hello}")
        expect(fail["fields"]["status"] == "500" and fail["level"] == "error" and fail["instance"] == "echo/1", f"fail: {fail}")
        expect(float(fail["fields"]["seconds"]) > 0, f"fail: {fail}")
        # What the instance wrote while it answered stands between the request's begin and end.
        begun = fail["time"] - float(fail["fields"]["seconds"]) * 1000
        own = until("its line", lambda: ask(dev, "", q="instance:echo/1 asked", **{"from": int(begun) - 1, "to": int(fail["time"]) + 2})["lines"])
        expect(own[0]["text"] == "ERROR asked to fail" and own[0]["level"] == "error", f"own: {own}")
        state = dev.state()
        port = int(next(a["url"] for a in state["addresses"] if a["name"] == "syslog").rsplit(":", 1)[1])
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"<27>Nov 24 12:00:00 router dhcpd[17]: no free leases", ("127.0.0.1", port))
        line = until("the syslog line", lambda: ask(dev, "", q="service:dhcpd leases")["lines"])[0]
        expect(line["host"] == "router" and line["level"] == "error" and line["text"] == "no free leases", f"syslog: {line}")


@test
def lines_are_there_once_after_a_restart_and_after_kill_9():
    with small() as dev:
        say(dev, 300)
        until("three hundred lines", lambda: len(numbers(dev)) == 300)
        dev.stop()
        dev.start()
        dev.healthy()
        # Its instances were stopped with it: the new talker begins at 0.
        until("those of the new one", lambda: len(numbers(dev)) == 600)
        expect(numbers(dev) == list(range(300)) * 2, "not each once after a restart")
        positions = os.path.join(dev.folder, ".berth", "logs", "positions.json")
        log = os.path.join(dev.folder, ".berth", "logs", "talker.1.log")
        until("all positions are kept", lambda: json.load(open(positions))["logs"]["talker.1"]["offset"] == os.path.getsize(log))
        dev.kill()
        say(dev, 350)  # its shim goes on writing
        dev.start()
        dev.healthy()
        until("all lines", lambda: len(numbers(dev)) >= 650)
        expect(numbers(dev) == list(range(300)) * 2 + list(range(300, 350)), "not each once after kill -9")


@test
def a_search_is_followed():
    with small() as dev:
        say(dev, 20)
        until("twenty lines", lambda: len(numbers(dev)) == 20)
        process = subprocess.Popen([BERTH, "logs", "talker", "-f", "-q", "level:error"], cwd=dev.folder, stdout=subprocess.PIPE, text=True)
        try:
            expect('"number": 9}' in process.stdout.readline() and '"number": 19}' in process.stdout.readline(), "not what was there")
            say(dev, 40)
            expect('"number": 29}' in process.stdout.readline() and '"number": 39}' in process.stdout.readline(), "not what came")
        finally:
            process.kill()
            process.wait()


main()
