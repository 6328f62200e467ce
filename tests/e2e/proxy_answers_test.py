#!/usr/bin/env python3
"""`berth proxy run` with answers that are made here: compressed, from folders, kept and joined."""
import gzip
import os
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from berth import BERTH, expect, free_port, main, test, until
from proxies_alone import Alone, asked, certificate, curl, status

EVENTS = """
const http = require("http");
let open = null, sent = 0;
const event = () => open && open.write(`data: ${sent++}\\n\\n`);
http.createServer((request, response) => {
  if (request.url === "/open") return response.end(open === null ? "no" : "yes");
  if (request.url === "/events") {
    request.on("close", () => (open = null));
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    open = response;
    event();
  } else if (request.url === "/next") {
    event();
    response.end("sent");
  } else {
    response.writeHead(200, { "Content-Type": "text/plain", ETag: '"1"' });
    response.end(Array.from({ length: 20000 }, (_, i) => `line ${i}`).join("\\n"));
  }
}).listen(Number(process.argv[1]), "127.0.0.1");
"""


KEPT = """
const http = require("http");
let count = 0;
http.createServer((request, response) => {
  count += 1;
  const kind = request.url.split("?")[0];
  const headers = { "Cache-Tag": "all" };
  if (kind === "/kept") headers["Cache-Control"] = "max-age=600";
  if (kind === "/asked") Object.assign(headers, { "Cache-Control": "no-cache", ETag: '"1"' });
  if (kind === "/slow") headers["Cache-Control"] = "max-age=600";
  if (kind === "/asked" && request.headers["if-none-match"] === '"1"') return response.writeHead(304, headers).end();
  const end = () => response.writeHead(200, headers).end(JSON.stringify({ count, port: process.argv[1] }));
  if (kind === "/slow") setTimeout(end, 500); else end();
}).listen(Number(process.argv[1]), "127.0.0.1");
"""


@test
def answers_are_compressed_and_folders_served():
    port, metrics_port, node_port = free_port(), free_port(), free_port()
    node = subprocess.Popen(["node", "-e", EVENTS, str(node_port)])
    text = f"""
[proxy]
metrics = "tcp:{metrics_port}"
stop_grace = "1s"
[listener.web]
listen = "tcp:{port}"
[service.node]
instances = ["127.0.0.1:{node_port}"]
[route.node]
service = "node"
compress = true
[route.site]
prefix = "/site"
files = {{ folder = "dist", fallback = "/index.html" }}
compress = true
[route.plain]
prefix = "/plain"
files = "dist"
pages = [{{ status = 404, text = "<p>lost</p>" }}]
"""
    page = "<p>" + "home " * 4000 + "</p>"
    blob = os.urandom(20 << 20)
    try:
        until("node", lambda: socket.create_connection(("127.0.0.1", node_port), 1).close() is None)
        with Alone(text) as proxy:
            url = f"http://127.0.0.1:{port}"
            os.makedirs(os.path.join(proxy.folder, "dist/docs"))
            for name, content in (("index.html", page), ("docs/index.html", "docs"), ("app.js", "plain")):
                proxy.write("dist/" + name, content)
            with open(os.path.join(proxy.folder, "dist/app.js.gz"), "wb") as file:
                file.write(gzip.compress(b"twin"))
            with open(os.path.join(proxy.folder, "dist/blob"), "wb") as file:
                file.write(blob)
            expected = curl(url + "/text")
            expect(len(expected) > 100_000, "node's text")
            for coding in ("gzip", "zstd"):
                got = curl("--compressed", "-H", f"Accept-Encoding: {coding}", url + "/text")
                expect(got == expected, f"{coding} is not what node sent")
                size = int(curl("-o", "/dev/null", "-w", "%{size_download}", "-H", f"Accept-Encoding: {coding}", url + "/text"))
                expect(size < len(expected) / 2, f"{coding}: {size} of {len(expected)}")
            head = curl("-i", "-H", "Accept-Encoding: gzip", "-H", "Cookie: a=b", "-H", "Sec-Fetch-Site: cross-site", url + "/text")
            expect("Content-Encoding" not in head and "Vary: Accept-Encoding" in head, head[:600])
            events = subprocess.Popen(["curl", "-sSN", "--compressed", "-H", "Accept-Encoding: gzip", url + "/events"], stdout=subprocess.PIPE, text=True)
            for number in range(3):
                line = events.stdout.readline()  # node sends the next one only when it is asked for it
                expect(line == f"data: {number}\n" and events.stdout.readline() == "\n", line)
                curl(url + "/next")
            events.kill()
            events.wait()
            until("node to hear that the reader has gone", lambda: curl(url + "/open") == "no")
            for version in ("--http1.1", "--http2-prior-knowledge"):
                events = subprocess.Popen(["curl", "-sSN", version, url + "/events"], stdout=subprocess.PIPE, text=True)
                expect(events.stdout.readline().startswith("data: "), "an event")
                expect(curl(url + "/open") == "yes", "it is open")
                events.kill()  # no event follows
                events.wait()
                until(f"node to hear it by {version}", lambda: curl(url + "/open") == "no", 10)
            expect(curl("--compressed", url + "/site/") == page and curl(url + "/site/some/where") == page, "index and fallback")
            expect(curl("--compressed", "-H", "Accept-Encoding: gzip", url + "/site/app.js") == "twin" and curl(url + "/site/app.js") == "plain", "the twin")
            expect(curl("-L", url + "/site/docs") == "docs" and curl("-L", url + "/plain") == page, "to the slash")
            lost = curl("-i", url + "/plain/none")
            expect(lost.startswith("HTTP/1.1 404") and lost.endswith("<p>lost</p>"), lost)
            expect(status("--path-as-is", url + "/plain/..%2f../proxy.toml") == "400" and status("--path-as-is", url + "/plain/../../proxy.toml") == "400", "out of the folder")
            copy = os.path.join(proxy.folder, "copy")
            curl("-o", copy, url + "/plain/blob")
            expect(open(copy, "rb").read() == blob, "a long file")
            curl("-o", copy, "-r", "5000000-14999999", url + "/plain/blob")
            expect(open(copy, "rb").read() == blob[5_000_000:15_000_000], "a part of it")
            etag = next(line for line in curl("-I", url + "/plain/blob").splitlines() if line.lower().startswith("etag: "))[6:].strip()
            expect(status("-H", f"If-None-Match: {etag}", url + "/plain/blob") == "304", "by its ETag")
            told = curl(f"http://127.0.0.1:{metrics_port}/metrics")
            expect('berth_proxy_route_http_responses_total{route="plain",code="4xx"} 1' in told, told)
            if shutil.which("promtool"):
                checked = subprocess.run(["promtool", "check", "metrics"], input=told, capture_output=True, text=True)
                expect(checked.returncode in (0, 3), checked.stdout + checked.stderr)
            expect(proxy.stop() == 0, "it ends well")
    finally:
        node.kill()
        node.wait()


