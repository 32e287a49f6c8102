#!/usr/bin/env python3
"""A node without a validator key joins later, syncs from genesis and follows. A validator that was stopped
for a while catches up."""
import shutil
import sys

from harness import Test, check, check_same_chain, say, wait_for, wait_height, wait_ready
from local_network import free_port_base


def add_follower(test, network):
    """Home of a node that holds the chain's genesis, knows all validators and has no consensus key."""
    number = len(network)
    home, p2p = network.home(number), free_port_base(2)
    config = home / 'config'
    config.mkdir(parents=True)
    shutil.copyfile(network.home(0) / 'config' / 'genesis.json', config / 'genesis.json')
    shutil.copyfile(network.home(0) / 'config' / 'config.toml', config / 'config.toml')
    made = test.witan('keys', 'new', config / 'node_key.json', '--role', 'node', '--plain')
    check(made.returncode == 0, made.stderr)
    peers = ','.join(f'{node["nodeId"]}@127.0.0.1:{node["p2pPort"]}' for node in network.nodes)
    flags = ('--p2p.laddr', f'127.0.0.1:{p2p}', '--rpc.laddr', f'127.0.0.1:{p2p + 1}',
             '--p2p.persistent_peers', peers, '--moniker', 'follower')
    network.nodes.append({'api': f'http://127.0.0.1:{p2p + 1}', 'p2pPort': p2p})
    return number, flags


def body(test):
    network = test.network()
    network.start_all()
    wait_ready(network)
    load = test.load(network)
    target = wait_height(network, 0, 200, 120)

    follower, flags = add_follower(test, network)
    network.start(follower, flags)
    wait_height(network, follower, target, 60)
    status = network.status(follower)
    check(not status.get('validatorKey'), f'the new node has no validator key: {status}')
    wait_for('the new node to follow the tip',
             lambda: (network.height(follower) or 0) + 5 >= (network.height(0) or 1 << 62), 60)
    say(f'a new node has synced to {network.height(follower)}')

    network.kill(3, 15)
    wait_for('node 3 to stop', lambda: not network.alive(3), 10)
    check(network.exit_code(3) == 0, f'node 3 ended with {network.exit_code(3)}')
    away = wait_height(network, 0, (network.height(0) or 0) + 150, 120)
    network.start(3)
    wait_height(network, 3, away, 60)
    say(f'node 3 has caught up to {network.height(3)}')

    load.stop()
    network.kill(follower, 15)
    wait_for('the new node to stop', lambda: not network.alive(follower), 10)
    check(network.exit_code(follower) == 0, f'the new node ended with {network.exit_code(follower)}')
    network.start(follower, flags)
    wait_height(network, follower, network.height(0) or 0, 60)
    check_same_chain(network)


if __name__ == '__main__':
    sys.exit(Test().run(body))
