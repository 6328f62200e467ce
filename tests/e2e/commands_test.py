#!/usr/bin/env python3
"""Every command of the real `berth` against an API that answers as the real one does (web/mock): what is printed, JSON, exit codes,
colours, streams, completion in real shells."""
import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from berth import BERTH, expect, main, test, until
from mock_api import PLAIN, Mock

SYSTEM = '[system]\nname = "shop"\n\n[service.orders]\ncommand = "node orders.js"\ninstances = 3\n'


def good(mock, *arguments, code=0, **more):
    """Standard output of a command that must end with `code`; nothing in it may be an escape."""
    result = mock.run(*arguments, **more)
    expect(result.returncode == code, f"berth {' '.join(arguments)}: {result.returncode}, wanted {code}: {result.stdout}{result.stderr}")
    expect("\033" not in result.stdout + result.stderr, f"berth {' '.join(arguments)} writes escapes into a pipe")
    expect("AddressSanitizer" not in result.stderr and "unhandled" not in result.stderr, result.stderr)
    return result.stdout + (result.stderr if code else "")


def has(text, *parts):
    for part in parts:
        expect(part in text, f"no {part!r} in: {text}")


def parsed(text, lines=False):
    try:
        return [json.loads(line) for line in text.strip().split("\n")] if lines else json.loads(text)
    except ValueError as error:
        expect(False, f"no JSON ({error}): {text[:300]}")


@test
def what_runs_is_shown():
    with Mock() as mock:
        has(good(mock, "ps"), "shop · dev · recommendations fails", "instance ", "orders/2", "healthy", "payments/2")
        one = good(mock, "ps", "-v", "Recommendations", folder="deep/er")
        has(one, "recommendations/1", "recommendations: failing, 34 % of its requests answer 500")
        expect("orders/1" not in one, "ps SERVICE shows others too")
        has(good(mock, "top", "--once"), "requests/s", "http://orders:7480", "shoppers", " - ")
        state = parsed(good(mock, "ps", "--json"))
        expect({s["name"] for s in state["services"]} >= {"orders", "web"}, "ps --json is not the state")
        expect(parsed(good(mock, "ps", "orders", "--json"))["rollouts"], "ps SERVICE --json is not the service")
        expect(parsed(good(mock, "top", "--once", "--json"))["system"]["name"] == "shop", "top --json is not the state")


