#!/usr/bin/env python3
"""Memory that an idle TLS connection holds on the server's side, besides that of the stream below it."""
import subprocess

from bench import figure, program

figure("tls.idle_connection.memory", int(subprocess.check_output([program("tls_idle")])) / 1024, "KiB")
