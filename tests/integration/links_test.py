#!/usr/bin/env python3
"""Four validators on links that are cut, slow, lossy, narrow or one-way, nodes that are paused and killed meanwhile,
and a disk that runs full: whoever cannot reach a quorum waits, whoever can goes on, and healed all have one chain.

`--scenarios a,b` runs some."""
import json
import signal
import subprocess
import sys
import threading
import time

import links
from harness import (OPTIONS, Seen, Test, check, check_acknowledged, check_no_equivocation, check_same_chain, say,
                     wait_for, wait_height, wait_ready)

SECONDS = 90
QUIET_SECONDS = 3      # many times what a height takes
PATIENT = ('--block-time-ms', '20', '--timeout-propose-ms', '3000', '--timeout-vote-ms', '1000')
DISK_MB = 384          # a node wants 256 free MB to start


class Run:
    """A fresh network for one scenario."""

    def __init__(self, test, name, options):
        self.test, self.name = test, name
        self.network = links.LinkedNetwork.create(test.folder / name, test.args.binary, 4, options)
        test.networks.append(self.network)
        self.network.wire(test.random.randrange(2**32))

    def start(self):
        self.network.start_all()
        wait_ready(self.network)

    def heights(self):
        return [self.network.height(i) or 0 for i in range(4)]

    def decide(self, nodes, more=10):
        top = max(self.network.height(i) or 0 for i in nodes)
        for i in nodes:
            wait_height(self.network, i, top + more, SECONDS)

    def stands_still(self, nodes):
        """No new height for a while, which starts when the messages on their way have come."""
        def settled():
            first = [self.network.height(i) for i in nodes]
            threading.Event().wait(QUIET_SECONDS)
            second = [self.network.height(i) for i in nodes]
            return first == second or Seen(f'{first}, then {second}')
        wait_for(f'nodes {nodes} to stand still', settled, SECONDS)

    def finish(self):
        self.network.heal()
        top = max(self.heights())
        for i in range(4):
            wait_height(self.network, i, top + 10, SECONDS)
        check_same_chain(self.network)
        check_no_equivocation(self.test, self.network)
        for i in range(4):
            failed = [line for line in self.network.log_path(i).read_text(errors='replace').splitlines()
                      if '.actor_failed ' in line]
            check(not failed, f'{self.name}: actors failed: {failed[:3]}')


def halves(run):
    """Two and two: nobody has a quorum, so nobody decides, until the cut heals."""
    run.start()
    run.network.partition((0, 1), (2, 3))
    run.stands_still(range(4))
    before = run.heights()
    run.network.heal()
    begin = time.monotonic()
    run.decide(range(4), 1)
    say(f'halves: stood at {before}, decided {time.monotonic() - begin:.1f} s after healing')


def alone(run):
    """One is cut off and killed there: three go on; it comes back, catches up and signs again."""
    run.start()
    lost = run.test.random.randrange(4)
    others = [i for i in range(4) if i != lost]
    run.network.partition((lost,), others)
    run.decide(others, 30)
    run.network.kill(lost)
    run.network.start(lost)
    run.decide(others)
    run.network.heal()
    wait_height(run.network, lost, max(run.heights()), SECONDS)
    say(f'alone: node {lost} is back at {run.network.height(lost)}')


def deaf(run):
    """One-way: a node is heard and hears nobody; the others go on with its votes or without."""
    run.start()
    victim = run.test.random.randrange(4)
    others = [i for i in range(4) if i != victim]
    run.network.rule([(i, victim) for i in others], cut=True)
    run.decide(others, 30)
    run.stands_still([victim])
    run.network.heal()
    wait_height(run.network, victim, max(run.heights()), SECONDS)


def far(run):
    """A tenth of a second between all of them, give or take, which also reorders."""
    run.network.rule(run.network.all_pairs(), delay=0.09, jitter=0.02)
    run.start()
    begin = time.monotonic()
    run.decide(range(4), 10)
    say(f'far: {(time.monotonic() - begin) / 10 * 1000:.0f} ms a height at 90 to 110 ms one way')


