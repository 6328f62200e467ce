#!/usr/bin/env python3
"""Bad days of `berth dev`: each ends in a clear sentence with what to do, never in a hang, and nothing that was acknowledged is lost."""
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from berth import BERTH, ECHO, Dev, expect, main, test, until


def system(services):
    return '[system]\nname = "bad"\n' + services


ECHO_SERVICE = '[service.echo]\ncommand = "python3 echo.py"\nhealth = "/health"\n'


def reason(dev, name, words, seconds=30):
    """Waits until `berth ps -v` gives a reason with every word, and answers what it printed."""
    def given():
        printed = dev.run("ps", "-v").stdout
        line = next((line for line in printed.split("\n") if all(word in line for word in words)), None)
        if not line:
            raise OSError(printed[-1500:])
        return line
    return until(f"a reason for {name} with {words}", given, seconds)


def refused(folder, limit=None):
    """A `berth dev` that does not start: its exit status and what it said. `limit`: of its file descriptors."""
    shell = (f"ulimit -n {limit}; " if limit else "") + f"exec timeout -s INT 20 '{BERTH}' dev"
    result = subprocess.run(["bash", "-c", shell], cwd=folder, capture_output=True, text=True, timeout=60)
    said = result.stdout + result.stderr
    expect("Sanitizer" not in said and "terminate called" not in said, said)
    return result.returncode, said


@contextlib.contextmanager
def folder_with(toml):
    with tempfile.TemporaryDirectory(prefix="berth-e2e-") as folder:
        if toml:
            with open(os.path.join(folder, "berth.toml"), "w") as file:
                file.write(toml)
        yield folder


@test
def a_command_that_is_missing_is_named_and_the_others_run():
    with Dev(system(ECHO_SERVICE + '[service.gone]\ncommand = "nosuchprogram --fast"\n'), {"echo.py": ECHO}) as dev:
        line = reason(dev, "gone", ["nosuchprogram", "install it"])
        expect("gone/1" in line or "gone" in line, line)
        until("echo to be healthy", lambda: dev.service("echo")["health"] == "healthy")


@test
def a_program_that_ends_at_once_is_shown_with_its_last_words():
    with Dev(system('[service.ends]\ncommand = "sh -c \'echo I need a licence; exit 3\'"\n')) as dev:
        reason(dev, "ends", ["3"])
        until("its last words in the log", lambda: "I need a licence" in dev.run("logs", "ends").stdout)


@test
def a_service_that_listens_elsewhere_is_told_where_it_should():
    program = ECHO.replace('int(os.environ["PORT"])', 'int(os.environ["PORT"]) + 1')
    with Dev(system(ECHO_SERVICE), {"echo.py": program}) as dev:
        line = reason(dev, "echo", ["listens on", "$PORT"])
        expect(re.search(r"listens on \S*\d{4,5}", line), line)


@test
def an_image_that_is_not_there_and_no_docker_are_told_apart_from_a_failing_service():
    with Dev(system(ECHO_SERVICE + '[service.stock]\nimage = "nosuchimage:1"\n'), {"echo.py": ECHO},
             environment={"DOCKER_HOST": "unix:///nosuch/docker.sock"}) as dev:
        line = reason(dev, "stock", ["/nosuch/docker.sock", "install it"])
        expect("Docker" in line, line)
        until("echo to be healthy", lambda: dev.service("echo")["health"] == "healthy")


@test
def every_wrong_key_is_refused_with_line_column_and_the_nearest_word():
    with folder_with(system('[service.a]\ncomand = "sleep 9"\ninstances = "two"\nsecrets = ["KEY"]\n[job.clean]\nevery = "daily"\n')) as folder:
        status, said = refused(folder)
        expect(not os.path.exists(os.path.join(folder, ".berth", "store")), "something was begun")
    expect(status == 1, f"ended with {status}")
    for wanted in ("berth.toml:4:1", "command", "berth.toml:5:13", "integer", "berth.toml:6:1", "berth.toml:7:1", "not supported yet"):
        expect(wanted in said, f"no '{wanted}' in:\n{said}")


