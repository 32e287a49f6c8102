"""What the integration tests share: waiting with a deadline, a network that cleans up after itself,
a load whose acknowledgements are remembered, and the checks of a finished run.

Nothing here sleeps to let something happen: wait_for() asks again until the condition holds or the
deadline passes, and then says what it waited for. Only processes started here are signalled.
"""
import argparse
import http.client
import json
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
from local_network import Network  # noqa: E402 (needs the path above)

# Slow enough for a busy machine, fast enough for hundreds of heights in a test.
# A dead proposer costs timeout_propose each time it is its turn.
OPTIONS = ('--block-time-ms', '20', '--timeout-propose-ms', '300', '--timeout-vote-ms', '150')
READY_SECONDS = 60
POLL_SECONDS = 0.05


class Failure(Exception):
    """A check that did not hold; the text says what was expected and what was seen."""


def check(condition, text):
    if not condition:
        raise Failure(text)


class Seen(str):
    """What a condition that does not hold yet saw."""

    def __bool__(self):
        return False


def pause():
    threading.Event().wait(POLL_SECONDS)


def wait_for(what, condition, seconds):
    """The first true value of condition(); Failure after the deadline, with the last value seen.
    A Seen is a false value that tells more than None."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f'waited {seconds} s for {what}; last seen: {value!r}')
        pause()


def say(text):
    print(f'{time.strftime("%H:%M:%S")}  {text}', flush=True)


# ---- a test --------------------------------------------------------------------------------


class Test:
    """Context of one test program: temporary folder, networks, logs of a failed run."""

    def __init__(self, arguments=()):
        parser = argparse.ArgumentParser()
        parser.add_argument('--binary', required=True, help='the witan program')
        parser.add_argument('--logs', required=True, help='where the logs of a failed run are kept')
        parser.add_argument('--seed', type=int, default=random.SystemRandom().randrange(2**32))
        for name, options in arguments:
            parser.add_argument(name, **options)
        self.args = parser.parse_args()
        self.random = random.Random(self.args.seed)
        self.name = Path(sys.argv[0]).stem
        self.folder = Path(tempfile.mkdtemp(prefix=f'witan-{self.name}-'))
        self.networks, self.loads, self.processes = [], [], []
        say(f'{self.name} seed {self.args.seed}')

    def network(self, validators=4, options=OPTIONS):
        made = Network.create(self.folder / f'net{len(self.networks)}', self.args.binary, validators, options)
        self.networks.append(made)
        return made

    def live_network(self):
        """One validator on a chain of type live: (network, options of its start). Its keys are encrypted, and its
        sign-state belongs to the chain."""
        secret = self.folder / 'passphrase'
        secret.write_text('of a chain that is live\n', encoding='utf-8')
        network = self.network(1, (*OPTIONS, '--profile', 'staging', '--passphrase-file', secret))
        home = network.home(0)
        path = home / 'config' / 'genesis.json'
        genesis = json.loads(path.read_text(encoding='utf-8'))
        genesis['type'] = 'live'
        path.write_text(json.dumps(genesis, indent=2), encoding='utf-8')
        (home / 'data' / 'sign_state').unlink()
        self.expect_exit(0, ('signer', 'init', '--home', home, '--i-know', '--height', '1'))
        return network, ('--passphrase-file', str(secret))

    def load(self, network, nodes=None):
        made = AcknowledgedLoad(network, range(len(network)) if nodes is None else nodes, self.random)
        self.loads.append(made)
        return made

    def witan(self, *words, seconds=60):
        """Runs a witan command to its end."""
        return subprocess.run([str(self.args.binary), *map(str, words)], capture_output=True, text=True,
                              timeout=seconds, stdin=subprocess.DEVNULL)

    def expect_exit(self, code, words, *texts):
        """A command that must end with `code` and say each of `texts`."""
        try:
            done = self.witan(*words)
        except subprocess.TimeoutExpired:  # run() has killed it
            raise Failure(f'witan {words[0]} runs although it should end with {code}: {texts}') from None
        said = done.stdout + done.stderr
        check(done.returncode == code, f'witan {words[0]} ended with {done.returncode}, not {code}: {said[-2000:]}')
        for text in texts:
            check(text.lower() in said.lower(), f'exit {code} without "{text}": {said[-2000:]}')
        lines = said.strip().splitlines() or ['']
        say(f'exit {code}: {next((line for line in lines if line.startswith("error: ")), lines[-1])}')

    def keep_answers(self):
        """What the nodes of a failed run that are still up say of themselves, beside their logs."""
        for network in self.networks:
            for i in range(len(network)):
                for path in ('/metrics', '/api/v1/consensus/state', '/api/v1/status'):
                    text = network.get(i, path) if network.alive(i) else None
                    if text:
                        name = path.strip('/').replace('/', '_')
                        (network.home(i).parent / f'node{i}-{name}.log').write_text(text, encoding='utf-8')

    def keep_logs(self):
        target = Path(self.args.logs) / self.name
        shutil.rmtree(target, ignore_errors=True)
        for log in self.folder.rglob('*.log'):
            if 'db' in log.parent.suffix:  # a store's own log is data
                continue
            copy = target / log.relative_to(self.folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(log, copy)
        say(f'logs of the nodes: {target}')

    def run(self, body):
        """Runs body(test); the exit status of the program."""
        try:
            body(self)
            self._stop()
            say(f'{self.name} passed')
            return 0
        except Exception as error:  # whatever it is, stop the nodes and keep their logs
            if not isinstance(error, Failure):
                traceback.print_exc()
            say(f'{self.name} FAILED: {error}')
            say(f'again: {sys.executable} {sys.argv[0]} --binary {self.args.binary} --logs {self.args.logs} '
                f'--seed {self.args.seed}')
            self.keep_answers()
            self._stop()
            self.keep_logs()
            return 1
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _stop(self):
        for load in self.loads:
            load.stop()
        for network in self.networks:
            network.stop_all()


def wait_ready(network, nodes=None, seconds=READY_SECONDS):
    """Every node takes part (/readyz) and has decided a height."""
    for i in range(len(network)) if nodes is None else nodes:
        def ready(i=i):
            check(network.alive(i), f'node {i} ended with {network.exit_code(i)}: {network.log_tail(i)}')
            return network.get(i, '/readyz') is not None and network.height(i)
        wait_for(f'node {i} to be ready', ready, seconds)


def wait_height(network, i, height, seconds):
    def reached():
        check(network.alive(i), f'node {i} ended with {network.exit_code(i)}: {network.log_tail(i)}')
        seen = network.height(i)
        return seen if seen is not None and seen >= height else Seen(f'height {seen}')
    return wait_for(f'node {i} to reach height {height}', reached, seconds)


def wait_signs(network, i, after, seconds):
    """Node i's signature is in a certificate above height `after`."""
    key = network.validator_key(i)
    seen = [after]

    def signed():
        top = network.height(i) or 0
        for height in range(max(seen[0] + 1, top - 20), top + 1):
            block = network.block(i, height)
            signers = (block or {}).get('commit', {}).get('signers', [])
            if any(signer.get('validator') == key for signer in signers):
                return height
        seen[0] = max(seen[0], top)
        return None
    return wait_for(f'a certificate above height {after} with the signature of node {i}', signed, seconds)


