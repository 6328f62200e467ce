#!/usr/bin/env python3
"""Runs all of Berth's tests and ends with one line: N passed, N failed. Called by ./test."""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.chdir(ROOT)
BERTH = os.path.join(ROOT, "build/dev/src/app/berth")
passed = failed = 0
failures = []
reasons = []  # the lines of a failed program that say which of its tests failed, each with the two after it
noting = threading.Lock()


def note(ok, name, count=1):
    global passed, failed
    with noting:
        if ok:
            passed += count
        else:
            failed += count
            failures.append(name)


def command(name, argv, limit, environment=None):
    """Runs it, shows its output only if it failed; returns (ok, output)."""
    begun = time.monotonic()
    try:
        result = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                timeout=limit, env={**os.environ, **(environment or {})})
        ok, output = result.returncode == 0, result.stdout
    except subprocess.TimeoutExpired as expired:
        ok, output = False, (expired.stdout or b"").decode(errors="replace") + f"\nended after {limit} s without an answer"
    print(f"{'ok    ' if ok else 'FAILED'} {name} ({time.monotonic() - begun:.1f} s)", flush=True)
    if not ok:
        lines = output.split("\n")
        print("\n".join(lines[-60:]), flush=True)
        with noting:
            reasons.extend(f"{name}: {line}" for i, line in enumerate(lines) if any("FAILED" in near for near in lines[max(0, i - 2):i + 1]))
    return ok, output


def counted(name, argv, limit, environment=None):
    """A program that ends with 'N passed, N failed'."""
    ok, output = command(name, argv, limit, environment)
    found = re.findall(r"(\d+) passed, (\d+) failed", output)
    if not found:
        return note(ok, name)
    note(True, name, int(found[-1][0]))
    if int(found[-1][1]) or not ok:
        note(False, name, max(1, int(found[-1][1])))


def gtest(program, limit):
    name = os.path.basename(program)
    ok, output = command(name, [program, "--gtest_brief=1"], limit)
    good = re.search(r"\[  PASSED  \] (\d+) test", output)
    bad = re.search(r"(\d+) FAILED TEST", output)
    note(True, name, int(good[1]) if good else 0)
    if not ok:
        note(False, name, int(bad[1]) if bad else 1)


def build():
    ok, _ = command("web build", ["web/build"], 600)
    note(ok, "web build")
    ok, _ = command("build", ["./dev", "build"], 2400)
    note(ok, "build")
    if not ok:
        finish()


def check():
    ok, _ = command("rules of the house", ["./dev", "check"], 900)
    note(ok, "rules of the house")


def unit():
    for program in sorted(glob.glob("build/dev/tests/*_test")):
        if not program.endswith("/sim_test"):
            gtest(program, 300)


def sim():
    gtest("build/dev/tests/sim_test", 900)


def fuzz():
    ok, output = command("fuzz", ["tests/fuzz/run", "all", "2"], 600)
    note(True, "fuzz", output.count("passed fuzz"))
    if not ok:
        note(False, "fuzz", max(1, output.count("FAILED fuzz")))


def differential():
    for script in ("h1.py", "proxy.py", "termination.py"):
        counted(f"differential/{script}", [sys.executable, f"tests/differential/{script}"], 120, {"BERTH": BERTH})


def examples():
    counted("examples/shop", ["examples/shop/check"], 300)


def browser():
    counted("the web: unit tests, walks over web/mock", ["tests/browser/run"], 400)


def e2e():
    """Two at a time, the longest first: they wait more than they compute, and find free ports."""
    scripts = sorted(glob.glob("tests/e2e/*_test.py"), key=lambda script: (not script.endswith("/shop_test.py"), script))

    def run(script):
        counted(os.path.basename(script), [sys.executable, script], 900, {"BERTH": BERTH})

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(run, scripts))


def code():
    """What uses one core beside what uses the other."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        simulation = pool.submit(sim)
        for step in (unit, differential, fuzz, examples, browser):
            step()
        simulation.result()


STEPS = {"build": build, "check": check, "code": code, "unit": unit, "sim": sim, "differential": differential, "fuzz": fuzz, "examples": examples, "browser": browser, "e2e": e2e}


def finish():
    for reason in reasons[:40]:
        print(reason)
    for name in failures:
        print(f"failed: {name}")
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)


def main():
    wanted = sys.argv[1:] or ["build", "check", "code", "e2e"]
    for step in wanted:
        if step not in STEPS:
            sys.exit(f"there is no step '{step}'; steps: {' '.join(STEPS)}")
    for step in wanted:
        begun = time.monotonic()
        STEPS[step]()
        print(f"-- {step}: {time.monotonic() - begun:.0f} s", flush=True)
    finish()


main()
