#!/usr/bin/env python3
"""Under load, all validators are killed at once, again and again. They resume from what was durable: one
chain, no conflicting vote, no acknowledged commit lost."""
import sys

from harness import (Test, check, check_acknowledged, check_no_equivocation, check_same_chain, say, wait_height,
                     wait_ready)


def body(test):
    network = test.network()
    network.start_all()
    wait_ready(network)
    load = test.load(network)
    for number in range(test.args.rounds):
        moment = (network.height(0) or 0) + test.random.randrange(10, 80)
        top = wait_height(network, 0, moment, 60)
        for i in range(len(network)):
            network.processes[i].kill()
        for i in range(len(network)):
            network.processes[i].wait()
            check(network.exit_code(i) == -9, f'node {i} ended with {network.exit_code(i)} instead')
        network.start_all()
        wait_ready(network)
        for i in range(len(network)):
            # A decision that was told is durable on a quorum; nobody falls behind it for good.
            wait_height(network, i, top + 5, 60)
        say(f'round {number}: killed at height {top}, resumed')
    load.stop()
    check_acknowledged(network, load)
    check_same_chain(network)
    check_no_equivocation(test, network)


if __name__ == '__main__':
    sys.exit(Test([('--rounds', {'type': int, 'default': 3})]).run(body))
