#!/usr/bin/env python3
"""`berth proxy run` with certificates from an ACME directory: a real CA of Python (acme_directory.py) that validates over HTTP, curl that trusts its root alone."""
import datetime
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile

if os.path.realpath(sys.executable) != os.path.realpath("/usr/bin/python3"):
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])  # Debian's, which has python3-cryptography
sys.path.insert(0, os.path.dirname(__file__))
from acme_directory import AcmeDirectory
from berth import BERTH, expect, free_port, main, test, until
from proxies_alone import Alone, Backend, curl, status

TEXT = """
[proxy]
control = "proxy.sock"
[acme.shop]
directory = "{directory}"
ca = "{ca}"
names = [{names}]
contact = ["mailto:ops@shop.test"]
agree_terms = true
{more}
[listener.web]
listen = "tcp:{plain}"
[listener.secure]
listen = "tls:{secure}"
acme = ["shop"]
[service.a]
instances = ["{instance}"]
[route.all]
service = "a"
https_only = true
"""


class Site:
    """A gateway with a CA and one instance behind it."""

    def __init__(self, names=("shop.test", "www.shop.test"), more=""):
        self.folder = tempfile.TemporaryDirectory()
        self.plain, self.secure = free_port(), free_port()
        self.ca = AcmeDirectory(self.folder.name, self.plain)
        self.backend = Backend("shop")
        self.names, self.more = list(names), more

    def text(self):
        return TEXT.format(directory=self.ca.url, ca=self.ca.ca_file, names=", ".join(f'"{name}"' for name in self.names), more=self.more,
                           plain=self.plain, secure=self.secure, instance=self.backend.address)

    def get(self, host, *words, code=0):
        return curl("--cacert", self.ca.ca_file, "--resolve", f"{host}:{self.secure}:127.0.0.1", *words, f"https://{host}:{self.secure}/", code=code)

    def serial(self, host="shop.test"):
        shown = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.secure}", "-servername", host], input="", capture_output=True, text=True, timeout=20).stdout
        return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown, capture_output=True, text=True, timeout=20).stdout.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ca.stop()
        self.backend.stop()
        self.folder.cleanup()


def control(proxy, method, path):
    return json.loads(curl("--unix-socket", os.path.join(proxy.folder, "proxy.sock"), "-X", method, f"http://berth{path}"))


@test
def a_certificate_is_ordered_shown_live_kept_and_renewed():
    with Site() as site:
        site.ca.bad_nonces = 2
        with Alone(site.text()) as proxy:
            # Until it is there curl is shown one that nobody has signed (60), and then the real one, in the same process.
            until("the certificate", lambda: json.loads(site.get("shop.test"))["name"] == "shop", 60)
            expect(json.loads(site.get("www.shop.test", "--http2"))["headers"]["x-forwarded-proto"] == "https", "by the second name")
            expect(site.ca.faults == [], f"the directory found faults: {site.ca.faults}")
            expect(len(site.ca.orders) == 1 and len(site.ca.accounts) == 1, str(site.ca.orders))
            expect(site.ca.contact == ["mailto:ops@shop.test"], str(site.ca.contact))
            store = os.path.join(proxy.folder, "certificates")
            expect(stat.S_IMODE(os.stat(store).st_mode) == 0o700, "the folder is its user's")
            for name in os.listdir(store):
                expect(stat.S_IMODE(os.stat(os.path.join(store, name)).st_mode) == 0o600, f"{name} can be read by others")
            expect(status("-H", "Host: shop.test", f"http://127.0.0.1:{site.plain}/") == "308", "all else goes to https")
            expect(status("-H", "Host: shop.test", f"http://127.0.0.1:{site.plain}/.well-known/acme-challenge/x") == "308", "a challenge that is none is a path like any")
            listed = control(proxy, "GET", "/v1/certificates")["certificates"][0]
            expect(listed["name"] == "shop" and listed["failures"] == 0 and listed["until"] > listed["renew_at"], str(listed))
            metrics = curl("--unix-socket", os.path.join(proxy.folder, "proxy.sock"), "http://berth/metrics")
            expect('berth_proxy_certificate_not_after_seconds{certificate="shop"}' in metrics, "metrics")
            first = site.serial()
            proxy.process.send_signal(signal.SIGTERM)
            expect(proxy.process.wait(20) == 0, "it ends well")
            proxy.process = subprocess.Popen([BERTH, "proxy", "run", "proxy.toml"], cwd=proxy.folder, stderr=open(proxy.log, "a"))
            until("it to listen again", lambda: socket.create_connection(("127.0.0.1", site.secure), 1).close() is None)
            expect(json.loads(site.get("shop.test"))["name"] == "shop", "at once, from the store")
            expect(site.serial() == first and len(site.ca.orders) == 1, "nothing was ordered anew")
            control(proxy, "POST", "/v1/certificates/shop/renew")
            until("the next one", lambda: site.serial() not in ("", first), 60)
            expect(json.loads(site.get("shop.test"))["name"] == "shop", "by the next one")
            expect(len(site.ca.accounts) == 1, "with the same account")


