#!/usr/bin/env python3
"""The rules of the house as a test: ./dev check [--all]. Prints each breach as file:line: sentence."""
import concurrent.futures
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.chdir(ROOT)

# What each folder of src/ may include besides itself: docs say why (ARCHITECTURE.md, "The house").
MAY_USE = {"base": set(), "async": {"base"}}
MAY_USE["os"] = MAY_USE["sim"] = MAY_USE["tls"] = {"async", "base"}
MAY_USE["http"] = {"tls", "async", "base"}
MAY_USE["storage"] = MAY_USE["http"] | {"http"}
for folder in ("catalog", "observe", "bus", "tables"):
    MAY_USE[folder] = MAY_USE["storage"] | {"storage"}
for folder in ("placement", "names", "proxy", "contracts"):
    MAY_USE[folder] = MAY_USE["catalog"] | {"catalog"}
MAY_USE["runtime"] = MAY_USE["placement"] | {"placement"}
MAY_USE["console"] = set(MAY_USE) - {"os", "sim"}
MAY_USE["app"] = set(MAY_USE) | {"os", "console"} - {"sim"}

# Calls that bypass the interfaces of async/, with the folders in which they are at home.
BANNED = [
    (r"\bstd::(this_thread|thread|jthread|async)\b", {"os"}, "threads come from Workers (async/executor.h)"),
    (r"\b(std::chrono::)?(steady_clock|system_clock|high_resolution_clock)\b", {"os"}, "time comes from Clock (async/clock.h)"),
    (r"\b(gettimeofday|clock_gettime|time\(nullptr\)|usleep|nanosleep|sleep_for)\b", {"os"}, "time comes from Clock (async/clock.h)"),
    (r"\b(std::random_device|std::mt19937|rand\(\)|getrandom)\b", {"os"}, "randomness comes from Random (async/random.h)"),
    (r"(?<!\w)::(socket|connect|accept4?|recv|send|sendmsg|recvmsg|epoll_\w+|fork|vfork|execve|kill|open|fsync|fdatasync|pread|pwrite|unlink|mmap)\(", {"os"}, "system calls stay in src/os"),
    (r"#include <(sys/socket|sys/epoll|unistd|fcntl|netinet/in|sys/mman|thread)(\.h)?>", {"os"}, "system headers stay in src/os"),
    (r"#include <(iostream|regex)>", set(), "too heavy; fmt and RE2 instead"),
    (r"\b(system|popen|strcpy|sprintf|strcat|gets)\(", set(), "banned: unsafe"),
]
WORDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
ENGINES = {"storage", "bus", "tables"}  # their engine libraries make system calls of their own

breaches = []


def breach(path, line, sentence):
    breaches.append(f"{path}:{line}: {sentence}")


def files(*endings):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True).stdout
    return [f for f in listed.split("\n") if f.endswith(endings) and os.path.exists(f)]


def folder_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def check_includes(sources):
    graph = {}
    for path in sources:
        folder = folder_of(path)
        if not folder:
            continue
        if folder not in MAY_USE:
            breach(path, 1, f"src/{folder} has no line in tests/check/check.py")
            continue
        is_test = path.endswith("_test.cc") or path.endswith("_suite.h")
        allowed = MAY_USE[folder] | {folder} | ({"os", "sim"} if is_test else set())
        graph[path] = []
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            found = re.match(r'#include "([a-z0-9_]+)/([^"]+)"', line)
            if not found:
                continue
            other, name = found.groups()
            graph[path].append(f"src/{other}/{name}")
            if other in MAY_USE and other not in allowed:
                breach(path, number, f"src/{folder} may not use src/{other}; it may use {', '.join(sorted(MAY_USE[folder])) or 'nothing'}")
    # deferred.h, chain.h and promise.h are one header in three files.
    together = {"src/async/deferred.h", "src/async/chain.h", "src/async/promise.h"}
    done, path_now = set(), []

    def visit(path):
        if path in path_now:
            ring = path_now[path_now.index(path):]
            if not set(ring) <= together:
                breach(path, 1, "headers include each other in a ring: " + " -> ".join(ring + [path]))
            return
        if path in done or path not in graph:
            return
        path_now.append(path)
        for other in graph[path]:
            visit(other)
        path_now.pop()
        done.add(path)

    for path in graph:
        visit(path)


