#!/usr/bin/env python3
"""Log lines kept: bytes and CPU a line beside zstd -3 of the same plain text; a rare word among 10 million lines beside grep of the plain and of the packed text."""
import os
import resource
import subprocess
import sys

from bench import FOLDER, figure, package_version, program, version

LINES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
WORD = "q7fzk3wn"
ROUNDS = 3

plain = os.path.join(FOLDER, "plain")
packed = os.path.join(FOLDER, "plain.zst")
kept = os.path.join(FOLDER, "kept")


def cpu(argv):
    """CPU seconds of it and its children, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, out


subprocess.run([program("observe_logs"), "make", plain, str(LINES)], check=True)
size = os.path.getsize(plain)
print(f"{LINES} lines, {size / LINES:.0f} bytes a line", flush=True)

zstd_cpu, _ = cpu(["zstd", "-q", "-3", "-T1", "-f", plain, "-o", packed])
zstd_bytes = os.path.getsize(packed)
_, out = cpu([program("observe_logs"), "keep", kept, plain])
kept_ns = float(out.split()[0])
_, out = cpu([program("observe_logs"), "parse", plain])
kept_ns -= float(out.split()[0])  # of reading the file, which is no part of keeping
kept_bytes = sum(os.path.getsize(os.path.join(kept, name)) for name in os.listdir(kept))

greps = {"grep": ["grep", "-F", "-w", WORD, plain], "zstdcat": ["sh", "-c", f"zstdcat {packed} | grep -F -w {WORD}"]}
grep = {}
for name, argv in greps.items():
    grep[name], out = min(cpu(argv) for _ in range(ROUNDS))
    if out.count("\n") != 1:
        raise SystemExit(f"{name} found {out}")

queries = [WORD, "/q7fz[a-z0-9]+/", "level:error \"was refused\" /:3000[0-9] /", "nosuchwordatall"]
best = {}
_, out = cpu([program("observe_logs"), "search", kept, *queries])
for line in out.splitlines():
    query, numbers = line.split("\t")
    found, read, blocks, cpu_ms, wall_ms = numbers.split()
    best[query] = min(best.get(query, (1e9,)), (float(cpu_ms), float(wall_ms), int(found), int(read), int(blocks)))
for query, (cpu_ms, wall_ms, found, read, blocks) in best.items():
    print(f"{query:45} {found:5} lines, {read} of {blocks} blocks read, {cpu_ms:.1f} ms CPU, {wall_ms:.1f} ms")
if best[WORD][2] != 1 or best[queries[1]][2] != 1 or best[queries[3]][2] != 0:
    raise SystemExit("another number of lines than there are")
print(f"grep {grep['grep'] * 1e3:.0f} ms, of the packed {grep['zstdcat'] * 1e3:.0f} ms; of zstd -3 {zstd_bytes / LINES:.1f} bytes, kept {kept_bytes / LINES:.1f} bytes a line")

zstd_version = package_version("zstd")
grep_version = version(["grep", "--version"])
figure("observe.logs.bytes", kept_bytes / LINES, "bytes", "zstd_-3", zstd_version, zstd_bytes / LINES)
figure("observe.logs.cpu", kept_ns, "ns", "zstd_-3", zstd_version, zstd_cpu / LINES * 1e9)
figure("observe.log_search.cpu", best[WORD][0], "ms", "grep", grep_version, grep["grep"] * 1e3)
figure("observe.log_search_packed.cpu", best[WORD][0], "ms", "zstdcat_grep", grep_version, grep["zstdcat"] * 1e3)
