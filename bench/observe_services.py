#!/usr/bin/env python3
"""CPU for a line of HAProxy by `berth observe run` with 500 services over that with ten: the same rate over the same seconds, since each second
writes the series that were counted in it; at two rates, three rounds of each in turns, of one process each. Every series is there before, and
nobody asks while it is measured: answering costs by the series, not by the line."""
import os
import socket
import time

from bench import cpu_seconds, figure
from observe_lines import PART, Berth, block, until

FEW, MANY = 10, 500
SECONDS = 5
RATES = (100_000, 20_000)  # lines a second
TURN = 0.05  # seconds between two writes


class Turns:
    """Lines in order, as many as a turn has, from the first again after the last."""

    def __init__(self, text, lines):
        each = text.splitlines(keepends=True)
        self.parts = [b"".join(each[i:i + lines]) for i in range(0, len(each), lines)]
        self.at = 0

    def next(self):
        self.at += 1
        return self.parts[(self.at - 1) % len(self.parts)]


def send_at(port, turns):
    """For SECONDS, from a second's begin to another's, so that each round spans as many; how late the last was."""
    time.sleep(-time.time() % 1)
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as s:
        for turn in range(round(SECONDS / TURN)):
            time.sleep(max(0, begun + turn * TURN - time.monotonic()))
            s.sendall(turns.next())
    return time.monotonic() - begun - SECONDS


def cost(of, rate, turns):
    """CPU nanoseconds a line, each of them counted; nothing if the machine was too busy to send so many."""
    lines, had = rate * SECONDS, of.counted()
    before = cpu_seconds(of.process.pid)
    late = send_at(of.port, turns)
    time.sleep(1.5)  # the last second's series
    spent = cpu_seconds(of.process.pid) - before
    until(f"{lines} lines", lambda: of.counted() >= had + lines)
    if of.counted() != had + lines:
        raise SystemExit(f"{of.counted() - had} of {lines} lines")
    return spent / lines * 1e9 if late < 0.3 else None


def warm_up(of, text):
    """All its series, of the metrics and of their distributions, and a beat of each."""
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", of.port)) as s:
            s.sendall(text)
        time.sleep(2)
    until("the first lines", lambda: of.counted() == 2 * PART)


of = {count: Berth() for count in (FEW, MANY)}
texts = {count: block(0, PART, [f"service-{i}" for i in range(count)]) for count in of}
for count, berth in of.items():
    warm_up(berth, texts[count])
for rate in RATES:
    turns = {count: Turns(text, round(rate * TURN)) for count, text in texts.items()}
    spent = {count: [] for count in of}
    for _ in range(10):
        for count, berth in of.items():
            each = cost(berth, rate, turns[count])
            if each and len(spent[count]) < 3:
                spent[count].append(each)
        if min(len(each) for each in spent.values()) == 3:
            break
    else:
        raise SystemExit(f"{rate} lines a second cannot be sent here")
    for count, each in spent.items():
        print(f"{rate} lines a second, {count} services: {', '.join(f'{ns:.0f}' for ns in each)} ns a line")
    few, many = min(spent[FEW]), min(spent[MANY])
    figure(f"observe.services_500.cpu_{rate}_a_second", many, "ns", f"services_{FEW}", "itself", few)
