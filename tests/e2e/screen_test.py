#!/usr/bin/env python3
"""The live screen (`berth top`, which `berth dev` shows too) in a real terminal: tmux, over an API that answers as the real one."""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from berth import BERTH, expect, main, test, until
from mock_api import PLAIN, Mock


class Terminal:
    """A tmux of its own with one window of a given size."""

    def __init__(self, command, folder, columns=80, rows=24):
        self.socket = os.path.join(tempfile.mkdtemp(prefix="berth-tmux-"), "s")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", folder,
                  f"{command}; echo \"ended with $?\"; stty -a | grep -o '.echo ' ; sleep 1000")

    def tmux(self, *arguments):
        result = subprocess.run(["tmux", "-u", "-S", self.socket, *arguments], capture_output=True, text=True, env={**PLAIN, "LC_ALL": "C.UTF-8"})
        expect(result.returncode == 0, f"tmux {arguments}: {result.stderr}")
        return result.stdout

    def shown(self):
        return self.tmux("capture-pane", "-p")

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def shows(self, *texts, seconds=20):
        def all_there():
            shown = self.shown()
            missing = [t for t in texts if t not in shown]
            expect(not missing, f"no {missing} in:\n{shown}")
            return shown
        return until(f"the screen to show {texts}", all_there, seconds)

    def pid(self):
        found = subprocess.run(["pgrep", "-P", self.tmux("display", "-p", "#{pane_pid}").strip(), "-x", "berth"], capture_output=True, text=True)
        return int(found.stdout.split()[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True)


def top(mock, **size):
    return Terminal(f"'{BERTH}' top", mock.folder, **size)


@test
def the_first_page_shows_the_system_live_and_fits():
    with Mock() as mock, top(mock) as terminal:
        shown = terminal.shows("recommendations fails: 34 %", "requests/s", "web.shop.localhost", "try in another terminal", "q end")
        expect(len(shown.rstrip("\n").split("\n")) <= 24, "more than 24 lines")
        seen = set()
        until("the numbers to move", lambda: seen.add(re.search(r"^users .*", terminal.shown(), re.M)[0]) or len(seen) >= 3)


@test
def what_happens_elsewhere_is_seen_at_once():
    with Mock(scene="well") as mock, top(mock) as terminal:
        terminal.shows("all 8 services are healthy")
        mock.run("kill", "orders/1")
        terminal.shows("degraded  orders: killed by signal 9", "1/2", seconds=3)
        terminal.shows("all 8 services are healthy")


@test
def logs_are_chosen_by_letters_followed_and_left():
    with Mock() as mock, top(mock) as terminal:
        terminal.shows("q end", "requests/s")
        terminal.keys("l")
        terminal.shows("logs of which service?", "> mail")
        terminal.keys("p", "a")
        terminal.shows("> payments")
        terminal.keys("Enter")
        terminal.shows("logs of payments", "as they come", "payments/2 GET /charge")
        first = terminal.shown()
        until("new lines", lambda: terminal.shown() != first)
        terminal.keys("PPage")
        terminal.shows("lines back")
        terminal.keys("End")
        terminal.shows("as they come")
        terminal.keys("Escape")
        terminal.shows("q end", "requests/s")


@test
def a_service_is_inspected_live():
    with Mock() as mock, top(mock, columns=110, rows=45) as terminal:
        terminal.shows("q end", "requests/s")
        terminal.keys("i", "o", "Enter")
        terminal.shows("orders · version 3 · healthy", "by status: 200", "orders/1", "/orders", "median, the last 5 seconds", "slow at", "┤")
        terminal.keys("q")
        terminal.shows("q end", "requests/s")


@test
def a_service_is_restarted():
    with Mock() as mock, top(mock) as terminal:
        terminal.shows("q end", "requests/s")
        terminal.keys("r", "u", "Enter")
        terminal.shows("rolling  users: restarts", "users: restart is under way")


@test
def the_console_opens_or_its_address_is_shown_to_be_copied():
    with Mock() as mock:
        with top(mock, columns=100) as terminal:
            terminal.shows("q end", "requests/s")
            terminal.keys("o")
            terminal.shows("No browser was found", f"http://{mock.address}/?token={mock.token[:20]}")
            terminal.keys("x")
            terminal.shows("q end", "requests/s")
            terminal.keys("?")
            terminal.shows("keys", "the console in your browser")
        mock.write("xdg-open", f"#!/bin/sh\necho \"$1\" > '{mock.folder}/opened'\n")
        os.chmod(os.path.join(mock.folder, "xdg-open"), 0o755)
        with Terminal(f"DISPLAY=:9 PATH='{mock.folder}':\"$PATH\" '{BERTH}' top", mock.folder) as terminal:
            terminal.shows("q end", "requests/s")
            terminal.keys("o")
            terminal.shows("is opened in your browser")
            opened = until("xdg-open", lambda: open(os.path.join(mock.folder, "opened")).read())
            expect(opened.strip() == f"http://{mock.address}/?token={mock.token}", opened)


@test
def a_new_size_is_taken_at_once():
    with Mock() as mock, top(mock) as terminal:
        terminal.shows("call it at", "users")
        terminal.tmux("resize-window", "-x", "60", "-y", "14")
        shown = terminal.shows("more services", "l logs", seconds=3)
        expect("http://users" not in shown, shown)
        terminal.tmux("resize-window", "-x", "120", "-y", "40")
        terminal.shows("http://users:7480", "try in another terminal", seconds=3)


@test
def the_terminal_is_put_back_however_it_ends():
    with Mock() as mock:
        for end in ("q", "C-c", "TERM", "HUP", "server"):
            with top(mock) as terminal:
                terminal.shows("q end", "requests/s")
                if end in ("q", "C-c"):
                    terminal.keys(end)
                elif end == "server":
                    mock.end()
                else:
                    os.kill(terminal.pid(), {"TERM": 15, "HUP": 1}[end])
                code = {"q": "0", "C-c": "0", "TERM": "143", "HUP": "129", "server": "3"}[end]
                shown = terminal.shows(f"ended with {code}", " echo")
                expect("requests/s" not in shown, f"the screen stays after {end}: {shown}")


@test
def only_what_changed_is_redrawn():
    with Mock() as mock:
        printed = os.path.join(mock.folder, "printed")
        with Terminal(f"script -qfc \"'{BERTH}' top\" '{printed}'", mock.folder) as terminal:
            terminal.shows("q end", "requests/s")
            time.sleep(3.5)
            text = open(printed, "rb").read()
            expect(text.count(b"\x1b[2J") <= 2, "the screen is cleared again and again")
            expect(text.count(b"call it at") == 1, "lines that did not change are sent again")
            expect(text.count(b"\x1b[?2026h") >= 3, "nothing is redrawn")


main()