@test
def answers_are_kept_joined_purged_and_counted():
    port, tls_port, backend = free_port(), free_port(), free_port()
    node = subprocess.Popen(["node", "-e", KEPT, str(backend)])
    with tempfile.TemporaryDirectory() as folder:
        certificate(folder, "a", "a.example")
        text = f"""
[proxy]
control = "proxy.sock"
[listener.web]
listen = "tcp:{port}"
[listener.secure]
listen = "tls:{tls_port}"
certificates = [{{ chain = "{folder}/a.pem", key = "{folder}/a.key" }}]
[service.a]
instances = ["127.0.0.1:{backend}"]
cache = {{ on = true, join = true }}
[route.all]
service = "a"
[[log]]
to = "stdout"
"""
        try:
            until("node", lambda: socket.create_connection(("127.0.0.1", backend), 1).close() is None)
            with Alone(text) as proxy:
                def berth(*words):
                    result = subprocess.run([BERTH, "proxy", *words], cwd=proxy.folder, capture_output=True, text=True, timeout=60)
                    expect(result.returncode == 0, f"berth proxy {words}: {result.stdout}{result.stderr}")
                    return result.stdout
                url = f"http://127.0.0.1:{port}"
                first, again = asked(url + "/kept"), curl("-i", url + "/kept")
                expect("Cache-Status: berth; hit; ttl=" in again and "Age: " in again and f'"count":{first["count"]}' in again, again)
                expect(curl("-r", "0-0", url + "/kept") == "{", "a part of it")
                head = curl("-I", url + "/kept")
                expect("Content-Length: " in head and "berth; hit" in head, head)
                asked(url + "/asked")
                about = curl("-i", url + "/asked")
                expect("Cache-Status: berth; fwd=stale; fwd-status=304" in about and "HTTP/1.1 200" in about, about)
                secure = ("--cacert", f"{folder}/a.pem", "--resolve", f"a.example:{tls_port}:127.0.0.1", "--http2")
                h2 = f"https://a.example:{tls_port}/kept"
                curl(*secure, h2)
                got = curl("-i", *secure, h2).lower()
                expect(got.startswith("http/2 200") and "cache-status: berth; hit" in got and "age: " in got, got)
                many = [subprocess.Popen(["curl", "-sS", "-i", "--max-time", "20", url + "/slow"], stdout=subprocess.PIPE, text=True) for _ in range(8)]
                told = [one.communicate()[0] for one in many]
                counts = {one.splitlines()[-1] for one in told}
                expect(len(counts) == 1 and sum("collapsed" in one or "; hit;" in one for one in told) == 7, str(told))
                expect("2 answers were forgotten" in berth("purge", "--target", "/kept*"), "purge by target")
                expect("answers were forgotten" in berth("purge", "--tag", "all"), "purge by tag")
                expect(asked(url + "/kept")["count"] != first["count"], "asked for anew")
                shown = berth("slow", "-v", "--minutes", "2")
                expect("GET /slow" in shown and "> Host: 127.0.0.1" in shown, shown)
                metrics = curl("--unix-socket", os.path.join(proxy.folder, "proxy.sock"), "http://proxy/metrics")
                expect('haproxy_backend_http_cache_hits_total{proxy="a"}' in metrics, metrics)
                until("the log", lambda: "a/<CACHE>" in proxy.printed() and " LR-- " in proxy.printed())
        finally:
            node.kill()
            node.wait()


main()