def lossy(run):
    """Three packets of a hundred are lost, two come twice, all of them jitter."""
    run.network.rule(run.network.all_pairs(), loss=0.03, duplicate=0.02, jitter=0.005)
    run.start()
    run.decide(range(4), 30)


def narrow(run):
    """400 kB a second for each link and users who want more than that. Blocks as large as the chain allows do not
    come through in time; votes do, and the blocks of later rounds are smaller."""
    run.start()
    run.network.rule(run.network.all_pairs(), rate=400_000)
    flood = subprocess.Popen(
        [run.test.args.binary, 'load', '--nodes', ','.join(map(run.network.url, range(4))), '--rate', '900',
         '--payload', '1000', '--json'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        wait_for('transactions on the chain', lambda: run.network.total_transactions(0), SECONDS)
        begin = time.monotonic()
        run.decide(range(4), 1)
        seconds = time.monotonic() - begin
    finally:
        flood.send_signal(signal.SIGINT)
        sent = json.loads(flood.communicate(timeout=SECONDS)[0])
    say(f'narrow: the next height after {seconds:.1f} s; {sent["committed"]} transactions of 1000 bytes committed, '
        f'{sent["not_sent"]} not sent, errors {sent["errors"]}')


def paused(run):
    """A process is stopped for longer than any timeout and goes on where it was."""
    run.start()
    victim = run.test.random.randrange(4)
    others = [i for i in range(4) if i != victim]
    run.network.kill(victim, signal.SIGSTOP)
    run.decide(others, 30)
    run.network.kill(victim, signal.SIGCONT)
    wait_height(run.network, victim, max(run.network.height(i) or 0 for i in others), SECONDS)


def full_disk(run):
    """The disk of one node is full: it ends with 71 and says so; with room again it starts and catches up."""
    victim = run.test.random.randrange(4)
    others = [i for i in range(4) if i != victim]
    home = run.network.home(victim)
    aside = home.with_name('aside')
    home.rename(aside)
    home.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={DISK_MB}m', 'none', str(home)], check=True)
    subprocess.run(['cp', '-a', f'{aside}/.', str(home)], check=True)
    run.start()
    load = run.test.load(run.network, others)
    filler = home / 'filler'
    with open(filler, 'wb', buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass
    wait_for('the node with the full disk to end', lambda: not run.network.alive(victim), SECONDS)
    check(run.network.exit_code(victim) == 71, f'it ended with {run.network.exit_code(victim)}: '
                                               f'{run.network.log_tail(victim)}')
    say(f'full-disk: {[line for line in run.network.log_tail(victim, 8) if line.startswith("error: ")]}')
    run.decide(others, 20)
    filler.unlink()
    run.network.start(victim)
    wait_height(run.network, victim, max(run.network.height(i) or 0 for i in others), SECONDS)
    load.stop()
    check_acknowledged(run.network, load)


SCENARIOS = {'halves': halves, 'alone': alone, 'deaf': deaf, 'far': far, 'lossy': lossy, 'narrow': narrow,
             'paused': paused, 'full-disk': full_disk}


def body(test):
    names = list(SCENARIOS) if test.args.scenarios == 'all' else test.args.scenarios.split(',')
    for name in names:
        check(name in SCENARIOS, f'no scenario {name}; there are: {", ".join(SCENARIOS)}')
    for name in names:
        begin = time.monotonic()
        run = Run(test, name, PATIENT if name == 'narrow' else OPTIONS)
        SCENARIOS[name](run)
        run.finish()
        say(f'{name}: {time.monotonic() - begin:.1f} s')


if __name__ == '__main__':
    links.enter()
    sys.exit(Test([('--scenarios', {'default': 'all'})]).run(body))