# ---- load ----------------------------------------------------------------------------------


def opaque_transaction(last_height, payload):
    """Canonical encoding (messages/wire/tx_codec.hpp) of an opaque transaction."""
    struct_pointer = 1 << 32 | 1 << 48
    list_pointer = 1 | 2 << 32 | len(payload) << 35
    words = struct.pack('<QQQQQ', struct_pointer, 1, struct_pointer, last_height, list_pointer)
    return words + payload + bytes(-len(payload) % 8)


def submit(network, i, transaction, seconds=15.0):
    """(status, reply object or None) of one submission that waits for the commit; None: no answer."""
    place = urllib.parse.urlsplit(network.url(i))
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=seconds)
    try:
        connection.request('POST', '/api/v1/transactions?wait=commit', transaction,
                           {'Content-Type': 'application/octet-stream'})
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
    except (OSError, http.client.HTTPException, ValueError):
        return None, None
    finally:
        connection.close()


class AcknowledgedLoad:
    """One thread for each node submits opaque transactions and remembers every acknowledged commit."""

    def __init__(self, network, nodes, rng):
        self.network, self.ended = network, threading.Event()
        self.acknowledged = {}  # transaction id -> height
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._submit_forever, daemon=True,
                                         args=(i, random.Random(rng.random()))) for i in nodes]
        for thread in self.threads:
            thread.start()

    def _submit_forever(self, i, rng):
        while not self.ended.is_set():
            height = self.network.height(i)
            if height is None:
                self.ended.wait(0.1)
                continue
            code, reply = submit(self.network, i, opaque_transaction(height + 512, rng.randbytes(100)))
            if code == 200 and reply.get('code') == 'ok' and int(reply.get('height', 0)) > 0:
                with self.lock:
                    self.acknowledged[reply['txId']] = int(reply['height'])
            else:
                self.ended.wait(0.1)

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(20)

    def count(self):
        with self.lock:
            return len(self.acknowledged)


