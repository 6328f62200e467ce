#!/usr/bin/env python3
"""What Berth, haproxy and nginx do with the same behaviour of clients and instances, as whole proxies: `proxy_rows.py` has the
behaviours, `proxy_outcomes.md` what each of the three did, and why where Berth differs. `proxy.py --update` writes the outcomes
anew and keeps the reasons; `proxy.py NAME ...` prints those rows alone."""
import concurrent.futures
import re
import sys

from players import run_row
from proxies import berth, haproxy, nginx
from proxy_rows import ROWS

DOCUMENT = "tests/differential/proxy_outcomes.md"
HEAD = "| behaviour | Berth | haproxy | nginx | why Berth differs |\n| --- | --- | --- | --- | --- |\n"
PEERS = (("Berth", berth), ("haproxy", haproxy), ("nginx", nginx))


def outcomes(numbers):
    """By proxy: an outcome for each row."""
    proxies = [(name, start(ROWS)) for name, start in PEERS]
    try:
        with concurrent.futures.ThreadPoolExecutor(96) as pool:
            # Those that wait longest first.
            order = sorted(numbers, key=lambda number: not ROWS[number].tight)
            asked = [(name, number, pool.submit(run_row, ROWS[number], number, proxy)) for number in order for name, proxy in proxies]
            told = {name: {} for name, _ in PEERS}
            for name, number, future in asked:
                told[name][number] = future.result()[0]
            return told
    finally:
        for _, proxy in proxies:
            proxy.stop()


def cell(text):
    return "`" + "".join(c if " " <= c <= "~" and c not in "`|" else f"\\x{ord(c):02x}" for c in text) + "`"


def rows_of(told):
    """By the row's name: its three cells."""
    rows = {}
    for number, row in enumerate(ROWS):
        ours = told["Berth"][number]
        cells = [cell(ours)]
        for name, _ in PEERS[1:]:
            theirs = told[name][number]
            cells.append("(by chance)" if name in row.skip else "the same" if theirs == ours else cell(theirs))
        rows[row.name] = tuple(cells)
    return rows


def differs(cells):
    return any(each not in ("the same", "(by chance)") for each in cells[1:])


def documented():
    """By the row's name: its three cells, and the reason."""
    rows = {}
    for line in open(DOCUMENT, encoding="utf-8").read().split(HEAD)[1].split("\n"):
        found = re.fullmatch(r"\| (.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) ?\|", line)
        if found:
            rows[found[1]] = (found.groups()[1:4], found[5])
    return rows


def update(rows, old):
    before = open(DOCUMENT, encoding="utf-8").read().split(HEAD)[0]
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(before + HEAD)
        for name, cells in rows.items():
            reason = old.get(name, ("", ""))[1] or "NEEDED"
            file.write(f"| {name} | {' | '.join(cells)} | {reason if differs(cells) else ''} |\n")


def main():
    names = [word for word in sys.argv[1:] if word != "--update"]
    if names:
        told = outcomes([number for number, row in enumerate(ROWS) if any(re.search(name, row.name) for name in names)])
        for number in sorted(told["Berth"]):
            print(ROWS[number].name + "".join(f"\n    {name:8}{each[number]}" for name, each in told.items()))
        return
    if len({row.name for row in ROWS}) != len(ROWS):
        raise SystemExit("two rows have one name")
    told, old = outcomes(range(len(ROWS))), documented()
    if "--update" in sys.argv:
        return update(rows_of(told), old)
    # A busy machine makes a pause longer: what differs is asked once more, with less beside it.
    rows = rows_of(told)
    again = [number for number, row in enumerate(ROWS) if row.name in old and rows[row.name] != old[row.name][0]]
    if again:
        for name, answers in outcomes(again).items():
            told[name].update(answers)
        rows = rows_of(told)
    failed = 0
    for name, cells in rows.items():
        stands, reason = old.pop(name, (None, None))
        if cells != stands or (differs(cells) and reason in ("", "NEEDED")):
            failed += 1
            print(f"{name}: found {cells}, in {DOCUMENT} stands {stands}, {reason}")
    for name in old:
        failed += 1
        print(f"{name}: stands in {DOCUMENT}, and is no row")
    print(f"{len(rows) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
