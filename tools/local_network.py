#!/usr/bin/env python3
"""A network of Witan nodes on this machine: real processes, real sockets, real disks.

  tools/local_network.py up [--validators 4] [--load 20] [--for 30] [--clean]

makes a network in ./.local (or goes on with the one that is there), runs its nodes with a gentle
load, shows what they do, and stops them on Ctrl-C. The summary compares the state roots. Exit
status 0: all nodes ran to the end, agree, and decided a height within the last 10 seconds.

`--byzantine 3:equivocate` runs node 3 as `witan-byzantine`, which misbehaves so (`witan-byzantine
behaviours` lists how). The summary then is about the correct nodes.

Also a library: tests use `Network` to start, kill and question nodes. Only processes started here
are ever signalled, by their pid. Standard library only.
"""
import argparse
import json
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_BINARY = ROOT / 'build' / 'release' / 'bin' / 'witan'
FIRST_PORTS = range(20000, 32000)  # below the kernel's ephemeral ports
START_SECONDS = 15
STOP_SECONDS = 20
STALL_SECONDS = 10


class NetworkError(Exception):
    """Something a person must change; the text says what."""


def free_port_base(count):
    """First of `count` consecutive ports nobody listens on."""
    for _ in range(200):
        base = random.randrange(FIRST_PORTS.start, FIRST_PORTS.stop - count)
        try:
            for port in range(base, base + count):
                with socket.socket() as probe:
                    probe.bind(('127.0.0.1', port))
            return base
        except OSError:
            continue
    raise NetworkError(f'no {count} free ports in a row between {FIRST_PORTS.start} and {FIRST_PORTS.stop}')


