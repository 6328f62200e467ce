#!/usr/bin/env python3
"""`berth dev` with real processes: deploy, requests, kills, rollouts, messages, series, restarts, wrong input."""
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from berth import ECHO, Dev, expect, main, test, until

SYSTEM = """
[system]
name = "small"

[service.echo]
command = "python3 echo.py"
instances = 2
health = "/health"
public = "web"
env = { VERSION = "1" }
on = { "thing.made" = "/events/thing-made" }
update = { parallel = 1, healthy_for = "200ms", deadline = "8s" }

[service.caller]
command = "python3 echo.py"
health = "/health"
needs = ["echo"]
"""


def small():
    return Dev(SYSTEM, {"echo.py": ECHO})


def get(url, host=None, timeout=10):
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read().decode()


def address(dev, name):
    resolved = json.loads(dev.run("resolve", name, "--json").stdout)
    return f"http://{resolved['address']}:{resolved['port']}"


class Load(threading.Thread):
    """GETs one after another until told to stop; keeps what failed."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url, self.done, self.failures, self.stopped = url, 0, [], False
        self.start()

    def run(self):
        while not self.stopped:
            try:
                get(self.url)
                self.done += 1
            except Exception as error:
                self.failures.append(str(error))

    def end(self):
        """However slow the machine is, it has done more than 50; what failed ends the wait too."""
        until("more than 50 requests", lambda: self.done > 50 or self.failures, 60)
        self.stopped = True
        self.join(15)
        return self


@test
def a_system_comes_to_life_and_is_reached_by_name_gateway_and_dns():
    with small() as dev:
        dev.healthy()
        answer = json.loads(dev.run("call", "echo", "/hello").stdout)
        expect(answer["path"] == "/hello", f"echo answered {answer}")
        expect(json.loads(get(address(dev, "echo") + "/x"))["path"] == "/x", "the VIP does not answer")
        public = next(a["url"] for a in dev.state()["addresses"] if "small.localhost" in a["url"])
        host = public.split("/")[2]
        expect(json.loads(get(f"http://127.0.0.1:{host.split(':')[1]}/y", host))["path"] == "/y", "the gateway does not answer")
        dns = next(a["url"] for a in dev.state()["addresses"] if a["name"] == "dns").split(":")[-1]
        found = subprocess.run(["dig", "+short", "@127.0.0.1", "-p", dns, "echo.berth"], capture_output=True, text=True).stdout.strip()
        expect(found == address(dev, "echo").split("//")[1].split(":")[0], f"dig answered {found!r}")
        ports = subprocess.run(["dig", "+short", "+tcp", "@127.0.0.1", "-p", dns, "echo.berth", "SRV"], capture_output=True, text=True).stdout
        expect(len(ports.strip().split("\n")) == 2, f"SRV answered {ports!r}")
        environment = json.loads(dev.run("call", "caller", "/env").stdout)
        expect("ECHO_URL" in environment, "needs gives no ECHO_URL")
        dev.stop()
        until("every process to end", lambda: not dev.left_processes(), 15)


@test
def numbers_equal_what_was_asked():
    with small() as dev:
        dev.healthy()
        url = address(dev, "echo")
        for i in range(200):
            get(f"{url}/items/{i}")
        for _ in range(10):
            try:
                get(f"{url}/fail")
            except urllib.error.HTTPError:
                pass
        service = until("210 requests to be counted", lambda: (s := dev.service("echo"))["requests"] >= 210 and s)
        expect((service["requests"], service["errors"]) == (210, 10), f"counted {service['requests']} and {service['errors']}")


@test
def the_proxy_tells_its_figures_and_is_told_to_forget():
    system = SYSTEM.replace('health = "/health"\npublic', 'calls = { cache = { on = true } }\nhealth = "/health"\npublic')
    with Dev(system, {"echo.py": ECHO}) as dev:
        dev.healthy()
        url = address(dev, "echo")
        for i in range(30):
            get(f"{url}/items/{i}")

        def asked(path, method="GET"):
            place = json.load(open(os.path.join(dev.folder, ".berth", "api.json")))
            base = next(a["url"] for a in dev.state()["addresses"] if a["name"] == "console").split("?")[0].rstrip("/")
            request = urllib.request.Request(base + path, method=method, headers={"Authorization": "Bearer " + place["token"]})
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)

        service = until("30 requests to be told", lambda: (s := next(s for s in asked("/v1/proxy")["services"] if s["name"] == "echo"))["requests"] >= 30 and s)
        expect(service["requests"] == 30 and service["responses"][1] == 30, str(service))
        expect([i["status"] for i in service["instances"]] == ["UP", "UP"] and sum(i["requests"] for i in service["instances"]) == 30, str(service))
        expect(any(each["name"] == "gateway" for each in asked("/v1/proxy")["listeners"]), "the gateway is a listener")
        expect("purged" in asked("/v1/proxy/purge?service=echo", "POST"), "purged")
        expect("requests" in dev.run("proxy", "slow").stdout, "berth proxy slow reaches the proxy of berth dev")
        expect("forgotten" in dev.run("proxy", "purge").stdout, "berth proxy purge too")
        expect("session" in dev.run("proxy", "sessions").stdout, "berth proxy sessions too")


@test
def a_killed_instance_is_not_felt_and_comes_back():
    with small() as dev:
        dev.healthy()
        load = Load(address(dev, "echo") + "/")
        before = dev.instance("echo/1")["pid"]
        for _ in range(3):
            pid = dev.instance("echo/1")["pid"]
            dev.run("kill", "echo/1")
            until("echo/1 to come back", lambda: (i := dev.instance("echo/1"))["state"] == "healthy" and i["pid"] != pid)
        load.end()
        expect(dev.instance("echo/1")["pid"] != before, "the same process still runs")
        expect(load.done > 50 and not load.failures, f"{load.done} good, failed: {load.failures[:3]}")


@test
def rollouts_go_through_or_return_without_a_failed_request():
    with small() as dev:
        dev.healthy()
        load = Load(address(dev, "echo") + "/")
        dev.write("berth.toml", SYSTEM.replace('VERSION = "1"', 'VERSION = "2"'))
        dev.run("deploy")
        until("version 2 to answer", lambda: json.loads(get(address(dev, "echo")))["version"] == "2")
        dev.write("berth.toml", SYSTEM.replace('VERSION = "1"', 'VERSION = "3", BROKEN = "yes"'))
        result = dev.run("deploy", ok=False)
        expect(result.returncode == 1, f"the broken deploy ended with {result.returncode}: {result.stdout}")
        until("all to be healthy on version 2", lambda: dev.service("echo")["health"] == "healthy")
        expect(json.loads(get(address(dev, "echo")))["version"] == "2", "it did not return to version 2")
        dev.run("scale", "echo", "1")
        until("one instance", lambda: len([i for i in dev.service("echo")["instances"] if i["state"] == "healthy"]) == 1)
        load.end()
        expect(load.done > 50 and not load.failures, f"{load.done} good, failed: {load.failures[:3]}")


@test
def messages_are_delivered_once_acknowledged_also_after_kill_9():
    with small() as dev:
        dev.healthy()
        for i in range(20):
            dev.run("publish", "thing.made", json.dumps({"n": i}))
        dev.kill()
        dev.start()
        dev.healthy()

        def received():
            numbers = set()
            for instance in dev.service("echo")["instances"]:
                counts = json.loads(get(f"http://{instance['address']}/counts"))
                numbers |= {json.loads(e["body"])["n"] for e in counts["events"]}
            return numbers == set(range(20))
        until("all 20 messages", received)


@test
def kill_9_of_berth_is_not_felt_and_a_restart_adopts():
    with small() as dev:
        dev.healthy()
        url = address(dev, "echo")
        load = Load(url + "/")
        pids = {i["id"]: i["pid"] for i in dev.service("echo")["instances"]}
        dev.kill()
        done = load.done
        until("requests to go on while berth dev is dead", lambda: load.done > done + 10)
        expect(get(url + "/alone"), "no answer while berth dev is dead")
        dev.start()
        dev.healthy()
        expect({i["id"]: i["pid"] for i in dev.service("echo")["instances"]} == pids, "instances were started again")
        load.end()
        expect(load.done > 50 and not load.failures, f"{load.done} good, failed: {load.failures[:3]}")


@test
def kill_9_of_the_proxy_refuses_no_connection():
    with small() as dev:
        dev.healthy()
        url = address(dev, "echo")
        proxies = dev.proxies()
        expect(len(proxies) == 1, f"proxies: {dev.left_processes()}")
        refused = []

        def connect_often():
            import socket
            host, port = url.split("//")[1].split(":")
            end = time.monotonic() + 2
            while time.monotonic() < end:
                try:
                    socket.create_connection((host, int(port)), 2).close()
                except OSError as error:
                    refused.append(str(error))
                time.sleep(0.002)
        thread = threading.Thread(target=connect_often)
        thread.start()
        os.kill(proxies[0], signal.SIGKILL)
        begun = time.monotonic()
        get(url + "/", timeout=5)
        took = time.monotonic() - begun
        thread.join()
        expect(not refused, f"refused: {refused[:3]}")
        expect(took < 1.5, f"back after {took:.2f} s")


@test
def wrong_input_is_refused_with_its_place_and_nothing_is_applied():
    with small() as dev:
        dev.healthy()
        dev.write("berth.toml", SYSTEM.replace("instances = 2", "instnaces = 2"))
        result = dev.run("deploy", ok=False)
        text = result.stdout + result.stderr
        expect(result.returncode != 0 and "berth.toml:7:" in text and "instances" in text, text)
        expect(dev.service("echo")["health"] == "healthy", "something was applied")
        result = dev.run("scale", "ecko", "2", ok=False)
        expect(result.returncode != 0 and "echo" in result.stdout + result.stderr, result.stderr)


ROUTES = """
[[service.echo.public]]
host = "api"
prefix = "/v1/{tenant}"
methods = ["GET"]
rewrite = "/of/{tenant}"
response_headers = { set = { X-By = "gateway" } }

