#!/usr/bin/env python3
"""Quarantine of poison messages in a running network: a transaction that makes the mempool of one node throw is
refused the third time and after a restart, while the node goes on with others; listed, shown, replayed and dropped.
A damaged file is told and left out. On a chain of type live a message is dropped, but never replayed."""
import json
import shutil
import sys

from harness import (Test, check, check_same_chain, metric, opaque_transaction, say, submit, wait_for,
                     wait_height, wait_ready)

VICTIM = 1
MEMPOOL = '/node/chain/mempool'
RULE = f'on {MEMPOOL} message SubmitTx do throw "cannot bear it"'


def quarantine(test, home, *words, code=0):
    """A command's answer as an object."""
    done = test.witan('quarantine', *words, '--home', home, '--json')
    check(done.returncode == code, f'witan quarantine {words}: {done.returncode} {done.stdout}{done.stderr}')
    return json.loads(done.stdout)


def messages(test, home):
    return quarantine(test, home, 'list')['messages']


def fault(test, home, *words):
    done = test.witan('fault', *words, '--home', home)
    check(done.returncode == 0, f'witan fault {words}: {done.stdout}{done.stderr}')


def restarts(network):
    tree = network.get_json(VICTIM, '/api/v1/tree') or {}
    return sum(int(actor['restarts']) for actor in tree.get('actors', []) if actor['path'] == MEMPOOL)


def transaction(network, payload):
    return opaque_transaction((network.height(0) or 1) + 900, payload)


def answered(network, sent, late=()):
    """What the victim says to a transaction; asked again while the mempool is being restarted."""
    def ask():
        status, reply = submit(network, VICTIM, sent)
        return (status, reply) if status not in (None, 503, *late) else None
    return wait_for('an answer to a transaction', ask, 60)


def throws(network, poison, times):
    """Submits the poison to the victim: the mempool throws each time and is restarted."""
    for _ in range(times):
        before = restarts(network)
        status, reply = answered(network, poison)
        check(status == 500 and 'cannot bear it' in json.dumps(reply), f'{status} {reply}')
        wait_for('the mempool to be restarted', lambda n=before: restarts(network) > n, 30)


def is_refused(network, poison):
    before = restarts(network)
    status, reply = answered(network, poison)
    check(400 <= status < 500 and 'quarantine' in json.dumps(reply), f'{status} {reply}')
    check(restarts(network) == before, 'a refused message restarted its receiver')


def is_committed(network, other):
    status, reply = answered(network, other, late=(504,))
    done = status == 200 or 'duplicate' in json.dumps(reply)  # the first answer came too late
    check(done, f'another transaction is not committed: {status} {reply}')


def poison_is_kept(test, network, poison):
    home = network.home(VICTIM)
    fault(test, home, 'add', RULE)
    throws(network, poison, 1)
    kept = messages(test, home)
    check([m['state'] for m in kept] == ['suspect'], f'after one throw: {kept}')
    throws(network, poison, 1)
    fault(test, home, 'clear', '--all')
    kept = messages(test, home)
    check([m['state'] for m in kept] == ['quarantined'], f'after two throws: {kept}')
    check(kept[0]['receiver'] == MEMPOOL and kept[0]['message'] == 'SubmitTx' and kept[0]['throws'] == 2, f'{kept}')
    is_refused(network, poison)
    is_committed(network, transaction(network, b'another one'))
    check(metric(network, VICTIM, 'witan_quarantine_messages') == 1, 'no gauge of the messages in quarantine')
    check(metric(network, VICTIM, 'witan_quarantine_refused_total') == 1, 'no counter of what was refused')
    say(f'{kept[0]["id"][:12]} is in quarantine, and others are committed')
    return kept[0]['id']


def shown(test, home, name):
    text = test.witan('quarantine', 'show', name[:12], '--home', home)
    check(text.returncode == 0, text.stderr)
    for part in (name, 'SubmitTx', MEMPOOL, 'cannot bear it', 'bytes: ', 'witan trace flow --trace'):
        check(part in text.stdout, f'show without "{part}": {text.stdout}')
    check(name[:12] in test.witan('quarantine', 'list', '--home', home).stdout, 'the table does not list it')
    test.expect_exit(64, ('quarantine', 'show', 'zz', '--home', home), 'usage')
    test.expect_exit(1, ('quarantine', 'drop', '00000000', '--home', home), 'not_found')
    test.expect_exit(1, ('quarantine', 'replay', '00000000', '--home', home), 'not_found')


