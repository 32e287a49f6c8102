#!/usr/bin/env python3
"""Network namespaces and links that misbehave on command, in user space: of the kernel only TUN devices are needed.

Each node lives in a network namespace of its own, whose only interface is a TUN device. The other ends are held by one
process (this file, run as a program), the wire between all of them: it forwards each IP packet after what the rule
of its direction says. A rule is a dictionary; what it does not name stays as it is:

  cut        true: nothing passes                   delay, jitter   seconds; jitter reorders
  loss       probability that a packet is lost      duplicate       probability that it comes twice
  rate       bytes per second; a queue of more than half a second loses what comes next

The test itself is host 254; its packets (HTTP) always pass at once. TCP on both sides is the kernel's own, so the nodes
meet real retransmissions, real silence and real resets.

`enter()` runs the program again in namespaces of its own (network, mounts, processes): when it ends, whatever way, the
kernel removes everything that it made. Needs root, or unprivileged user namespaces and a /dev/net/tun that opens.
"""
import fcntl
import heapq
import json
import os
import random
import selectors
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tools'))
from local_network import Network  # noqa: E402 (needs the path above)

INSIDE = 'WITAN_TEST_NAMESPACES'
SKIPPED = 77  # the status by which ctest knows that a test could not be run here
TEST_HOST = 254
P2P_PORT, API_PORT = 26656, 26657
QUEUE_SECONDS = 0.5
PACKET_MAX = 65536
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 0x0001, 0x1000


def address(host):
    return f'10.77.0.{host}'