# ---- checks of a run -------------------------------------------------------------------------


def block_ids(network, i, top):
    """{height: block id} of heights 1..top as node i has them. A block id covers the state root."""
    out = {}
    for first in range(1, top + 1, 20):
        last = min(first + 19, top)
        page = wait_for(f'blocks {first}..{last} of node {i}',
                        lambda f=first, t=last: network.get_json(i, f'/api/v1/blocks?from={f}&to={t}', 5.0), 30)
        out.update({int(block['height']): block['id'] for block in page['blocks']})
    missing = [h for h in range(1, top + 1) if h not in out]
    check(not missing, f'node {i} has no block of heights {missing[:10]}')
    return out


def check_same_chain(network, nodes=None):
    """Every node has the same block, so the same state root, at every common height. Returns the top."""
    nodes = list(range(len(network)) if nodes is None else nodes)
    top = min(wait_for(f'the height of node {i}', lambda i=i: network.height(i), 30) for i in nodes)
    chains = {i: block_ids(network, i, top) for i in nodes}
    for i in nodes[1:]:
        for height in range(1, top + 1):
            check(chains[i][height] == chains[nodes[0]][height],
                  f'height {height}: node {nodes[0]} has {chains[nodes[0]][height]}, node {i} {chains[i][height]}')
    roots = {i: network.state_root(i, top) for i in nodes}
    check(None not in roots.values() and len(set(roots.values())) == 1, f'state roots at {top}: {roots}')
    say(f'nodes {nodes} agree on heights 1..{top}, state root {roots[nodes[0]][:16]}')
    return top


def check_acknowledged(network, load, nodes=None):
    """What was acknowledged as committed is found on every node, in the block that was named."""
    check(load.count() > 0, 'no transaction was ever acknowledged')
    for i in range(len(network)) if nodes is None else nodes:
        wait_height(network, i, max(load.acknowledged.values()), 60)
        by_height = {}
        for tx, height in load.acknowledged.items():
            by_height.setdefault(height, set()).add(tx)
        for height, ids in by_height.items():
            block = wait_for(f'block {height} of node {i}', lambda h=height: network.block(i, h), 30)
            lost = ids - set(block.get('txIds', []))
            check(not lost, f'node {i}: acknowledged in {height} but not there: {sorted(lost)[:3]}')
    say(f'{load.count()} acknowledged transactions are on every node')


def metric(network, i, name):
    """Sum of a metric over its labels; None when the node does not answer."""
    text = network.get(i, '/metrics', 5.0)
    if text is None:
        return None
    values = [float(line.rsplit(' ', 1)[1]) for line in text.splitlines()
              if line.startswith(name) and line[len(name):len(name) + 1] in ('{', ' ')]
    return sum(values)


def check_no_equivocation(test, network):
    """Stops the nodes, then reads every log: a validator has one value for each height, round and type."""
    for i in range(len(network)):
        count = wait_for(f'metrics of node {i}',
                         lambda i=i: [metric(network, i, 'witan_consensus_equivocations_total')], 30)[0]
        check(count == 0, f'node {i} counts {count} equivocations')
    codes = network.stop_all()
    check(all(code == 0 for code in codes.values()), f'exit codes of a clean stop: {codes}')
    seen, votes = {}, 0
    for i in range(len(network)):
        dump = subprocess.Popen([str(test.args.binary), 'wal', 'dump', '--json', '--home', str(network.home(i))],
                                stdout=subprocess.PIPE, text=True)
        for line in dump.stdout:
            record = json.loads(line)
            if record.get('kind') != 'vote':
                continue
            vote = record['fields']
            place = (vote['validator'], record['height'], vote['round'], vote['type'])
            other = seen.setdefault(place, (vote['value'], i))
            check(other[0] == vote['value'],
                  f'conflicting votes {place}: {other[0]} in the log of node {other[1]}, {vote["value"]} of {i}')
            votes += 1
        check(dump.wait() == 0, f'witan wal dump of node {i} ended with {dump.returncode}')
    check(votes > 0, 'no vote in any log')
    say(f'{votes} votes in the logs, none in conflict')
