#!/usr/bin/env python3
"""Four validators decide; a transfer is committed and seen everywhere; a clean stop and a restart.
Then one node: quick transfers, SIGHUP, metrics under another name and off, an API others reach."""
import json
import signal
import sys
import time
import urllib.error
import urllib.request

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


def commit_of_the_block_before(test, network, height):
    """/block, /commit and `witan block --json` show who signed, each at his place in the validator set."""
    ours = test.witan('block', '--json', height, '--node', network.url(0))
    check(ours.returncode == 0, ours.stderr)
    block = json.loads(ours.stdout)
    last, before = block['lastCommit'], network.block(0, height - 1)
    keys = [v['key'] for v in network.get_json(0, '/api/v1/validators')['validators']]
    check(int(last['height']) == height - 1 and last['blockId'] == block['header']['prevBlockId'], f'{last}')
    check(last['time'] == before['header']['time'] and last['validators'] == len(keys), f'{last}')
    indices = [s['index'] for s in last['signers']]
    check(indices == sorted(set(indices)) and 3 * len(indices) > 2 * len(keys), f'signers {indices}')
    for signer in last['signers']:
        check(signer['validator'] == keys[signer['index']] and signer['blockIdFlag'] == 2, f'{signer}')
        check(signer['address'].startswith('wit1') and len(signer['signature']) == 128, f'{signer}')
    comet = network.get_json(0, f'/block?height={height}')['result']['block']['last_commit']
    check(int(comet['height']) == height - 1 and comet['block_id']['hash'] == last['blockId'].upper(), f'{comet}')
    check(len(comet['signatures']) == len(keys), f'{comet}')
    for i, entry in enumerate(comet['signatures']):
        there = i in indices
        check(set(entry) == {'block_id_flag', 'validator_address', 'timestamp', 'signature'}, f'{entry}')
        check(entry['block_id_flag'] == (2 if there else 1), f'{i}: {entry}')
        check(entry['validator_address'] == (keys[i].upper() if there else ''), f'{i}: {entry}')
    first = network.get_json(0, '/block?height=1')['result']['block']['last_commit']
    check(first['height'] == '0' and first['signatures'] == [], f'{first}')
    say(f'block {height} shows {len(indices)} of {len(keys)} signatures of the block before')


def summaries_say_who_signed(network):
    for summary in network.get_json(0, '/api/v1/blocks')['blocks']:
        signers = network.block(0, summary['height'])['commit']['signers']
        bits = int.from_bytes(bytes.fromhex(summary['signed']), 'little')
        check([s['index'] for s in signers] == [i for i in range(64) if bits >> i & 1], f'{summary} but {signers}')
    say('the list of blocks says who signed')


def events_have_time_and_height(network):
    with urllib.request.urlopen(network.url(0) + '/api/v1/events', timeout=30) as stream:
        head, event = stream.readline().decode(), None
        while not event:
            line = stream.readline().decode()
            head = line if line.startswith('id: ') else head
            event = json.loads(line[6:]) if line.startswith('data: ') and '"newBlock"' in line else None
    # Later when something of the next height was told first: the places of events only grow.
    check(0 <= int(head[4:].split('-')[0]) - int(event['data']['height']) <= 1, f'{head} of {event}')
    check(event['time'] > '2026', f'{event}')


def quick_transfers(test, network):
    """Two transfers of one sender, the second while the first is pending; and one that is sent twice."""
    (sender, address), (_, receiver) = account(test, network, 0), account(test, network, 1)
    for amount in (1, 2):
        sent = test.witan('tx', 'transfer', '--json', '--from', sender, '--to', receiver, '--amount', amount,
                          '--node', network.url(0))
        check(sent.returncode == 0, f'transfer of {amount}: {sent.stdout}{sent.stderr}')
    seen = network.get_json(0, f'/api/v1/accounts/{address}')
    check(seen['pendingNonce'] == '2', f'{seen}')
    wait_for('both transfers', lambda: network.get_json(0, f'/api/v1/accounts/{address}')['nonce'] == '2', 30)
    say(f'two quick transfers of one sender are committed; in between the nonce was {seen["nonce"]}')


def http_status(network, path):
    try:
        with urllib.request.urlopen(network.url(0) + path, timeout=5) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


def said(network, event):
    return [line for line in network.log_path(0).read_text().splitlines() if f'.{event} ' in line]


def hangup_reads_the_log_level(network):
    """SIGHUP reads log.level again, and nothing else; a file that is wrong changes nothing."""
    path = network.home(0) / 'config' / 'config.toml'
    good = path.read_text()
    check('level = "info"' in good, good)
    check(not said(network, 'height_started'), 'debug lines before the level was changed')
    path.write_text(good.replace('level = "info"', 'level = "debug"'))
    network.kill(0, signal.SIGHUP)
    wait_for('log_level_changed', lambda: said(network, 'log_level_changed'), 30)
    wait_for('debug lines', lambda: said(network, 'height_started'), 30)
    path.write_text(good.replace('level = "info"', 'level = "loud"'))
    network.kill(0, signal.SIGHUP)
    refused = wait_for('log_level_refused', lambda: said(network, 'log_level_refused'), 30)
    check('log.level' in refused[0], refused[0])
    path.write_text(good)
    wait_height(network, 0, (network.height(0) or 0) + 2, 30)
    say('SIGHUP changes the log level, and refuses a wrong file')


def one_node_with_options(test):
    # One block in two seconds: what is submitted stays pending for a while.
    network = test.network(validators=1)
    network.start(0, ('--consensus.min_block_interval_ms', '2000', '--instrumentation.namespace', 'acme',
                      '--rpc.laddr', network.url(0).replace('http://127.0.0.1', '0.0.0.0')))
    wait_ready(network)
    check(said(network, 'http_exposed'), 'no warning although everybody reaches the API')
    quick_transfers(test, network)
    text = network.get(0, '/metrics') or ''
    check('\nacme_consensus_height{' in text and 'witan_' not in text, text[:300])
    hangup_reads_the_log_level(network)
    check(network.stop_all() == {0: 0}, f'exit code {network.exit_code(0)}')
    network.start(0, ('--instrumentation.prometheus', 'false'))
    wait_for('the API', lambda: network.height(0), 30)
    check(http_status(network, '/metrics') == 404 and http_status(network, '/livez') == 200, '/metrics is served')
    check(network.stop_all() == {0: 0}, f'exit code {network.exit_code(0)}')
    say('metrics: another namespace, and off')


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
    commit_of_the_block_before(test, network, top)
    summaries_say_who_signed(network)
    events_have_time_and_height(network)
    clean_stop(network)
    network.start_all()
    wait_ready(network)
    for i in range(len(network)):
        wait_height(network, i, top + 20, 60)
    check_same_chain(network)
    clean_stop(network)
    one_node_with_options(test)


if __name__ == '__main__':
    sys.exit(Test().run(body))