@test
def no_file_and_no_toml_are_told_with_the_place():
    with folder_with(None) as folder:
        status, said = refused(folder)
    expect(status == 1 and "berth.toml" in said, said)
    with folder_with('[system\nname = "x"\n') as folder:
        status, said = refused(folder)
    expect(status == 1 and "berth.toml:1:" in said, said)


@test
def a_second_dev_in_the_same_folder_says_that_one_runs():
    with Dev(system(ECHO_SERVICE), {"echo.py": ECHO}) as dev:
        dev.healthy()
        status, said = refused(dev.folder)
        expect(status == 1 and "runs here already" in said and "berth ps" in said, said)
        expect(dev.service("echo")["health"] == "healthy", "the first was disturbed")


@test
def ports_in_use_are_stepped_around_and_it_says_so():
    held = []
    for port in (7400, 8080, 8600, 5555):
        listener = socket.socket()
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
            held.append((port, listener))
        except OSError:
            listener.close()  # another one holds it: as good
    with Dev(system(ECHO_SERVICE + 'public = "web"\n'), {"echo.py": ECHO}) as dev:
        dev.healthy()
        for port, _ in held:
            expect(str(port) in dev.printed(), f"nothing was said of port {port}: {dev.printed()}")
            taken = [a["url"] for a in dev.state()["addresses"] if a["url"].rstrip("/").endswith(f":{port}")]
            expect(not taken, f"{taken} though the port is in use")
        dev.run("call", "echo", "/")
    for _, listener in held:
        listener.close()


@test
def too_few_descriptors_are_said_with_what_to_do():
    for limit in (32, 128):
        with folder_with(system('[service.a]\ncommand = "sleep 999"\n')) as folder:
            status, said = refused(folder, limit)
            left = subprocess.run(["pgrep", "-f", folder], capture_output=True, text=True).stdout.split()
        expect(status == 1 and "descriptors" in said and "ulimit" in said, said[-1500:])
        expect(not left, f"with {limit}, processes are left: {left}")


@test
def a_full_disk_refuses_what_it_cannot_keep_and_goes_on_when_there_is_room():
    if os.geteuid() != 0:
        print("       (left out: mounting a small disk needs root)")
        return
    disk = tempfile.mkdtemp(prefix="berth-e2e-disk-")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], check=True)
    try:
        with Dev(system(ECHO_SERVICE + 'on = { "thing.made" = "/events/thing" }\n'), {"echo.py": ECHO}, state=disk + "/state") as dev:
            dev.healthy()
            api = json.load(open(disk + "/state/api.json"))
            environment = json.loads(dev.run("call", "echo", "/env").stdout)
            bus = environment["BERTH_BUS_URL"]
            acknowledged = []

            def publish(n):
                result = subprocess.run(["curl", "-s", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", "-H", "content-type: application/json",
                                         "--data", json.dumps({"n": n, "pad": "x" * 20000}), f"{bus}/v1/topics/thing.made"], capture_output=True, text=True)
                if result.stdout.startswith("2"):
                    acknowledged.append(n)
                return result.stdout
            expect(publish(1).startswith("2"), "the first message was not taken")
            with open(disk + "/ballast", "wb", buffering=0) as ballast:
                try:
                    while True:
                        ballast.write(b"\0" * 65536)
                except OSError:
                    pass
            until("a message to be refused", lambda: not publish(1000 + len(acknowledged)).startswith("2"), 60)
            expect(json.loads(dev.run("call", "echo", "/").stdout)["path"] == "/", "requests do not go on")
            doctor = dev.run("doctor", ok=False).stdout
            expect("free" in doctor or "room" in doctor, doctor)
            expect(dev.process.poll() is None, "berth dev ended: " + dev.printed()[-1500:])
            os.remove(disk + "/ballast")
            until("messages to be taken again", lambda: publish(5000).startswith("2"), 60)

            def received():
                counts = json.loads(dev.run("call", "echo", "/counts").stdout)
                return {json.loads(e["body"])["n"] for e in counts["events"]} >= set(acknowledged)
            until("every acknowledged message", received, 60)
            expect(api["pid"] == dev.process.pid, "another process answers")
    finally:
        subprocess.run(["umount", "-l", disk])


main()
