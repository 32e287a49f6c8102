#!/usr/bin/env python3
"""Under load, validators are killed one at a time at random moments. The others go on; the killed one
catches up and signs again. At the end: one chain, no conflicting vote, no acknowledged commit lost."""
import sys

from harness import (Test, check_acknowledged, check_no_equivocation, check_same_chain, say, wait_for, wait_height,
                     wait_ready, wait_signs)


def one_round(test, network, number):
    victim = number % len(network)
    others = [i for i in range(len(network)) if i != victim]
    start = network.height(others[0]) or 0
    moment = start + test.random.randrange(5, 60)
    wait_height(network, others[0], moment, 60)
    network.kill(victim)
    base = max(wait_for(f'the height of node {i}', lambda i=i: network.height(i), 30) for i in others)
    for i in others:
        wait_height(network, i, base + test.random.randrange(5, 30), 60)
    network.start(victim)
    top = wait_height(network, others[0], base, 10)
    wait_height(network, victim, top, 60)
    signed = wait_signs(network, victim, top, 60)
    say(f'round {number}: node {victim} killed near height {moment}, back at {top}, signed {signed}')


def body(test):
    network = test.network()
    network.start_all()
    wait_ready(network)
    load = test.load(network)
    for number in range(test.args.rounds):
        one_round(test, network, number)
    wait_for('acknowledged transactions', lambda: load.count() >= 20, 60)
    load.stop()
    check_acknowledged(network, load)
    check_same_chain(network)
    check_no_equivocation(test, network)


if __name__ == '__main__':
    sys.exit(Test([('--rounds', {'type': int, 'default': 4})]).run(body))