def check_text(sources):
    for path in sources:
        lines = open(path, encoding="utf-8").read().split("\n")
        if path.startswith("src/") and len(lines) > 800:
            breach(path, len(lines), f"{len(lines)} lines; 800 are the most")
        folder = folder_of(path)
        is_test = path.endswith(("_test.cc", "_suite.h", "_fuzz.cc"))
        for number, line in enumerate(lines, 1):
            if WORDS.search(line):
                breach(path, number, "unfinished work does not stay in the source")
            if len(line) > 100 and path.endswith((".cc", ".h")) and "http" not in line and 'R"' not in line and not is_test:
                breach(path, number, f"{len(line)} columns; 100 are the most")
            code = line.split("//")[0]
            if folder and not is_test:
                for pattern, home, sentence in BANNED:
                    if folder not in home and re.search(pattern, code):
                        if folder in ENGINES and "libraries" in sentence:
                            continue
                        breach(path, number, sentence)


def check_functions(sources):
    """Functions longer than 70 lines, found by the house's layout: a body begins and ends in column 0."""
    for path in sources:
        if not path.startswith("src/") or path.endswith(("_test.cc", "_fuzz.cc", "_suite.h")):
            continue
        start = None
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            if start is None and re.match(r"^[A-Za-z~].*\)( const)?( noexcept)?( override)? \{$|^    .*\)( const)? \{$", line) and not line.startswith(("namespace", "class", "struct", "enum", "    if", "    for", "    while", "    switch")):
                start = number if not line.startswith(" ") else None
            elif start is not None and line.rstrip() == "}":
                if number - start + 1 > 70:
                    breach(path, start, f"a function of {number - start + 1} lines; 70 are the most")
                start = None


def check_names(sources):
    """Two classes of one name in one namespace are one to the linker, which takes whichever it likes."""
    of_linker = {}
    for path in sources:
        if not path.startswith("src/"):
            continue
        spaces = []
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            if found := re.match(r"namespace ([\w:]*) ?{", line):
                spaces.append(found.group(1) or "(unnamed)")
            elif line.startswith("}  // namespace"):
                spaces.pop()
            elif (found := re.match(r"(?:struct|class) (\w+)(?: final)?(?: :[^:].*)? {", line)) and (path.endswith(".h") or "(unnamed)" not in spaces):
                name = "::".join(spaces + [found.group(1)])
                if name in of_linker:
                    breach(path, number, f"{name} stands in {of_linker[name]} too; nest one of them or give it another name")
                of_linker[name] = path


def check_format(sources):
    result = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *sources], capture_output=True, text=True)
    for path in sorted(set(re.findall(r"^([^:\n]+):\d+:\d+: error", result.stderr, re.M))):
        breach(path, 1, "not formatted: ./dev format")


FLAGS = ["-std=gnu++23", "-Isrc", "-Ibuild/dev/src/observe", "-fsyntax-only", "-xc++"]


# Names of the standard library with their headers: sources are built with cmake/common.h
# precompiled, so that the build does not notice a standard header that a header forgot.
STANDARD = {
    "algorithm": r"(min|max|clamp|sort|find_if|ranges)", "array": r"array", "atomic": r"atomic", "chrono": r"chrono", "coroutine": r"(coroutine_handle|suspend_always|suspend_never)",
    "cstdint": r"u?int(8|16|32|64)_t", "cstring": r"(memcpy|memset|memcmp|strlen)", "deque": r"deque", "functional": r"function", "limits": r"numeric_limits",
    "map": r"(map|multimap)", "memory": r"(unique_ptr|shared_ptr|weak_ptr|make_unique|make_shared)", "optional": r"(optional|nullopt)", "set": r"(set|multiset)", "span": r"span",
    "string": r"(string|to_string)", "string_view": r"string_view", "tuple": r"(tuple|tie|ignore)", "unordered_map": r"unordered_map", "variant": r"(variant|visit|monostate|holds_alternative)",
    "vector": r"vector",
}