def run(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def enter():
    """Goes on inside new namespaces, or ends with SKIPPED and the reason when this machine does not allow them."""
    if os.environ.get(INSIDE):
        run('mount', '--make-rprivate', '/')
        run('mount', '-t', 'tmpfs', 'none', '/run')  # ip netns writes there
        return
    command = ['unshare', '--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child']
    if os.geteuid() != 0:
        command += ['--user', '--map-root-user']
    tried = subprocess.run([*command, 'true'], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    reason = tried.stderr.strip() if tried.returncode != 0 else ''
    try:
        os.close(os.open('/dev/net/tun', os.O_RDWR))
    except OSError as error:
        reason = reason or str(error)
    if reason:
        print(f'skipped: no namespaces with TUN devices here: {reason}', flush=True)
        sys.exit(SKIPPED)
    ended = subprocess.run([*command, sys.executable, *sys.argv], env={**os.environ, INSIDE: '1'})
    sys.exit(ended.returncode)


def open_tun(name):
    tun = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack('16sH14s', name.encode(), IFF_TUN | IFF_NO_PI, b''))
    return tun


class LinkedNetwork(Network):
    """A local network whose nodes are namespaces on one wire. `wire()` first, then as a Network. One at a time."""

    conditioner = None

    def wire(self, seed):
        tuns = {TEST_HOST: self._attach('test', TEST_HOST)}
        run('ip', 'link', 'set', 'lo', 'up')
        for i in range(len(self)):
            self.attach_node(i, tuns)
        ends = ','.join(f'{host}:{tun}' for host, tun in tuns.items())
        self.conditioner = subprocess.Popen(
            [sys.executable, __file__, '--ends', ends, '--seed', str(seed)], pass_fds=list(tuns.values()),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for tun in tuns.values():
            os.close(tun)
        return self

    def attach_node(self, i, tuns):
        run('ip', 'netns', 'add', f'n{i}')
        tuns[self.host(i)] = self._attach(f't{i}', self.host(i), f'n{i}')
        run('ip', '-n', f'n{i}', 'link', 'set', 'lo', 'up')

    @staticmethod
    def _attach(device, host, namespace=None):
        tun = open_tun(device)
        inside = []
        if namespace:
            run('ip', 'link', 'set', device, 'netns', namespace)
            inside = ['-n', namespace]
        run('ip', *inside, 'address', 'add', f'{address(host)}/24', 'dev', device)
        run('ip', *inside, 'link', 'set', device, 'up')
        return tun

    @staticmethod
    def host(i):
        return i + 1

    def url(self, i):
        return f'http://{address(self.host(i))}:{API_PORT}'

    def start_command(self, i):
        peers = ','.join(f'{node["nodeId"]}@{address(self.host(j))}:{P2P_PORT}'
                         for j, node in enumerate(self.nodes) if j != i)
        here = address(self.host(i))
        return ['ip', 'netns', 'exec', f'n{i}', *super().start_command(i), '--p2p.laddr', f'{here}:{P2P_PORT}',
                '--rpc.laddr', f'{here}:{API_PORT}', '--p2p.persistent_peers', peers]

    # ---- what the links do

    def rule(self, pairs, **rule):
        """Changes the rule of each direction (i, j) of `pairs`. In force when this returns."""
        command = {'pairs': [[self.host(i), self.host(j)] for i, j in pairs], 'rule': rule}
        self.conditioner.stdin.write(json.dumps(command) + '\n')
        self.conditioner.stdin.flush()
        if self.conditioner.stdout.readline() != 'ok\n':
            raise RuntimeError(f'the conditioner refused {command}')

    def all_pairs(self):
        return [(i, j) for i in range(len(self)) for j in range(len(self)) if i != j]

    def partition(self, *groups):
        """Cuts every link between nodes of different groups."""
        side = {i: number for number, group in enumerate(groups) for i in group}
        self.rule([(i, j) for i, j in self.all_pairs() if side[i] != side[j]], cut=True)

    def heal(self):
        self.rule(self.all_pairs(), cut=False, delay=0, jitter=0, loss=0, duplicate=0, rate=None)

    def stop_all(self, *words):
        codes = super().stop_all(*words)
        if self.conditioner:
            self.conditioner.stdin.close()
            self.conditioner.wait(10)
            self.conditioner = None
            for i in range(len(self)):
                run('ip', 'netns', 'delete', f'n{i}')
        return codes


# ---- the wire, a process of its own ------------------------------------------------------------------


class Wire:
    """Forwards packets between TUN devices; one rule for each direction of each pair of hosts."""

    FIELDS = {'cut': False, 'delay': 0.0, 'jitter': 0.0, 'loss': 0.0, 'duplicate': 0.0, 'rate': None}

    def __init__(self, ends, seed):
        self.ends, self.random = ends, random.Random(seed)
        self.rules, self.free_at = {}, {}
        self.waiting, self.count = [], 0  # heap of (due, number, target, packet)

    def change(self, pairs, rule):
        unknown = set(rule) - set(self.FIELDS)
        if unknown:
            raise ValueError(f'no such fields: {sorted(unknown)}')
        for pair in map(tuple, pairs):
            self.rules[pair] = {**self.rules.get(pair, self.FIELDS), **rule}

    def take(self, packet, now):
        """A packet from a node: delivered, kept until it is due, or lost."""
        if len(packet) < 20 or packet[0] >> 4 != 4:  # IPv6 chatter of the kernel
            return
        source, target = packet[15], packet[19]
        if target not in self.ends:
            return
        rule = self.rules.get((source, target), self.FIELDS)
        if rule['cut'] or self.random.random() < rule['loss']:
            return
        due = now
        if rule['rate']:
            due = max(now, self.free_at.get((source, target), 0.0)) + len(packet) / rule['rate']
            if due - now > QUEUE_SECONDS:
                return
            self.free_at[(source, target)] = due
        due += rule['delay'] + self.random.random() * rule['jitter']
        copies = 2 if self.random.random() < rule['duplicate'] else 1
        for _ in range(copies):
            self.count += 1
            heapq.heappush(self.waiting, (due, self.count, target, packet))

    def give(self, now):
        """Delivers what is due; seconds until the next packet is, or None."""
        while self.waiting and self.waiting[0][0] <= now:
            _, _, target, packet = heapq.heappop(self.waiting)
            try:
                os.write(self.ends[target], packet)
            except OSError:
                pass  # its queue is full or the device is gone: lost, as on any wire
        return self.waiting[0][0] - now if self.waiting else None


def obey(wire, line):
    """One command of the test; the answer."""
    try:
        command = json.loads(line)
        wire.change(command['pairs'], command['rule'])
        return 'ok'
    except (ValueError, KeyError, TypeError) as error:
        return f'refused: {error}'


def forward(ends, seed):
    wire, selector = Wire(ends, seed), selectors.DefaultSelector()
    for tun in ends.values():
        os.set_blocking(tun, False)
        selector.register(tun, selectors.EVENT_READ)
    selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
    wait, commands = None, b''
    while True:
        for key, _ in selector.select(wait):
            if key.fd == sys.stdin.fileno():
                read = os.read(key.fd, PACKET_MAX)
                if not read:
                    return  # the test has ended
                *lines, commands = (commands + read).split(b'\n')
                for line in lines:
                    print(obey(wire, line), flush=True)
                continue
            try:
                while True:
                    wire.take(os.read(key.fd, PACKET_MAX), time.monotonic())
            except BlockingIOError:
                pass
        wait = wire.give(time.monotonic())


if __name__ == '__main__':
    if len(sys.argv) != 5 or sys.argv[1] != '--ends' or sys.argv[3] != '--seed':
        sys.exit('usage: links.py --ends HOST:FD,... --seed N   (started by LinkedNetwork)')
    forward({int(host): int(tun) for host, tun in (end.split(':') for end in sys.argv[2].split(','))}, int(sys.argv[4]))
