#!/usr/bin/env python3
"""TLS of examples/async against openssl s_client and s_server, curl, and Python's ssl: each version, names, resumption, client certificates, reload."""
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from berth import expect, main, test, until
from examples import PROGRAMS, Running, run

FOLDER = tempfile.mkdtemp(prefix="berth-tls-")


def at(name):
    return os.path.join(FOLDER, name)


def openssl(*words, **more):
    result = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=60, **more)
    expect(result.returncode == 0, f"openssl {' '.join(words)}: {result.stderr}")
    return result.stdout


def authority(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", at(f"{name}.key"), "-out", at(f"{name}.pem"))


def issue(name, common_name, names, by="authority", kind=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
    """NAME.pem and NAME.key, of an authority."""
    openssl("req", "-newkey", *kind, "-nodes", "-subj", f"/CN={common_name}", "-keyout", at(f"{name}.key"), "-out", at(f"{name}.csr"))
    with open(at("extensions"), "w") as file:
        file.write(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", at(f"{name}.csr"), "-CA", at(f"{by}.pem"), "-CAkey", at(f"{by}.key"), "-CAcreateserial", "-days", "2",
            "-extfile", at("extensions"), "-out", at(f"{name}.pem"))


def echo_server(*more, certificate="server"):
    return Running("tls_echo_server", "tls:0", at(f"{certificate}.pem"), at(f"{certificate}.key"), *more)


def s_client(server, *words, commands=(), say="hello\n"):
    """What s_client tells of a connection on which it says something, until the echo is there; before, commands with what they make it tell."""
    process = subprocess.Popen(["openssl", "s_client", "-connect", server.at, "-servername", "a.example", "-CAfile", at("authority.pem"), "-verify_return_error", *words],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    told = ""
    try:
        for text, answer in (*commands, (say, say)):
            process.stdin.write(text)
            process.stdin.flush()
            line = None
            while line != "" and line != answer:
                line = process.stdout.readline()
                told += line
        process.stdin.close()
        told += process.stdout.read()
        process.wait(timeout=60)
        return told
    finally:
        process.stdout.close()
        if process.poll() is None:
            process.kill()
            process.wait()


def trusting(**more):
    context = ssl.create_default_context(cafile=at("authority.pem"))
    for name, value in more.items():
        setattr(context, name, value)
    return context


def connect(server, context, name="a.example", session=None):
    host, port = server.at.rsplit(":", 1)
    return context.wrap_socket(socket.create_connection((host, int(port)), timeout=30), server_hostname=name, session=session, suppress_ragged_eofs=False)


def exchange(connection, data):
    """One after the other: OpenSSL's objects are not for two threads at once."""
    got = b""
    for begin in range(0, len(data), 65536):
        connection.sendall(data[begin:begin + 65536])
        while len(got) < min(begin + 65536, len(data)):
            part = connection.recv(65536)
            expect(part, f"an end after {len(got)} of {len(data)} bytes")
            got += part
    return got


@test
def openssl_s_client_talks_in_each_version_and_resumes():
    with echo_server() as server:
        for flag, version in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            told = s_client(server, flag, "-sess_out", at("session"))
            expect(f"New, {version}" in told and "Verify return code: 0 (ok)" in told and "hello" in told, told)
            expect(server.process.stdout.readline() == f"{version} new a.example nobody\n", f"{version}, new")
            told = s_client(server, flag, "-sess_in", at("session"))
            expect(f"Reused, {version}" in told, told)
            expect(server.process.stdout.readline() == f"{version} resumed a.example nobody\n", f"{version}, resumed")


@test
def what_is_too_old_or_not_tls_is_refused():
    with echo_server() as server:
        for flags in (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), ("-tls1_2", "-cipher", "AES128-SHA")):
            told = s_client(server, *flags)
            expect("alert" in told and "hello" not in told.split("---")[-1], told)
        host, port = server.at.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=30) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            expect(plain.recv(100)[:1] in (b"\x15", b""), "an alert, or an end")


@test
def a_key_update_is_followed_and_renegotiation_refused():
    with echo_server() as server:
        told = s_client(server, "-tls1_3", commands=[("K\n", "KEYUPDATE\n")], say="after\n")
        expect("KEYUPDATE\nafter\nDONE\n" in told, told)
        told = s_client(server, "-tls1_2", say="R\n")
        expect("RENEGOTIATING" in told and "no renegotiation" in told, told)


@test
def pythons_ssl_gets_its_bytes_back_and_an_orderly_end():
    with echo_server() as server:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = trusting(maximum_version=version)
            with connect(server, context) as one:
                data = os.urandom(3 << 20)
                expect(exchange(one, data) == data, "3 MB come back as they were")
                session = one.session
                one.unwrap().close()
            with connect(server, context, session=session) as again:
                expect(again.session_reused, f"{version.name}: the session is not resumed")
                expect(exchange(again, b"x") == b"x", "no echo")
        with connect(server, trusting(check_hostname=False), name=None) as nameless:
            expect(exchange(nameless, b"x") == b"x", "no echo without a name")


@test
def clients_are_asked_for_their_certificate():
    with echo_server(at("clients.pem")) as server:
        context = trusting()
        context.load_cert_chain(at("client.pem"), at("client.key"))
        with connect(server, context) as known:
            expect(exchange(known, b"x") == b"x", "no echo")
            expect(server.process.stdout.readline() == "TLSv1.3 new a.example CN=orders\n", "who it is")
        stranger = trusting()
        stranger.load_cert_chain(at("server.pem"), at("server.key"))
        for context, why in ((trusting(), "CERTIFICATE_REQUIRED"), (stranger, "UNKNOWN_CA")):
            try:
                with connect(server, context) as nobody:
                    nobody.recv(1)
                expect(False, "a client without a good certificate is let in")
            except ssl.SSLError as error:
                expect(why in str(error).upper().replace(" ", "_"), f"{error}, wanted {why}")
        told = s_client(server, "-cert", at("client.pem"), "-key", at("client.key"))
        expect("Acceptable client certificate CA names" in told and "CN = clients" in told, told)


@test
def certificates_are_renewed_without_a_restart():
    for end in ("pem", "key"):
        shutil.copy(at(f"server.{end}"), at(f"live.{end}"))
    server = echo_server(certificate="live")

    def shown():
        with connect(server, trusting()) as one:
            return one.getpeercert()["subject"][0][0][1]
    try:
        expect(shown() == "server", shown())
        held = connect(server, trusting())
        with open(at("live.pem"), "w") as file:
            file.write("nonsense")
        line = server.process.stderr.readline()
        expect("kept the old" in line and "live.pem: has no certificate" in line, line)
        expect(shown() == "server", shown())
        for end in ("key", "pem"):
            shutil.copy(at(f"renewed.{end}"), at(f"live.{end}"))
        until("the renewed certificate", lambda: shown() == "renewed")
        expect(exchange(held, b"x") == b"x", "an open connection goes on")
        held.close()
    finally:
        server.process.terminate()
        server.process.wait(timeout=30)
        server.process.stdout.close()
        server.process.stderr.close()


@test
def curl_gets_pages():
    with Running("https_server", "tls:0", at("server.pem"), at("server.key")) as server:
        port = server.at.rsplit(":", 1)[1]
        base = f"https://a.example:{port}"
        words = ["curl", "-sS", "--cacert", at("authority.pem"), "--resolve", f"a.example:{port}:127.0.0.1"]
        for flags, version in (((), "2"), (("--tls-max", "1.2"), "2"), (("--http2",), "2"), (("--http1.1",), "1.1"), (("--http1.1", "-H", "connection: close"), "1.1"),
                               (("--no-alpn",), "1.1")):
            got = subprocess.run([*words, *flags, "-w", "%{http_version} ", f"{base}/one", f"{base}/two"], capture_output=True, text=True, timeout=60)
            expect((got.returncode, got.stdout) == (0, f"you want /one\n{version} you want /two\n{version} "), f"{flags}: {got}")
        untrusted = subprocess.run(["curl", "-sS", "--resolve", f"a.example:{port}:127.0.0.1", f"{base}/"], capture_output=True, text=True, timeout=60)
        expect(untrusted.returncode == 60, f"{untrusted}")
        by_address = subprocess.run(["curl", "-sS", "--cacert", at("authority.pem"), f"https://{server.at}/"], capture_output=True, text=True, timeout=60)
        expect(by_address.stdout == "you want /\n", f"{by_address}")


@test
def the_version_of_http_is_agreed_upon_by_alpn():
    with Running("https_server", "tls:0", at("server.pem"), at("server.key")) as server:
        for offered, agreed in (("h2,http/1.1", "h2"), ("http/1.1,h2", "h2"), ("http/1.1", "http/1.1"), ("other,http/1.1", "http/1.1")):
            told = subprocess.run(["openssl", "s_client", "-connect", server.at, "-alpn", offered], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                                  timeout=60).stdout
            expect(f"ALPN protocol: {agreed}\n" in told, f"{offered}: {told}")
        refused = subprocess.run(["openssl", "s_client", "-connect", server.at, "-alpn", "spdy/3"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        expect("no application protocol" in refused.stderr, f"{refused}")
        told = subprocess.run(["nghttp", "-v", "--no-verify-peer", f"https://{server.at}/one"], capture_output=True, text=True, timeout=60).stdout
        expect("negotiated protocol: h2" in told and "you want /one" in told, told)
        told = subprocess.run(["h2load", "-n", "2000", "-c", "4", "-m", "20", f"https://{server.at}/"], capture_output=True, text=True, timeout=60).stdout
        expect("2000 succeeded, 0 failed, 0 errored, 0 timeout" in told and "Application protocol: h2" in told, told)


@test
def our_client_agrees_upon_a_version_with_our_server_and_with_s_server():
    with Running("https_server", "tls:0", at("server.pem"), at("server.key")) as server:
        told = run("h2_get", "--ca", at("authority.pem"), *[f"https://{server.at}/{i}" for i in range(20)])
        expect(told == "200 HTTP/2 12 bytes\n" * 10 + "200 HTTP/2 13 bytes\n" * 10 + "1 connections\n", told)
    with open(at("page"), "w") as file:
        file.write("x" * 1000)
    with SServer("-alpn", "http/1.1") as server:
        told = run("h2_get", "--ca", at("authority.pem"), f"https://{server.at}/page")
        expect(told.startswith("200 HTTP/1 1000 bytes\n"), told)


class SServer:
    """openssl s_server -WWW on a free port: answers /FILE with the file in FOLDER."""

    def __init__(self, *words, certificate="server"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.at = f"127.0.0.1:{probe.getsockname()[1]}"
        self.process = subprocess.Popen(["openssl", "s_server", "-accept", self.at, "-cert", at(f"{certificate}.pem"), "-key", at(f"{certificate}.key"), "-WWW", *words],
                                        cwd=FOLDER, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while not self.process.stdout.readline().startswith("ACCEPT"):
            expect(self.process.poll() is None, "openssl s_server did not start")

    def __enter__(self):
        return self

    def named(self, host):
        return f"tls:{host}:{self.at.rsplit(':', 1)[1]}"

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@test
def our_client_gets_a_page_of_openssl_s_server():
    with open(at("page"), "w") as file:
        file.write("a page of s_server\n" * 20000)
    for flag, version in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
        with SServer(flag, "-alpn", "http/1.1") as server:
            got = run("tls_get", server.named("a.example"), "/page", at("authority.pem"), server.at)
            expect(got.startswith(f"{version} http/1.1 CN=server\n") and got.count("a page of s_server\n") == 20000, got[:300])


@test
def our_client_denies_whom_it_does_not_know():
    with SServer() as server:
        wrong_name = run("tls_get", server.named("other.example"), "/page", at("authority.pem"), server.at, code=1)
        expect("hostname mismatch" in wrong_name and "other.example" in wrong_name, wrong_name)
        unknown = run("tls_get", server.named("a.example"), "/page", at("clients.pem"), server.at, code=1)
        expect("not trusted" in unknown, unknown)
        system = run("tls_get", f"tls:{server.at}", "/page", code=1)
        expect("not trusted" in system, system)
    with SServer("-no_tls1_3", "-no_tls1_2", "-cipher", "ALL:@SECLEVEL=0") as old:
        expect("protocol version" in run("tls_get", f"tls:{old.at}", "/page", at("authority.pem"), code=1), "TLS 1.1 is too old")


@test
def our_client_trusts_the_systems_roots():
    with SServer() as server:
        result = subprocess.run([os.path.join(PROGRAMS, "tls_get"), f"tls:{server.at}", "/page"], env={**os.environ, "SSL_CERT_FILE": at("authority.pem")},
                                capture_output=True, text=True, timeout=60)
        expect(result.returncode == 0 and "a page of s_server" in result.stdout, f"{result}")


authority("authority")
authority("clients")
issue("server", "server", "DNS:a.example,IP:127.0.0.1")
issue("renewed", "renewed", "DNS:a.example")
issue("client", "orders", "DNS:orders.example", by="clients")
try:
    main()
finally:
    shutil.rmtree(FOLDER)
