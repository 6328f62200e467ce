"""What proxies do with a request and its answer, a row each: (name, what the client does, what the instance does). ROW stands for
the row's own word. What the steps mean is in players.py."""
from players import OK, Row, reply

FIELDS = b"Host: a\r\nX-Row: ROW\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
CHUNKED_ANSWER = b"HTTP/1.1 200 OK\r\nX-App: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nX-App: 1\r\n\r\nhello"
SOCKET = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
SWITCHED = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
TALK = [("begun",), b"hello", ("text", b"hello"), "half"]


def get(fields=b"", method=b"GET", target=b"/ROW", version=b"1.1"):
    return method + b" " + target + b" HTTP/" + version + b"\r\n" + FIELDS + fields + b"\r\n"


def post(fields=b"", body=b"hello", method=b"POST", target=b"/ROW", length=None):
    size = len(body) if length is None else length
    return get(b"Content-Length: %d\r\n" % size + fields, method, target) + body


def chunked(fields=b"", body=CHUNKS, method=b"POST"):
    return get(b"Transfer-Encoding: chunked\r\n" + fields, method) + body


def asks(name, *client, **more):
    """The instance just answers."""
    return Row(name, list(client), **more)


def answers(name, *server, client=None, **more):
    """The client just asks."""
    return Row(name, client or [get()], list(server), **more)


