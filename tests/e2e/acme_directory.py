"""A small ACME certificate authority (RFC 8555, HTTP-01) for tests: verifies signatures, nonces, URLs, key authorizations (over a real HTTP connection) and
signing requests, and refuses what is wrong; can refuse nonces, limit the rate and fail on demand. Its own page is HTTPS by a certificate of its own root."""
import base64
import datetime
import hashlib
import http.client
import http.server
import ipaddress
import json
import os
import secrets
import ssl
import threading

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    if "=" in text or "+" in text or "/" in text:
        raise ValueError("not base64url without padding")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Refused(Exception):
    def __init__(self, status, kind, detail, headers=()):
        super().__init__(detail)
        self.status, self.kind, self.detail, self.headers = status, kind, detail, dict(headers)


class AcmeDirectory:
    """One CA on a port of its own. `http_port` is where it looks for challenges, whatever the name is (its DNS says 127.0.0.1)."""

    def __init__(self, folder, http_port):
        self.folder, self.http_port = folder, http_port
        self.life = datetime.timedelta(days=90)
        self.bad_nonces = 0      # so many of the next signed requests are told that their nonce is bad
        self.rate_limited = 0    # seconds to wait that newOrder is answered with
        self.unreachable = set()  # names that are said not to be reachable
        self.faults, self.orders, self.accounts = [], [], {}  # what a client did wrong; names by order; JWK by account URL
        self.nonces, self.authorizations, self.order_states, self.certificates = set(), {}, {}, {}
        self.lock = threading.Lock()
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test root")])
        self.root = self.certificate(name, name, self.key.public_key(), [x509.BasicConstraints(ca=True, path_length=None)])
        self.issuer_key = ec.generate_private_key(ec.SECP256R1())
        self.issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test issuer")])
        self.intermediate = self.certificate(self.issuer, name, self.issuer_key.public_key(), [x509.BasicConstraints(ca=True, path_length=0)])
        own = ec.generate_private_key(ec.SECP256R1())
        shown = self.certificate(x509.Name([]), name, own.public_key(), [x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])])
        self.ca_file = os.path.join(folder, "root.pem")
        self.write("root.pem", self.pem(self.root))
        self.write("own.pem", self.pem(shown) + own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        directory = self

        class Page(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                directory.answer(self)

            do_HEAD = do_POST = do_GET

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(folder, "own.pem"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.base = f"https://localhost:{self.server.server_address[1]}"
        self.url = self.base + "/directory"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def write(self, name, content):
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(content)

    @staticmethod
    def pem(certificate):
        return certificate.public_bytes(serialization.Encoding.PEM)

    def certificate(self, subject, issuer, key, extensions, life=None, by=None):
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(seconds=1)).not_valid_after(now + (life or datetime.timedelta(days=365))))
        for each in extensions:
            builder = builder.add_extension(each, critical=isinstance(each, x509.BasicConstraints))
        return builder.sign(by or self.key, hashes.SHA256())

    def answer(self, page):
        body = page.rfile.read(int(page.headers.get("content-length", 0)))
        with self.lock:
            try:
                status, headers, content = self.act(page, body)
            except Refused as refused:
                if refused.kind not in ("badNonce", "rateLimited"):
                    self.faults.append(f"{page.path}: {refused.detail}")
                status, headers = refused.status, {**refused.headers, "Content-Type": "application/problem+json"}
                content = json.dumps({"type": "urn:ietf:params:acme:error:" + refused.kind, "detail": refused.detail}).encode()
            except Exception as error:  # of a request that is no JWS at all
                self.faults.append(f"{page.path}: {error!r}")
                status, headers, content = 400, {}, json.dumps({"type": "urn:ietf:params:acme:error:malformed", "detail": repr(error)}).encode()
            nonce = b64(secrets.token_bytes(16))
            self.nonces.add(nonce)
        page.send_response(status)
        for name, value in {**headers, "Replay-Nonce": nonce, "Content-Length": str(len(content))}.items():
            page.send_header(name, value)
        page.end_headers()
        if page.command != "HEAD":
            page.wfile.write(content)

    def act(self, page, body):
        if page.path == "/directory" and page.command == "GET":
            urls = {name: f"{self.base}/{path}" for name, path in (("newNonce", "nonce"), ("newAccount", "account"), ("newOrder", "order"))}
            return self.told({**urls, "meta": {"termsOfService": self.base + "/terms"}})
        if page.path == "/nonce" and page.command in ("HEAD", "GET"):
            return 200, {"Cache-Control": "no-store"}, b""
        if page.command != "POST":
            raise Refused(405, "malformed", "every request is a signed POST")
        payload, jwk, account = self.verified(page, body)
        kind, _, rest = page.path[1:].partition("/")
        return getattr(self, "do_" + kind)(rest, payload, jwk, account)

    @staticmethod
    def told(value, status=200, **headers):
        return status, {**headers, "Content-Type": "application/json"}, json.dumps(value).encode()

    def verified(self, page, body):
        """RFC 8555 section 6: the payload, the key that signed it, and whose it is."""
        if page.headers.get("content-type") != "application/jose+json":
            raise Refused(415, "malformed", "not application/jose+json")
        jws = json.loads(body)
        if set(jws) != {"protected", "payload", "signature"}:
            raise Refused(400, "malformed", f"members {sorted(jws)}")
        head = json.loads(unb64(jws["protected"]))
        if head["alg"] != "ES256":
            raise Refused(400, "badSignatureAlgorithm", head["alg"])
        if head["url"] != self.base + page.path:
            raise Refused(401, "unauthorized", f"the url is {head['url']}")
        if head["nonce"] not in self.nonces:
            raise Refused(400, "malformed", "a nonce that was never given, or used before")
        self.nonces.remove(head["nonce"])
        if ("jwk" in head) == ("kid" in head) or ("jwk" in head) != (page.path == "/account"):
            raise Refused(400, "malformed", "jwk or kid, and jwk for new accounts alone")
        jwk = head.get("jwk") or self.accounts.get(head["kid"])
        if not jwk:
            raise Refused(400, "accountDoesNotExist", "no such account")
        key = ec.EllipticCurvePublicNumbers(int.from_bytes(unb64(jwk["x"]), "big"), int.from_bytes(unb64(jwk["y"]), "big"), ec.SECP256R1()).public_key()
        signature = unb64(jws["signature"])
        if len(signature) != 64:
            raise Refused(400, "malformed", "the signature has not 64 bytes")
        der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        try:
            key.verify(der, f"{jws['protected']}.{jws['payload']}".encode(), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise Refused(400, "malformed", "the signature is wrong") from None
        if self.bad_nonces > 0:
            self.bad_nonces -= 1
            raise Refused(400, "badNonce", "the nonce is too old")
        text = unb64(jws["payload"])
        return json.loads(text) if text else None, jwk, head.get("kid")

    def do_account(self, _rest, payload, jwk, _account):
        if payload.get("termsOfServiceAgreed") is not True:
            raise Refused(403, "userActionRequired", "the terms were not agreed to")
        for url, known in self.accounts.items():
            if known == jwk:
                return self.told({"status": "valid"}, Location=url)
        url = f"{self.base}/accounts/{len(self.accounts) + 1}"
        self.accounts[url] = jwk
        self.contact = payload.get("contact")
        return self.told({"status": "valid", "contact": self.contact}, 201, Location=url)

    def do_order(self, _rest, payload, _jwk, _account):
        if self.rate_limited:
            raise Refused(429, "rateLimited", "too many new orders", {"Retry-After": str(self.rate_limited)})
        names = [each["value"] for each in payload["identifiers"] if each["type"] == "dns"]
        number = str(len(self.orders))
        self.orders.append(names)
        urls = []
        for name in names:
            key = f"{number}-{len(urls)}"
            self.authorizations[key] = {"name": name, "token": b64(secrets.token_bytes(16)), "status": "pending", "error": None}
            urls.append(f"{self.base}/authorization/{key}")
        self.order_states[number] = {"names": names, "urls": urls, "certificate": None}
        status, headers, content = self.do_orders(number, None, None, None)
        return 201, {**headers, "Location": f"{self.base}/orders/{number}"}, content

    def do_orders(self, number, _payload, _jwk, _account):
        order = self.order_states[number]
        states = [self.authorizations[url.rsplit("/", 1)[1]]["status"] for url in order["urls"]]
        status = "valid" if order["certificate"] else "invalid" if "invalid" in states else "ready" if set(states) == {"valid"} else "pending"
        out = {"status": status, "identifiers": [{"type": "dns", "value": name} for name in order["names"]], "authorizations": order["urls"],
               "finalize": f"{self.base}/finalize/{number}"}
        if order["certificate"]:
            out["certificate"] = f"{self.base}/certificate/{number}"
        return self.told(out)

    def do_authorization(self, key, payload, _jwk, _account):
        if payload is not None:
            raise Refused(400, "malformed", "an authorization is read by POST-as-GET")
        one = self.authorizations[key]
        challenge = {"type": "http-01", "url": f"{self.base}/challenge/{key}", "token": one["token"], "status": one["status"]}
        if one["error"]:
            challenge["error"] = {"type": "urn:ietf:params:acme:error:" + one["error"][0], "detail": one["error"][1]}
        others = {"type": "dns-01", "url": f"{self.base}/dns/{key}", "token": one["token"], "status": "pending"}
        return self.told({"status": one["status"], "identifier": {"type": "dns", "value": one["name"]}, "challenges": [others, challenge]})

    def do_challenge(self, key, payload, jwk, _account):
        if payload != {}:
            raise Refused(400, "malformed", "a challenge is answered with {}")
        one = self.authorizations[key]
        threading.Thread(target=self.validate, args=(one, jwk), daemon=True).start()
        return self.told({"type": "http-01", "url": f"{self.base}/challenge/{key}", "token": one["token"], "status": "processing"})

    def validate(self, one, jwk):
        """Section 8.3, from outside, as anybody would ask."""
        thumbprint = b64(hashlib.sha256(json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":")).encode()).digest())
        error = None
        try:
            if one["name"] in self.unreachable:
                raise OSError("Connection refused")
            connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=10)
            connection.request("GET", "/.well-known/acme-challenge/" + one["token"], headers={"Host": one["name"]})
            answer = connection.getresponse()
            text = answer.read(1000).decode()
            if answer.status != 200 or text.rstrip() != f"{one['token']}.{thumbprint}":
                error = ("unauthorized", f"{one['name']} answered {answer.status} {text[:80]!r}")
        except OSError as failed:
            error = ("connection", f"Fetching http://{one['name']}/: {failed}")
        with self.lock:
            one["error"], one["status"] = error, "invalid" if error else "valid"

    def do_finalize(self, number, payload, _jwk, _account):
        order = self.order_states[number]
        if any(self.authorizations[url.rsplit("/", 1)[1]]["status"] != "valid" for url in order["urls"]):
            raise Refused(403, "orderNotReady", "names are not validated")
        request = x509.load_der_x509_csr(unb64(payload["csr"]))
        if not request.is_signature_valid:
            raise Refused(400, "badCSR", "its signature is wrong")
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
        if sorted(names) != sorted(order["names"]):
            raise Refused(400, "badCSR", f"it is for {names}")
        if request.public_key().public_numbers() in [known for known in self.certificates.values()]:
            raise Refused(400, "badCSR", "its key was used before")
        self.certificates[number] = request.public_key().public_numbers()
        leaf = self.certificate(x509.Name([]), self.issuer, request.public_key(), [x509.SubjectAlternativeName([x509.DNSName(name) for name in names])], self.life, self.issuer_key)
        order["certificate"] = self.pem(leaf) + self.pem(self.intermediate)
        return self.do_orders(number, None, None, None)

    def do_certificate(self, number, payload, _jwk, _account):
        if payload is not None:
            raise Refused(400, "malformed", "a certificate is read by POST-as-GET")
        return 200, {"Content-Type": "application/pem-certificate-chain"}, self.order_states[number]["certificate"]
