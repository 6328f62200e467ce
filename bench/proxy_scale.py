#!/usr/bin/env python3
"""What a request costs the proxy where there is much: 10, 1,000 and 10,000 instances behind one service (of a catalog, whose agents check them), 10 and 10,000 routes, 1 and 1,000 listeners, and p99.9 of requests
while a snapshot is swapped in each second. Beside itself with little, in turns within one run; haproxy with
as many instances beside itself too."""
import json
import os
import signal
import statistics
import sys
import threading

from bench import BERTH, FOLDER, cpu_seconds, figure, free_port, load, program, serving, start, wait_for_port
from proxies import SINK, haproxy_head, raise_descriptors

SECONDS = float(os.environ.get("SECONDS_EACH", "1"))
ROUNDS = int(os.environ.get("ROUNDS", "7"))
SWAP_SECONDS = float(os.environ.get("SWAP_SECONDS", "4"))
WANTED = sys.argv[1:]

raise_descriptors()
backend = serving("http_backend", "128", "0.0.0.0")


def address(number):
    """Of the instance with that number: all are the one backend."""
    return f"127.{20 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}:{backend}"


def by_catalog(name, count):
    """A proxy at a catalog that has one service with so many instances."""
    state = os.path.join(FOLDER, name)
    os.mkdir(state)
    vip, port = "127.77.250.1", free_port()
    instances = [{"id": f"bench/{i}", "incarnation": "1", "version": "1", "host": "here", "address": address(i), "health": "healthy", "why": "", "pid": 0}
                 for i in range(count)]
    service = {"name": "bench", "vip": f"{vip}:{port}", "routes": [], "instances": instances}
    with open(os.path.join(state, "catalog.json"), "w") as file:
        json.dump({"full": True, "revision": 1, "system": "bench", "domain": "bench.localhost", "services": [service]}, file)
    process = start([BERTH, "proxy", "run", "--state", state, "--host", "here", "--syslog", f"127.0.0.1:{SINK}"])
    start([program("ring_reader"), os.path.join(state, "access.ring")])
    wait_for_port(port, vip)
    return process.pid, vip, port, "/", ()


def by_file(name, text, port):
    """A proxy by a file, with log, checks and metrics."""
    path = os.path.join(FOLDER, f"{name}.toml")
    with open(path, "w") as file:
        file.write(f"""
[proxy]
metrics = "tcp:127.0.0.1:{free_port()}"
[[log]]
to = "syslog+udp:127.0.0.1:{SINK}"
form = "haproxy"
{text}""")
    process = start([BERTH, "proxy", "run", path])
    wait_for_port(port)
    return process, path


def back(name="back", numbers=range(1), weight=1):
    listed = ", ".join(f'"{address(i)}"' for i in numbers)
    return f'[service.{name}]\ninstances = [{listed}]\ncheck = {{ http = "/", interval = "2s" }}\nin_flight_max = {255 + weight}\n'


def with_routes(count):
    port = free_port()
    routes = "".join(f'[route.r{i}]\nprefix = "/shop/{i}/items"\nservice = "back"\n' for i in range(count))
    process, _ = by_file(f"routes{count}", f'[listener.web]\nlisten = "tcp:127.0.0.1:{port}"\n{back()}{routes}', port)
    return process.pid, "127.0.0.1", port, "/shop/#/items/42", (f"targets={count}",)


def with_listeners(count):
    port = free_port()
    listeners = "".join(f'[listener.l{i}]\nlisten = "tcp:127.0.{10 + i // 250}.{i % 250 + 1}:{port}"\n' for i in range(count))
    process, _ = by_file(f"listeners{count}", f'[listener.first]\nlisten = "tcp:127.0.0.1:{port}"\n{listeners}{back()}[route.all]\nservice = "back"\n', port)
    return process.pid, "127.0.10.1", port, "/", (f"addresses={min(count, 64)}",)


def by_haproxy(count):
    """haproxy with so many servers, which it keeps connections to as well."""
    port = free_port()
    path = os.path.join(FOLDER, f"haproxy{count}.cfg")
    with open(path, "w") as file:
        file.write(haproxy_head() + f"""
listen web
  bind 127.0.0.1:{port}
  balance random
  http-reuse always
""" + "".join(f"  server s{i} {address(i)} maxconn 256 pool-purge-delay 60s\n" for i in range(count)))
    process = start(["haproxy", "-db", "-f", path])
    wait_for_port(port)
    return process.pid, "127.0.0.1", port, "/", ()


