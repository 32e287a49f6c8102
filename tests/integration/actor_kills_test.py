#!/usr/bin/env python3
"""In a running network of four, under transfers, each kind of actor is killed `--times` times: at a random node, before
a random one of its messages. Each time an actor stands in the place again and the node stores its next block. At the
end the chain is what it would be without: one chain, every transfer executed exactly once, no conflicting vote.

Prints how long it took. Supervisors handle no messages and so meet no rule; they restart with what they supervise.
A family may restart 5 times in 30 s (then the node ends, 76), so kills of one are spread over nodes and time: a hundred
of each take about 25 minutes. The n-th restart within that time waits 10 ms * 2^(n-1)."""
import fnmatch
import json
import socket
import sys
import threading
import time
from collections import defaultdict
from datetime import datetime, timezone

from harness import (Failure, Test, check, check_acknowledged, check_no_equivocation, check_same_chain, say, wait_for,
                     wait_height, wait_ready, wait_signs)

OPTIONS = ('--block-time-ms', '50', '--timeout-propose-ms', '300', '--timeout-vote-ms', '150')
FLAGS = ('--log.format', 'json', '--log.level', 'runtime:debug,ledger:debug,*:info')
KILLED = 'killed by a fault rule'
BUDGET, WINDOW_SECONDS = 4, 31.0  # of the 5 in 30 s: one is left for what a kill may bring with it
SECONDS = 60
CLIENTS = 3
AGAIN_SECONDS = 3.0  # a transfer that is in no block by then is sent again, with the same nonce


def seconds_of(stamp):
    """2026-11-22T08:36:35.438618220Z as seconds; a microsecond is enough."""
    whole = datetime.strptime(stamp[:19], '%Y-%m-%dT%H:%M:%S').replace(tzinfo=timezone.utc)
    return whole.timestamp() + int(stamp[20:29]) / 1e9


def kind_of(path):
    """A path whose parts that are only digits are `*`: connections and workers are numbered."""
    return '/'.join('*' if part.isdigit() else part for part in path.split('/'))


class NodeLog:
    """What a node's log says of deaths, starts and stored blocks, with the times of the node itself."""

    def __init__(self, path):
        self.file = open(path, encoding='utf-8', errors='replace')
        self.rest = ''
        self.deaths, self.starts, self.blocks = [], [], []  # (time, path) or (time, height)
        self.restarts = defaultdict(list)  # family -> times

    def read(self):
        lines = (self.rest + self.file.read()).split('\n')
        self.rest = lines.pop()
        for line in lines:
            if '"actor_' not in line and '"block_committed"' not in line:
                continue
            entry = json.loads(line)
            when, event = seconds_of(entry['ts']), entry['event']
            if event == 'block_committed':
                self.blocks.append((when, int(entry['height'])))
            elif event == 'actor_started':
                self.starts.append((when, entry['actor']))
            elif event == 'actor_failed':
                self.deaths.append((when, entry['actor'], entry.get('text', '')))
            elif event == 'actor_restarted':
                self.restarts[entry['actor'].split('/')[2]].append(when)

    def forget(self):
        """What is over; restarts and the last block are needed again."""
        self.deaths, self.starts, self.blocks = [], [], self.blocks[-1:]

    def may_restart(self, family, now):
        return sum(1 for when in self.restarts[family] if now - when < WINDOW_SECONDS) < BUDGET


