#!/usr/bin/env python3
"""HAProxy's own halog over the access log of `berth proxy run`, by way of a real rsyslog: its totals are those of what was asked,
by status, termination code, server, URL and time."""
import collections
import os
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "differential"))
from berth import expect, main, test, until
from players import OK, Row, reply, run_row
from proxies import berth

GET = b"GET /ROW HTTP/1.1\r\nHost: a\r\nX-Row: ROW\r\nConnection: close\r\n\r\n"
TOLD = GET.replace(b"/ROW", b"/%s/ROW")

# Each with the status and the code of its line; closed by the request itself, so that nothing is asked but this.
ASKED = [
    *[(Row(f"well {number}", [GET], OK), 200, "--") for number in range(12)],
    (Row("not found", [GET], ["body", reply(status=b"404 Not Found")]), 404, "--"),
    (Row("a fault", [GET], ["body", reply(status=b"500 Oops")]), 500, "--"),
    (Row("slow", [GET], ["body", 0.6, reply()]), 200, "--"),
    (Row("a large answer", [GET], ["body", reply(body=b"x" * 100_000)]), 200, "--"),
    (Row("refused", [TOLD % b"dead"], to="dead"), 503, "SC"),
    (Row("denied", [TOLD % b"denied"], to="denied"), 403, "PR"),
    (Row("told", [TOLD % b"told"], to="told"), 302, "LR"),
    (Row("no head", [b"nonsense\r\n\r\n"]), 400, "PR"),
    (Row("half a head", [b"GET / HTTP/1.1\r\n", "half"]), 400, "CR"),
    (Row("no answer", [GET.replace(b"GET", b"POST")], ["body", "close"]), 502, "SH"),
    (Row("half an answer", [GET], ["body", reply(b"Content-Length: 9\r\n", b"he", length=False), "close"]), 200, "SD"),
]


class Rsyslog:
    """One that writes what comes by UDP to a file, as it does by default."""

    def __init__(self, folder):
        self.file = folder + "/access.log"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        with open(folder + "/rsyslog.conf", "w") as out:
            out.write(f'global(workDirectory="{folder}")\nmodule(load="imudp")\ninput(type="imudp" address="127.0.0.1" port="{self.port}")\n'
                      f'action(type="omfile" file="{self.file}" template="RSYSLOG_TraditionalFileFormat")\n')
        self.process = subprocess.Popen(["rsyslogd", "-n", "-f", folder + "/rsyslog.conf", "-i", folder + "/pid"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            def listens():
                one.sendto(b"<134>Nov 30 12:00:00 probe: here", ("127.0.0.1", self.port))
                return os.path.exists(self.file)
            until("rsyslog to write", listens)

    def lines(self):
        return [line for line in open(self.file, errors="replace") if " berth: " in line]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def halog(lines, *words):
    result = subprocess.run(["halog", "-H", *words], input="".join(lines), capture_output=True, text=True, timeout=60)
    expect(result.returncode == 0 and "0 parsing errors" in result.stderr, f"halog {words}: {result.stdout}{result.stderr}")
    return [line.split() for line in result.stdout.splitlines() if not line.startswith("#")]


@test
def halog_counts_what_was_asked():
    rows = [row for row, _, _ in ASKED]
    with tempfile.TemporaryDirectory() as folder:
        syslog = Rsyslog(folder)
        proxy = berth(rows)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as on:
            try:
                for number, row in enumerate(rows):
                    run_row(row, number, proxy)
                until("each line", lambda: len(proxy.lines) >= len(rows) or proxy.lines[-1:] == [None])
                for line in proxy.lines:  # as Berth sent them
                    on.sendto(line.encode("latin-1"), ("127.0.0.1", syslog.port))
                until("rsyslog to write them", lambda: len(syslog.lines()) == len(proxy.lines))
                lines = syslog.lines()
            finally:
                proxy.stop()
                syslog.stop()
    expect(len(lines) == len(ASKED), f"{len(lines)} lines of {len(ASKED)}: {lines}")
    counted = {int(status): int(count) for status, count in halog(lines, "-st")}
    expect(counted == collections.Counter(status for _, status, _ in ASKED), f"by status: {counted}")
    counted = {code: int(count) for code, count in halog(lines, "-tc")}
    expect(counted == collections.Counter(code for _, _, code in ASKED), f"by code: {counted}")
    servers = {line[0]: line for line in halog(lines, "-srv")}
    expect(servers["dead/dead/1"][1:7] == ["0", "0", "0", "0", "1", "0"], f"the dead one: {servers['dead/dead/1']}")
    expect(servers["usual/<NOSRV>"][3:5] == ["1", "3"], f"told, denied, bad heads: {servers['usual/<NOSRV>']}")
    expect(sum(int(line[7]) for line in servers.values()) == len(ASKED), f"in all: {servers}")
    urls = {line[8]: line for line in halog(lines, "-u")}
    slow, large = (next(number for number, row in enumerate(rows) if row.name == name) for name in ("slow", "a large answer"))
    expect(600 <= int(urls[f"/r{slow}w"][2]) < 6000, f"its time: {urls[f'/r{slow}w']}")
    expect(100_000 <= int(urls[f"/r{large}w"][7]) < 101_000, f"its bytes: {urls[f'/r{large}w']}")
    failed = sum(int(line[1]) for line in urls.values())
    expect(len(halog(lines, "-hs", "500:599", "-u")) == sum(1 for _, status, _ in ASKED if status >= 500), f"faults alone; {failed}")
    expect(len(halog(lines, "-tcn", "SD", "-u")) == 1, "one that broke off")
    longest = halog(lines, "-pct")[-1]
    expect(longest[0] == "100.0" and int(longest[1]) == len(ASKED) - 6, f"those with an answer, and their times: {longest}")


main()