METHODS = [asks(f"method {method}", get(method=method.encode())) for method in
           ("GET", "HEAD", "OPTIONS", "DELETE", "PUT", "PATCH", "TRACE", "PROPFIND", "BREW", "get")] + [
    asks("method POST without a length", get(method=b"POST")),
    asks("CONNECT of a path", get(method=b"CONNECT")),
    asks("CONNECT of a host", b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nX-Row: ROW\r\n\r\n"),
    asks("OPTIONS of everything", b"OPTIONS * HTTP/1.1\r\n" + FIELDS + b"\r\n"),
    asks("OPTIONS, Max-Forwards 0", get(b"Max-Forwards: 0\r\n", b"OPTIONS")),
    asks("OPTIONS, Max-Forwards 3", get(b"Max-Forwards: 3\r\n", b"OPTIONS")),
    asks("TRACE, Max-Forwards 0", get(b"Max-Forwards: 0\r\n", b"TRACE")),
    asks("GET, Max-Forwards 0", get(b"Max-Forwards: 0\r\n")),
    asks("GET with a body", post(method=b"GET")),
    asks("HEAD with a body", post(method=b"HEAD")),
    asks("DELETE with a body", post(method=b"DELETE")),
    asks("TRACE with a body", post(method=b"TRACE")),
    asks("OPTIONS with a body", post(method=b"OPTIONS")),
]

TARGETS = [
    asks("query", get(target=b"/ROW?a=b&c=%20d?e")),
    asks("absolute target", get(target=b"http://a/ROW")),
    asks("absolute target of another host", get(target=b"http://b/ROW")),
    asks("dot segments", get(target=b"/x/../ROW/./y")),
    asks("encoded dot segments", get(target=b"/x/%2e%2e/ROW")),
    asks("two slashes", get(target=b"//ROW")),
    asks("encoded slash", get(target=b"/ROW%2fx")),
    asks("encoded letter", get(target=b"/ROW/%61")),
    asks("broken escape", get(target=b"/ROW/%zz")),
    asks("encoded NUL", get(target=b"/ROW/%00")),
    asks("above the root", get(target=b"/../../ROW")),
    asks("backslash", get(target=b"/ROW/..\\x")),
    asks("long target", get(target=b"/ROW?" + b"x" * 6000)),
    asks("target of 20 KB", get(target=b"/ROW?" + b"x" * 20000)),
]

FRAMING = [
    asks("length", post()),
    asks("length 0", post(body=b"")),
    asks("chunked", chunked()),
    asks("chunked, two chunks", chunked(body=b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")),
    asks("chunked with an extension", chunked(body=b"5;a=b\r\nhello\r\n0\r\n\r\n")),
    asks("chunked, only the last chunk", chunked(body=b"0\r\n\r\n")),
    asks("chunked GET", chunked(method=b"GET")),
    asks("length and chunked", chunked(b"Content-Length: 5\r\n")),
    asks("two lengths that differ", post(b"Content-Length: 6\r\n")),
    asks("two lengths that are equal", post(b"Content-Length: 5\r\n")),
    asks("chunked twice", chunked(b"Transfer-Encoding: chunked\r\n")),
    asks("gzip, chunked", get(b"Transfer-Encoding: gzip, chunked\r\n", b"POST") + CHUNKS),
    asks("Transfer-Encoding identity", get(b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n", b"POST") + b"hello"),
    asks("broken chunk size", chunked(body=b"zz\r\nhello\r\n0\r\n\r\n")),
    asks("broken chunk behind a good one", chunked(body=b"5\r\nhello\r\nzz\r\n"), skip=("haproxy", "nginx")),
    asks("body in two parts", post(body=b"he", length=5), ("seen", 1), b"llo", skip=("nginx",)),
    asks("body after the head was seen", get(b"Content-Length: 5\r\n", b"POST"), ("seen", 1), b"hello"),
    asks("length in HTTP/1.0", get(b"Content-Length: 5\r\n", b"POST", version=b"1.0") + b"hello"),
    asks("chunked in HTTP/1.0", get(b"Transfer-Encoding: chunked\r\n", b"POST", version=b"1.0") + CHUNKS),
    asks("body of 100 KB", post(body=b"x" * 100_000)),
]

VERSIONS = [
    asks("HTTP/1.0", get(version=b"1.0")),
    asks("HTTP/1.0, keep-alive", get(b"Connection: keep-alive\r\n", version=b"1.0")),
    asks("HTTP/1.0 without Host", b"GET /ROW HTTP/1.0\r\nX-Row: ROW\r\n\r\n"),
    answers("HTTP/1.0, chunked answer", "body", CHUNKED_ANSWER + CHUNKS, client=[get(version=b"1.0")]),
    answers("HTTP/1.0, keep-alive, chunked answer", "body", CHUNKED_ANSWER + CHUNKS, client=[get(b"Connection: keep-alive\r\n", version=b"1.0")]),
    answers("HTTP/1.0, answer until close", "body", UNTIL_CLOSE, "close", client=[get(version=b"1.0")]),
    answers("HTTP/1.0, 100 in between", "body", CONTINUE + reply(), client=[get(version=b"1.0")]),
    asks("HTTP/1.0, Expect", get(b"Expect: 100-continue\r\nContent-Length: 5\r\n", b"POST", version=b"1.0") + b"hello"),
    asks("HTTP/1.0, upgrade", get(SOCKET, version=b"1.0")),
    answers("answer of HTTP/1.0", "body", b"HTTP/1.0 200 OK\r\nX-App: 1\r\nContent-Length: 2\r\n\r\nok", "close"),
    answers("answer of HTTP/1.0 that is chunked", "body", b"HTTP/1.0 200 OK\r\nX-App: 1\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS, "close", skip=("nginx",)),
    answers("answer of HTTP/2.0", "body", b"HTTP/2.0 200 OK\r\nX-App: 1\r\nContent-Length: 2\r\n\r\nok", "close"),
    asks("request of HTTP/2.0", get(version=b"2.0")),
]

ANSWERS = [
    answers("answer without a reason", "body", b"HTTP/1.1 200\r\nX-App: 1\r\nContent-Length: 2\r\n\r\nok"),
    answers("answer with a reason of its own", "body", reply(status=b"299 Fine")),
    answers("chunked answer", "body", CHUNKED_ANSWER + CHUNKS),
    answers("chunked answer to HEAD", "body", CHUNKED_ANSWER, client=[get(method=b"HEAD")]),
    answers("length in an answer to HEAD", "body", reply(b"Content-Length: 5\r\n", b"", length=False), client=[get(method=b"HEAD")]),
    answers("body in an answer to HEAD", "body", reply(body=b"hello"), client=[get(method=b"HEAD")]),
    answers("answer until close", "body", UNTIL_CLOSE, "close"),
    answers("answer until a reset", "body", UNTIL_CLOSE, 0.3, "reset"),
    answers("204", "body", reply(status=b"204 No Content", body=b"", length=False)),
    answers("204 with a length", "body", reply(status=b"204 No Content", body=b"")),
    answers("204 with a body", "body", reply(status=b"204 No Content", body=b"hello")),
    answers("204, chunked", "body", b"HTTP/1.1 204 No Content\r\nX-App: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
    answers("205 with a body", "body", reply(status=b"205 Reset Content", body=b"")),
    answers("304 with a length", "body", reply(b"Content-Length: 5\r\n", b"", b"304 Not Modified", length=False)),
    answers("304, chunked", "body", reply(b"Transfer-Encoding: chunked\r\n", b"", b"304 Not Modified", length=False)),
    answers("answer with length and chunked", "body", CHUNKED_ANSWER[:-2] + b"Content-Length: 5\r\n\r\n" + CHUNKS),
    answers("answer with two lengths that differ", "body", reply(b"Content-Length: 3\r\n")),
    answers("answer with two lengths that are equal", "body", reply(b"Content-Length: 2\r\n")),
    answers("answer with a negative length", "body", reply(b"Content-Length: -2\r\n", length=False), "close"),
    answers("answer with another coding", "body", reply(b"Transfer-Encoding: gzip\r\n", length=False), "close"),
    answers("answer with a folded line", "body", reply(b"X-A: b\r\n c\r\n")),
    answers("answer with a blank before the colon", "body", reply(b"X-A : b\r\n")),
    answers("answer with a bare LF", "body", b"HTTP/1.1 200 OK\nX-App: 1\nContent-Length: 2\n\nok", "close", skip=("haproxy", "nginx")),
    answers("answer with NUL in a value", "body", reply(b"X-A: b\x00c\r\n")),
    answers("answer with CR in a value", "body", reply(b"X-A: b\rc\r\n")),
    answers("answer that is no HTTP", "body", b"hello world\r\n\r\n", "close", skip=("nginx",)),
    answers("answer of status 42", "body", b"HTTP/1.1 42 Odd\r\nX-App: 1\r\nContent-Length: 0\r\n\r\n", "close"),
    answers("answer of status 999", "body", reply(status=b"999 Odd")),
    answers("answer with a head of 40 KB", "body", reply(b"X-A: " + b"x" * 40_000 + b"\r\n")),
    answers("answer with bytes behind its end", "body", reply() + b"HTTP/1.1 200 OK\r\nX-App: 1\r\nContent-Length: 6\r\n\r\npoison"),
    answers("half an answer, closed", "body", reply(b"Content-Length: 5\r\n", b"he", length=False), "close"),
    answers("half an answer, reset", "body", reply(b"Content-Length: 5\r\n", b"he", length=False), 0.3, "reset"),
    answers("chunked answer that breaks off", "body", CHUNKED_ANSWER + b"5\r\nhello\r\n", "close"),
    answers("chunked answer with a broken chunk", "body", CHUNKED_ANSWER + b"5\r\nhello\r\nzz\r\n", "close", skip=("nginx", "haproxy")),
    answers("chunked answer with trailers", "body", CHUNKED_ANSWER + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
    answers("chunked answer with an extension", "body", CHUNKED_ANSWER + b"5;a=b\r\nhello\r\n0\r\n\r\n"),
    answers("redirect", "body", reply(b"Location: http://a/b\r\n", status=b"302 Found")),
]

INTERIM = [
    answers("100 that nobody asked for", "body", CONTINUE + reply()),
    answers("103 before the answer", "body", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + reply()),
    answers("102 twice before the answer", "body", b"HTTP/1.1 102 Processing\r\n\r\n" * 2 + reply()),
    answers("103 with hop-by-hop fields", "body", b"HTTP/1.1 103 Early Hints\r\nConnection: X-A\r\nX-A: b\r\nLink: </a>\r\n\r\n" + reply()),
    answers("only 100, then the end", "body", CONTINUE, "close"),
    answers("103, then the end", "body", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 0.2, "close"),
    answers("101 that nobody asked for", "body", SWITCHED, 0.3, "close"),
]

EXPECT = [
    Row("Expect, continued by the instance", [get(b"Expect: 100-continue\r\nContent-Length: 5\r\n", b"POST"), "interim", b"hello"], [CONTINUE, "body", reply()]),
    Row("Expect, chunked", [get(b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", b"POST"), "interim", CHUNKS], [CONTINUE, "body", reply()]),
    Row("Expect, the client does not wait", [post(b"Expect: 100-continue\r\n")], ["body", reply()]),
    Row("Expect, refused by the instance", [get(b"Expect: 100-continue\r\nContent-Length: 5\r\n", b"POST"), ("answers", 1)],
        [reply(status=b"417 Expectation Failed"), "close"]),
    Row("Expect, refused, kept by the instance", [get(b"Expect: 100-continue\r\nContent-Length: 5\r\n", b"POST"), ("answers", 1)],
        [reply(status=b"401 Unauthorized", body=b"no"), "hang"]),
    Row("Expect, refused, the body comes all the same", [get(b"Expect: 100-continue\r\nContent-Length: 5\r\n", b"POST"), ("answers", 1), b"hello"],
        [reply(status=b"401 Unauthorized", body=b"no"), "hang"]),
    Row("Expect without a body", [get(b"Expect: 100-continue\r\n")], OK),
    Row("Expect of something else", [post(b"Expect: miracles\r\n")], OK),
]

EARLY = [
    Row("answer before the body, then the body", [get(b"Content-Length: 5\r\n", b"POST"), ("answers", 1), b"hello"], [reply(body=b"early"), "body"]),
    Row("answer before the body, the body never comes", [get(b"Content-Length: 5\r\n", b"POST"), ("answers", 1)], [reply(body=b"early"), "hang"]),
    Row("answer before the body's end, and close", [post(body=b"he", length=5), ("answers", 1)], [reply(b"Connection: close\r\n", body=b"early"), "close"]),
    Row("answer in the middle of chunks", [get(b"Transfer-Encoding: chunked\r\n", b"POST") + b"2\r\nhe\r\n", ("answers", 1), b"3\r\nllo\r\n0\r\n\r\n"],
        [reply(body=b"early"), "body"]),
    Row("answer and body at the same time", [get(b"Transfer-Encoding: chunked\r\n", b"POST"), ("begun",), b"5\r\nhello\r\n0\r\n\r\n"],
        [CHUNKED_ANSWER + b"5\r\nearly\r\n", "body", b"0\r\n\r\n"]),
    Row("a large body that the instance refuses and closes", [get(b"Content-Length: 12000000\r\n", b"POST") + b"x" * 12_000_000],
        [reply(status=b"413 Too Large", body=b"no"), 0.3, "close"], skip=("haproxy", "nginx")),
]

TRAILERS = [
    asks("trailers", chunked(body=b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n")),
    asks("trailers that are announced", chunked(b"Trailer: X-Sum\r\n", b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n")),
    asks("a length among the trailers", chunked(body=b"5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n"), skip=("haproxy",)),
    asks("TE: trailers", get(b"Connection: TE\r\nTE: trailers\r\n")),
    asks("TE without Connection", get(b"TE: trailers\r\n")),
    asks("TE: gzip", get(b"Connection: TE\r\nTE: gzip\r\n")),
]

UPGRADES = [
    Row("WebSocket", [get(SOCKET), *TALK], [SWITCHED, "echo"], answers=0),
    Row("WebSocket, bytes with the head", [get(SOCKET) + b"hello", ("text", b"hello"), "half"], [SWITCHED, "echo"], answers=0),
    Row("WebSocket, the client ends its half", [get(SOCKET), ("begun",), b"hello", "half"], [SWITCHED, 0.3, "echo"], answers=0),
    Row("WebSocket, the instance ends at once", [get(SOCKET)], [SWITCHED + b"bye", "close"], answers=0),
    Row("WebSocket refused", [get(SOCKET)], ["body", reply(status=b"403 Forbidden", body=b"no")]),
    Row("WebSocket answered with 200", [get(SOCKET)], ["body", reply()]),
    Row("426 Upgrade Required", [get()], ["body", reply(b"Connection: Upgrade\r\nUpgrade: websocket\r\n", status=b"426 Upgrade Required")]),
    Row("Upgrade without Connection", [get(b"Upgrade: websocket\r\n")], OK),
    Row("Connection: Upgrade without Upgrade", [get(b"Connection: Upgrade\r\n")], OK),
    Row("Upgrade: h2c", [get(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n")], OK),
    Row("upgrade of a POST with a body", [post(SOCKET)], OK),
    Row("101 to another protocol", [get(SOCKET)],
        [b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n", 0.3, "close"]),
]

REUSE = [
    asks("two requests in a row", get(), ("answers", 1), get(), answers=2),
    asks("two requests at once", get() + get(), answers=2),
    asks("five requests at once, bodies among them", get() + post() + chunked() + get() + post(), answers=5),
    asks("an empty line between requests", get(), ("answers", 1), b"\r\n" + get(), answers=2),
    asks("Connection: close", get(b"Connection: close\r\n")),
    asks("Connection: close, another behind it", get(b"Connection: close\r\n") + get()),
    answers("the instance says close", "body", reply(b"Connection: close\r\n"), "close"),
    answers("after 404 of the instance", "body", reply(status=b"404 Not Found")),
    answers("after 500 of the instance", "body", reply(status=b"500 Oops")),
    Row("after 503 of the instance", [get()], ["body", reply(status=b"503 Busy")]),
    Row("after 503 of the instance to a POST", [post()], ["body", reply(status=b"503 Busy")]),
    Row("after 502 of the proxy", [get(target=b"/dead/ROW")], OK, to="dead"),
    Row("after 502 of the proxy to a POST", [post(target=b"/dead/ROW")], OK, to="dead"),
    Row("after a request that is refused", [get(b"Host: b\r\n") + get()], OK),
    Row("the kept connection was ended by the instance", [get(), ("answers", 1), 0.3, get()], [["body", reply(), "close"], OK], answers=2),
    Row("the kept connection was ended, POST", [get(), ("answers", 1), 0.3, post()], [["body", reply(), "close"], OK], answers=2),
    Row("the instance sends unasked bytes on a kept connection",
        [get(), ("answers", 1), 0.4, get()], [["body", reply(), 0.1, reply(body=b"poison"), 0.2, "close"], OK], answers=2),
]

FIELDS_ROWS = [
    asks("Connection names a field", get(b"Connection: X-A\r\nX-A: b\r\nX-B: c\r\n")),
    asks("Connection names two, in two lines", get(b"Connection: X-A\r\nX-A: b\r\nConnection: X-B\r\nX-B: c\r\n")),
    asks("Connection names Content-Length", post(b"Connection: Content-Length\r\n")),
    asks("Connection names Host", get(b"Connection: Host\r\n")),
    asks("Connection names Cookie", get(b"Connection: Cookie\r\nCookie: a=b\r\n")),
    asks("Connection names X-Forwarded-For", get(b"Connection: X-Forwarded-For\r\nX-Forwarded-For: 1.2.3.4\r\n")),
    asks("Keep-Alive", get(b"Keep-Alive: timeout=5\r\nConnection: keep-alive\r\n")),
    asks("Proxy-Connection", get(b"Proxy-Connection: keep-alive\r\n")),
    asks("Proxy-Authorization", get(b"Proxy-Authorization: Basic YTpi\r\n")),
    asks("Authorization", get(b"Authorization: Basic YTpi\r\n")),
    asks("one cookie", get(b"Cookie: a=b; c=d\r\n")),
    asks("two lines of cookies", get(b"Cookie: a=b\r\nCookie: c=d\r\n")),
    asks("a field twice", get(b"X-A: b\r\nX-A: c\r\n")),
    asks("a field with an underscore", get(b"X_A: b\r\n")),
    asks("an empty field", get(b"X-A:\r\n")),
    asks("a field above 127", get(b"X-A: \xc3\xa4\r\n")),
    asks("a field with NUL", get(b"X-A: b\x00c\r\n")),
    asks("a folded field", get(b"X-A: b\r\n c\r\n")),
    asks("a field of 7 KB", get(b"X-A: " + b"x" * 7000 + b"\r\n")),
    asks("a field of 40 KB", get(b"X-A: " + b"x" * 40_000 + b"\r\n")),
    asks("ninety fields", get(b"".join(b"X-%d: b\r\n" % n for n in range(90)))),
    asks("two hundred fields", get(b"".join(b"X-%d: b\r\n" % n for n in range(200)))),
    asks("Host twice", get(b"Host: a\r\n")),
    asks("no Host", b"GET /ROW HTTP/1.1\r\nX-Row: ROW\r\n\r\n"),
    asks("Via", get(b"Via: 1.1 other\r\n")),
    asks("Range", get(b"Range: bytes=0-1\r\n")),
    asks("If-None-Match", get(b'If-None-Match: "x"\r\n')),
    asks("Accept-Encoding", get(b"Accept-Encoding: gzip, br\r\n")),
    answers("two cookies are set", "body", reply(b"Set-Cookie: a=b\r\nSet-Cookie: c=d\r\n")),
    answers("the answer's Connection names a field", "body", reply(b"Connection: X-A\r\nX-A: b\r\nX-B: c\r\n")),
    answers("the answer's Keep-Alive", "body", reply(b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n")),
    answers("the answer's Proxy-Authenticate", "body", reply(b"Proxy-Authenticate: Basic\r\n", status=b"407 Who")),
    answers("the answer's WWW-Authenticate", "body", reply(b"WWW-Authenticate: Basic\r\n", status=b"401 Who")),
    answers("the answer's Trailer", "body", CHUNKED_ANSWER[:-2] + b"Trailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
    answers("the answer's Via", "body", reply(b"Via: 1.1 other\r\n")),
    answers("the answer has a field twice", "body", reply(b"X-A: b\r\nX-A: c\r\n")),
    answers("the answer's Upgrade without Connection", "body", reply(b"Upgrade: h2c\r\n")),
]

HALF_CLOSES = [
    asks("the client ends its half behind the request", get(), "half"),
    asks("the client ends its half behind a body", post(), "half"),
    asks("the client ends its half within the head", b"GET /ROW HTTP/1.1\r\nHost", "half"),
    asks("the client ends its half within the body", post(body=b"he", length=5), ("seen", 1), "half", skip=("nginx",)),
    asks("the client ends its half within a chunk", get(b"Transfer-Encoding: chunked\r\n", b"POST") + b"5\r\nhe", ("seen", 1), "half", skip=("nginx",)),
    Row("the client ends its half, the answer takes a while", [get(), "half"], ["body", 0.3, reply()]),
    answers("the instance ends its half behind the answer", "body", reply(), "half"),
    Row("the instance ends its half before it answers", [get()], ["body", "half", "hang"]),
    Row("the instance ends without an answer, GET", [get()], ["body", "close"]),
    Row("the instance ends without an answer, POST", [post()], ["body", "close"]),
    Row("the instance resets without an answer, POST", [post()], ["body", "reset"]),
    Row("the client resets while the answer takes a while", [get(), ("seen", 1), "reset"], ["body", 0.5, reply()]),
]

RETRIES = [
    Row("first try reset, GET", [get()], [["body", "reset"], OK]),
    Row("first try closed, GET", [get()], [["body", "close"], OK]),
    Row("first try closed, PUT", [post(method=b"PUT")], [["body", "close"], OK]),
    Row("first try closed, POST", [post()], [["body", "close"], OK]),
    Row("first try closed, PUT whose body comes later", [get(b"Content-Length: 5\r\n", b"PUT"), ("seen", 1), b"hello"], [["body", "close"], OK]),
    Row("first try closed within the head, GET", [get()], [["body", b"HTTP/1.1 200 OK\r\nX-", "close"], OK]),
    Row("first try is no HTTP, GET", [get()], [["body", b"hello\r\n\r\n", "close"], OK], skip=("nginx",)),
    Row("first try 503, GET", [get()], [["body", reply(status=b"503 Busy")], OK]),
    Row("first try 502, GET", [get()], [["body", reply(status=b"502 Bad")], OK]),
    Row("first try 500, GET", [get()], [["body", reply(status=b"500 Oops")], OK]),
    Row("first try 503, POST", [post()], [["body", reply(status=b"503 Busy")], OK]),
    Row("first try 429, GET", [get()], [["body", reply(status=b"429 Slow down")], OK]),
    Row("first try closed after an interim answer", [get()], [["body", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 0.2, "close"], OK]),
    Row("an instance refuses the connection, GET", [get(target=b"/half/ROW"), ("answers", 1), get(target=b"/half/ROW")], OK, to="half", answers=2),
    Row("an instance refuses the connection, POST", [post(target=b"/half/ROW"), ("answers", 1), post(target=b"/half/ROW")], OK, to="half", answers=2),
    Row("no instance can be connected to", [get(target=b"/hole/ROW")], OK, to="hole"),
    Row("all instances are down by their checks", [0.8, get(target=b"/down/ROW")], OK, to="down"),
]

TIMES = [
    Row("nothing is asked", [], OK, tight=True, answers=1),
    Row("the head stops", [b"GET /ROW HTTP/1.1\r\nHost: a"], OK, tight=True),
    Row("the next head stops", [get(), ("answers", 1), b"GET /ROW HTTP/1.1\r\nHost: a"], OK, tight=True, answers=2),
    Row("nothing more is asked", [get(), ("answers", 1)], OK, tight=True, answers=2),
    Row("the body stops", [post(body=b"he", length=5)], OK, tight=True),
    Row("the body never begins", [get(b"Content-Length: 5\r\n", b"POST")], OK, tight=True),
    Row("the instance does not answer, GET", [get()], ["body", "hang"], tight=True),
    Row("the instance does not answer, POST", [post()], ["body", "hang"], tight=True),
    Row("the instance stops within the head", [get()], ["body", b"HTTP/1.1 200 OK\r\n", "hang"], tight=True),
    Row("the instance stops within the body", [get()], ["body", reply(b"Content-Length: 5\r\n", b"he", length=False), "hang"], tight=True),
    Row("the instance stops behind 100", [post()], ["body", CONTINUE, "hang"], tight=True),
    Row("a slow answer whose parts come in time", [get()], ["body", reply(b"Content-Length: 5\r\n", b"h", length=False), 0.8, b"e", 0.8, b"l", 0.8, b"lo"], tight=True),
    Row("a slow body whose parts come in time", [post(body=b"h", length=5), 0.8, b"e", 0.8, b"l", 0.8, b"lo"], OK, tight=True),
    Row("a head whose parts come slowly", [b"GET /ROW HTTP/1.1\r\n", 0.8, b"Host: a\r\n", 0.8, b"X-Row: ROW\r\n", 1, b"\r\n"], OK, tight=True),
    Row("a WebSocket that is silent for a while", [get(SOCKET), ("begun",), 0.5, b"hello", ("text", b"hello"), "half"], [SWITCHED, "echo"], tight=True, answers=0),
]

ROWS = (METHODS + TARGETS + FRAMING + VERSIONS + ANSWERS + INTERIM + EXPECT + EARLY + TRAILERS + UPGRADES + REUSE + FIELDS_ROWS + HALF_CLOSES +
        RETRIES + TIMES)
