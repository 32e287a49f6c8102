#!/usr/bin/env python3
"""Four validators decide; a transfer is committed and seen everywhere; a clean stop and a restart."""
import json
import sys
import time

from harness import Test, check, check_same_chain, say, wait_for, wait_height, wait_ready

STOP_SECONDS = 5


def account(test, network, number):
    file = network.folder / 'accounts' / f'account{number}.json'
    shown = test.witan('keys', 'show', '--json', file)
    check(shown.returncode == 0, shown.stderr)
    return file, json.loads(shown.stdout)['address']


def transfer_is_seen_everywhere(test, network):
    (sender, sender_address), (_, receiver) = account(test, network, 0), account(test, network, 1)
    before = int(network.get_json(0, f'/api/v1/accounts/{receiver}')['balance'])
    sent = test.witan('tx', 'transfer', '--json', '--wait', '--from', sender, '--to', receiver, '--amount', 1234,
                      '--fee', 2, '--node', network.url(0))
    check(sent.returncode == 0, f'transfer: {sent.stdout}{sent.stderr}')
    reply = json.loads(sent.stdout)
    height = int(reply['height'])
    check(height > 0, f'not committed: {reply}')
    for i in range(len(network)):
        wait_height(network, i, height, 30)
        seen = wait_for(f'the transfer on node {i}',
                        lambda i=i: network.get_json(i, f'/api/v1/transactions/{reply["txId"]}'), 30)
        check(seen['status'] == 'committed' and int(seen['height']) == height and seen['code'] == 'ok',
              f'node {i}: {seen}')
        there = network.get_json(i, f'/api/v1/accounts/{receiver}')
        check(int(there['balance']) == before + 1234, f'node {i}: {there}')
        nonce = int(network.get_json(i, f'/api/v1/accounts/{sender_address}')['nonce'])
        check(nonce == 1, f'node {i}: nonce {nonce}')
    say(f'transfer committed in height {height}, seen on all nodes')


def clean_stop(network):
    begin = time.monotonic()
    codes = network.stop_all(STOP_SECONDS)
    check(all(code == 0 for code in codes.values()), f'exit codes after SIGTERM and {STOP_SECONDS} s: {codes}')
    say(f'all stopped in {time.monotonic() - begin:.2f} s')


def body(test):
    network = test.network()
    network.start_all()
    wait_ready(network)
    transfer_is_seen_everywhere(test, network)
    for i in range(len(network)):
        wait_height(network, i, 50, 60)
    top = check_same_chain(network)
    clean_stop(network)
    network.start_all()
    wait_ready(network)
    for i in range(len(network)):
        wait_height(network, i, top + 20, 60)
    check_same_chain(network)
    clean_stop(network)


if __name__ == '__main__':
    sys.exit(Test().run(body))
