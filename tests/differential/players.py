"""The players of a row: a service that does what the row says byte by byte, and a client that does so in front. Each request names its
row, so all rows run at once."""
import re
import resource
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass

LONG, TIGHT = 6, 2  # seconds: the limits of all three on the usual listener, and on that of rows about limits
UNTOLD = ("date", "server", "x-app", "x-row", "keep-alive", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
          "x-berth-reason", "sec-websocket-key", "sec-websocket-version", "sec-websocket-accept", "x-berth-deadline", "x-berth-attempt", "accept-ranges", "etag", "last-modified")


# A row has connections of its own on every side.
resource.setrlimit(resource.RLIMIT_NOFILE, (min(1 << 14, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
                                            resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


@dataclass
class Row:
    """One behaviour. `client` and `server` are steps: bytes are sent (ROW is the row's own word), others are words of the two
    players below. `server` is one script for every request, or a list of scripts, one a request, the last for all further ones."""
    name: str
    client: list
    server: object = None
    to: str = ""            # which of SERVICES answers; by itself one that is the row's alone, of two instances
    tight: bool = False     # by the listener with short limits
    answers: int = 1        # so many final answers are awaited before the connection is probed
    skip: tuple = ()        # peers whose outcome depends on timing


def reply(fields=b"", body=b"ok", status=b"200 OK", length=True):
    told = b"Content-Length: %d\r\n" % len(body) if length else b""
    return b"HTTP/1.1 " + status + b"\r\nX-App: 1\r\n" + fields + told + b"\r\n" + body


OK = ["body", reply()]


def fields_of(head):
    fields = []
    for line in head.split(b"\r\n")[1:]:
        if line:
            name, _, value = line.partition(b":")
            name, value = name.strip().lower().decode("latin-1"), value.strip().decode("latin-1")
            fields.append((name, value.lower() if name == "connection" else value))
    return fields


def told(fields):
    """The fields that matter, in the order of their names (those of one name in their own)."""
    kept = [(name, value) for name, value in fields if name not in UNTOLD and not (name == "host" and value == "a")
            and not (name == "connection" and value.lower() == "keep-alive")]
    kept.sort(key=lambda field: field[0])
    if len(kept) > 20:
        return f" ({len(kept)} fields)"
    return " {" + ", ".join(f"{name}: {brief(value)}" for name, value in kept) + "}" if kept else ""


def brief(text):
    return re.sub(r"(.)\1{30,}", lambda many: f"{many[1]}*{len(many[0])}", text)


def shown(body):
    text = body.decode("latin-1")
    return f' "{text}"' if len(text) <= 40 else f" ({len(text)} bytes)"


def body_end(fields, buffer, has_body=True):
    """(content, bytes taken, whole) of the body at the front of the buffer; what has no framing goes to the end."""
    value = dict(fields)
    if not has_body:
        return b"", 0, True
    if "chunked" in value.get("transfer-encoding", "").lower():
        content, at = b"", 0
        while True:
            end = buffer.find(b"\r\n", at)
            if end < 0:
                return content, at, False
            try:
                size = int(buffer[at:end].split(b";")[0], 16)
            except ValueError:
                return content + b"(broken chunk)", len(buffer), True
            if size == 0:
                close = buffer.find(b"\r\n\r\n", end - 0)
                if buffer[end:end + 4] == b"\r\n\r\n":
                    return content, end + 4, True
                if close < 0:
                    return content, at, False
                return content + b" (" + buffer[end + 2:close] + b")", close + 4, True
            if len(buffer) < end + 2 + size + 2:
                return content + buffer[end + 2:end + 2 + size], at, False
            content += buffer[end + 2:end + 2 + size]
            at = end + 2 + size + 2
    size = int(value.get("content-length", "-1").split(",")[0])
    if size < 0:
        return buffer, len(buffer), None
    return buffer[:size], min(size, len(buffer)), len(buffer) >= size


class Connection:
    """A socket with what has come and was not used."""

    def __init__(self, sock):
        self.sock, self.buffer, self.end = sock, b"", None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def more(self, seconds):
        """False if nothing came, or nothing can any more."""
        if self.end or seconds <= 0:
            return False
        waiting = select.poll()
        waiting.register(self.sock, select.POLLIN)
        if not waiting.poll(seconds * 1000):
            return False
        try:
            part = self.sock.recv(1 << 16)
        except OSError:
            self.end = "reset"
            return False
        self.buffer += part
        if not part:
            self.end = "closed"
        return bool(part)

    def send(self, data):
        try:
            self.sock.settimeout(LONG * 2)
            self.sock.sendall(data)
            return True
        except OSError:
            return False

    def half(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
        self.end = "self"

    def close(self):
        self.sock.close()
        self.end = "self"


class Service:
    """Two instances (ports) that do for each request what its row says, and note what they got. One for each proxy."""

    def __init__(self, rows):
        self.rows, self.lock = rows, threading.Lock()
        self.seen = [[] for _ in rows]  # what came, as text; the last may still grow
        self.heads = [0] * len(rows)
        self.active = [0] * len(rows)
        # At every address of 127.0.0.0/8, so that each row has instances of its own.
        self.listeners = [socket.create_server(("", 0), backlog=512) for _ in range(4)]
        self.dead = socket.socket()
        self.dead.bind(("127.0.0.1", 0))  # nobody listens: connections are refused
        self.hole = socket.create_server(("127.0.0.1", 0), backlog=0)  # whose queue is full: connections are not answered
        self.waiting = []
        for _ in range(3):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(self.hole.getsockname())
            self.waiting.append(one)
        for listener in self.listeners:
            threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def port(self, which):
        return {"dead": self.dead, "hole": self.hole}.get(which, None).getsockname()[1] if isinstance(which, str) else \
            self.listeners[which].getsockname()[1]

    def accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(Connection(sock),), daemon=True).start()

    def serve(self, connection):
        try:
            while self.answer(connection):
                pass
        finally:
            if connection.end != "self":
                connection.close()

    def answer(self, connection):
        while b"\r\n\r\n" not in connection.buffer:
            if not connection.more(60):
                return False
        head, _, connection.buffer = connection.buffer.partition(b"\r\n\r\n")
        found = re.search(rb"/r(\d+)w", head.split(b"\r\n")[0]) or re.search(rb"\r\nX-Row: r(\d+)w", head, re.I)
        fields = fields_of(head)
        line = brief(re.sub(r"r\d+w", "R", head.split(b"\r\n")[0].decode("latin-1")))
        if not found:
            return False
        number = int(found[1])
        if line.split()[1].endswith("/probe"):
            return connection.send(reply(body=b"probe"))
        with self.lock:
            self.active[number] += 1
            self.heads[number] += 1
            at = self.heads[number] - 1
            host = "" if any(name == "host" for name, _ in fields) else " without Host"
            self.seen[number].append(line.removesuffix(" HTTP/1.1") + host + told(fields))
        try:
            scripts = self.rows[number].server or OK
            if isinstance(scripts[0], list):
                scripts = scripts[min(at, len(scripts) - 1)]
            return self.play(connection, scripts, fields, number, at)
        finally:
            with self.lock:
                self.active[number] -= 1

    def note(self, number, at, text):
        with self.lock:
            self.seen[number][at] += text

    def play(self, connection, script, fields, number, at):
        has_body = any(name in ("content-length", "transfer-encoding") for name, _ in fields)
        body_read = not has_body
        for step in script:
            if isinstance(step, bytes):
                connection.send(step)
            elif step == "body":
                body, whole = self.read_body(connection, fields, has_body)
                if has_body:
                    self.note(number, at, shown(body) + ("" if whole else " cut"))
                body_read = True
                if not whole:
                    return False
            elif step == "close":
                return False
            elif step == "reset":
                connection.reset()
                return False
            elif step == "half":
                connection.half()
            elif step == "echo":
                self.note(number, at, shown(self.echo(connection)))
                return False
            elif step == "hang":
                end = time.monotonic() + LONG * 3
                while connection.more(end - time.monotonic()):
                    pass
                self.note(number, at, " left" if connection.end else " held")
                return False
            else:
                time.sleep(step)
        if not body_read:  # the rest is nobody's
            end = time.monotonic() + LONG * 3
            while connection.more(end - time.monotonic()):
                pass
            return False
        return True

    @staticmethod
    def read_body(connection, fields, has_body):
        end = time.monotonic() + LONG * 3
        while True:
            body, taken, whole = body_end(fields, connection.buffer, has_body)
            if whole or not connection.more(end - time.monotonic()):
                connection.buffer = connection.buffer[taken:]
                return body, bool(whole)

    @staticmethod
    def echo(connection):
        got = b""
        while True:
            got += connection.buffer
            if connection.buffer:
                connection.send(connection.buffer)
                connection.buffer = b""
            if not connection.more(LONG):
                return got

    def settled(self, number):
        """What came for the row, once nothing of it is under way."""
        end = time.monotonic() + LONG * 3
        while time.monotonic() < end:
            with self.lock:
                if self.active[number] == 0:
                    return list(self.seen[number])
            time.sleep(0.01)  # a condition is waited for
        return list(self.seen[number]) + ["never ends"]

    def stop(self):
        for each in [*self.listeners, self.dead, self.hole, *self.waiting]:
            each.close()


class Client:
    """Plays a row's client and tells what it got."""

    def __init__(self, row, number, port, service):
        self.row, self.number, self.service = row, number, service
        self.word = b"r%dw" % number
        self.connection = Connection(socket.create_connection(("127.0.0.1", port), timeout=10))
        self.local = self.connection.sock.getsockname()[1]
        self.got, self.finals, self.interims, self.tunnel = [], 0, 0, False
        first = next((step for step in row.client if isinstance(step, bytes)), b"")
        self.methods = re.findall(rb"(?:^|\r\n)([A-Za-z]+) [^ ]+ HTTP/1", b"".join(s[:65536] for s in row.client if isinstance(s, bytes))) or [first]

    def play(self):
        for step in self.row.client:
            if isinstance(step, bytes):
                self.connection.send(step.replace(b"ROW", self.word))
            elif step == "half":
                self.connection.half()
            elif step == "reset":
                self.connection.reset()
                return "gone"
            elif step == "close":
                self.connection.close()
                return "gone"
            elif step == "interim":
                self.pump(lambda: self.interims > 0)
            elif isinstance(step, tuple) and step[0] == "seen":
                self.until(lambda: self.service.heads[self.number] >= step[1])
            elif isinstance(step, tuple) and step[0] == "answers":
                self.pump(lambda: self.finals >= step[1])
            elif isinstance(step, tuple) and step[0] == "begun":
                self.pump(lambda: len(self.connection.buffer) > 0 or self.got)
            elif isinstance(step, tuple) and step[0] == "text":
                self.pump(lambda: step[1] in self.connection.buffer)
            else:
                time.sleep(step)
        return self.finish()

    def finish(self):
        self.pump(lambda: self.row.answers > 0 and self.finals >= self.row.answers and not self.tunnel, LONG * 2)
        if self.connection.end or self.tunnel:
            self.take(True)
            return self.connection.end or "silent"
        if self.finals < self.row.answers:
            self.take(True)
            return "silent"
        before = self.finals
        self.methods.append(b"GET")
        self.connection.send(b"GET /%s/probe HTTP/1.1\r\nHost: a\r\nX-Row: %s\r\n\r\n" % (self.word, self.word))
        self.pump(lambda: self.finals > before)
        if self.finals == before:
            return "closed"
        return "open" if self.got.pop().endswith('"probe"') else "open, but astray"

    @staticmethod
    def until(condition):
        end = time.monotonic() + LONG
        while not condition() and time.monotonic() < end:
            time.sleep(0.005)  # a condition is waited for

    def pump(self, condition, seconds=LONG):
        end = time.monotonic() + seconds
        while True:
            while self.take():
                pass
            if condition() or not self.connection.more(end - time.monotonic()):
                return

    def take(self, over=False):
        """One answer off the buffer; with `over` also half ones."""
        buffer = self.connection.buffer
        if self.tunnel:
            if over and buffer:
                self.got.append("then" + shown(buffer))
                self.connection.buffer = b""
            return False
        if b"\r\n\r\n" not in buffer:
            if over and buffer:
                self.got.append("half a head" if buffer.startswith(b"HTTP/") else "no HTTP" + shown(buffer))
            return False
        head, _, rest = buffer.partition(b"\r\n\r\n")
        status = int(head[9:12]) if re.match(rb"HTTP/1\.[01] \d{3}", head) else 0
        fields = fields_of(head)
        if 100 <= status < 200:
            self.interims += 1
            self.tunnel = status == 101
            self.got.append(str(status) + told(fields))
            self.connection.buffer = rest
            return True
        method = self.methods[min(self.finals, len(self.methods) - 1)]
        body, taken, whole = body_end(fields, rest, method != b"HEAD" and status not in (204, 304))
        if whole is None:
            whole = self.connection.end == "closed"
        if not whole and not over and not self.connection.end:
            return False
        self.finals += 1
        own = "x-app" not in dict(fields)
        closes = " {connection: close}" if dict(fields).get("connection", "").lower() == "close" else ""
        self.got.append(str(status) + (closes if own else told(fields) + (shown(body) if body else "")) + ("" if whole else " cut"))
        self.connection.buffer = rest[taken:]
        return True


def run_row(row, number, proxy):
    """The outcome in words, and the client's port."""
    client = Client(row, number, proxy.tight_port if row.tight else proxy.port, proxy.service)
    try:
        end = client.play()
    finally:
        if client.connection.end != "self":
            client.connection.close()
    came = proxy.service.settled(number)
    text = f"{', '.join(client.got) or 'nothing'}; {end}; to it: {' + '.join(came) or 'nothing'}"
    return text, client.local
