#!/usr/bin/env python3
"""Berth's reader of HTTP/1.1 against four others: the same bytes, the same verdict, or a line in docs/http.md that says
who differs and why. `h1.py --update` writes the first three columns of that table anew and keeps the reasons."""
import re
import sys

from cases import CASES
from peers import haproxy, h11_verdicts, nginx, program

DOCUMENT = "docs/http.md"
HEAD = "| case | Berth | others | why |\n| --- | --- | --- | --- |\n"


def verdicts():
    """By reader: a verdict for each case."""
    cases = [case for _, case in CASES]
    told = {"Berth": program("verdict_berth")(cases), "llhttp": program("verdict_llhttp")(cases), "h11": h11_verdicts(cases)}
    for name, start in (("haproxy", haproxy), ("nginx", nginx)):
        server = start()
        try:
            told[name] = server.verdicts(cases)
        finally:
            server.stop()
    for name, answers in told.items():
        if len(answers) != len(CASES):
            raise SystemExit(f"{name} answered to {len(answers)} of {len(CASES)} cases")
    return told


def cell(verdict):
    return verdict.replace("|", "\\|").replace("\x00", "\\0")


def differences(told):
    """Rows of the table but for the reason, by the case's name."""
    rows = {}
    for number, (name, _) in enumerate(CASES):
        ours = told["Berth"][number]
        others = {}
        for reader, answers in told.items():
            if reader == "haproxy" and "trailer" in name:
                continue  # it may answer before it has read them: its verdict changes from run to run
            if answers[number] != ours:
                others.setdefault(answers[number], []).append(reader)
        if others:
            text = "<br>".join(f"{', '.join(readers)}: `{cell(verdict)}`" for verdict, readers in others.items())
            rows[name] = f"| {name} | `{cell(ours)}` | {text} |"
    return rows


def documented():
    """The rows of the document: without the reason, and the reason, by the case's name."""
    text = open(DOCUMENT, encoding="utf-8").read().split(HEAD)[1]
    rows = {}
    for line in text.split("\n\n")[0].split("\n"):
        if not line:
            break
        row, reason = re.fullmatch(r"(.*\|) ([^|]*) \|", line).groups()
        rows[row.split(" | ")[0].removeprefix("| ")] = (row, reason)
    return rows


def update(rows, old):
    text = open(DOCUMENT, encoding="utf-8").read()
    before, after = text.split(HEAD)
    rest = re.sub(r"^(\|.*\n)*", "", after)
    table = "".join(f"{row} {old.get(name, ('', 'NEEDED'))[1]} |\n" for name, row in rows.items())
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(before + HEAD + table + rest)


def main():
    rows, old = differences(verdicts()), documented()
    if "--update" in sys.argv:
        update(rows, old)
        return
    failed = 0
    for name, _ in CASES:
        row = rows.get(name)
        stands, reason = old.pop(name, (None, None))
        if row != stands or reason == "NEEDED":
            failed += 1
            print(f"{name}: found {row}, in {DOCUMENT} stands {stands}")
    for name in old:
        failed += 1
        print(f"{name}: stands in {DOCUMENT}, and is no case")
    print(f"{len(CASES) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
