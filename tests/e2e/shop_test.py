#!/usr/bin/env python3
"""The shop as a stranger has it: seen in a real Chromium, counted against what its callers counted, killed, as images, and the tour walked by a normal user."""
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from berth import BERTH, Dev, expect, main, test, until
from dockerd import Dockerd

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHOP = os.path.join(ROOT, "examples/shop")
CALLERS = ("shoppers", "web", "orders")


def shop(file="berth.toml", **options):
    subprocess.run([os.path.join(SHOP, "prepare")], check=True)

    def copy(folder):
        shutil.copytree(SHOP, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".berth", "__pycache__"))
    with open(os.path.join(SHOP, file)) as system:
        return Dev(system.read(), prepare=copy, **options)


def ask(address, path, method="GET"):
    request = urllib.request.Request(f"http://{address}{path}", method=method, data=b"" if method == "POST" else None)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


def instances(dev, name):
    return [i for i in dev.service(name)["instances"] if i["state"] == "healthy"]


def at_rest(dev):
    shoppers = instances(dev, "shoppers")[0]["address"]
    ask(shoppers, "/pause", "POST")
    until("shoppers to rest", lambda: ask(shoppers, "/counts")["in_flight"] == 0)


def counted_by_callers(dev):
    """service: (requests, errors) as every caller saw them."""
    total = {}
    for caller in CALLERS:
        for instance in instances(dev, caller):
            for name, count in ask(instance["address"], "/counts")["calls"].items():
                requests, errors = total.get(name, (0, 0))
                total[name] = requests + count["requests"], errors + count["errors"]
    return total


def numbers_are_equal(dev):
    wanted = counted_by_callers(dev)
    state = dev.state()
    for name, counts in wanted.items():
        service = next(s for s in state["services"] if s["name"] == name)
        if (service["requests"], service["errors"]) != counts:
            raise OSError(f"{name}: Berth counted {service['requests']} and {service['errors']}, its callers {counts}")
    return wanted


@test
def every_number_equals_what_the_callers_counted():
    with shop() as dev:
        dev.healthy(120)
        until("traffic", lambda: sum(requests for requests, _ in counted_by_callers(dev).values()) > 400, 120)
        at_rest(dev)
        wanted = until("equal numbers", lambda: numbers_are_equal(dev), 20)
        expect(len(wanted) >= 7 and wanted["payments"][0] > 0, f"too little was counted: {wanted}")
        rows = {line.split()[0]: line for line in dev.run("top", "--once").stdout.split("\n") if line.strip()}
        expect(all(name in rows for name in wanted), f"not every service is on the screen: {list(rows)}")


@test
def kill_9_of_berth_dev_while_orders_flow_loses_nothing():
    with shop() as dev:
        dev.healthy(120)
        until("orders to flow", lambda: counted_by_callers(dev).get("payments", (0, 0))[0] >= 5, 120)
        pids = {i["id"]: i["pid"] for s in dev.state()["services"] for i in s["instances"]}
        shoppers = instances(dev, "shoppers")[0]["address"]

        def counts():
            return ask(shoppers, "/counts")["calls"]
        before = counts()
        unanswered = {name: c["statuses"].get("0", 0) + c["statuses"].get("503", 0) for name, c in before.items()}
        dev.kill()
        until("requests to go on while berth dev is dead", lambda: counts()["users"]["requests"] > before["users"]["requests"] + 20)
        dev.start()
        dev.healthy(60)
        expect({i["id"]: i["pid"] for s in dev.state()["services"] for i in s["instances"]} == pids, "an instance was started again")
        after = counts()
        lost = {name: c["statuses"].get("0", 0) + c["statuses"].get("503", 0) for name, c in after.items()}
        for taken in (unanswered, lost):
            taken.pop("orders")  # it publishes to the bus, which was dead: it refused orders rather than losing them
        expect(lost == unanswered, f"calls without an answer: {unanswered} before, {lost} after")
        at_rest(dev)
        ordered = ask(shoppers, "/counts")["calls"]["orders"]["statuses"].get("201", 0)
        mail = instances(dev, "mail")[0]["address"]
        until(f"a mail for each of {ordered} orders and more", lambda: ask(mail, "/sent")["sent"] >= ordered, 60)