class Transfers:
    """Clients that each send one planned transfer after another until it is in a block, whatever becomes of the nodes:
    the accounts at the end follow from the plan alone."""

    FEE = 1

    def __init__(self, test, network):
        self.test, self.network, self.ended = test, network, threading.Event()
        self.files = [network.folder / 'accounts' / f'account{n}.json' for n in range(2 * CLIENTS)]
        shown = [test.witan('keys', 'show', '--json', file) for file in self.files]
        self.addresses = [json.loads(done.stdout)['address'] for done in shown]
        self.start = [self.account(0, n) for n in range(2 * CLIENTS)]
        self.sent = [[] for _ in range(CLIENTS)]  # (receiver, amount) of each nonce that is in a block
        self.acknowledged, self.lock, self.failed = {}, threading.Lock(), []
        seeds = [test.random.random() for _ in range(CLIENTS)]
        self.threads = [threading.Thread(target=self._run, args=(n, seeds[n]), daemon=True) for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def account(self, i, n):
        """(balance, nonce) as node i has it."""
        view = wait_for(f'account {n} of node {i}',
                        lambda: self.network.get_json(i, f'/api/v1/accounts/{self.addresses[n]}'), SECONDS)
        return int(view['balance']), int(view['nonce'])

    def _run(self, n, seed):
        rng = type(self.test.random)(seed)
        try:
            while not self.ended.is_set():
                self._transfer(n, rng, CLIENTS + rng.randrange(CLIENTS), 1 + rng.randrange(1000))
                self.ended.wait(0.1)
        except Exception as error:  # told by stop(), in the thread that runs the test
            self.failed.append(f'client {n}: {error!r}')

    def _transfer(self, n, rng, receiver, amount):
        """Sends until it is in a block, also after the end was asked for: nothing is left half sent."""
        nonce = len(self.sent[n])
        begin = time.monotonic()
        while True:
            check(time.monotonic() - begin < 2 * SECONDS, f'transfer {nonce} is in no block after {2 * SECONDS} s')
            i = rng.randrange(len(self.network))
            done = self.test.witan('tx', 'transfer', '--json', '--nonce', nonce, '--amount', amount, '--fee', self.FEE,
                                   '--from', self.files[n], '--to', self.addresses[receiver],
                                   '--node', self.network.url(i))
            if done.returncode == 0 and self._is_in_a_block(rng, json.loads(done.stdout)['txId']):
                break
            view = self.network.get_json(i, f'/api/v1/accounts/{self.addresses[n]}')
            if view is not None and int(view['nonce']) > nonce:  # an earlier try was: nobody else has the key
                break
            self.ended.wait(0.05)
        self.sent[n].append((receiver, amount))

    def _is_in_a_block(self, rng, identity):
        end = time.monotonic() + AGAIN_SECONDS
        while time.monotonic() < end:
            found = self.network.get_json(rng.randrange(len(self.network)), f'/api/v1/transactions/{identity}')
            if found is not None and int(found.get('height', 0)) > 0:
                with self.lock:
                    self.acknowledged[identity] = int(found['height'])
                return True
            threading.Event().wait(0.05)
        return False

    def count(self):
        with self.lock:
            return len(self.acknowledged)

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(3 * SECONDS)

    def check_accounts(self):
        """Every node has the accounts that the plan gives when each transfer is executed exactly once."""
        check(not self.failed, f'{self.failed}')
        want = [list(account) for account in self.start]
        for n, sent in enumerate(self.sent):
            for receiver, amount in sent:
                want[n][0] -= amount + self.FEE
                want[n][1] += 1
                want[receiver][0] += amount
        for i in range(len(self.network)):
            for n, account in enumerate(want):
                got = wait_for(f'account {n} of node {i} to be up to date',
                               lambda i=i, n=n: [self.account(i, n)], SECONDS)[0]
                check(list(got) == account, f'node {i}, account {n}: (balance, nonce) {got}, planned {account}')
        say(f'{sum(map(len, self.sent))} transfers executed exactly once: the accounts are as without a kill')


class Kills:
    def __init__(self, test, network):
        self.test, self.network = test, network
        self.logs = [NodeLog(network.log_path(i)) for i in range(len(network))]
        self.rates = self._rates()
        self.times = {kind: [] for kind in self.rates}  # (until an actor stands there, until the next block)

    def _tree(self, i):
        return wait_for(f'the tree of node {i}', lambda: self.network.get_json(i, '/api/v1/tree'), SECONDS)['actors']

    def _rates(self):
        """kind -> messages it handles in a second, on one node; what the runtime itself owns is no actor of a tree."""
        def handled():
            out = defaultdict(int)
            for actor in self._tree(0):
                if not actor['supervisor'] and actor['path'].startswith('/node/'):
                    out[kind_of(actor['path'])] += int(actor['handled'])
            return out
        first, begin = handled(), time.monotonic()
        top = self.network.height(0)
        wait_height(self.network, 0, top + 40, SECONDS)
        second, seconds = handled(), time.monotonic() - begin
        return {kind: (second[kind] - first[kind]) / seconds for kind in sorted(second)}

    def ask(self, i, **request):
        """An answer of the admin socket of node i."""
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(10)
            door.connect(str(self.network.home(i) / 'admin.sock'))
            door.sendall(json.dumps(request).encode() + b'\n')
            answer = b''
            while part := door.recv(65536):
                answer += part
        reply = json.loads(answer)
        check('error' not in reply, f'node {i} answers {request} with {reply}')
        return reply

    def run(self, kinds, times):
        left = [kind for kind in kinds for _ in range(times)]
        self.test.random.shuffle(left)
        total, told = len(left), time.monotonic()
        while left:
            at = self._next_with_budget(left)
            if at is None:
                time.sleep(0.1)  # sleeps: budgets come back with time and nothing else
                continue
            self.kill(left.pop(at[0]), at[1])
            if time.monotonic() - told > 30:
                told = time.monotonic()
                say(f'{total - len(left)} of {total} killed, height {self.network.height(0)}')

    def _next_with_budget(self, left):
        """(index of the first kind, node) that may die now, or None."""
        nodes = list(range(len(self.network)))
        self.test.random.shuffle(nodes)
        for log in self.logs:
            log.read()
            log.forget()
        now = time.time()
        tried = set()
        for index, kind in enumerate(left):
            family = kind.split('/')[2]
            if family in tried:
                continue
            tried.add(family)
            for i in nodes:
                # A session is temporary: it is not restarted, so it costs nothing.
                if '/session/' in kind or self.logs[i].may_restart(family, now):
                    return index, i
        return None

    def kill(self, kind, i):
        rng, log = self.test.random, self.logs[i]
        nth = 1 + rng.randrange(max(1, min(200, int(self.rates[kind] * 0.3))))
        time.sleep(rng.random() * 0.1)  # sleeps: the moment is random
        rule = f'on {kind} at node{i} nth {nth} do kill'
        number = self.ask(i, command='fault_add', rules=rule)['added'][0]
        begin = time.monotonic()
        while True:
            log.read()
            took = self._recovered(kind, log)
            if took is not None:
                break
            check(self.network.alive(i), f'{rule}: node {i} ended with {self.network.exit_code(i)}: '
                                         f'{self.network.log_tail(i)}')
            check(time.monotonic() - begin < SECONDS, f'{rule}: not recovered after {SECONDS} s; deaths {log.deaths}')
            if kind.endswith('/query'):
                self.network.status(i)  # it handles questions, and nobody else may have one
            time.sleep(0.005)  # sleeps: the log is a file
        self.ask(i, command='fault_clear', id=number)
        self.times[kind].append(took)

    @staticmethod
    def _recovered(kind, log):
        """(seconds until an actor stood there, seconds until the next block), or None while one is missing."""
        pattern = kind.replace('/*', '/[0-9]*')
        died = next(((when, path) for when, path, text in log.deaths
                     if text == KILLED and fnmatch.fnmatch(path, pattern)), None)
        if died is None:
            return None
        when, path = died
        place = pattern if '/session/' in kind else path  # a new connection has a new number
        back = min((t for t, actor in log.starts if t >= when and fnmatch.fnmatch(actor, place)), default=None)
        height = max((h for t, h in log.blocks if t < when), default=0)
        block = min((t for t, h in log.blocks if t >= when and h > height), default=None)
        return None if back is None or block is None else (back - when, block - when)


def of_sorted(values, permille):
    return values[min(len(values) - 1, len(values) * permille // 1000)]


def report(times, file):
    """Prints the distributions in milliseconds; the same as data."""
    rows = {}
    for kind, taken in sorted(times.items()):
        columns = {}
        for name, values in (('actor', sorted(t[0] for t in taken)), ('block', sorted(t[1] for t in taken))):
            columns[name] = {key: round(of_sorted(values, permille) * 1000, 1)
                             for key, permille in (('median', 500), ('p90', 900), ('most', 1000))}
        rows[kind] = {'kills': len(taken), **columns}
    print('| Killed | times | an actor again: median, 90 %, most (ms) | next block: median, 90 %, most (ms) |')
    print('|---|---|---|---|')
    for kind, row in rows.items():
        cells = [', '.join(f'{row[name][key]:.0f}' for key in ('median', 'p90', 'most')) for name in ('actor', 'block')]
        print(f'| `{kind}` | {row["kills"]} | {" | ".join(cells)} |')
    sys.stdout.flush()
    if file:
        with open(file, 'w', encoding='utf-8') as out:
            json.dump(rows, out, indent=1)


def body(test):
    network = test.network(4, OPTIONS)
    network.start_all(FLAGS)
    wait_ready(network)
    transfers = Transfers(test, network)
    test.loads.append(transfers)
    wait_for('a transfer in a block', lambda: transfers.count() >= CLIENTS, SECONDS)
    kills = Kills(test, network)
    kinds = [kind for kind in kills.rates if fnmatch.fnmatch(kind, test.args.only)]
    check(kinds, f'no kind of actor is like {test.args.only}; there are: {", ".join(kills.rates)}')
    begin = time.monotonic()
    kills.run(kinds, test.args.times)
    say(f'{len(kinds) * test.args.times} kills in {time.monotonic() - begin:.0f} s')
    report({kind: kills.times[kind] for kind in kinds}, test.args.json)
    transfers.stop()
    top = max(wait_for(f'the height of node {i}', lambda i=i: network.height(i), 30) for i in range(4))
    for i in range(4):
        wait_signs(network, i, wait_height(network, i, top, SECONDS), SECONDS)
    transfers.check_accounts()
    check_acknowledged(network, transfers)
    check_same_chain(network)
    check_no_equivocation(test, network)


if __name__ == '__main__':
    sys.exit(Test([('--times', {'type': int, 'default': 2, 'help': 'kills of each kind of actor'}),
                   ('--only', {'default': '*', 'help': 'pattern of kinds, as /node/chain/*'}),
                   ('--json', {'help': 'file for the times'})]).run(body))