def asked(one, seconds=SECONDS):
    pid, where, port, target, options = one
    before = cpu_seconds(pid)
    result = load(where, port, 64, seconds, target, "bench", *options)
    if result["errors"] or not result["requests"]:
        sys.exit(f"{result['errors']} of {result['requests']} requests failed")
    return (cpu_seconds(pid) - before) / result["requests"] * 1e6, result["p999"]


def warm(one):
    """Until it answers: what is much takes its time to come up."""
    pid, where, port, target, options = one
    for _ in range(20):
        if load(where, port, 64, 1, target, "bench", *options)["requests"] > 1000:
            return
    sys.exit("a proxy does not come up")


def flat(work, counts, made):
    """The first of `counts` is what the others are compared with."""
    those = {count: made(count) for count in counts}
    costs = {count: [] for count in counts}
    for one in those.values():
        warm(one)
    for _ in range(ROUNDS):
        for count, one in those.items():
            costs[count].append(asked(one)[0])
    middle = {count: statistics.median(each) for count, each in costs.items()}
    for count, each in costs.items():
        print(f"{work:10} {count:6,}: {middle[count]:.2f} us CPU a request (rounds {', '.join(f'{c:.2f}' for c in each)})", flush=True)
    for count in counts[1:]:
        figure(f"proxy.{work}_{count}.cpu", middle[count], "us", "itself", f"with {counts[0]}", middle[counts[0]])
    for one in those.values():
        os.kill(one[0], signal.SIGTERM)


def swaps():
    """A file of 100 services with ten instances each and 100 routes; each swap takes an instance from one service, gives another one to the next, and sets limits anew."""
    port = free_port()

    def text(turn):
        services = "".join(back(f"s{i}", [i * 12 + n for n in range(10 + (turn + i) % 2)], turn % 50 + 1) for i in range(100))
        routes = "".join(f'[route.r{i}]\nprefix = "/shop/{i}/items"\nservice = "s{i}"\n' for i in range(100))
        return f'[listener.web]\nlisten = "tcp:127.0.0.1:{port}"\n{services}{routes}'

    process, path = by_file("swaps", text(0), port)
    with open(path) as file:
        head = file.read().removesuffix(text(0))
    one = (process.pid, "127.0.0.1", port, "/shop/#/items/42", ("targets=100",))
    done, turn, swapping = threading.Event(), 0, threading.Event()

    def swap():
        nonlocal turn
        while not done.wait(1):
            if swapping.is_set():
                turn += 1
                with open(path + ".new", "w") as file:
                    file.write(head + text(turn))
                os.rename(path + ".new", path)
                os.kill(process.pid, signal.SIGHUP)

    thread = threading.Thread(target=swap)
    thread.start()
    tails, costs = {True: [], False: []}, {True: [], False: []}
    try:
        warm(one)
        for _ in range(ROUNDS):
            for with_swaps in (False, True):
                swapping.set() if with_swaps else swapping.clear()
                cost, tail = asked(one, SWAP_SECONDS)
                tails[with_swaps].append(tail)
                costs[with_swaps].append(cost)
    finally:
        done.set()
        thread.join()
    for with_swaps in (False, True):
        print(f"{'with' if with_swaps else 'without':8} swaps: p99.9 {statistics.median(tails[with_swaps]):.0f} us (rounds {', '.join(f'{t:.0f}' for t in tails[with_swaps])}), "
              f"{statistics.median(costs[with_swaps]):.2f} us CPU a request")
    figure("proxy.swap_tail.p999", statistics.median(tails[True]), "us", "itself", "without", statistics.median(tails[False]))
    figure("proxy.swap.cpu", statistics.median(costs[True]), "us", "itself", "without", statistics.median(costs[False]))
    print(f"{turn} swaps")


for work, run in (("instances", lambda: flat("instances", (10, 1000, 10000), lambda n: by_catalog(f"instances{n}", n))),
                  ("haproxy", lambda: flat("haproxy_instances", (10, 10000), by_haproxy)),
                  ("routes", lambda: flat("routes", (10, 10000), with_routes)),
                  ("listeners", lambda: flat("listeners", (1, 1000), with_listeners)), ("swaps", swaps)):
    if not WANTED or work in WANTED:
        run()