@test
def the_console_in_chromium_shows_what_is_so_and_an_instance_go_and_come_back():
    with shop() as dev:
        dev.healthy(120)
        until("traffic", lambda: all((s["requests_per_second"] or 0) > 0 for s in dev.state()["services"] if s["name"] in ("users", "web", "products")), 60)
        place = json.load(open(os.path.join(dev.folder, ".berth/api.json")))
        result = subprocess.run([os.path.join(ROOT, "tests/browser/run"), f"http://{place['address']}", place["token"]], capture_output=True, text=True,
                                timeout=900, env={**os.environ, "KILL": "users"})
        found = re.findall(r"(\d+) passed, (\d+) failed", result.stdout)
        print("\n".join("       " + line for line in result.stdout.strip().split("\n")))
        expect(found and int(found[-1][0]) >= 30 and found[-1][1] == "0" and result.returncode == 0, result.stderr[-1500:])


@test
def stock_runs_as_an_image_built_from_scratch():
    if why := Dockerd.why_not():
        print(f"       (left out: {why})")
        return
    with Dockerd() as docker, shop("berth-docker.toml", environment={"DOCKER_HOST": "unix://" + docker.socket}) as dev:
        dev.healthy(180)
        expect(json.loads(dev.run("call", "stock", "/stock/1").stdout)["id"] == 1, "stock does not answer")
        running = docker.docker("ps", "--format", "{{.Names}}").split()
        expect(len(running) == 2, f"containers: {running}")
        first = instances(dev, "stock")[0]["id"]
        before = set(docker.docker("ps", "-q").split())
        dev.run("kill", first)
        until("another container", lambda: len(instances(dev, "stock")) == 2 and set(docker.docker("ps", "-q").split()) != before, 60)
        ids = until("two containers", lambda: len(found := set(docker.docker("ps", "-q").split())) == 2 and found)
        dev.kill()
        expect(set(docker.docker("ps", "-q").split()) == ids, "containers ended with berth dev")
        dev.start()
        dev.healthy(60)
        expect(set(docker.docker("ps", "-q").split()) == ids, "containers were not adopted")
        until("requests of shoppers", lambda: dev.service("stock")["requests"] > 20, 60)
        dev.stop()
        until("every container to be gone", lambda: not docker.docker("ps", "-aq").split(), 30)


@test
def the_tour_holds_for_a_normal_user_in_his_home():
    if os.geteuid() != 0:
        print("       (left out: adding a user needs root)")
        return
    name = "berthtour"
    subprocess.run(["userdel", "-rf", name], capture_output=True)
    subprocess.run(["useradd", "-m", "-s", "/bin/bash", name], check=True)
    try:
        home = pwd.getpwnam(name).pw_dir
        binary = os.path.join(home, "berth-binary")
        shutil.copy(BERTH, binary)
        os.chmod(binary, 0o755)
        # Through a bundle: a repository that belongs to another one is not cloned.
        bundle = os.path.join(home, "berth.bundle")
        subprocess.run(["git", "-c", "safe.directory=*", "bundle", "create", "-q", bundle, "HEAD"], cwd=ROOT, check=True)
        os.chmod(bundle, 0o644)
        tour = "git clone -q berth.bundle berth && cd berth && ./run --tour --binary ~/berth-binary"
        result = subprocess.run(["setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups", "--reset-env", "bash", "-c", "cd && " + tour],
                                capture_output=True, text=True, timeout=400)
        expect(result.returncode == 0 and "every step of the tour held" in result.stdout, result.stdout[-3000:] + result.stderr[-2000:])
    finally:
        subprocess.run(["pkill", "-KILL", "-u", name])
        subprocess.run(["userdel", "-rf", name], capture_output=True)


main()