class Network:
    """Homes in `folder`, one process for each node that was started. Not thread-safe."""

    def __init__(self, folder, binary=DEFAULT_BINARY):
        self.folder, self.binary = Path(folder), Path(binary)
        self.nodes = json.loads((self.folder / 'network.json').read_text())['nodes']
        self.processes = {}
        self.behaviours = {}  # node -> what it does as witan-byzantine; the others are correct

    @classmethod
    def create(cls, folder, binary=DEFAULT_BINARY, validators=4, options=()):
        """Makes a new network; `options` go to `witan testnet` as they are."""
        base = free_port_base(2 * validators)
        command = [str(binary), 'testnet', '--json', '--validators', str(validators), '--output', str(folder),
                   '--starting-p2p-port', str(base), '--starting-rpc-port', str(base + validators), *options]
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode != 0:
            raise NetworkError(made.stderr.strip() or f'{command[0]} ended with {made.returncode}')
        (Path(folder) / 'network.json').write_text(made.stdout)
        return cls(folder, binary)

    @staticmethod
    def exists(folder):
        return (Path(folder) / 'network.json').exists()

    @staticmethod
    def remove(folder):
        """Removes a network; refuses a folder that holds something else."""
        folder = Path(folder)
        if not folder.exists():
            return
        if not Network.exists(folder) and not (folder / 'genesis.json').exists() and any(folder.iterdir()):
            raise NetworkError(f'{folder} is not a network of this script: remove it yourself')
        shutil.rmtree(folder)

    def __len__(self):
        return len(self.nodes)

    def home(self, i):
        return self.folder / f'node{i}'

    def log_path(self, i):
        return self.home(i) / 'node.log'

    def url(self, i):
        return self.nodes[i]['api']

    def validator_key(self, i):
        return self.nodes[i]['validatorKey']

    def correct(self):
        return [i for i in range(len(self)) if i not in self.behaviours]

    def byzantine_binary(self):
        return self.binary.parent / 'witan-byzantine'

    def misbehave(self, i, behaviour):
        """Lets node i run as witan-byzantine from its next start on."""
        if not 0 <= i < len(self):
            raise NetworkError(f'there is no node {i}: the network has {len(self)} nodes')
        if not self.byzantine_binary().exists():
            raise NetworkError(f'{self.byzantine_binary()} does not exist: tools/dev build')
        listed = subprocess.run([str(self.byzantine_binary()), 'behaviours', '--json'], capture_output=True, text=True)
        names = [entry['name'] for entry in json.loads(listed.stdout or '[]')]
        if behaviour not in names:
            raise NetworkError(f'no behaviour {behaviour!r}; there are: {", ".join(names)}')
        self.behaviours[i] = behaviour

    def start_command(self, i):
        if i not in self.behaviours:
            return [str(self.binary), 'start', '--home', str(self.home(i))]
        return [str(self.byzantine_binary()), 'start', '--home', str(self.home(i)), '--behaviour', self.behaviours[i]]

    def start(self, i, flags=()):
        """Starts node i; its output is appended to log_path(i)."""
        if self.alive(i):
            raise NetworkError(f'node {i} runs already')
        with open(self.log_path(i), 'ab') as log:
            # A session of its own: Ctrl-C reaches this script only, which then stops the nodes.
            self.processes[i] = subprocess.Popen(
                [*self.start_command(i), *flags],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        return self.processes[i]

    def start_all(self, flags=()):
        for i in range(len(self)):
            self.start(i, flags)

    def alive(self, i):
        return i in self.processes and self.processes[i].poll() is None

    def exit_code(self, i):
        """None while it runs or was never started; -N when signal N ended it."""
        return self.processes[i].poll() if i in self.processes else None

    def kill(self, i, signum=signal.SIGKILL):
        """Sends a signal to node i. After SIGKILL the process is gone when this returns."""
        if self.alive(i):
            self.processes[i].send_signal(signum)
            if signum == signal.SIGKILL:
                self.processes[i].wait()

    def stop_all(self, seconds=STOP_SECONDS):
        """SIGTERM, a bounded wait, then SIGKILL. Returns {node: exit code}; -9: it did not stop."""
        running = [i for i in self.processes if self.alive(i)]
        for i in running:
            self.processes[i].send_signal(signal.SIGTERM)
        end = time.monotonic() + seconds
        for i in running:
            try:
                self.processes[i].wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.kill(i)
        return {i: self.exit_code(i) for i in sorted(self.processes)}

    def get(self, i, path, seconds=2.0):
        """The body of a GET as text, or None when the node does not answer or answers with an error."""
        try:
            with urllib.request.urlopen(self.url(i) + path, timeout=seconds) as reply:
                return reply.read().decode('utf-8', 'replace')
        except (OSError, urllib.error.URLError, ValueError):
            return None

    def get_json(self, i, path, seconds=2.0):
        text = self.get(i, path, seconds)
        try:
            return None if text is None else json.loads(text)
        except ValueError:
            return None

    def status(self, i):
        """NodeStatus (docs/reference/api.md) or None."""
        return self.get_json(i, '/api/v1/status')

    def block(self, i, height):
        """BlockView of a height or None."""
        return self.get_json(i, f'/api/v1/blocks/{height}')

    def height(self, i):
        """Last decided height; None when the node does not answer."""
        status = self.status(i)
        return None if status is None else int(status.get('latestHeight', 0))

    def state_root(self, i, height):
        block = self.block(i, height)
        return None if block is None else block.get('header', {}).get('stateRoot')

    def wait_ready(self, seconds=START_SECONDS):
        """Until every correct running node answers and has decided a height. False: not within `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            running = [i for i in self.correct() if self.alive(i)]
            if not running or all(self.height(i) for i in running):
                return bool(running)
            time.sleep(0.1)
        return False

    def total_transactions(self, i):
        """Transactions decided since the node started; None when unknown."""
        found = re.search(r'^\w*consensus_total_txs(?:\{[^}]*\})? ([0-9.e+]+)$',
                          self.get(i, '/metrics') or '', re.M)
        return None if found is None else int(float(found.group(1)))

    def log_tail(self, i, lines=5):
        try:
            return self.log_path(i).read_text(errors='replace').splitlines()[-lines:]
        except OSError:
            return []


# --- load -----------------------------------------------------------------------------------


class Load:
    """Signed transfers at a rate: `witan load` when the binary has it, else one `witan tx transfer` each."""

    def __init__(self, network, rate):
        self.network, self.rate = network, rate
        self.process, self.thread, self.ended = None, None, threading.Event()

    def start(self):
        binary, accounts = str(self.network.binary), self.network.folder / 'accounts'
        asked = subprocess.run([binary, 'load', '--help'], capture_output=True, text=True)
        if 'witan load' not in asked.stdout:
            self.thread = threading.Thread(target=self._transfer_forever, args=(binary, accounts), daemon=True)
            self.thread.start()
            return
        urls = ','.join(self.network.url(i) for i in self.network.correct())
        with open(self.network.folder / 'load.log', 'ab') as log:
            self.process = subprocess.Popen(
                [binary, 'load', '--rate', str(self.rate), '--batch', str(max(1, int(self.rate) // 10)),
                 '--kind', 'transfer', '--nodes', urls,
                 '--accounts', str(accounts)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def _transfer_forever(self, binary, accounts):
        """One transfer after another, each account to the next, spread over the nodes."""
        files = sorted(accounts.glob('account*.json'))
        shown = [subprocess.run([binary, 'keys', 'show', '--json', str(f)], capture_output=True, text=True)
                 for f in files]
        addresses = [json.loads(s.stdout)['address'] for s in shown if s.returncode == 0]
        count, due = 0, time.monotonic()
        while not self.ended.is_set() and addresses:
            sender = count % len(addresses)
            subprocess.run([binary, 'tx', 'transfer', '--from', str(files[sender]), '--amount', '1', '--fee', '1',
                            '--to', addresses[(sender + 1) % len(addresses)],
                            '--node', self.network.url(count % len(self.network))], capture_output=True)
            count += 1
            due = max(due + 1.0 / self.rate, time.monotonic() - 1.0)
            self.ended.wait(max(0.0, due - time.monotonic()))

    def problem(self):
        """Why there is no load any more, or None."""
        if self.process is not None and self.process.poll() is not None:
            return f'load ended with {self.process.returncode}, see {self.network.folder}/load.log'
        return None

    def stop(self):
        self.ended.set()
        if self.thread is not None:
            self.thread.join(10)
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


# --- view -----------------------------------------------------------------------------------

COLUMNS = (('node', 5), ('height', 9), ('round', 5), ('block time', 10), ('tx/s', 8), ('peers', 5),
           ('state root', 22), ('process', 0))


def block_time_text(seconds, heights):
    """Mean time of a height over an interval."""
    if not heights or heights < 0:
        return '-'
    mean = seconds / heights
    return f'{mean * 1000:.1f} ms' if mean < 1 else f'{mean:.2f} s'


def render_table(rows):
    """Lines of the live table. A row is a dict with the names of COLUMNS; what is missing shows as '-'."""
    def line(cells):
        return '  '.join(f'{text:<{width}}' for text, (_, width) in zip(cells, COLUMNS)).rstrip()
    head = line([name for name, _ in COLUMNS])
    return [head] + [line([str('-' if row.get(name) is None else row[name]) for name, _ in COLUMNS])
                     for row in rows]


def render_line(seconds, rows):
    """One line for logs, where a table cannot be redrawn."""
    def all_of(name):
        return '/'.join(str('-' if row.get(name) is None else row[name]) for row in rows)
    return (f'{seconds:4.0f} s  height {all_of("height")}  round {all_of("round")}  '
            f'block {rows[0].get("block time") or "-"}  tx/s {rows[0].get("tx/s") or "-"}  '
            f'peers {all_of("peers")}  {all_of("process")}')


class Watch:
    """Asks every node once a second and turns two answers into rates."""

    def __init__(self, network):
        self.network = network
        self.before = {}                       # node -> (time, height, transactions)
        self.height_max = None                 # highest decided height any node has shown
        self.last_growth = time.monotonic()    # when height_max last grew

    def _rates(self, i, height, transactions):
        now, (then, old_height, old_transactions) = time.monotonic(), self.before.get(i, (None, None, None))
        self.before[i] = (now, height, transactions)
        if then is None or height is None or old_height is None:
            return None, None
        rate = None
        if transactions is not None and old_transactions is not None:
            rate = f'{max(0, transactions - old_transactions) / (now - then):.1f}'
        return block_time_text(now - then, height - old_height), rate

    def _process(self, i, status):
        if not self.network.alive(i):
            return f'DEAD, exit code {self.network.exit_code(i)}'
        return 'no answer' if status is None else 'runs'

    def _row(self, i, status):
        row = {'node': i, 'process': self._process(i, status)}
        if i in self.network.behaviours:
            row['process'] += f', BYZANTINE: {self.network.behaviours[i]}'
        if status is None:
            return row
        row['height'], row['peers'] = int(status.get('latestHeight', 0)), status.get('peers', 0)
        consensus = self.network.get_json(i, '/api/v1/consensus/state') or {}
        row['round'] = consensus.get('round')
        row['block time'], row['tx/s'] = self._rates(i, row['height'], self.network.total_transactions(i))
        return row

    def saw_heights(self, heights):
        """The first sight is no growth: a resumed network shows its old height without deciding anything."""
        if not heights:
            return
        if self.height_max is not None and max(heights) > self.height_max:
            self.last_growth = time.monotonic()
        self.height_max = max(heights + [self.height_max or 0])

    def silent_seconds(self):
        return time.monotonic() - self.last_growth

    def rows(self):
        answers = [self.network.status(i) if self.network.alive(i) else None for i in range(len(self.network))]
        rows = [self._row(i, status) for i, status in enumerate(answers)]
        heights = [rows[i]['height'] for i in self.network.correct() if rows[i].get('height') is not None]
        self.saw_heights(heights)
        common = min(heights, default=0)
        for i, row in enumerate(rows):
            if row.get('height') and common:
                root = self.network.state_root(i, common)
                row['state root'] = f'{root[:10]} at {common}' if root else None
        return rows


class Screen:
    """Redraws the table on a terminal; plain lines elsewhere."""

    def __init__(self, stream):
        self.stream, self.lines, self.started = stream, 0, time.monotonic()

    def show(self, rows, note):
        if not self.stream.isatty():
            self.stream.write(render_line(time.monotonic() - self.started, rows) + (f'  {note}' if note else '') + '\n')
        else:
            up = f'\x1b[{self.lines}A' if self.lines else ''
            text = render_table(rows) + [note or '']
            self.stream.write(up + ''.join(f'\x1b[2K{line}\n' for line in text))
            self.lines = len(text)
        self.stream.flush()


# --- up -------------------------------------------------------------------------------------


def compare(network):
    """(highest common height, {node: state root}) of the correct nodes that answer."""
    heights = {i: network.height(i) for i in network.correct() if network.alive(i)}
    known = [h for h in heights.values() if h]
    if not known:
        return 0, {}
    common = min(known)
    return common, {i: network.state_root(i, common) for i in heights}


def verdict(common, roots, deaths, stalled, behaviours=None):
    """(lines of the summary, True when all is well). `deaths`: node -> exit code before the stop. What becomes of a
    node of `behaviours` is told and judges nothing."""
    lines, good, behaviours = [], True, behaviours or {}
    distinct = sorted(set(str(root) for root in roots.values()))
    if common and len(distinct) == 1 and distinct[0] != 'None':
        lines.append(f'common height {common}  state root {distinct[0]}')
    else:
        good = False
        lines.append(f'common height {common}  NO COMMON STATE ROOT')
        lines += [f'  node {i}  {root or "no answer"}' for i, root in sorted(roots.items())]
    for i, behaviour in sorted(behaviours.items()):
        lines.append(f'node {i} was byzantine ({behaviour}); the correct nodes are compared')
    for i, code in sorted(deaths.items()):
        good = good and i in behaviours
        lines.append(f'node {i} died with exit code {code}')
    if stalled is not None:
        good = False
        lines.append(f'no new height was decided during the last {stalled:.0f} s')
    return lines, good


def watch_until(network, load, seconds):
    """Shows the network until `seconds` are over (None: for ever) or Ctrl-C."""
    watch, screen, start = Watch(network), Screen(sys.stdout), time.monotonic()
    tick = start
    try:
        while seconds is None or time.monotonic() - start < seconds:
            screen.show(watch.rows(), load.problem() if load else None)
            tick = max(tick + 1.0, time.monotonic())
            time.sleep(max(0.0, tick - time.monotonic()))
    except KeyboardInterrupt:
        print()
    watch.rows()
    silent, watched = watch.silent_seconds(), time.monotonic() - start
    # A run shorter than STALL_SECONDS must have seen at least one new height.
    return silent if silent >= min(STALL_SECONDS, watched) else None


def open_or_create(args):
    if args.clean:
        Network.remove(args.dir)
    if Network.exists(args.dir):
        network = Network(args.dir, args.binary)
        print(f'going on with the network of {len(network)} nodes in {args.dir} (--clean makes a new one)')
        return network
    network = Network.create(args.dir, args.binary, args.validators)
    print(f'made a network of {len(network)} nodes in {args.dir}')
    return network


def run_up(args):
    if not Path(args.binary).exists():
        raise NetworkError(f'{args.binary} does not exist: tools/dev build')
    network = open_or_create(args)
    for i, behaviour in args.byzantine:
        network.misbehave(i, behaviour)
    if 3 * len(network.behaviours) >= len(network):
        print(f'{len(network.behaviours)} of {len(network)} nodes are byzantine: from a third on nothing is promised')
    load = Load(network, args.load) if args.load > 0 else None
    stalled, common, roots, deaths = None, 0, {}, {}
    try:
        network.start_all()
        for i in range(len(network)):
            print(f'node {i}  {network.url(i)}  pid {network.processes[i].pid}  log {network.log_path(i)}')
        if not network.wait_ready():
            print(f'not every node decided a height within {START_SECONDS} s')
        if load:
            load.start()
        stalled = watch_until(network, load, args.seconds)
        if load:
            load.stop()
        common, roots = compare(network)
        deaths = {i: network.exit_code(i) for i in network.processes if not network.alive(i)}
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # from here on every process is stopped, come what may
        if load:
            load.stop()
        codes = network.stop_all()
    deaths.update({i: code for i, code in codes.items() if code != 0 and i not in deaths})
    lines, good = verdict(common, roots, deaths, stalled, network.behaviours)
    for i in sorted(deaths):
        lines += [f'  node {i} log: {line}' for line in network.log_tail(i)]
    print('\n'.join(lines))
    return 0 if good else 1


def interrupt(_signum, _frame):
    raise KeyboardInterrupt


def node_and_behaviour(text):
    """`3:equivocate` as (3, 'equivocate')."""
    node, colon, behaviour = text.partition(':')
    if not (node.isdigit() and colon and behaviour):
        raise argparse.ArgumentTypeError(f'{text!r} is not NODE:BEHAVIOUR, as in 3:equivocate')
    return int(node), behaviour


def parse(arguments):
    parser = argparse.ArgumentParser(prog='local_network.py', description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest='command', required=True)
    up = commands.add_parser('up', help='run a network and watch it; Ctrl-C stops it')
    up.add_argument('--validators', type=int, default=4, help='nodes of a new network (default 4)')
    up.add_argument('--load', type=float, default=20, metavar='RATE', help='transfers a second (default 20; 0: none)')
    up.add_argument('--for', dest='seconds', type=float, metavar='SECONDS', help='stop by itself after this time')
    up.add_argument('--clean', action='store_true', help='remove the network that is there first')
    up.add_argument('--dir', default=str(ROOT / '.local'), help='folder of the network (default .local)')
    up.add_argument('--binary', default=str(DEFAULT_BINARY), help='the witan binary (default: release build)')
    up.add_argument('--byzantine', type=node_and_behaviour, action='append', default=[], metavar='NODE:BEHAVIOUR',
                    help='run this node as witan-byzantine; may be given several times')
    return parser.parse_args(arguments)


def main(arguments):
    args = parse(arguments)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        return run_up(args)
    except NetworkError as error:
        print(f'local_network.py: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
