#!/usr/bin/env python3
"""Faults through the admin socket of a running network: actors are killed, hang and lose messages, links are cut, late,
broken or lose single messages, a clock is stepped, and the node recovers each time. Bad rules are refused with their
place, and on a chain of type live every fault command is."""
import fnmatch
import json
import os
import stat
import sys

from harness import Test, check, check_same_chain, metric, say, wait_for, wait_height, wait_ready, wait_signs

VICTIM = 1
NAME = f'node{VICTIM}'
PING_MS = 2000  # a peer that says nothing for three of these is gone
EXIT_STORAGE = 71


def fault(test, network, *words):
    """A fault command of the victim; its answer."""
    done = test.witan('fault', *words, '--home', network.home(VICTIM), '--json')
    check(done.returncode == 0, f'witan fault {words}: {done.stdout}{done.stderr}')
    return json.loads(done.stdout)


def restarts(network, path):
    tree = network.get_json(VICTIM, '/api/v1/tree') or {}
    return sum(int(actor['restarts']) for actor in tree.get('actors', []) if fnmatch.fnmatch(actor['path'], path))


def rules_in_force(network):
    return int((network.status(VICTIM) or {}).get('faultRules', -1))


def hits(test, network, number):
    rules = fault(test, network, 'list')['rules']
    return next((rule['hits'] for rule in rules if rule['id'] == number), 0)


def inject(test, network, path, rule, killed):
    """One fault: it happens, the actor is restarted if it was killed, and the node goes on and signs."""
    before, top = restarts(network, path), network.height(VICTIM) or 0
    number = fault(test, network, 'add', f'on {path} {rule}')['added'][0]
    wait_for(f'"{path} {rule}" to happen', lambda: hits(test, network, number) > 0, 30)
    if killed:
        wait_for(f'{path} to be restarted', lambda: restarts(network, path) > before, 30)
    fault(test, network, 'clear', number)
    height = wait_height(network, VICTIM, top + 20, 60)
    wait_signs(network, VICTIM, height, 60)
    say(f'{path} {rule}: back at height {height}')


def refused_rules(test, network):
    home = ('--home', network.home(VICTIM))
    test.expect_exit(64, ('fault', 'add', 'on /node/chain/sync nth x do kill', *home), 'bad_rule', 'column 25')
    test.expect_exit(64, ('fault', 'add', 'on /node/chain/sync message Vot do kill', *home), 'column 29',
                     'did you mean')
    test.expect_exit(64, ('fault', 'add', 'on link node0 <-> node2 do drop', *home), 'bad_rule', f'called {NAME}')
    many = test.folder / 'rules.txt'
    many.write_text('# two rules, the second is wrong\non /node/** do drop\non /node/** do fly\n', encoding='utf-8')
    test.expect_exit(64, ('fault', 'add', '--file', many, *home), 'rules:3:16')
    test.expect_exit(1, ('fault', 'clear', '77', *home), 'not_found')
    test.expect_exit(64, ('fault', 'clear', *home), 'usage')
    check(fault(test, network, 'list')['rules'] == [], 'a refused rule is in force')
    test.expect_exit(1, ('fault', 'list', '--home', test.folder), 'network')


def slow_disk(test, network):
    """The write-ahead log's disk is slow for a while: the node goes on, later."""
    top = network.height(VICTIM) or 0
    number = fault(test, network, 'add', 'on disk **/wal/* call sync times 20 do slow 30ms')['added'][0]
    wait_for('the disk to be slow 20 times', lambda: hits(test, network, number) == 20, 60)
    fault(test, network, 'clear', number)
    wait_signs(network, VICTIM, wait_height(network, VICTIM, top + 5, 60), 60)
    say('20 slow syncs of the write-ahead log: the node goes on')


def peers(network):
    """How many the victim has; None when it does not answer."""
    view = network.get_json(VICTIM, '/api/v1/peers')
    return None if view is None else len(view.get('peers', []))


def others(network):
    return [i for i in range(len(network)) if i != VICTIM]


def partition(test, network):
    """All links of one node are cut, by rules at that node alone: it stands still while the others go on, its peers are
    given up and dials fail. Healed it catches up and signs."""
    number = fault(test, network, 'add', f'on link {NAME} <-> * do drop')['added'][0]
    first = max(network.height(i) or 0 for i in others(network))
    seen = wait_height(network, others(network)[0], first + 10, 60)
    stood = network.height(VICTIM)
    wait_for('the peers to be given up', lambda: peers(network) == 0, 60)
    for i in others(network):
        wait_height(network, i, seen + 20, 60)
    check(network.height(VICTIM) == stood, f'cut off at {stood}, it went on to {network.height(VICTIM)}')
    wait_for('a refused connection', lambda: metric(network, VICTIM, 'witan_p2p_handshake_failures_total'), 30)
    fault(test, network, 'clear', number)
    top = wait_height(network, others(network)[0], seen, 10)
    wait_signs(network, VICTIM, wait_height(network, VICTIM, top, 60), 60)
    wait_for('all peers', lambda: peers(network) == len(others(network)), 60)
    say(f'partition: {NAME} stood at {stood} while the others came to {top}, and is back')


def link_rule(test, network, rule, count):
    """A rule for links of the victim fires `count` times and the node goes on and signs."""
    number = fault(test, network, 'add', f'on link {rule}')['added'][0]
    wait_for(f'"{rule}" to happen', lambda: hits(test, network, number) >= count, 60)
    top = network.height(VICTIM) or 0
    fault(test, network, 'clear', number)
    height = wait_height(network, VICTIM, top + 10, 60)
    wait_signs(network, VICTIM, height, 60)
    say(f'link {rule}: {NAME} goes on at height {height}')