def check_standard_includes(headers):
    texts = {h: open(h, encoding="utf-8").read() for h in headers}
    known = {}

    def reached(header):
        """The standard headers that it includes, through others too."""
        if header not in known:
            known[header] = set()
            text = texts.get(header, "")
            found = set(re.findall(r"^#include <([a-z_.]+)>", text, re.M))
            for inner in re.findall(r'^#include "([^"]+)"', text, re.M):
                found |= reached("src/" + inner)
            known[header] = found
        return known[header]

    for header, text in texts.items():
        code = re.sub(r"//.*|\"(\\\\.|[^\"])*\"", "", text)
        for standard, names in STANDARD.items():
            if standard in reached(header) or (standard == "string_view" and "string" in reached(header)):
                continue
            if re.search(rf"\bstd::{names}\b", code):
                breach(header, 1, f"uses what <{standard}> declares, and does not include it")


def stands_already(header):
    """True if its own .cc includes it first: then the build has shown that it stands on its own,
    but for standard headers."""
    unit = header[:-2] + ".cc"
    if not os.path.exists(unit):
        return False
    first = re.search(r'^#include.*$', open(unit, encoding="utf-8").read(), re.M)
    return bool(first) and first[0] == f'#include "{header[4:]}"'


def check_headers(headers):
    check_standard_includes(headers)
    headers = [h for h in headers if not stands_already(h)]

    def one(path):
        result = subprocess.run(["clang++-19", *FLAGS, "-"], input=f'#include "{path[4:]}"\n',
                                capture_output=True, text=True)
        if result.returncode != 0:
            first = next((l for l in result.stderr.split("\n") if "error" in l), result.stderr[:200])
            return path, f"the header does not stand on its own: {first}"
        return None

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(one, headers):
            if found:
                breach(found[0], 1, found[1])


def changed_sources():
    base = subprocess.run(["git", "rev-parse", "-q", "--verify", "HEAD~1"], capture_output=True, text=True).stdout.strip()
    names = subprocess.run(["git", "diff", "--name-only", base or "HEAD"], capture_output=True, text=True).stdout
    return [f for f in names.split("\n") if f.endswith(".cc") and f.startswith("src/") and os.path.exists(f)]


def check_tidy(sources, checks):
    if not os.path.exists("build/dev/compile_commands.json"):
        print("no build/dev: clang-tidy is left out; ./dev build first")
        return

    def one(path):
        return subprocess.run(
            ["clang-tidy-19", "-p", "build/dev", f"--checks=-*,{checks}", "--warnings-as-errors=*", "--quiet", path],
            capture_output=True, text=True)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for result in pool.map(one, sources):
            for line in result.stdout.split("\n"):
                found = re.match(r"^(/.*?):(\d+):\d+: (error|warning): (.*)", line)
                if found and "/src/" in found[1]:
                    breach(os.path.relpath(found[1]), found[2], found[4])


COROUTINE_CHECKS = "bugprone-use-after-move,misc-coroutine-hostile-raii,cppcoreguidelines-avoid-capturing-lambda-coroutines,bugprone-dangling-handle"
ALL_CHECKS = COROUTINE_CHECKS + ",bugprone-*,performance-*,-bugprone-easily-swappable-parameters,-bugprone-exception-escape,-bugprone-narrowing-conversions,-performance-enum-size,-performance-avoid-endl"


def main():
    everything = "--all" in sys.argv
    sources = [f for f in files(".h", ".cc") if not f.startswith("web/")]
    check_includes(sources)
    check_text(sources)
    check_functions(sources)
    check_names(sources)
    check_format(sources)
    check_headers([f for f in sources if f.endswith(".h") and f.startswith("src/")])
    units = [f for f in sources if f.startswith("src/") and f.endswith(".cc")]
    check_tidy(units if everything else changed_sources(), ALL_CHECKS if everything else COROUTINE_CHECKS)
    if everything:
        for preset in ("gcc", "tsan"):
            if subprocess.run(["./dev", "build", preset]).returncode != 0:
                breach(f"CMakePresets.json", 1, f"the preset {preset} does not build")
    for line in breaches:
        print(line)
    print(f"{len(sources)} sources checked, {len(breaches)} breaches")
    sys.exit(1 if breaches else 0)


main()
