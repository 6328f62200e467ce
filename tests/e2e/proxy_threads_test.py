#!/usr/bin/env python3
"""`berth proxy run` with several threads: what they count, limit, log and obey together is that of one proxy."""
import collections
import concurrent.futures
import http.client
import http.server
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from berth import BERTH, expect, free_port, main, test, until
from proxies_alone import Alone, certificate, curl, running

THREADS = 3


class Counting:
    """An instance that knows how many requests it has at once; /slow takes a while."""

    def __init__(self):
        self.lock, self.now, self.most, self.asked = threading.Lock(), 0, 0, 0
        self.seconds = 0.2
        counting = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with counting.lock:
                    counting.now += 1
                    counting.asked += 1
                    counting.most = max(counting.most, counting.now)
                if self.path.startswith("/slow"):
                    time.sleep(counting.seconds)
                with counting.lock:
                    counting.now -= 1
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *words):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 200

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def statuses(port, clients, each, path="/"):
    """So many connections at once, so many requests on each; how often which status came."""
    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        seen = []
        for _ in range(each):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            seen.append(answer.status)
        connection.close()
        return seen

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        return collections.Counter(status for each_seen in pool.map(lambda _: ask(), range(clients)) for status in each_seen)


def control(proxy, *words):
    result = subprocess.run([BERTH, "proxy", *words, "--control", proxy.path("proxy.sock")], capture_output=True, text=True, timeout=60)
    expect(result.returncode == 0, f"berth proxy {words}: {result.stdout}{result.stderr}")
    return result.stdout


def state(proxy, path="/v1/state"):
    return json.loads(curl("--unix-socket", proxy.path("proxy.sock"), f"http://proxy{path}"))


def configuration(port, instances, more="", service=""):
    listed = ", ".join(f'"{each.address}"' for each in instances)
    return f"""
[proxy]
threads = {THREADS}
control = "proxy.sock"
[listener.web]
listen = "tcp:{port}"
[service.a]
instances = [{listed}]
{service}
[route.all]
service = "a"
{more}
[[log]]
to = "file:access.log"
"""


def lines(proxy):
    with open(proxy.path("access.log")) as file:
        return file.read().splitlines()


@test
def each_request_has_one_line_and_counts_once_whichever_thread_has_it():
    port, one, two = free_port(), Counting(), Counting()
    with Alone(configuration(port, [one, two])) as proxy:
        follower = subprocess.Popen([BERTH, "proxy", "tail", "--control", proxy.path("proxy.sock")], stdout=subprocess.PIPE, text=True)
        tailed = []

        def read():
            for line in follower.stdout:
                tailed.append(line)

        threading.Thread(target=read, daemon=True).start()
        until("the tail to be there", lambda: statuses(port, 1, 1, "/before") == {200: 1} and tailed)
        before = one.asked + two.asked
        seen = statuses(port, 30, 20)
        expect(seen == {200: 600}, f"{seen}")
        all_of_them = before + 600
        until("a line each", lambda: len(lines(proxy)) == all_of_them)
        expect(sum("GET / HTTP" in line for line in lines(proxy)) == 600, "whole lines")
        until("the tail's lines", lambda: sum("GET / HTTP" in line for line in tailed) == 600)
        expect(one.asked + two.asked == all_of_them, f"{one.asked} and {two.asked}")
        told = state(proxy)
        expect(told["threads"] == THREADS and told["listeners"][0]["accepted"] == before + 30, f"{told}")
        expect(sum(each["requests"] for each in told["services"][0]["instances"]) == all_of_them, f"{told}")
        csv = curl("--unix-socket", proxy.path("proxy.sock"), "http://proxy/stats;csv").splitlines()
        names = csv[0].removeprefix("# ").split(",")
        backend = next(dict(zip(names, row.split(","))) for row in csv[1:] if row.startswith("a,BACKEND"))
        expect(backend["stot"] == backend["hrsp_2xx"] == f"{all_of_them}", f"{backend}")
        metrics = curl("--unix-socket", proxy.path("proxy.sock"), "http://proxy/metrics")
        expect(f"haproxy_process_nbthread {THREADS}\n" in metrics, metrics)
        expect(f'berth_proxy_request_seconds_count{{proxy="a"}} {all_of_them}\n' in metrics, metrics)
        slow = state(proxy, "/v1/slow")["minutes"]
        expect(sum(minute["requests"] for minute in slow) == all_of_them and all(len(minute["slowest"]) <= 10 for minute in slow), f"{slow}")
        follower.kill()
        follower.wait()
        expect(proxy.stop() == 0, "it ends well")
    one.stop()
    two.stop()


@test
def connections_are_shared_out_evenly_and_any_of_them_can_be_seen_and_killed():
    for reactor in ("epoll", "io_uring"):
        os.environ["BERTH_REACTOR"] = reactor
        try:
            shared_out_and_killed()
        finally:
            del os.environ["BERTH_REACTOR"]


