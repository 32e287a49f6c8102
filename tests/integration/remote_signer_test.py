#!/usr/bin/env python3
"""A validator whose key is held by a signer process. The node stays up and silent while the signer is away, and signs
again when it is back; a killed node goes on where it was; a damaged log, of the node or of the signer, is repaired
and the validator signs again; of two nodes with one signer the older is fenced; a drained signer signs nothing. The
network decides all the time and nothing is ever signed twice."""
import json
import shutil
import signal
import subprocess
import sys

from harness import ROOT, Failure, Test, check, check_no_equivocation, check_same_chain, metric, say, wait_for
from harness import wait_height, wait_ready, wait_signs

sys.path.insert(0, str(ROOT / 'tools'))
from local_network import free_port_base  # noqa: E402 (needs the path above)
from wal_repair_test import dump, flip, run_json  # noqa: E402

REMOTE, SECOND = 3, 4  # a validator, and a second node that is given the same signer
UNREACHABLE, FENCED, REFUSED = 1, 2, 3  # values of witan_signer_trouble
BLOCKS = 15


class SignerProcess:
    """`witan signer run` over a home of its own."""

    def __init__(self, test, home, allowed):
        self.test, self.home, self.process = test, home, None
        self.address = f'unix://{home}/signer.sock'
        self.words = ['signer', 'run', '--json', '--home', str(home), '--listen', self.address]
        for node in allowed:
            self.words += ['--allow', node]

    def start(self):
        with open(self.home / 'signer.log', 'ab') as log:
            self.process = subprocess.Popen([str(self.test.args.binary), *self.words], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        if not line:
            said = (self.home / 'signer.log').read_text(errors='replace')[-2000:]
            raise Failure(f'the signer ended with {self.process.wait(10)}: {said}')
        return json.loads(line)

    def end(self, signum):
        self.process.send_signal(signum)
        self.process.stdout.close()
        return self.process.wait(20)

    def ask(self, command):
        done = self.test.witan('signer', command, '--json', '--home', self.home)
        check(done.returncode == 0, f'signer {command}: {done.stderr}')
        return json.loads(done.stdout)


def new_node_key(test, home):
    """Replaces the home's node key; the new node id."""
    path = home / 'config' / 'node_key.json'
    path.unlink(missing_ok=True)
    made = test.witan('keys', 'new', path, '--role', 'node', '--plain')
    check(made.returncode == 0, f'keys new: {made.stderr}')
    shown = test.witan('keys', 'show', path, '--unlock', '--json')
    check(shown.returncode == 0, f'keys show: {shown.stderr}')
    return json.loads(shown.stdout)['nodeId']


def second_node(test, network):
    """The home of a node like REMOTE, with an own node key, ports and data."""
    home = network.folder / f'node{SECOND}'
    (home / 'data').mkdir(parents=True)
    shutil.copytree(network.home(REMOTE) / 'config', home / 'config')
    node_id = new_node_key(test, home)
    port = free_port_base(2)
    network.nodes.append({'home': str(home), 'nodeId': node_id, 'p2pPort': port,
                          'api': f'http://127.0.0.1:{port + 1}', 'validatorKey': network.validator_key(REMOTE)})
    return ('--p2p.laddr', f'127.0.0.1:{port}', '--rpc.laddr', f'127.0.0.1:{port + 1}')


def signer_home(network):
    """Gets the key and the sign-state of REMOTE, which keeps neither."""
    node, home = network.home(REMOTE), network.folder / 'signer'
    (home / 'config').mkdir(parents=True)
    (home / 'data').mkdir()
    for name in ('config.toml', 'genesis.json'):
        shutil.copy(node / 'config' / name, home / 'config' / name)
    shutil.move(node / 'config' / 'consensus_key.json', home / 'config')
    shutil.move(node / 'data' / 'sign_state', home / 'data')
    return home


def trouble(network, i):
    return metric(network, i, 'witan_signer_trouble')


def wait_trouble(network, i, wanted):
    wait_for(f'node {i} to have trouble {wanted}', lambda: [trouble(network, i)] == [wanted] or None, 30)
    check(network.alive(i), f'node {i} ended with {network.exit_code(i)}: {network.log_tail(i)}')


def decides_without(network, i):
    top = network.height(0)
    wait_height(network, 0, top + BLOCKS, 60)
    wait_height(network, i, top + BLOCKS, 60)  # it follows
    check(network.get(i, '/readyz') is None, f'node {i} says it is ready')


def signer_dies(test, network, signer):
    signer.end(signal.SIGKILL)
    wait_trouble(network, REMOTE, UNREACHABLE)
    decides_without(network, REMOTE)
    say('the network decides while the signer is dead; the node is up and silent')
    top = network.height(0)
    signer.start()
    wait_signs(network, REMOTE, top, 60)
    check(signer.ask('status')['epoch'] == '1', f'a new lease after a restart: {signer.ask("status")}')
    say('the signer is back: its node signs again')


def node_dies(network, signer, flags):
    network.kill(REMOTE)
    top = network.height(0)
    wait_height(network, 0, top + BLOCKS, 60)
    network.start(REMOTE, flags)
    wait_signs(network, REMOTE, top, 60)
    check(signer.ask('status')['epoch'] == '2', f'no new lease: {signer.ask("status")}')
    say('a killed node signs again')


def repair(test, home, start, signs):
    """Damages a log in its middle: a start refuses, and the repair keeps the original and what was signed."""
    records = dump(test, home)
    flip(home, records[len(records) // 2])
    test.expect_exit(73, start, 'wal_damaged', 'Nothing was changed')
    found = run_json(test, 'wal', 'repair', '--home', home, code=73)
    check(found['changed'] == 'no' and ('lastSigned' in found) == signs, f'{found}')
    done = run_json(test, 'wal', 'repair', '--home', home, '--cut')
    check(done['changed'] == 'yes' and done['original'].endswith('wal.damaged-1'), f'{done}')
    check(('refusedToHeight' in done) == signs, f'a sign-state where there is none, or none where there is one: {done}')
    if signs:
        last = [r for r in records if r['kind'] == 'sign' and r['fields']['signed'] != 'watermark'][-1]
        check(int(done['refusedToHeight']) >= int(last['height']), f'not raised over {last}: {done}')


def damaged_logs(test, network, signer, flags):
    network.kill(REMOTE, signal.SIGTERM)
    code = network.processes[REMOTE].wait(20)
    check(code == 0, f'node {REMOTE} ended with {code}: {network.log_tail(REMOTE)}')
    home = network.home(REMOTE)
    repair(test, home, ('start', '--home', home, *flags), signs=False)  # its signatures are elsewhere
    top = network.height(0)
    network.start(REMOTE, flags)
    wait_signs(network, REMOTE, top, 60)
    check(signer.end(signal.SIGTERM) == 0, f'the signer ended with {signer.process.returncode}')
    repair(test, signer.home, signer.words, signs=True)
    top = network.height(0)
    signer.start()
    wait_signs(network, REMOTE, top, 60)
    say('damaged logs of node and signer are repaired: it signs again')


def two_nodes(network, signer, flags):
    top = network.height(0)
    network.start(SECOND, flags)
    wait_signs(network, SECOND, top, 60)
    wait_trouble(network, REMOTE, FENCED)
    status = signer.ask('status')
    check(status['epoch'] == '4' and status['holder'] == network.nodes[SECOND]['nodeId'], f'lease: {status}')
    wait_height(network, REMOTE, network.height(0), 60)
    log = network.log_path(REMOTE).read_text(errors='replace')
    check('sign_fenced' in log, 'the log of the fenced node does not say so')
    say('of two nodes the older is fenced')


def drain(network, signer):
    status = signer.ask('drain')
    check(status['state'] == 'halted', f'drained: {status}')
    wait_trouble(network, SECOND, REFUSED)
    decides_without(network, SECOND)
    # Not `lastSeq`: a block that the node fetched raises the minimum, which is a record and no signature.
    check(signer.ask('status')['signed'] == status['signed'], 'a drained signer signed')
    check(signer.end(signal.SIGTERM) == 0, f'the signer ended with {signer.process.returncode}')
    say('a drained signer signs nothing')


def body(test):
    network = test.network()
    home = signer_home(network)
    new_node_key(test, home)
    second = second_node(test, network)
    signer = SignerProcess(test, home, [network.nodes[i]['nodeId'] for i in (REMOTE, SECOND)])
    told = signer.start()
    flags = ('--signer.address', told['address'], '--signer.public_key', told['publicKey'],
             '--signer.validator_key', told['validatorKey'])
    try:
        for i in range(REMOTE):
            network.start(i)
        network.start(REMOTE, flags)
        nodes = range(REMOTE + 1)
        wait_ready(network, nodes)
        wait_signs(network, REMOTE, 0, 60)
        test.expect_exit(77, signer.words, 'uses this data directory')
        signer_dies(test, network, signer)
        node_dies(network, signer, flags)
        damaged_logs(test, network, signer, flags)
        two_nodes(network, signer, (*flags, *second))
        drain(network, signer)
    finally:
        if signer.process.poll() is None:
            signer.end(signal.SIGKILL)
    check_same_chain(network)
    check_no_equivocation(test, network)


if __name__ == '__main__':
    sys.exit(Test().run(body))