def outlives_the_process(test, network, poison, damaged):
    """Restarted, the node refuses it still; a damaged file beside it is told and left out."""
    home = network.home(VICTIM)
    network.kill(VICTIM)
    wait_for('the node to end', lambda: not network.alive(VICTIM), 30)
    (home / 'quarantine' / damaged).write_bytes(b'witanpsn and what a disk made of it')
    test.expect_exit(1, ('quarantine', 'replay', messages(test, home)[0]['id'], '--home', home), 'network')
    network.start(VICTIM)
    wait_height(network, VICTIM, (network.height(0) or 0) + 5, 60)
    is_refused(network, poison)
    log = network.log_path(VICTIM).read_text(encoding='utf-8')
    check('quarantine_loaded' in log and 'quarantine_failed' in log, 'the log does not tell what was read')
    listing = quarantine(test, home, 'list')
    check([d['file'] for d in listing['damaged']] == [damaged], f'damaged: {listing["damaged"]}')
    (home / 'quarantine' / damaged).unlink()
    say('it is refused after a kill and a start; a damaged file is left out')


def replayed(test, network, poison, name):
    home = network.home(VICTIM)
    before = restarts(network)
    fault(test, home, 'add', RULE)
    answer = wait_for('an outcome of the replay', lambda: replay(test, home, name[:12]), 30)
    check(answer['outcome'] == 'threw' and 'cannot bear it' in answer['reason'], f'{answer}')
    wait_for('the mempool to be restarted', lambda: restarts(network) > before, 30)
    fault(test, home, 'clear', '--all')
    check(messages(test, home)[0]['throws'] == 3, 'the replay that threw is not counted')
    is_refused(network, poison)
    answer = wait_for('an outcome of the replay', lambda: replay(test, home, name), 30)
    check(answer == {'id': name, 'outcome': 'handled'}, f'{answer}')
    check(messages(test, home) == [], 'a message that was handled is still kept')
    say('replayed: it threw while the fault was there, and was handled and released without')


def replay(test, home, name):
    """The outcome; None when the message did not reach its receiver, or not in time."""
    done = test.witan('quarantine', 'replay', name, '--home', home, '--json')
    check(done.stdout or any(code in done.stderr for code in ('unavailable', 'timeout')), done.stderr)
    return json.loads(done.stdout) if done.stdout else None


def dropped(test, network, saved):
    """Through the running node, then from the files of a stopped one."""
    home = network.home(VICTIM)
    poison = transaction(network, b'another poison')
    fault(test, home, 'add', RULE)
    throws(network, poison, 2)
    fault(test, home, 'clear', '--all')
    name = messages(test, home)[0]['id']
    check(quarantine(test, home, 'drop', name[:10])['dropped'] == name, 'another message was dropped')
    check(messages(test, home) == [], 'it is still there')
    is_committed(network, poison)
    network.kill(VICTIM)
    wait_for('the node to end', lambda: not network.alive(VICTIM), 30)
    shutil.copytree(saved, home / 'quarantine', dirs_exist_ok=True)
    name = messages(test, home)[0]['id']
    check(quarantine(test, home, 'drop', name)['dropped'] == name, 'another message was dropped')
    check(messages(test, home) == [], 'it is still there')
    network.start(VICTIM)
    wait_height(network, VICTIM, (network.height(0) or 0) + 5, 60)
    say('dropped from a running node, where it is committed then, and from a stopped one')


def on_a_live_chain(test, saved):
    """The quarantine is that of another node."""
    network, options = test.live_network()
    home = network.home(0)
    shutil.copytree(saved, home / 'quarantine')
    network.start(0, options)
    wait_ready(network)
    name = messages(test, home)[0]['id']
    test.expect_exit(1, ('quarantine', 'replay', name, '--home', home), 'not_allowed', 'live')
    test.expect_exit(0, ('quarantine', 'drop', name, '--home', home), 'dropped')
    check(messages(test, home) == [], 'it is still there')
    check(network.alive(0), 'a command ended the node')


def body(test):
    network = test.network()
    network.start_all()
    wait_ready(network)
    home = network.home(VICTIM)
    check(not (home / 'quarantine').exists(), 'a quarantine without a message')
    poison = transaction(network, b'poison')
    name = poison_is_kept(test, network, poison)
    shown(test, home, name)
    saved = test.folder / 'saved'
    shutil.copytree(home / 'quarantine', saved)
    outlives_the_process(test, network, poison, 'f' * 64 + '.msg')
    replayed(test, network, poison, name)
    dropped(test, network, saved)
    check_same_chain(network)
    on_a_live_chain(test, saved)


if __name__ == '__main__':
    sys.exit(Test().run(body))
