#!/usr/bin/env python3
"""`berth proxy run` in front of instances that speak TLS: nginx (HTTP/2 and HTTP/1.1 by ALPN, client certificates asked for) and Python's http.server."""
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(__file__))
from berth import expect, free_port, main, test, until
from proxies_alone import Alone, Backend, curl, openssl, status


def authority(folder, name="ca"):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem")


def issue(folder, name, names, ca="ca"):
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.csr")
    with open(f"{folder}/{name}.ext", "w") as file:
        file.write(f"subjectAltName={names}\n")
    openssl("x509", "-req", "-in", f"{folder}/{name}.csr", "-CA", f"{folder}/{ca}.pem", "-CAkey", f"{folder}/{ca}.key", "-CAcreateserial", "-days", "2",
            "-extfile", f"{folder}/{name}.ext", "-out", f"{folder}/{name}.pem")


NGINX = """
daemon off; error_log stderr; pid {folder}/nginx.pid; worker_processes 1; events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/t1; fastcgi_temp_path {folder}/t2; uwsgi_temp_path {folder}/t3; scgi_temp_path {folder}/t4;
  client_max_body_size 16m;
  server {{
    listen 127.0.0.1:{port} ssl{http2};
    ssl_certificate {folder}/nginx.pem; ssl_certificate_key {folder}/nginx.key;
    ssl_client_certificate {folder}/ca.pem; ssl_verify_client on;
    location / {{ return 200 "$server_protocol $ssl_server_name $ssl_client_s_dn $scheme $host\\n"; }}
    location /big {{ alias {folder}/big; }}
  }}
}}
"""

TEXT = """
[listener.web]
listen = "tcp:{port}"
[service.a]
instances = ["{instance}"]
tls = {{ {tls} }}
{more}
[route.all]
service = "a"
"""


class Nginx:
    def __init__(self, folder, http2=True):
        self.port = free_port()
        with open(f"{folder}/nginx.conf", "w") as file:
            file.write(NGINX.format(folder=folder, port=self.port, http2=" http2" if http2 else ""))
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-c", f"{folder}/nginx.conf", "-p", folder], stderr=open(f"{folder}/nginx.log", "a"))
        until("nginx", lambda: socket.create_connection(("127.0.0.1", self.port), 1).close() is None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


@test
def nginx_is_verified_shown_a_certificate_and_spoken_to_as_it_chooses():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        authority(folder)
        issue(folder, "nginx", "DNS:nginx.internal")
        issue(folder, "me", "DNS:proxy.internal")
        open(f"{folder}/big", "wb").write(os.urandom(3 << 20))
        port = free_port()
        own = f'certificate = {{ chain = "{folder}/me.pem", key = "{folder}/me.key" }}'
        tls = f'ca = "{folder}/ca.pem", name = "nginx.internal", {own}'
        for http2, more, spoken in ((True, "", "HTTP/2.0"), (False, "", "HTTP/1.1"), (True, 'protocol = "http/1.1"', "HTTP/1.1"), (True, 'protocol = "h2"', "HTTP/2.0")):
            with Nginx(folder, http2) as nginx:
                check = 'check = { http = "/health", interval = "100ms" }'
                with Alone(TEXT.format(port=port, instance=f"127.0.0.1:{nginx.port}", tls=tls, more=more + "\n" + check)):
                    for _ in range(5):
                        got = curl("-H", "Host: shop.example", f"http://127.0.0.1:{port}/").split()
                        expect(got == [spoken, "nginx.internal", "CN=me", "https", "shop.example"], f"{http2} {more}: {got}")
                    curl("-o", f"{folder}/got", f"http://127.0.0.1:{port}/big")
                    expect(open(f"{folder}/got", "rb").read() == open(f"{folder}/big", "rb").read(), "a large answer as it was")
        with Nginx(folder) as nginx:
            address = f"127.0.0.1:{nginx.port}"
            with Alone(TEXT.format(port=port, instance=address, tls=f'ca = "{folder}/ca.pem", name = "other.internal", {own}', more="")) as proxy:
                refused = curl("-i", f"http://127.0.0.1:{port}/")
                expect(refused.startswith("HTTP/1.1 503") and "certificate" in refused, refused)
                taken = proxy.reload(TEXT.format(port=port, instance=address, tls=f'ca = "{folder}/ca.pem", name = "nginx.internal"', more=""))
                expect("applied" in taken, taken)
                expect(status(f"http://127.0.0.1:{port}/") == "400", "nginx wants a certificate")
                proxy.reload(TEXT.format(port=port, instance=address, tls=tls, more=""))
                until("the certificate to be shown", lambda: status(f"http://127.0.0.1:{port}/") == "200")


@test
def python_without_alpn_is_spoken_to_by_http_1_and_a_new_authority_is_taken_live():
    with tempfile.TemporaryDirectory() as folder:
        authority(folder)
        authority(folder, "next")
        issue(folder, "python", "IP:127.0.0.1")
        issue(folder, "renewed", "IP:127.0.0.1", "next")
        backend = Backend("python")
        plain = backend.server.socket
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/python.pem", f"{folder}/python.key")
        backend.server.socket = context.wrap_socket(plain, server_side=True)
        port = free_port()
        with Alone(TEXT.format(port=port, instance=backend.address, tls=f'ca = "{folder}/ca.pem"', more="")) as proxy:
            url = f"http://127.0.0.1:{port}/"
            got = json.loads(curl("-d", "x" * 100_000, url))
            expect((got["name"], got["size"]) == ("python", 100_000), str(got))
            context.load_cert_chain(f"{folder}/renewed.pem", f"{folder}/renewed.key")
            before = proxy.logged()
            os.replace(f"{folder}/next.pem", f"{folder}/ca.pem")
            until("the new authority", lambda: "the file was applied" in proxy.logged()[len(before):])
            expect(json.loads(curl(url))["name"] == "python", "by the renewed certificate")
        threading.Thread(target=backend.stop, daemon=True).start()


main()