def broken_link(test, network, what):
    """A connection of the victim is broken at a message that leaves: it is made again, and nobody is banned."""
    def lost():
        return network.log_path(VICTIM).read_text(encoding='utf-8').count('peer_down')
    before = lost()
    fault(test, network, 'add', f'on link {NAME} -> * message Vote nth 30 do {what}')
    wait_for('a peer to be lost', lambda: lost() > before, 30)
    wait_for('all peers', lambda: peers(network) == len(others(network)), 60)
    for i in range(len(network)):
        banned = wait_for(f'metrics of node {i}', lambda i=i: [metric(network, i, 'witan_p2p_banned_peers')], 10)[0]
        check(banned == 0, f'node {i} banned {banned} peers')
    fault(test, network, 'clear', '--all')
    say(f'a vote met "{what}": the connection is made again')


def links(test, network):
    link_rule(test, network, f'* -> {NAME} message Vote with type=precommit times 20 do drop', 20)
    link_rule(test, network, f'{NAME} -> * message Proposal times 3 do drop', 3)
    link_rule(test, network, f'{NAME} <-> * do delay 5ms..15ms', 200)
    broken_link(test, network, 'kill')
    broken_link(test, network, 'corrupt')
    partition(test, network)


def block_time(network, height):
    return wait_for(f'block {height}', lambda: network.block(0, height), 30)['header']['time']


def clock_steps(test, network):
    """The wall clock of one node is seconds off, ahead and behind: the network goes on, and block times only grow."""
    first = network.height(0) or 1
    for step in ('3s', '-3s', '400ms'):
        number = fault(test, network, 'add', f'on clock at {NAME} do step {step}')['added'][0]
        top = network.height(0) or 0
        for i in range(len(network)):
            wait_height(network, i, top + 12, 60)
        check(hits(test, network, number) == 1, f'a clock stepped by {step} and no hit of the rule')
        fault(test, network, 'clear', number)
        last = wait_signs(network, VICTIM, wait_height(network, VICTIM, top + 16, 60), 60)
        say(f'clock of {NAME} stepped by {step}: heights {top} to {last}')
    times = [(height, block_time(network, height)) for height in range(first, (network.height(0) or first) + 1)]
    for (_, earlier), (height, later) in zip(times, times[1:]):
        check(earlier < later, f'block {height} has time {later}, the one before it {earlier}')


def failed_disk(test, network):
    """A sync of the write-ahead log fails: what is durable is not known, so the node stops; started again it follows
    and signs."""
    fault(test, network, 'add', 'on disk **/wal/* call sync nth 3 do io_error')
    wait_for('the node to stop', lambda: not network.alive(VICTIM), 60)
    code = network.exit_code(VICTIM)
    check(code == EXIT_STORAGE, f'it ended with {code}: {network.log_tail(VICTIM)}')
    top = network.height(0) or 0
    network.start(VICTIM)
    wait_signs(network, VICTIM, wait_height(network, VICTIM, top + 5, 60), 60)
    say(f'a failed sync of the write-ahead log: exit code {code}, and back after a start')


def visible(test, network):
    fault(test, network, 'add', 'on /node/chain/verifier/* message Vote probability 1% do delay 1ms..5ms')
    wait_for('the rule in the status', lambda: rules_in_force(network) == 1, 10)
    check(metric(network, VICTIM, 'witan_fault_rules') == 1, 'no gauge of the rules in force')
    killed = [line for line in (network.get(VICTIM, '/metrics') or '').splitlines()
              if line.startswith('witan_fault_hits_total{') and 'action="kill"' in line]
    check(len(killed) == 1 and float(killed[0].rsplit(' ', 1)[1]) == 2, f'kills in the metrics: {killed}')
    log = network.log_path(VICTIM).read_text(encoding='utf-8')
    check('fault_injected' in log and 'faults_changed' in log, 'the log does not tell of the faults')
    mode = stat.S_IMODE(os.stat(network.home(VICTIM) / 'admin.sock').st_mode)
    check(mode == 0o600, f'the admin socket has mode {mode:o}')
    fault(test, network, 'clear', '--all')
    check(rules_in_force(network) == 0, 'rules are in force after clearing all')


def on_a_live_chain(test):
    network, options = test.live_network()
    home = network.home(0)
    network.start(0, options)
    wait_ready(network)
    for words in (('add', 'on /node/chain/sync do kill'), ('add', 'on link * <-> * do drop'), ('list',),
                  ('clear', '--all')):
        test.expect_exit(1, ('fault', *words, '--home', home), 'not_allowed', 'live')
    check(network.alive(0), 'a refused command ended the node')


def body(test):
    network = test.network()
    network.start_all(('--p2p.ping_interval_ms', str(PING_MS)))
    wait_ready(network)
    refused_rules(test, network)
    inject(test, network, '/node/chain/sync', 'nth 2 do kill', True)
    inject(test, network, '/node/chain/verifier/*', 'message Vote nth 5 do kill', True)  # peers choose theirs by number
    inject(test, network, '/node/chain/mempool', 'nth 3 do throw', True)
    inject(test, network, '/node/chain/consensus', 'message VerifiedVote nth 9 do hang 700ms', False)
    inject(test, network, '/node/chain/verifier/*', 'message Vote every 5 times 20 do drop', False)
    slow_disk(test, network)
    visible(test, network)
    links(test, network)
    clock_steps(test, network)
    failed_disk(test, network)
    check_same_chain(network)
    on_a_live_chain(test)


if __name__ == '__main__':
    sys.exit(Test().run(body))
