#!/usr/bin/env python3
"""embed.py PAGE OUT: writes OUT/assets.cc, which defines berth::console::assets() for the files under PAGE.

Each file is there as it is and gzip'd; the same input gives the same bytes."""
import gzip
import hashlib
import os
import shutil
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
}
LIMIT = 4 << 20  # bytes of all files: the page is part of every binary

BLOB = """asm(R"(
  .section .rodata
  .global berth_asset_{name}
  .global berth_asset_{name}_end
  .balign 16
berth_asset_{name}:
  .incbin "{path}"
berth_asset_{name}_end:
  .byte 0
  .previous
)");
extern "C" const char berth_asset_{name}[], berth_asset_{name}_end[];
"""


def listed(page):
    for folder, folders, names in os.walk(page):
        folders.sort()
        for name in sorted(names):
            if not name.startswith("."):
                yield os.path.relpath(os.path.join(folder, name), page)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    page, out = map(os.path.abspath, sys.argv[1:])
    if not os.path.exists(os.path.join(page, "index.html")):
        sys.exit(f"error: the console's page is not built: {page}/index.html is missing. Run: web/build")
    blobs = os.path.join(out, "blobs")
    shutil.rmtree(blobs, ignore_errors=True)
    os.makedirs(blobs)
    source = ["// Made by cmake/embed.py.", '#include "console/assets.h"', ""]
    rows, total = [], 0
    for number, path in enumerate(listed(page)):
        kind = TYPES.get(os.path.splitext(path)[1])
        if not kind:
            sys.exit(f"error: {path} in the console's page has no known type; give it one in cmake/embed.py")
        with open(os.path.join(page, path), "rb") as file:
            plain = file.read()
        total += len(plain)
        for name, content in ((f"{number}", plain), (f"{number}_gzip", gzip.compress(plain, 9, mtime=0))):
            with open(os.path.join(blobs, name), "wb") as file:
                file.write(content)
            source.append(BLOB.format(name=name, path=os.path.join(blobs, name)))
        span = "{{berth_asset_{0}, static_cast<std::size_t>(berth_asset_{0}_end - berth_asset_{0})}}"
        etag = hashlib.sha256(plain).hexdigest()[:16]
        served = "/" if path == "index.html" else "/" + path.replace(os.sep, "/")
        rows.append(f'      {{"{served}", "{kind}", {span.format(number)}, {span.format(f"{number}_gzip")}, "\\"{etag}\\""}},')
    if total > LIMIT:
        sys.exit(f"error: the console's page has {total} bytes, {LIMIT} are the most")
    source += ["namespace berth::console {", "", "std::span<const Asset> assets() {", "  static const Asset table[] = {",
               *rows, "  };", "  return table;", "}", "", "}  // namespace berth::console", ""]
    with open(os.path.join(out, "assets.cc"), "w", encoding="utf-8") as file:
        file.write("\n".join(source))


main()
