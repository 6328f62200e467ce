#!/usr/bin/env python3
"""The Docker driver's tests on a real Docker Engine."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from dockerd import Dockerd

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/dev/tests/runtime_test")


def main():
    if why := Dockerd.why_not():
        print(f"left out: {why}\n0 passed, 0 failed")
        return 0
    with Dockerd() as docker:
        result = subprocess.run([PROGRAM, "--gtest_filter=DockerEngine*", "--gtest_brief=1"], capture_output=True, text=True, timeout=300,
                                env={**os.environ, "BERTH_TEST_DOCKER": docker.socket})
    passed = re.search(r"\[  PASSED  \] (\d+) test", result.stdout)
    count = int(passed[1]) if passed else 0
    failed = 0 if result.returncode == 0 and count else max(1, result.stdout.count("[  FAILED  ]"))
    if failed:
        print(result.stdout[-6000:], result.stderr[-6000:])
    print(f"{count} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
