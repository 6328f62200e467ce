#!/usr/bin/env python3
"""The same faults through Berth and a real haproxy that logs by `option httplog` to UDP: the termination code and the status of
both lines. docs/termination.md has each with the reason where they differ; `termination.py --update` writes its table anew and
keeps the reasons, `termination.py NAME ...` prints those faults alone."""
import concurrent.futures
import re
import sys
from time import sleep

from players import OK, Row, reply, run_row
from proxies import berth, haproxy
from proxy_rows import CHUNKED_ANSWER, CONTINUE, SOCKET, SWITCHED, TALK, get, post

DOCUMENT = "docs/termination.md"
HEAD = "| fault | Berth | haproxy | why they differ |\n| --- | --- | --- | --- |\n"
LARGE = reply(body=b"x" * 30_000_000)
BUSY = ["body", 1.2, reply()]

FAULTS = [
    Row("none", [get()], OK),
    Row("a WebSocket that both end", [get(SOCKET), *TALK], [SWITCHED, "echo"], answers=0),
    Row("the head is none", [b"GET /ROW\r\n\r\n"], OK),
    Row("the head is too long", [get(b"X-A: " + b"x" * 40_000 + b"\r\n")], OK),
    Row("the client ends within the head", [b"GET /ROW HTTP/1.1\r\nHost", "half"], OK),
    Row("the client resets within the head", [b"GET /ROW HTTP/1.1\r\nHost", 0.2, "reset"], OK),
    Row("the client stops within the head", [b"GET /ROW HTTP/1.1\r\nHost"], OK, tight=True),
    Row("chunks that are none", [get(b"Transfer-Encoding: chunked\r\n", b"POST") + b"zz\r\n"], OK),
    Row("chunks that are none, after the head was passed on", [get(b"Transfer-Encoding: chunked\r\n", b"POST"), ("seen", 1), b"zz\r\n"], OK),
    Row("the client ends within the content", [post(body=b"he", length=5), ("seen", 1), "half"], OK),
    Row("the client resets within the content", [post(body=b"he", length=5), ("seen", 1), 0.2, "reset"], OK),
    Row("the client stops within the content", [post(body=b"he", length=5)], OK, tight=True),
    Row("the client resets while it waits", [get(), ("seen", 1), "reset"], ["body", 0.5, reply()]),
    Row("the client resets within the answer", [get(), ("begun",), 0.2, "reset"], ["body", LARGE]),
    Row("the client stops reading", [get(), ("begun",), 4.5, "reset"], ["body", LARGE], tight=True),
    Row("the client resets within a WebSocket", [get(SOCKET), ("begun",), "reset"], [SWITCHED, "echo"], answers=0),
    Row("the client resets while it is queued", [get(target=b"/one/ROW"), 0.4, "reset"], BUSY, to="one"),
    Row("the connection is refused", [get(target=b"/dead/ROW")], OK, to="dead"),
    Row("the connection is not answered", [get(target=b"/hole/ROW")], OK, to="hole"),
    Row("no instance is up", [0.8, get(target=b"/down/ROW")], OK, to="down"),
    Row("it waits too long in the queue", [get(target=b"/one/ROW")], ["body", 3.5, reply()], to="one", tight=True),
    Row("the instance ends without an answer", [post()], ["body", "close"]),
    Row("the instance resets without an answer", [post()], ["body", "reset"]),
    Row("the instance ends within its head", [post()], ["body", b"HTTP/1.1 200 OK\r\nX-", "close"]),
    Row("the instance ends behind 100", [post()], ["body", CONTINUE, 0.2, "close"]),
    Row("the instance does not answer", [post()], ["body", "hang"], tight=True),
    Row("the instance stops within its head", [post()], ["body", b"HTTP/1.1 200 OK\r\n", "hang"], tight=True),
    Row("the answer is no HTTP", [post()], ["body", b"hello world\r\n\r\n", "close"]),
    Row("the answer has two lengths", [post()], ["body", reply(b"Content-Length: 3\r\n")]),
    Row("the answer's head is too long", [post()], ["body", reply(b"X-A: " + b"x" * 70_000 + b"\r\n")]),
    Row("101 that nobody asked for", [post()], ["body", SWITCHED, "close"]),
    Row("the answer's chunks are none", [post()], ["body", CHUNKED_ANSWER, 0.2, b"zz\r\n", "close"]),
    Row("the instance ends within its content", [post()], ["body", reply(b"Content-Length: 5\r\n", b"he", length=False), "close"]),
    Row("the instance resets within its content", [post()], ["body", reply(b"Content-Length: 5\r\n", b"he", length=False), 0.3, "reset"]),
    Row("the instance ends within a chunk", [post()], ["body", CHUNKED_ANSWER + b"5\r\nhe", 0.2, "close"]),
    Row("the instance stops within its content", [post()], ["body", reply(b"Content-Length: 5\r\n", b"he", length=False), "hang"], tight=True),
    Row("a request that the proxy answers itself", [get(target=b"/told/ROW")], OK, to="told"),
    Row("an answer that was kept", [get(target=b"/kept/ROW")], ["body", reply(b"Cache-Control: max-age=60\r\n")], to="kept"),
    Row("a request that the proxy refuses", [get(target=b"/denied/ROW")], OK, to="denied"),
]
# Asked for once before.
KEPT = "an answer that was kept"
# Those that need a busy instance: these take it first.
BUSY_FIRST = {"the client resets while it is queued": False, "it waits too long in the queue": True}


