#!/usr/bin/env python3
"""Walks the README's tour with a real `berth dev` on the shop: tour.py BERTH. Prints what it sees at each step, stops
everything at the end, and exits 0 only if every step held."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

BERTH = os.path.abspath(sys.argv[1])
SHOP = os.path.dirname(os.path.abspath(__file__))
failed = []


class Step(Exception):
    pass


def berth(*arguments, check=True, timeout=90):
    result = subprocess.run([BERTH, *arguments], capture_output=True, text=True, timeout=timeout, cwd=FOLDER)
    if check and result.returncode != 0:
        raise Step(f"berth {' '.join(arguments)} ended with {result.returncode}: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout


def state():
    return json.loads(berth("ps", "--json"))


def service(name):
    return next(s for s in state()["services"] if s["name"] == name)


def until(what, condition, seconds=40):
    """Waits for the condition and gives what it answered."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = condition()
        except (Step, StopIteration, OSError, ValueError):
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise Step(f"waited {seconds} s for {what}")


def show(text, lines=14):
    for line in text.rstrip("\n").split("\n")[:lines]:
        print("    " + line)


def step(title, act):
    print(f"\n== {title}", flush=True)
    begun = time.monotonic()
    try:
        act()
        print(f"   held ({time.monotonic() - begun:.1f} s)", flush=True)
    except (Step, subprocess.TimeoutExpired, OSError, ValueError, KeyError, StopIteration, AssertionError) as error:
        print(f"   DID NOT HOLD: {type(error).__name__} {error}", flush=True)
        failed.append(title)


def all_healthy():
    def healthy():
        services = state()["services"]
        return services and all(s["health"] == "healthy" for s in services) and services
    services = until("every service to be healthy", healthy, 90)
    print(f"    all {len(services)} healthy")


def requests():
    text = berth("call", "users", "/users/1")
    show(text)
    show(berth("resolve", "users"))
    public = next(s["public_url"] for s in state()["services"] if s.get("public_url"))
    port = public.split(":")[2].split("/")[0]
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": public.split("/")[2]})
    page = urllib.request.urlopen(request, timeout=10).read().decode()
    if "<html" not in page.lower():
        raise Step("the gateway did not answer with the shop's page")
    print(f"    {public} answered {len(page)} bytes of HTML")
    until("requests to be counted", lambda: service("users")["requests"] > 0)
    show(berth("top", "--once"))


def killed_instance():
    before = next(i for i in service("orders")["instances"] if i["id"] == "orders/1")
    show(berth("kill", "orders/1"))

    def back():
        now = next(i for i in service("orders")["instances"] if i["id"] == "orders/1")
        return now["state"] == "healthy" and now["pid"] != before["pid"] and now
    now = until("orders/1 to come back", back)
    print(f"    orders/1 was process {before['pid']}, is {now['pid']}, restarts {now['restarts']}")


def deploy(change, expect):
    """Deploys a copy of the shop with one text replaced; the shop's own file stays as it is."""
    old, new = change
    path = os.path.join(SHOP, "berth.toml")
    text = open(path).read()
    if old not in text:
        raise Step(f"berth.toml has no {old!r}")
    copy = os.path.join(FOLDER, "berth.toml")
    open(copy, "w").write(text.replace(old, new))
    result = subprocess.run([BERTH, "deploy"], capture_output=True, text=True, timeout=120, cwd=FOLDER)
    show(result.stdout + result.stderr)
    if (result.returncode == 0) != expect:
        raise Step(f"berth deploy ended with {result.returncode}")


def rollout():
    before = service("recommendations")["version"]
    deploy(('env = { VERSION = "1" }', 'env = { VERSION = "1", GREETING = "again" }'), True)
    after = until("the new version", lambda: (s := service("recommendations"))["version"] > before and s["health"] == "healthy" and s)
    print(f"    recommendations went from version {before} to {after['version']}")


def bad_rollout():
    before = service("recommendations")["version"]
    deploy(('env = { VERSION = "1" }', 'env = { VERSION = "2" }'), False)

    def returned():
        s = service("recommendations")
        return s["health"] == "healthy" and all(i["state"] == "healthy" for i in s["instances"]) and s
    s = until("recommendations to be healthy on what it was", returned, 60)
    print(f"    asked for a broken version; version {before} answers again: {s['healthy']} of {s['wanted']} healthy")


def message():
    def sent():
        return json.loads(berth("call", "mail", "/sent"))
    before = sent()
    show(berth("publish", "order.created", '{"order":"tour-1","user":1}'))
    until("mail to get the message", lambda: sent() != before)
    show(berth("topics"))


def metric():
    # Minutes of traffic make a better chart; here it has some seconds.
    until("orders to be measured", lambda: service("orders")["median_seconds"] is not None)
    show(berth("metrics", "orders"), 24)


def main():
    global FOLDER
    with tempfile.TemporaryDirectory(prefix="berth-tour-") as FOLDER:
        # The tour deploys changed copies of the system file, so it works in a copy of the shop.
        shutil.copytree(SHOP, FOLDER, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".berth", "__pycache__"))
        dev = subprocess.Popen([BERTH, "dev"], cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            step("berth dev: the shop comes to life", all_healthy)
            step("requests, by name and through the gateway", requests)
            step("an instance is killed", killed_instance)
            step("a rollout", rollout)
            step("a bad rollout returns by itself", bad_rollout)
            step("a message", message)
            step("a metric", metric)
        finally:
            dev.send_signal(signal.SIGINT)
            try:
                output = dev.communicate(timeout=40)[0]
            except subprocess.TimeoutExpired:
                dev.kill()
                output = dev.communicate()[0]
                failed.append("berth dev did not stop within 40 s")
        print("\n== what berth dev printed, in a pipe")
        show(output, 40)

        def gone():
            left = subprocess.run(["pgrep", "-f", FOLDER], capture_output=True, text=True).stdout.split()
            return not left
        step("Ctrl-C stopped every process", lambda: until("every process to end", gone, 20))
    print()
    if failed:
        print(f"the tour found: {', '.join(failed)}")
        sys.exit(1)
    print("every step of the tour held")


main()
