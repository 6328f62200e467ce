#!/usr/bin/env python3
"""Dashboards of the real `berth dev`: kept through kill -9, charts equal to Prometheus' API, pictures with the values in their pixels."""
import http.client
import json
import math
import os
import struct
import sys
import threading
import time
import urllib.parse
import zlib

sys.path.insert(0, os.path.dirname(__file__))
from berth import ECHO, Dev, expect, main, test, until

SYSTEM = """
[system]
name = "charts"

[service.echo]
command = "python3 echo.py"
health = "/health"
public = "charts"
"""
OURS = """title = "Ours"
range = "5m"
[[panel]]
title = "Rate"
unit = "1/s"
[[panel.query]]
expr = 'sum(rate(berth_requests_total[1m]))'
legend = "requests"
"""
SERIES = (0x1F, 0x77, 0xA4)  # the first colour of a light picture
GRID = (0xED, 0xEF, 0xF2)


class Api:
    def __init__(self, dev):
        self.told = json.load(open(os.path.join(dev.folder, ".berth/api.json")))

    def ask(self, method, path, body=None, expected=200, **parameters):
        connection = http.client.HTTPConnection(self.told["address"], timeout=20)
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        connection.request(method, path + query, json.dumps(body) if body is not None else None, {"authorization": "Bearer " + self.told["token"]})
        response = connection.getresponse()
        text = response.read()
        expect(response.status == expected, f"{method} {path}: {response.status} {text[:300]}")
        return json.loads(text)


def pixels(png):
    """Width, height and rows of (red, green, blue), by the standard: each chunk's checksum, the filters none and up."""
    expect(png[:8] == b"\x89PNG\r\n\x1a\n", f"no PNG: {png[:40]}")
    at, packed, width, height = 8, b"", 0, 0
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        data = png[at + 8:at + 8 + length]
        expect(struct.unpack(">I", png[at + 8 + length:at + 12 + length])[0] == zlib.crc32(kind + data), f"checksum of {kind}")
        if kind == b"IHDR":
            width, height = struct.unpack(">II", data[:8])
        packed += data if kind == b"IDAT" else b""
        at += 12 + length
    raw, rows, above = zlib.decompress(packed), [], bytes(3 * width)
    for y in range(height):
        line = raw[y * (3 * width + 1):(y + 1) * (3 * width + 1)]
        above = bytes((a + b) & 255 for a, b in zip(line[1:], above)) if line[0] == 2 else line[1:]
        rows.append([tuple(above[3 * x:3 * x + 3]) for x in range(width)])
    return width, height, rows


@test
def a_dashboard_that_was_kept_is_there_after_kill_9():
    with Dev(SYSTEM, {"echo.py": ECHO}) as dev:
        dev.healthy()
        api = Api(dev)
        expect([d["name"] for d in api.ask("GET", "/v1/dashboards")["dashboards"]] == ["system", "service"], "the built-in ones are not alone")
        stop = threading.Event()
        acknowledged = []

        def write():
            revision = ""
            while not stop.is_set():
                text = OURS + f"# {len(acknowledged)}\n"
                try:
                    revision = api.ask("PUT", "/v1/dashboards/ours", {"toml": text, "revision": revision}, 200 if revision else 201)["revision"]
                except (OSError, http.client.HTTPException):
                    return  # killed meanwhile
                acknowledged.append(text)
        writer = threading.Thread(target=write)
        writer.start()
        until("some writes", lambda: len(acknowledged) > 20)
        dev.kill()
        stop.set()
        writer.join()
        dev.start()
        dev.healthy()
        api = Api(dev)
        found = api.ask("GET", "/v1/dashboards/ours")["toml"]
        last = int(found.rsplit("# ", 1)[1])
        expect(found == OURS + f"# {last}\n" and last >= len(acknowledged) - 1, f"write {last} is there, {len(acknowledged)} were acknowledged")
        path = os.path.join(dev.folder, ".berth/dashboards/ours.toml")
        expect(open(path).read() == found, "the file has another text")
        with open(path, "w") as file:
            file.write("title = 7\n")
        wrong = api.ask("GET", "/v1/dashboards/ours")
        expect(wrong["problems"][0]["line"] == 1 and wrong["problems"][0]["column"] == 9, f"{wrong}")
        api.ask("PUT", "/v1/dashboards/ours", {"toml": OURS, "revision": "0"}, 409)
        api.ask("DELETE", "/v1/dashboards/ours", revision=wrong["revision"])
        api.ask("GET", "/v1/dashboards/ours", expected=404)