def told(rows):
    """By proxy and fault: the status and the code."""
    proxies = [("Berth", berth(FAULTS)), ("haproxy", haproxy(FAULTS))]
    try:
        with concurrent.futures.ThreadPoolExecutor(96) as pool:
            asked = [(name, number, proxy, pool.submit(one, number, proxy)) for number in rows for name, proxy in proxies]
            lines = {name: {} for name, _ in proxies}
            for name, number, proxy, future in asked:
                line = proxy.line_of(future.result())
                found = re.search(r" (-?\d+) [\d+]+ - - (\S{4}) ", line or "")
                lines[name][number] = f"{found[2]} {found[1]}" if found else "no line"
                timers = re.search(r"/<CACHE> \d+/(-?\d+/-?\d+/-?\d+)/", line or "")
                if timers:
                    lines[name][number] += f" Tw/Tc/Tr {timers[1]}"
            return lines
    finally:
        for _, proxy in proxies:
            proxy.stop()


def one(number, proxy):
    row = FAULTS[number]
    if row.name in BUSY_FIRST:
        first = Row(row.name, [get(target=b"/one/ROW"), ("answers", 1)], row.server, tight=row.tight)
        with concurrent.futures.ThreadPoolExecutor(1) as beside:
            busy = beside.submit(run_row, first, number, proxy)
            while proxy.service.heads[number] == 0:
                sleep(0.01)  # a condition is waited for
            _, port = run_row(row, number, proxy)
            busy.result()
            return port
    if row.name == KEPT:
        run_row(row, number, proxy)
    return run_row(row, number, proxy)[1]


def documented():
    rows = {}
    for line in open(DOCUMENT, encoding="utf-8").read().split(HEAD)[1].split("\n"):
        found = re.fullmatch(r"\| (.*?) \| (.*?) \| (.*?) \| ?(.*?) ?\|", line)
        if not found:
            break
        rows[found[1]] = (found.groups()[1:3], found[4])
    return rows


def update(rows, old):
    before, after = open(DOCUMENT, encoding="utf-8").read().split(HEAD)
    rest = re.sub(r"^(\|.*\n)*", "", after)
    table = "".join(f"| {name} | {ours} | {theirs} | {(old.get(name, ('', ''))[1] or 'NEEDED') if differ(ours, theirs) else ''} |\n"
                    for name, (ours, theirs) in rows.items())
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(before + HEAD + table + rest)


def differ(ours, theirs):
    return ours != theirs


def main():
    names = [word for word in sys.argv[1:] if word != "--update"]
    numbers = [number for number, row in enumerate(FAULTS) if not names or any(re.search(name, row.name) for name in names)]
    lines = told(numbers)
    rows = {FAULTS[number].name: (f"`{lines['Berth'][number]}`", f"`{lines['haproxy'][number]}`") for number in numbers}
    if names:
        print("\n".join(f"{name}: {ours} {theirs}" for name, (ours, theirs) in rows.items()))
        return
    old = documented()
    if "--update" in sys.argv:
        return update(rows, old)
    # A busy machine makes a pause longer: what differs is asked once more, with less beside it.
    again = [number for number, row in enumerate(FAULTS) if row.name in old and rows[row.name] != old[row.name][0]]
    if again:
        lines = told(again)
        for number in again:
            rows[FAULTS[number].name] = (f"`{lines['Berth'][number]}`", f"`{lines['haproxy'][number]}`")
    failed = 0
    for name, cells in rows.items():
        stands, reason = old.pop(name, (None, None))
        if cells != stands or (differ(*cells) and reason in ("", "NEEDED")):
            failed += 1
            print(f"{name}: found {cells}, in {DOCUMENT} stands {stands}, {reason}")
    for name in old:
        failed += 1
        print(f"{name}: stands in {DOCUMENT}, and is no fault")
    print(f"{len(rows) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
