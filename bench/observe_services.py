#!/usr/bin/env python3
"""CPU for a line of HAProxy by `berth observe run` with 500 services over that with ten: three rounds of each in turns, of one process each."""
from bench import figure
from observe_lines import PART, Berth, block, cost

LINES = 200_000
FEW, MANY = 10, 500

spent = {}
of = {count: Berth() for count in (FEW, MANY)}
texts = {count: block(0, PART, [f"service-{i}" for i in range(count)]) for count in of}
for count, berth in of.items():
    cost(berth, PART, texts[count])
for _ in range(3):
    for count, berth in of.items():
        spent.setdefault(count, []).append(cost(berth, LINES, texts[count]))
for count, each in spent.items():
    print(f"{count} services: {', '.join(f'{ns:.0f}' for ns in each)} ns a line")
few, many = min(spent[FEW]), min(spent[MANY])
figure("observe.services_500.cpu", many, "ns", f"services_{FEW}", "itself", few)
