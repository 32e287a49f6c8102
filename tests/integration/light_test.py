#!/usr/bin/env python3
"""`witan light` against real nodes: skipping, sequential, backwards and following; restarts; a damaged store;
providers that lie about a header, a signature or an account, as primary and as witness; the proxy; and two
forks of one chain, each signed by all validators, which end in evidence and exit code 80."""
import http.server
import json
import re
import shutil
import signal
import subprocess
import threading
import urllib.error
import urllib.request

from harness import Test, check, say, wait_for, wait_height, wait_ready
from local_network import Network

ALONE = ('--p2p.persistent_peers', '')  # a node that only answers questions


class Liar:
    """A node's API with `change(path, body)` applied to every answer."""

    def __init__(self, target, change):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                try:
                    with urllib.request.urlopen(target + self.path, timeout=10) as reply:
                        code, body = reply.status, reply.read()
                except urllib.error.HTTPError as error:
                    code, body = error.code, error.read()
                body = change(self.path, body.decode()).encode()
                self.send_response(code)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def light(test, primary, witnesses, *words, home, seconds=120):
    witness_words = [word for url in witnesses for word in ('--witness', url)]
    return test.witan('light', '--primary', primary, *witness_words, '--home', home, *words, seconds=seconds)


def expect(done, code, *texts):
    said = done.stdout + done.stderr
    check(done.returncode == code, f'witan light ended with {done.returncode}, not {code}: {said[-2000:]}')
    for text in texts:
        check(text.lower() in said.lower(), f'exit {code} without "{text}": {said[-2000:]}')
    say(f'exit {code}: {(done.stderr.strip() or done.stdout.strip()).splitlines()[-1][:150]}')
    return done


def id_of(network, i, height):
    return wait_for(f'block {height} of node {i}', lambda: network.block(i, height), 30)['header']['id']


def root(network, height):
    return '--trusted-height', str(height), '--trusted-hash', id_of(network, 0, height)


def verified(done):
    return json.loads(done.stdout.splitlines()[-1])


