"""A `berth dev` of the release build on a small system, for benchmarks: shares tests/e2e/berth.py."""
import json
import os
import sys

os.environ["BERTH"] = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "build/release/src/app/berth")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests/e2e"))
from berth import Dev, until  # noqa: E402
from bench import program  # noqa: E402


def system(bytes_each=128, instances=2, extra=""):
    """One service of bare HTTP responders; an answer's length tells which version gave it."""
    return f"""
[system]
name = "bench"

[service.echo]
command = "{program('http_backend')} $PORT {bytes_each}"
instances = {instances}
health = "/"
update = {{ parallel = 1, healthy_for = "500ms", deadline = "20s" }}
{extra}
"""


def start(text):
    return Dev(text).healthy()


def vip(dev, name="echo"):
    found = json.loads(dev.run("resolve", name, "--json").stdout)
    return found["address"], found["port"]