@test
def charts_answer_what_prometheus_api_answers():
    with Dev(SYSTEM, {"echo.py": ECHO}) as dev:
        dev.healthy()
        api = Api(dev)
        for i in range(40):
            dev.run("call", "echo", "/" if i % 4 else "/fail", ok=False)
        exprs = ["sum by (service, status) (rate(berth_requests_total[30s]))", "histogram_quantile(0.9, sum by (service, le) (rate(berth_request_duration_seconds_bucket[30s])))",
                 "berth_requests_total", "42", "sum(berth_bytes_out_total) / sum(berth_requests_total)"]
        now = int(time.time()) * 1000
        answer = api.ask("POST", "/v1/charts", {"from": now - 40_000, "to": now, "step": 2000, "queries": [{"expr": e} for e in exprs] + [{"expr": "sum("}]})
        times = [answer["from"] / 1000 + i * 2 for i in range(answer["count"])]
        expect(len(times) >= 15 and times[-1] * 1000 <= answer["until"], f"{answer['count']} points until {answer['until']}")
        compared = 0
        for expr, part in zip(exprs, answer["answers"]):
            result = api.ask("GET", "/prometheus/api/v1/query_range", query=expr, start=times[0], end=times[-1], step=2)["data"]["result"]
            theirs = {json.dumps(s["metric"], sort_keys=True): {float(t): float(v) for t, v in s["values"]} for s in result}
            ours = {json.dumps(s["labels"], sort_keys=True): s["points"] for s in part["series"]}
            expect(set(ours) == set(theirs), f"{expr}: {set(ours)} here, {set(theirs)} there")
            for key, points in ours.items():
                for at, value in zip(times, points):
                    other = theirs[key].get(at, math.nan)
                    expect(value == other or (value is None and math.isnan(other)), f"{expr} {key} at {at}: {value} here, {other} there")
                    compared += 1
        expect(compared > 60 and "parse error" in answer["answers"][-1]["error"], f"{compared} points, {answer['answers'][-1]}")


@test
def pictures_have_the_values_in_their_pixels():
    with Dev(SYSTEM, {"echo.py": ECHO}) as dev:
        dev.healthy()
        for _ in range(5):
            dev.run("call", "echo", "/")
        # Two constants: the lines are flat, and their heights above the ground are as the values.
        dev.run("chart", "--png", "10", "-o", "ten.png", "--since", "1m", "--size", "800x400")
        width, height, rows = pixels(open(os.path.join(dev.folder, "ten.png"), "rb").read())
        expect((width, height) == (800, 400), f"{width} by {height}")
        lined = [y for y in range(height) if sum(p == SERIES for p in rows[y]) > width * 0.6]
        expect(0 < len(lined) <= 4 and lined[-1] - lined[0] < 5, f"rows {lined}")
        dev.run("chart", "--png", "vector(10) or label_replace(vector(5), 'a', 'b', '', '')", "-o", "two.png", "--since", "1m", "--size", "800x400")
        _, _, both = pixels(open(os.path.join(dev.folder, "two.png"), "rb").read())
        flat = [(y, colour) for y in range(height) for colour in {p for p in both[y][200:600:50]} if sum(p == colour for p in both[y]) > width * 0.6 and max(colour) - min(colour) > 60]
        tops = sorted({y for y, _ in flat})
        groups = [y for i, y in enumerate(tops) if i == 0 or y - tops[i - 1] > 3]
        expect(len(groups) == 2, f"lines at {tops}")
        # The axis' line of 0 is the lowest of the grid: 10 is twice as far above it as 5.
        ground = max(y for y in range(height) if sum(p == GRID for p in both[y]) > width * 0.6)
        expect(abs((ground - groups[0]) / (ground - groups[1]) - 2) < 0.03, f"lines at {groups}, the ground at {ground}")
        for name, more in (("system", []), ("service", ["--var", "service=echo", "--dark"])):
            dev.run("chart", "--png", name, "-o", name + ".png", *more)
            width, _, rows = pixels(open(os.path.join(dev.folder, name + ".png"), "rb").read())
            expect(width == 1816 and (max(rows[2][2]) < 40) == ("--dark" in more), f"{name}: {width} wide, {rows[2][2]} in the corner")
        wrong = dev.run("chart", "--png", "sum(", ok=False)
        expect(wrong.returncode == 1 and "parse error" in wrong.stderr, f"{wrong}")
        expect("requests" in dev.run("chart", "service").stdout, "no lines in the terminal")


if __name__ == "__main__":
    main()