def shared_out_and_killed():
    port, one = free_port(), Counting()
    with Alone(configuration(port, [one])) as proxy:
        clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(5 * THREADS)]
        for client in clients:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = b""
            while not answer.endswith(b"ok"):
                answer += client.recv(1000)
        ids = [session["id"] for session in state(proxy, "/v1/sessions")["sessions"]]
        expect(len(set(ids)) == 5 * THREADS, f"{ids}")
        of_thread = collections.Counter(each % THREADS for each in ids)
        expect(set(of_thread.values()) == {5}, f"{of_thread}")
        for each in ids:
            control(proxy, "kill", str(each))
        for client in clients:
            try:
                expect(client.recv(1000) == b"", "the connection ends")
            except ConnectionResetError:
                pass
        until("nobody to be there", lambda: state(proxy)["connections"] == 0)
    one.stop()


@test
def limits_hold_for_all_threads_together():
    port, one = free_port(), Counting()
    with Alone(configuration(port, [one], service="in_flight_max = 4\nqueue_timeout = \"10s\"")) as proxy:
        seen = statuses(port, 24, 2, "/slow")
        expect(seen == {200: 48}, f"{seen}")
        expect(one.most == 4, f"{one.most} at once")
        proxy.reload(configuration(port, [one], service="limit = { per_second = 1, burst = 10 }"))
        seen = statuses(port, 12, 3)
        expect(10 <= seen[200] <= 12 and seen[200] + seen[429] == 36, f"{seen}")
        proxy.reload(configuration(port, [one], more="limit = { per_second = 1, burst = 5 }"))
        seen = statuses(port, 12, 3)
        expect(5 <= seen[200] <= 7 and seen[200] + seen[429] == 36, f"{seen}")
    one.stop()


@test
def a_drain_is_acknowledged_once_no_thread_has_a_request_there():
    port, one, two = free_port(), Counting(), Counting()
    one.seconds = two.seconds = 0.05
    with Alone(configuration(port, [one, two])) as proxy:
        ended, failed = threading.Event(), []

        def ask():
            while not ended.is_set():
                seen = statuses(port, 1, 20, "/slow")
                if seen != {200: 20}:
                    failed.append(seen)

        askers = [threading.Thread(target=ask) for _ in range(9)]
        for asker in askers:
            asker.start()
        until("both to be asked", lambda: one.asked > 20 and two.asked > 20)
        for _ in range(5):
            control(proxy, "drain", "a/1", "--wait", "10s")
            asked = one.asked
            expect(one.now == 0, f"{one.now} after the drain")
            before = two.asked
            until("the other to go on", lambda: two.asked > before + 20)
            expect(one.asked == asked, f"{one.asked - asked} after the drain")
            control(proxy, "enable", "a/1")
            until("it to be asked again", lambda: one.asked > asked + 5)
            proxy.reload(configuration(port, [one, two], service=f'timeout = "{10 + one.asked % 7}s"'))
        pid = int(re.search(r"process (\d+) has taken over", control(proxy, "upgrade"))[1])
        asked = one.asked + two.asked
        until("requests by the next process", lambda: one.asked + two.asked > asked + 50)
        ended.set()
        for asker in askers:
            asker.join()
        expect(not failed, f"{failed}")
        expect(proxy.process.wait(20) == 0, "the process before ends well")
        os.kill(pid, signal.SIGTERM)
        until("the next to end", lambda: not running(pid))
    one.stop()
    two.stop()


@test
def a_tls_session_is_resumed_whichever_thread_a_client_gets_to():
    port, one = free_port(), Counting()
    with tempfile.TemporaryDirectory() as folder:
        certificate(folder, "a", "localhost")
        secure = f'listen = "tls:127.0.0.1:{port}"\ncertificates = [{{ chain = "{folder}/a.pem", key = "{folder}/a.key" }}]'
        context = ssl.create_default_context(cafile=f"{folder}/a.pem")
        proxy = Alone(configuration(port, [one]).replace(f'listen = "tcp:{port}"', secure))
    with proxy:
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # a session is there after the handshake
        session, resumed = None, 0
        for _ in range(3 * THREADS):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as raw, context.wrap_socket(raw, server_hostname="localhost", session=session) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                expect(b" 200 " in client.recv(1000), "an answer")
                resumed += client.session_reused
                session = client.session
        expect(resumed == 3 * THREADS - 1, f"{resumed} of {3 * THREADS - 1}")
    one.stop()


@test
def what_threads_cannot_do_is_refused_in_words():
    port, one = free_port(), Counting()
    with Alone(configuration(port, [one])) as proxy:
        told = proxy.reload(configuration(port, [one]).replace(f"threads = {THREADS}", "threads = 2"))
        expect("threads can't change while it runs" in told, told)
        told = proxy.reload(configuration(port, [one], service='idempotency_for = "1h"'))
        expect("proxy.toml:" in told and "needs [proxy] threads = 1" in told, told)
        told = proxy.reload(configuration(port, [one], service="in_flight_max = 2"))
        expect("is below [proxy] threads" in told, told)
        expect(statuses(port, 6, 2) == {200: 12}, "what runs goes on")
    one.stop()


if __name__ == "__main__":
    main()