def honest(test, network):
    """Every way leads to the same ids as the nodes have; the store is enough to go on."""
    urls = [network.url(i) for i in range(4)]
    top = network.height(0)
    for name, words in (('skipping', ()), ('sequential', ('--sequential',))):
        home = test.folder / name
        done = expect(light(test, urls[0], urls[1:3], *root(network, 1), '--verify', top, '--json', *words,
                            home=home), 0)
        check(verified(done)['id'] == id_of(network, 3, top), f'{name}: {done.stdout}')
    home = test.folder / 'skipping'
    done = expect(light(test, urls[0], urls[1:2], '--verify', 2, '--json', home=home), 0)  # backwards
    check(verified(done)['id'] == id_of(network, 3, 2), done.stdout)
    done = expect(light(test, urls[2], urls[3:], '--json', home=home), 0)  # the last one, without a root
    check(int(verified(done)['height']) >= top, done.stdout)
    expect(light(test, urls[0], urls[1:2], '--verify', 10 ** 9, home=home), 1, 'not_found')
    expect(light(test, urls[0], urls[1:2], home=test.folder / 'new'), 64, '--trusted-height')
    wrong = ('--trusted-height', '1', '--trusted-hash', 'ab' * 32)
    expect(light(test, urls[0], urls[1:2], *wrong, home=home), 64, 'another --home')
    expect(light(test, urls[0], urls[1:2], *wrong, home=test.folder / 'new'), 1, 'one of the two is not this chain')
    expect(light(test, urls[0], [], home=home), 64, '--witness')
    expect(light(test, urls[0], urls[1:2], '--trusting-period', '1ms', home=home), 1, 'trust_expired')
    store = home / 'light_store'
    data = bytearray(store.read_bytes())
    data[len(data) // 2] ^= 1
    store.write_bytes(data)
    expect(light(test, urls[0], urls[1:2], home=home), 71, 'checksum')


def follow(test, network):
    """Follows until it is told to stop; killed, it goes on from its store."""
    home = test.folder / 'follow'
    words = [str(test.args.binary), 'light', '--primary', network.url(0), '--witness', network.url(1), '--home',
             str(home), '--follow', '--json']
    first = list(root(network, 1))
    for stop, extra in ((signal.SIGKILL, first), (signal.SIGTERM, [])):
        process = subprocess.Popen(words + extra, stdout=subprocess.PIPE, text=True)
        heights = [int(json.loads(process.stdout.readline())['height']) for _ in range(3)]
        check(heights == sorted(set(heights)), f'followed {heights}')
        process.send_signal(stop)
        code = process.wait(20)
        process.stdout.close()
        check(code == (-stop if stop == signal.SIGKILL else 0), f'ended with {code}')
    say(f'followed to {heights[-1]}, killed and resumed')


def lies(test, network):
    """What a provider changes is refused by name when it is the primary; a witness is dropped for it."""
    urls = [network.url(i) for i in range(4)]
    top = network.height(0)
    state_root = network.block(0, top)['header']['stateRoot']

    def forged_root(path, body):
        return body.replace(state_root, 'ff' + state_root[2:]) if path == f'/api/v1/light/{top}' else body

    signature = network.block(0, top)['commit']['signers'][-1]['signature']

    def forged_signature(path, body):
        return body.replace(signature, signature[:-2] + ('00' if signature[-2:] != '00' else '11'))

    for name, change, words in (('root', forged_root, 'invalid_block'),
                                ('signature', forged_signature, 'bad_signature')):
        liar = Liar(urls[0], change)
        home = test.folder / f'lie-{name}'
        expect(light(test, liar.url, urls[1:2], *root(network, 1), '--verify', top, home=home), 1, words, liar.url)
        expect(light(test, urls[1], urls[2:3], '--verify', top, home=home), 0)  # nothing of the lie was kept
        liar.stop()
    liar = Liar(urls[1], forged_root)
    alone, together = test.folder / 'lie-alone', test.folder / 'lie-together'
    expect(light(test, urls[0], [liar.url], *root(network, 1), '--verify', top, home=alone), 1, 'no witness confirms',
           'without proof')
    expect(light(test, urls[0], [liar.url, urls[2]], *root(network, 1), '--verify', top, home=together), 0,
           'not asked again')
    liar.stop()


class Proxy:
    def __init__(self, test, network, primary, home):
        self.process = subprocess.Popen(
            [str(test.args.binary), 'light', '--primary', primary, '--witness', network.url(1), '--home',
             str(home), '--serve', '127.0.0.1:0', *root(network, 1)], stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        check('port' in line, f'proxy: {line}')
        self.url = f'http://127.0.0.1:{line.split()[-1]}'

    def get(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=60) as reply:
                return reply.status, json.loads(reply.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self.process.stderr.close()
        check(code == 0, f'the proxy ended with {code}')


def proxy(test, network):
    """The proxy says what the node says, as far as headers prove it, and nothing that they do not."""
    address = test.witan('keys', 'show', network.folder / 'accounts' / 'account0.json', '--json')
    address = json.loads(address.stdout)['address']
    served = Proxy(test, network, network.url(0), test.folder / 'proxy')
    top = network.height(0)
    for path in (f'/api/v1/light/{top}', f'/api/v1/validators?height={top}', f'/commit?height={top}',
                 f'/validators?height={top}', f'/block?height={top}'):
        code, ours = served.get(path)
        theirs = network.get_json(0, path)
        check(code == 200 and ours == theirs, f'{path}: {code} {ours} is not {theirs}')
    code, ours = served.get(f'/api/v1/blocks/{top}?txs=1')
    theirs = network.get_json(0, f'/api/v1/blocks/{top}?txs=1')
    check(code == 200 and all(ours[k] == theirs[k] for k in ('header', 'commit', 'txIds', 'lastCommit')),
          f'block: {code} {ours}')
    code, ours = served.get(f'/api/v1/accounts/{address}')
    theirs = network.get_json(0, f'/api/v1/accounts/{address}')
    check(code == 200 and ours['balance'] == theirs['balance'] and ours['exists'], f'account: {code} {ours}')
    code, ours = served.get('/api/v1/accounts/' + '11' * 32)
    check(code == 200 and not ours['exists'], f'absent account: {code} {ours}')
    code, ours = served.get('/api/v1/status')
    check(code == 200 and int(ours['latestHeight']) >= top, f'status: {code} {ours}')
    check(served.get('/status')[0] == 200, 'status as JSON-RPC')
    for path, code in (('/api/v1/peers', 404), ('/api/v1/mempool', 404), ('/metrics', 404), ('/nothing', 404),
                       ('/net_info', 404), (f'/api/v1/blocks/{10 ** 9}', 404), ('/api/v1/blocks/0', 400)):
        seen, body = served.get(path)
        check(seen == code and 'error' in body, f'{path}: {seen} {body}')
    served.stop()

    balance = theirs['balance']

    def richer(path, body):
        return body.replace(f'"balance":"{balance}"', '"balance":"999999999999"') if 'accounts' in path else body

    liar = Liar(network.url(0), richer)
    served = Proxy(test, network, liar.url, test.folder / 'lied-to')
    code, body = served.get(f'/api/v1/accounts/{address}')
    check(code == 502 and body['error']['code'] == 'bad_proof', f'a false balance: {code} {body}')
    check(served.get(f'/api/v1/blocks/{top}')[0] == 200, 'blocks are still served')
    served.stop()
    liar.stop()
    say('the proxy serves what it verified, and only that')


def evidence_reports(done):
    """How many accusations each node made of the attack it was told of."""
    return re.findall(r'told \S+: (\d+) accusations', done.stderr) or ['0']


def forks(test, network):
    """The network is copied while it stands still; both copies go on. Each fork is signed by everybody."""
    codes = network.stop_all()
    check(all(code == 0 for code in codes.values()), f'exit codes: {codes}')
    folder = network.folder.with_name('fork')
    shutil.copytree(network.folder, folder, symlinks=True)
    fork = Network(folder, test.args.binary)
    test.networks.append(fork)
    tops = {}
    for name, chain in (('fork', fork), ('main', network)):
        for i in range(4):
            if chain is fork:
                test.expect_exit(0, ('signer', 'adopt', '--home', chain.home(i), '--other-stopped'))
        chain.start_all()
        wait_ready(chain)
        before = chain.height(0)
        tops[name] = wait_height(chain, 0, before + 30, 120)
        wait_height(chain, 1, before + 30, 120)
        chain.stop_all()
    target = min(tops.values())
    for chain, i in ((network, 0), (fork, 1)):
        key = chain.home(i) / 'config' / 'consensus_key.json'
        key.rename(key.with_suffix('.aside'))  # no validator's node, which ends on proof against its own key
        chain.start(i, ALONE)
        wait_for(f'node {i} to answer', lambda c=chain, n=i: c.height(n), 60)
    check(id_of(network, 0, target) != id_of(fork, 1, target), 'the copies did not part')
    for name, words in (('skipping', ()), ('sequential', ('--sequential',))):
        home = test.folder / f'attacked-{name}'
        done = expect(light(test, network.url(0), [fork.url(1)], *root(network, 1), '--verify', target, *words,
                            home=home), 80, 'the chain was attacked', 'evidence')
        found = list((home / 'evidence').glob('attack-*.json'))
        check(len(found) == 1, f'evidence files: {found}')
        evidence = json.loads(found[0].read_text())
        ours, theirs = evidence['againstPrimary'], evidence['againstWitness']
        for chain, i, side in ((network, 0, ours), (fork, 1, theirs)):
            check(side['id'] == id_of(chain, i, int(side['height'])), f'{side} is not of node {i}')
            check(side['id'] in done.stderr, f'{side["id"]} is not shown: {done.stderr}')
            check(side['evidence'], 'no evidence bytes')
        for report in evidence_reports(done) if ours['kind'] != 'amnesia' else ():  # which names nobody
            check(int(report) > 0, f'a node that was told accuses nobody: {done.stderr}')
        check(evidence['commonId'] == id_of(network, 0, int(ours['commonHeight'])), 'the common block')
        if name == 'sequential':  # the very first height at which they part
            height = int(ours['height'])
            check(id_of(network, 0, height - 1) == id_of(fork, 1, height - 1), f'they parted before {height}')
        say(f'{name}: {ours["kind"]} at {ours["height"]} after {ours["commonHeight"]}, accused {len(ours["accused"])}')
    keys = {network.validator_key(i) for i in range(4)}
    for chain, i in ((network, 0), (fork, 1)):
        view = chain.get_json(i, '/api/v1/evidence?limit=100')
        accused = {e['validator'] for e in view['evidence']}
        check(accused and accused <= keys, f'node {i} was told and accuses {accused}')
        say(f'node {i} accuses {len(accused)} of 4: {sorted({e["kind"] for e in view["evidence"]})}')
    told_a_validator(test, network, fork, target)


def told_a_validator(test, network, fork, target):
    """A validator that is shown its own double signature stops. Nodes keep commits of any three signers, so
    one is looked for whose own commit of the fork holds its signature, as that of node 0 of the main chain does."""
    def signed_both(height):
        ours, theirs = fork.block(2, height), network.block(0, height)
        signers = [{s['validator'] for s in side['commit']['signers']} for side in (ours, theirs)]
        return (ours['header']['id'] != theirs['header']['id'] and
                ours['commit']['round'] == theirs['commit']['round'] and
                network.validator_key(2) in signers[0] & signers[1])

    fork.start(2, ALONE)
    wait_for('node 2 to answer', lambda: fork.height(2), 60)
    height = next((h for h in range(target, target - 25, -1) if signed_both(h)), None)
    check(height, f'node 2 signed none of 25 heights up to {target} on both sides')
    expect(light(test, fork.url(2), [network.url(0)], *root(network, 1), '--verify', height,
                 home=test.folder / 'other-way'), 80, 'the chain was attacked', 'told')
    code = wait_for('the validator to stop', lambda: fork.exit_code(2), 30)
    check(code == 72, f'ended with {code}: {fork.log_tail(2)}')
    say('a validator that signed both forks stops when it is told')


def body(test):
    network = test.network()
    network.start_all()
    wait_ready(network)
    wait_height(network, 0, 30, 120)
    for i in range(1, 4):
        wait_height(network, i, 30, 60)
    honest(test, network)
    follow(test, network)
    lies(test, network)
    proxy(test, network)
    forks(test, network)


if __name__ == '__main__':
    raise SystemExit(Test().run(body))