@test
def a_certificate_with_a_short_life_is_renewed_by_itself_and_nothing_is_lost():
    with Site(names=["shop.test"], more="orders_per_hour_max = 20") as site:
        site.ca.life = datetime.timedelta(seconds=15)  # renewed about 10 s after it was issued
        with Alone(site.text()):
            until("the certificate", lambda: json.loads(site.get("shop.test"))["name"] == "shop", 60)
            with socket.create_connection(("127.0.0.1", site.plain)) as kept:
                answers = []
                while len(site.ca.orders) < 3:
                    answers.append(site.get("shop.test", "-o", "/dev/null", "-w", "%{http_code}"))
                expect(set(answers) == {"200"}, f"every request was answered, by a certificate that held: {set(answers)}")
                kept.sendall(b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n")
                expect(kept.recv(100).startswith(b"HTTP/1.1 308"), "a connection that was open before goes on")
            expect(site.ca.faults == [], str(site.ca.faults))


@test
def what_the_directory_refuses_is_told_in_its_words_and_not_asked_again_at_once():
    with Site() as site:
        site.ca.unreachable = {"www.shop.test"}
        with Alone(site.text()) as proxy:
            until("the reason", lambda: "www.shop.test was not validated: Fetching http://www.shop.test/: Connection refused (connection)" in proxy.logged(), 60)
            expect("next_try_in=" in proxy.logged() and "one_is_good_until=no" in proxy.logged(), proxy.logged())
            site.get("shop.test", code=60)  # the placeholder is nobody's
            site.ca.unreachable = set()
            site.ca.rate_limited = 3600
            expect(len(site.ca.orders) == 1, "it waits")
            control(proxy, "POST", "/v1/certificates/shop/renew")
            until("the limit", lambda: "too many new orders (rateLimited)" in proxy.logged(), 60)
            listed = control(proxy, "GET", "/v1/certificates")["certificates"][0]
            expect(listed["failures"] == 2 and "rateLimited" in listed["error"], str(listed))
            site.ca.rate_limited = 0
            # A start is no way around the waits.
            proxy.process.send_signal(signal.SIGTERM)
            proxy.process.wait(20)
            proxy.process = subprocess.Popen([BERTH, "proxy", "run", "proxy.toml"], cwd=proxy.folder, stderr=open(proxy.log, "a"))
            until("it to run", lambda: proxy.logged().count("message=running") == 2)
            expect(site.get("shop.test", code=60) == "" and len(site.ca.orders) == 1, "it still waits")
            control(proxy, "POST", "/v1/certificates/shop/renew")
            until("the certificate", lambda: json.loads(site.get("shop.test"))["name"] == "shop", 60)


@test
def a_directory_whose_certificate_is_not_trusted_gets_no_order():
    with Site() as site:
        text = site.text().replace(f'ca = "{site.ca.ca_file}"\n', "")
        with Alone(text) as proxy:
            until("the reason", lambda: "no certificate was issued" in proxy.logged(), 60)
            expect("certificate" in proxy.logged() and site.ca.accounts == {}, proxy.logged())


main()
