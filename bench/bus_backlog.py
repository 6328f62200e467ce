#!/usr/bin/env python3
"""How the bus keeps its pace with many messages behind: MESSAGES (1,000,000) are published while their subscriber has no
address, then delivered to it. Rates of the first and the last messages, and the memory that the backlog costs."""
import json
import os
import subprocess

from bench import FOLDER, figure, program

MESSAGES = int(os.environ.get("MESSAGES", "1000000"))
out = subprocess.run([program("bus_direct"), "backlog", os.path.join(FOLDER, "bus"), str(MESSAGES)], capture_output=True,
                     text=True, check=True).stdout
result = json.loads(out)
for kind in ("publish", "deliver"):
    figure(f"bus.backlog_{kind}_first.rate", result[f"{kind}_first"], "msg/s")
    figure(f"bus.backlog_{kind}_last.rate", result[f"{kind}_last"], "msg/s")
figure("bus.backlog.memory", result["memory"] / 2**20, "MiB")
