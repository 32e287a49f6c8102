#!/usr/bin/env python3
"""Four real processes, one of them witan-byzantine, for each of its behaviours: the correct three agree, go on
deciding, do not crash, and see what they can see of it."""
import json
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from harness import (Failure, Seen, Test, check, check_same_chain, metric, say, wait_for, wait_height, wait_ready)

HEIGHTS = 24          # decided beside the misbehaving node: it proposes about a quarter of them
HEIGHT_SECONDS = 60   # for all of them
RSS_GROWTH_MAX_MB = 64
CLOCK_SECONDS = 30    # block times may be this far from ours


def rss_mb(network, i):
    text = Path(f'/proc/{network.processes[i].pid}/status').read_text(encoding='ascii')
    return int(text.split('VmRSS:')[1].split()[0]) / 1024


def labelled(network, i, name, *labels):
    """Sum of a metric over the series whose line holds every one of `labels`."""
    text = network.get(i, '/metrics', 5.0) or ''
    return sum(float(line.rsplit(' ', 1)[1]) for line in text.splitlines()
               if line.startswith(name + '{') and all(label in line for label in labels))


class Run:
    """One network with one misbehaving node."""

    def __init__(self, test, behaviour):
        self.test, self.behaviour = test, behaviour
        self.network = test.network()
        self.guilty = test.random.randrange(len(self.network))
        self.network.misbehave(self.guilty, behaviour)
        self.correct = self.network.correct()
        self.begin = time.monotonic()

    def start(self):
        self.network.start_all()
        wait_ready(self.network, self.correct)
        self.key = wait_for('the key of the guilty', self.guilty_key, 30)

    def guilty_key(self):
        for entry in self.network.get_json(self.correct[0], '/api/v1/validators') or []:
            del entry
        return (self.network.status(self.guilty) or {}).get('validatorKey')

    def decide(self, heights=HEIGHTS):
        top = max(self.network.height(i) or 0 for i in self.correct)
        for i in self.correct:
            wait_height(self.network, i, top + heights, HEIGHT_SECONDS)

    def sum(self, name, *labels):
        return sum(labelled(self.network, i, name, *labels) for i in self.correct)

    def each(self, name, *labels):
        return [labelled(self.network, i, name, *labels) for i in self.correct]

    def events(self, name):
        """Log lines of an event, of all correct nodes."""
        out = []
        for i in self.correct:
            for line in self.network.log_path(i).read_text(errors='replace').splitlines():
                if f'"{name}"' in line:
                    out.append(json.loads(line))
        return out

    def wait(self, what, condition, seconds=40):
        return wait_for(f'{self.behaviour}: {what}', condition, seconds)

    def finish(self):
        check_same_chain(self.network, self.correct)
        codes = self.network.stop_all()
        bad = {i: codes[i] for i in self.correct if codes[i] != 0}
        check(not bad, f'{self.behaviour}: correct nodes ended with {bad}: '
                       f'{[self.network.log_tail(i) for i in bad]}')
        say(f'{self.behaviour}: passed in {time.monotonic() - self.begin:.1f} s; '
            f'node {self.guilty} ended with {codes[self.guilty]}')