@test
def charts_are_pictures_or_lines():
    with Mock() as mock:
        has(good(mock, "chart", "system"), "Median latency per service", "recommendations", "oldest to newest", " ms")
        has(good(mock, "chart", "sum by (service) (rate(berth_requests_total[1m]))", "--unit", "1/s", "--legend", "of {{service}}"), "of orders", "/s")
        expect(len(parsed(good(mock, "chart", "system", "--json"))["answers"]) == 9, "no answer for each panel")
        for arguments, size in ((("system",), (1816, 1492)), (("service", "--var", "service=users", "--dark", "--since", "1h"), None), (("42", "--size", "640x200"), (640, 200))):
            good(mock, "chart", "--png", *arguments, "-o", "out.png")
            with open(os.path.join(mock.folder, "out.png"), "rb") as file:
                png = file.read()
            expect(png[:8] == b"\x89PNG\r\n\x1a\n" and png[-8:-4] == b"IEND", f"no PNG: {png[:20]}")
            found = (int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big"))
            expect(size is None or found == size, f"{arguments}: {found}")
        has(good(mock, "chart", "--png", "x", "--size", "9x9", code=1), "--size must be WIDTHxHEIGHT")
        has(good(mock, "chart", "service", "--var", "servise=users", code=1), "there is no variable 'servise'", "service")
        has(good(mock, "chart", "x", "--kind", "pie", code=1), "--kind must be one of lines, stacked")
        has(good(mock, "chart", "--png", "42", "-o", "nowhere/out.png", code=1), "cannot write nowhere/out.png")


@test
def a_service_is_resolved_and_called_through_its_address():
    with Mock() as mock:
        has(good(mock, "resolve", "orders"), "orders.berth  127.0.0.1:", "orders/1", "healthy")
        has(good(mock, "resolve", "orders.berth"), "orders.berth")
        expect(parsed(good(mock, "resolve", "ORDERS", "--json"))["name"] == "orders.berth", "resolve --json")
        answer = parsed(good(mock, "call", "users", "/users/2?a=b c"))
        expect((answer["method"], answer["path"]) == ("GET", "/users/2?a=b%20c"), f"asked {answer}")
        expect(answer["host"].startswith("users:"), f"Host is {answer['host']}")
        mock.write("body.json", '{"from": "a file"}')
        for given, wanted in (("-", "typed"), ("@body.json", '{"from": "a file"}'), ('{"a":1}', '{"a":1}')):
            answer = parsed(good(mock, "call", "users", "-d", given, "-H", "x-ask: 7", input="typed"))
            expect((answer["method"], answer["body"], answer["path"]) == ("POST", wanted, "/"), f"{given} became {answer}")
        expect(answer["type"] == "application/json", f"its type is {answer['type']}")
        expect(parsed(good(mock, "call", "users", "-X", "PUT", "-d", "x"))["method"] == "PUT", "-X")
        has(good(mock, "call", "users", "/x", "-i", "-H", "x-ask: 7"), "200 OK", "x-asked: 7", "content-type: application/json")
        has(good(mock, "call", "users", "/?status=503", code=1), "503 Service Unavailable", "users at 127.0.0.1:")
        whole = parsed(good(mock, "call", "users", "/", "--json"))
        expect(whole["status"] == 200 and whole["seconds"] > 0 and json.loads(whole["body"])["path"] == "/", f"{whole}")
        has(good(mock, "call", "shoppers", code=1), "shoppers has no port")
        has(good(mock, "call", "users", "-H", "nonsense", code=1), "a header is 'Name: value'")


@test
def logs_are_shown_and_followed():
    with Mock() as mock:
        lines = good(mock, "logs", "payments", "-n", "20").strip().split("\n")
        expect(len(lines) == 20 and all(re.match(r"\d\d:\d\d:\d\d\.\d{3} payments/\d ", line) for line in lines), f"{lines[:3]}")
        one = good(mock, "logs", "PAYMENTS/2", "-n", "50")
        expect("payments/2" in one and "payments/1" not in one, "logs of one instance")
        expect(parsed(good(mock, "logs", "payments", "--json"))["lines"][0]["instance"].startswith("payments/"), "logs --json")
        for extra in ([], ["--json"]):
            follow = mock.start("logs", "-f", "payments", "-n", "3", *extra)
            begun = time.monotonic()
            seen = [follow.stdout.readline() for _ in range(7)]
            expect(time.monotonic() - begun < 30 and all("payments/" in line for line in seen), f"{seen}")
            if extra:
                parsed("".join(seen), lines=True)
            expect(follow.poll() is None, "logs -f ended by itself")
            follow.kill()
            follow.communicate()


@test
def top_streams_into_a_pipe():
    with Mock() as mock:
        top = mock.start("top", "--json")
        states = [json.loads(top.stdout.readline()) for _ in range(3)]
        expect(states[2]["time"] > states[0]["time"], "the states do not move on")
        top.kill()
        top.communicate()
        text = mock.start("top")
        seen = ""
        while seen.count("shop · dev") < 2:
            line = text.stdout.readline()
            expect(line, f"top ended: {seen}")
            seen += line
        text.kill()
        text.communicate()


@test
def a_stream_ends_with_3_when_the_server_goes():
    with Mock() as mock:
        follow = mock.start("logs", "-f", "payments", "-n", "1")
        follow.stdout.readline()
        mock.end()
        follow.communicate(timeout=20)
        expect(follow.returncode == 3, f"it ended with {follow.returncode}")


@test
def scale_rollback_restart_and_rm_wait_for_their_effect():
    with Mock() as mock:
        has(good(mock, "scale", "orders", "3"), "is to run 3 instances", "orders: 3 of 3 healthy in ")
        expect(len(parsed(good(mock, "ps", "orders", "--json"))["instances"]) == 3, "not three instances")
        has(good(mock, "scale", "orders", "0"), "orders is stopped in")
        has(good(mock, "rollback", "recommendations"), "returns to version 1", "recommendations runs version 1: 2 of 2 healthy in ")
        has(good(mock, "rollback", "recommendations", "2"), "runs version 2")
        has(good(mock, "rollback", "users", code=1), "no earlier version")
        has(good(mock, "restart", "users"), "users runs version 1")
        begun = time.monotonic()
        good(mock, "restart", "users", "--no-wait")
        expect(time.monotonic() - begun < 2, "--no-wait waits")
        has(good(mock, "restart", "web", "--timeout", "300ms", code=1), "not there yet after 300 ms", "berth ps -v web")
        answer = parsed(good(mock, "scale", "web", "1", "--json"))
        expect(answer["revision"] > 0 and answer["text"], f"{answer}")
        has(good(mock, "rm", "mail"), "mail is gone")
        has(good(mock, "rm", "mail", code=1), "there is no service 'mail'")


@test
def an_instance_is_killed_in_any_case_of_letters():
    with Mock() as mock:
        has(good(mock, "kill", "ORDERS/1"), "orders/1 was sent KILL")
        has(good(mock, "kill", "orders/1", code=1), "does not run")
        has(good(mock, "kill", "orders", code=1), "which instance of orders? orders/1, orders/2")
        has(good(mock, "kill", "ordres/2", code=1), "did you mean 'orders/2'?")
        expect(parsed(good(mock, "kill", "users/1", "--json"))["text"], "kill --json")


@test
def messages_are_published_and_dead_ones_sent_again():
    with Mock() as mock:
        has(good(mock, "publish", "order.created", '{"order": 7}'), "published 01JX to order.created: 1 subscriber")
        expect(parsed(good(mock, "publish", "order.created", "-", "--json", input="x"))["id"] == "01JX", "publish --json")
        mock.write("m.json", "[1]")
        good(mock, "publish", "order.created", "@m.json")
        has(good(mock, "publish", "order.created", "@none.json", code=1), "none.json")
        has(good(mock, "topics"), "order.created", "mail", "/events/order-created", "dead")
        expect(parsed(good(mock, "topics", "--json"))["topics"][0]["name"] == "order.created", "topics --json")
        has(good(mock, "topics", "order.created", "--dead"), "01JD1", "answered 500", '"customer"', "--send-again all")
        expect(len(parsed(good(mock, "topics", "order.created", "--dead", "--json"))["dead"]) == 2, "dead --json")
        has(good(mock, "topics", "order.created", "--send-again", "01JD1"), "1 sent again")
        has(good(mock, "topics", "order.created", "--send-again", "all"), "1 sent again")
        has(good(mock, "topics", "order.created", "--dead"), "no dead letter")
        has(good(mock, "topics", "order.creatd", code=1), "did you mean 'order.created'?")


@test
def series_are_drawn():
    with Mock() as mock:
        chart = good(mock, "metrics", "orders")
        has(chart, "median latency", "99 of 100", "requests/s", "errors", "┤", "15 min ago", "now")
        expect(re.search("[\u2801-\u28ff]{10}", chart), f"no curve: {chart}")
        has(good(mock, "metrics", "recommendations", "--since", "10m"), "▲v2")
        has(good(mock, "metrics"), "median, oldest to newest", "gift.value", "█")
        has(good(mock, "metrics", "gift.value"), "gift.value", "42.5 now", "┤")
        has(good(mock, "metrics", "p99"), "payments", "oldest to newest")
        expect("42.5" in good(mock, "metrics", "gift.value", "--json"), "metrics --json")
        names = {s["name"] for s in parsed(good(mock, "metrics", "orders", "--json"))["series"]}
        expect(names == {"p50", "p99", "rate", "errors"}, f"{names}")
        has(good(mock, "metrics", "gift.valu", code=1), "did you mean 'gift.value'?")


@test
def a_plan_and_a_deploy_are_told_step_by_step():
    with Mock() as mock:
        mock.write("berth.toml", SYSTEM)
        has(good(mock, "plan", folder="deep/er"), "~ orders  version 4", "instances = 2 -> 3", "+ reviews  new", "- mail  is removed")
        expect(len(parsed(good(mock, "plan", "orders", "--json"))["changes"]) == 1, "plan of one service")
        out = good(mock, "deploy")
        has(out, "~ orders", "orders/1  starting", "version 4 is deployed: 3 of 3 healthy in 1.4 s", "all 8 healthy in 1.6 s")
        lines = parsed(good(mock, "deploy", "--json"), lines=True)
        expect(lines[0]["kind"] == "plan" and lines[-1]["ok"] is True, f"{lines}")
        mock.write("berth.toml", SYSTEM + "# SAME\n")
        has(good(mock, "plan"), "nothing to change")
        mock.write("berth.toml", SYSTEM + "# BROKEN\n")
        has(good(mock, "deploy", code=1), "returned: answered 500 to /health", "orders went back to version 3")
        expect(parsed(good(mock, "deploy", "--json", code=1), lines=True)[-1]["ok"] is False, "deploy --json")
        mock.write("berth.toml", SYSTEM + "# BREAKS OFF\n")
        has(good(mock, "deploy", code=3), "the rollout goes on", "berth ps -v")


@test
def a_wrong_system_file_is_told_with_its_place():
    with Mock() as mock:
        mock.write("berth.toml", SYSTEM.replace("instances", "instnces"))
        for command in ("plan", "deploy"):
            out = good(mock, command, code=1)
            has(out, "berth.toml:6:1: unknown key 'instnces'; expected a key of a service; did you mean 'instances'?", "    6 | instnces = 3\n",
                "      | ^\n", "nothing is changed")
        result = mock.run("plan", "--json")
        expect(result.returncode == 1 and parsed(result.stdout)["problems"][0]["line"] == 6, result.stdout)
        mock.write("other.toml", SYSTEM.replace("instances", "instnces"))
        has(good(mock, "plan", "-f", "other.toml", code=1), "other.toml:6:1:")
        os.remove(os.path.join(mock.folder, "berth.toml"))
        has(good(mock, "plan", code=1), "there is no berth.toml in", "or above")


@test
def doctor_says_what_to_do():
    with Mock() as mock:
        has(good(mock, "doctor"), "berth dev of shop answers", "both are version", "Docker 24.0 answers", "warn  limits", "-> boot with")
        checks = parsed(good(mock, "doctor", "--json"))["checks"]
        expect({"berth", "version", "docker", "limits", "proxies"} == {c["name"] for c in checks}, f"{checks}")
    with Mock(MOCK_DOCTOR="bad", version="0.0.9") as mock:
        has(good(mock, "doctor", code=1), "bad   proxies", "this is 0.1.0, berth dev is 0.0.9")
        mock.end()
        out = good(mock, "doctor", code=3)
        has(out, "no berth dev runs", "descriptors", "disk", "ports", "docker")
        has(good(mock, "version"), "berth 0.1.0", "the berth dev of this folder is 0.0.9")


@test
def the_console_is_found_with_its_token():
    with Mock() as mock:
        expect(good(mock, "open").strip() == f"http://{mock.address}/?token={mock.token}", "open")
        expect(parsed(good(mock, "open", "--json"))["url"].endswith(mock.token), "open --json")


STREAMS = """[[stream]]
name = "queue"
where = 'service = "queue"'
alert = { critical = "metric >= 100", for = "10s" }
"""
STREAMS_TEST = """streams = "streams.toml"
[[test]]
name = "a full queue"
steps = [ { event = { service = "queue", metric = 200 } }, { advance = "1h" } ]
expect = [ { topic = "alerts", events = [ { state = "critical", metric = 200 } ] } ]
"""


@test
def streams_are_tested_on_virtual_time_without_a_server():
    with Mock() as mock:
        mock.end()
        mock.write("streams.toml", STREAMS)
        mock.write("streams_test.toml", STREAMS_TEST)
        has(good(mock, "streams", "test", "streams_test.toml"), "passed  a full queue", "1 of 1 tests passed")
        expect(parsed(good(mock, "streams", "test", "streams_test.toml", "--json")) == {"passed": True, "tests": [{"name": "a full queue", "passed": True, "problems": []}]}, "--json")
        mock.write("streams_test.toml", STREAMS_TEST.replace('"critical"', '"warning"'))
        has(good(mock, "streams", "test", "streams_test.toml", code=1), "failed  a full queue", "streams_test.toml:5:12: topic alerts: expected {state = warning, metric = 200} as event 1, found {",
            "0 of 1 tests passed")
        mock.write("streams.toml", STREAMS.replace("where", "wehre").replace(">= 100", ">"))
        has(good(mock, "streams", "test", "streams_test.toml", code=1), "streams.toml:3:1: unknown key 'wehre'", "did you mean 'where'?",
            "streams.toml:4:22: stream[0].alert.critical is wrong: parse error: column 9: expected a number, found the end")
        has(good(mock, "streams", "test", "nowhere.toml", code=1), "nowhere.toml")
        has(good(mock, "streams", code=2), "needs one more word: test")


@test
def without_a_server_every_command_ends_with_3():
    with Mock() as mock:
        mock.write("berth.toml", SYSTEM)
        mock.end()
        commands = [["ps"], ["top", "--once"], ["top"], ["logs", "a"], ["metrics"], ["plan"], ["deploy"], ["scale", "a", "1"], ["rollback", "a"],
                    ["restart", "a"], ["rm", "a"], ["kill", "a/1"], ["resolve", "a"], ["call", "a"], ["publish", "a", "b"], ["topics"], ["open"]]
        for command in commands:
            has(good(mock, *command, code=3), "no berth dev runs for this folder; start it with: berth dev")
        result = mock.run("ps", "--json")
        expect(parsed(result.stdout)["detail"].startswith("no berth dev runs"), result.stdout)
        shutil.rmtree(os.path.join(mock.folder, ".berth"))
        has(good(mock, "ps", code=3), "no berth dev runs")
        expect(parsed(good(mock, "version", "--json"))["running"] is None, "version needs a server")


@test
def another_system_on_the_same_port_is_not_taken_for_ours():
    with Mock() as mock, Mock() as other:
        mock.write(".berth/api.json", json.dumps({"address": other.address, "token": mock.token, "pid": 1}))
        has(good(mock, "ps", code=3), "is not this folder's berth dev")
        mock.write(".berth/api.json", "{")
        has(good(mock, "ps", code=1), "cannot be read", "start berth dev again")
        has(good(mock, "ps", "--state", os.path.join(other.folder, ".berth")), "shop")
        has(good(mock, "-C", other.folder, "ps"), "shop")


@test
def wrong_usage_ends_with_2_and_the_nearest_right_word():
    with Mock() as mock:
        has(good(mock, "deplyo", code=2), "did you mean 'deploy'?")
        has(good(mock, "logs", code=2), "logs needs SERVICE|INSTANCE")
        has(good(mock, "logs", "--folow", "x", code=2), "did you mean '--follow'?")
        has(good(mock, "scale", "orders", "many", code=2), "no whole number")
        has(good(mock, "logs", "oders", code=1), "there is no service 'oders'; did you mean 'orders'?")
        for command in ("--help", "dev --help", "deploy --help", "help logs"):
            has(good(mock, *command.split()), "berth", "Exit codes")


def on_a_terminal(mock, arguments, environment, until_text):
    """What a command writes to a terminal, read until it has written that text or ended."""
    person, program = pty.openpty()
    process = subprocess.Popen([BERTH, *arguments], cwd=mock.folder, stdin=program, stdout=program, stderr=program,
                               env={**PLAIN, "TERM": "xterm-256color", **environment})
    os.close(program)
    seen = b""
    end = time.monotonic() + 20
    while until_text.encode() not in seen and time.monotonic() < end:
        if not select.select([person], [], [], 0.2)[0]:
            continue
        try:
            part = os.read(person, 65536)
        except OSError:
            break
        seen += part
    process.kill()
    process.wait()
    os.close(person)
    expect(until_text.encode() in seen, f"{arguments} wrote {seen[-300:]!r}")
    return seen.decode(errors="replace")


@test
def colours_are_for_terminals_without_no_color():
    with Mock() as mock:
        expect("\033[31m" in on_a_terminal(mock, ["ps", "-v"], {}, "34 %"), "no colour on a terminal")
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            expect("\033" not in on_a_terminal(mock, ["top", "--once"], environment, "web "), f"colour with {environment}")
        mock.run("scale", "web", "1")
        has(on_a_terminal(mock, ["call", "users", "/"], {}, "200 OK in"), '"path":"/"')


@test
def a_closed_pipe_ends_a_command_quietly():
    with Mock() as mock:
        result = subprocess.run(f"'{BERTH}' logs -f payments | head -1", shell=True, cwd=mock.folder, capture_output=True, text=True, timeout=30)
        expect(result.stdout.count("\n") == 1 and not result.stderr, f"{result.stdout}{result.stderr}")


def shell(program, script, mock):
    path = os.path.dirname(BERTH) + ":" + os.environ["PATH"]
    result = subprocess.run([program, "-c", script], cwd=mock.folder, capture_output=True, text=True, timeout=60, env={**PLAIN, "PATH": path})
    expect(result.returncode == 0, f"{program}: {result.stdout}{result.stderr}")
    return result.stdout


@test
def words_are_completed_in_bash():
    with Mock() as mock:
        def completed(*words):
            listed = " ".join(f"'{w}'" for w in words)
            return shell("bash", f"source <(berth completion bash); COMP_WORDS=(berth {listed}); COMP_CWORD={len(words)}; _berth berth; "
                                 'printf "%s\\n" "${COMPREPLY[@]}"', mock).split()
        expect(completed("lo") == ["logs"], f"{completed('lo')}")
        expect(completed("logs", "pa") == ["payments"], f"{completed('logs', 'pa')}")
        expect(completed("kill", "orders/") == ["orders/1", "orders/2"], f"{completed('kill', 'orders/')}")
        expect(completed("publish", "") == ["order.created"], "topics")
        expect("--follow" in completed("logs", "--"), "flags")
        mock.end()
        expect(completed("logs", "pa") == [] and completed("lo") == ["logs"], "without a server")


@test
def words_are_completed_in_fish():
    with Mock() as mock:
        found = shell("fish", "berth completion fish | source; complete -C 'berth logs pa'; complete -C 'berth sc'", mock)
        has(found, "payments\t", "scale\trun so many instances")
        expect("web" not in found, found)


@test
def words_are_completed_in_zsh():
    with Mock() as mock:
        # The completion system runs inside the line editor, so a terminal types into a real zsh.
        script = ("zmodload zsh/zpty; zpty z zsh -f -i; "
                  "zpty -w z 'PS1=; autoload -Uz compinit; compinit -u -D; source <(berth completion zsh); print READ''Y'; "
                  "zpty -r z line '*READY*'; zpty -n -w z $'berth logs paym\\t'; "
                  "zpty -r z line '*payments*'; print -r -- \"$line\"")
        has(shell("zsh", script, mock), "payments")


main()