[[service.echo.public]]
host = "api"
path = "/old"
redirect = { to = "/v1/a", status = 301 }

[[service.echo.public]]
host = "api"
prefix = "/closed"
maintenance = { retry_after = "1m" }
"""


@test
def routes_that_are_tables_say_which_requests_come_in_and_what_becomes_of_them():
    with Dev(SYSTEM.replace('public = "web"\n', "") + ROUTES, {"echo.py": ECHO}) as dev:
        dev.healthy()
        pid = json.loads(dev.run("call", "echo", "/x").stdout)["pid"]
        public = next(a["url"] for a in dev.state()["addresses"] if "small.localhost" in a["url"])
        port = public.split("/")[2].split(":")[1]

        def ask(path, *words, host="api"):
            return subprocess.run(["curl", "-sS", "-i", "--max-time", "20", *words, "-H", f"Host: {host}.small.localhost", f"http://127.0.0.1:{port}{path}"],
                                  capture_output=True, text=True).stdout
        answer = ask("/v1/acme/7?x=1")
        expect('"/of/acme/7?x=1"' in answer and "X-By: gateway" in answer, answer)
        expect(ask("/v1/acme", "-d", "x").startswith("HTTP/1.1 404"), "by another method")
        moved = ask("/old")
        expect(moved.startswith("HTTP/1.1 301") and "Location: /v1/a" in moved, moved)
        closed = ask("/closed/x")
        expect(closed.startswith("HTTP/1.1 503") and "Retry-After: 60" in closed, closed)
        for path, host in (("/", "api"), ("/", "web"), ("/", "caller"), ("/", "echo")):
            expect(ask(path, host=host).startswith("HTTP/1.1 404"), f"{host}{path} is public")
        dev.write("berth.toml", SYSTEM.replace('public = "web"\n', "") + ROUTES.replace('rewrite = "/of/{tenant}"', 'rewrite = "/of/{nobody}"'))
        wrong = dev.run("deploy", ok=False)
        expect("service.echo.public[0].rewrite is wrong: it has no '{nobody}'" in wrong.stdout + wrong.stderr, wrong.stdout + wrong.stderr)
        dev.write("berth.toml", SYSTEM.replace('public = "web"\n', "") + ROUTES.replace('rewrite = "/of/{tenant}"', 'rewrite = "/for/{tenant}"'))
        dev.run("deploy")
        until("the new route", lambda: '"/for/acme/7"' in ask("/v1/acme/7"))
        expect(json.loads(dev.run("call", "echo", "/x").stdout)["version"] == "1", "it runs")
        pids = {json.loads(dev.run("call", "echo", "/x").stdout)["pid"] for _ in range(8)}
        expect(pid in pids, "no instance was touched")


@test
def a_second_system_beside_it_finds_free_ports():
    with small() as first, Dev(SYSTEM.replace('"small"', '"other"'), {"echo.py": ECHO}) as second:
        first.healthy()
        second.healthy()
        a = {x["name"]: x["url"] for x in first.state()["addresses"]}
        b = {x["name"]: x["url"] for x in second.state()["addresses"]}
        expect(a["console"] != b["console"], "both have one console address")
        expect(address(first, "echo") != address(second, "echo"), "both have one VIP")
        expect(get(address(first, "echo")) and get(address(second, "echo")), "one does not answer")


@test
def logs_and_metrics_and_a_riemann_event_are_shown():
    with small() as dev:
        dev.healthy()
        url = address(dev, "echo")
        for _ in range(20):
            get(url + "/")
        until("a log line", lambda: "listening on" in dev.run("logs", "echo").stdout)
        until("a chart", lambda: "median" in dev.run("metrics", "echo").stdout)
        port = next(a["url"] for a in dev.state()["addresses"] if a["name"] == "riemann").split(":")[-1]
        subprocess.run(["riemann-client", "send", "-S", "gift.value", "-d", "42.5", "-h", "here", "-T", "127.0.0.1", port],
                       capture_output=True, timeout=10)
        until("the event's series", lambda: "42.5" in dev.run("metrics", "gift.value", "--json").stdout)


main()
