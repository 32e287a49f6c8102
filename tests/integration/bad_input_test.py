#!/usr/bin/env python3
"""Garbage on every port does not stop a node; damage on its disk does, with an exit code and with words that
say what to do."""
import shutil
import socket
import sys
import urllib.parse

from harness import Test, check, check_same_chain, say, wait_height, wait_ready

RSS_GROWTH_MAX_MB = 64


def rss_mb(network, i):
    text = open(f'/proc/{network.processes[i].pid}/status', encoding='ascii').read()
    return int(text.split('VmRSS:')[1].split()[0]) / 1024


def connect(port):
    return socket.create_connection(('127.0.0.1', port), timeout=5)


def send_all(port, data):
    """Sends what the other side takes; it may hang up at any time."""
    with connect(port) as peer:
        try:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            peer.settimeout(5)
            while peer.recv(65536):
                pass
        except OSError:
            pass


def garbage_to_peers_port(test, network):
    port = network.nodes[0]['p2pPort']
    for size in (0, 1, 49, 50, 51, 1000, 70_000, 4_000_000):
        for _ in range(3):
            send_all(port, test.random.randbytes(size))
    half_open = []
    for _ in range(30):
        try:
            half_open.append(connect(port))
        except OSError:
            break  # refused: that is a bound too
    check(half_open, 'not one connection was accepted')
    wait_height(network, 0, (network.height(0) or 0) + 50, 60)
    for peer in half_open:
        peer.close()
    say(f'garbage and {len(half_open)} half-open connections to the peers\' port: still deciding')


def garbage_to_http_port(test, network):
    port = urllib.parse.urlsplit(network.url(0)).port
    for data in (b'', b'\r\n\r\n', b'GET', b'GET / HTTP/9.9\r\n\r\n', test.random.randbytes(5000),
                 b'GET /' + b'a' * 100_000 + b' HTTP/1.1\r\n\r\n', b'GET / HTTP/1.1\r\n' + b'A: b\r\n' * 20_000,
                 b'POST /api/v1/transactions HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n',
                 b'POST /api/v1/transactions HTTP/1.1\r\nContent-Length: -1\r\n\r\nx',
                 b'POST /api/v1/transactions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n',
                 b'POST /api/v1/transactions/batch HTTP/1.1\r\nContent-Type: application/octet-stream\r\n'
                 b'Content-Length: 8\r\n\r\n\xff\xff\xff\xffabcd'):
        send_all(port, data)
    wait_height(network, 0, (network.height(0) or 0) + 20, 60)
    say('malformed HTTP: still deciding')


def peer_of_another_chain(test, network):
    other = test.network(validators=1)
    target = network.nodes[0]
    failures = 'witan_p2p_handshake_failures_total'
    peers = network.status(0)['peers']
    other.start(0, ('--p2p.persistent_peers', f'{target["nodeId"]}@127.0.0.1:{target["p2pPort"]}'))
    wait_ready(other)
    wait_height(other, 0, 50, 60)
    wait_height(network, 0, (network.height(0) or 0) + 50, 60)
    check(network.status(0)['peers'] == peers, f'node 0 had {peers} peers, now {network.status(0)}')
    check(other.status(0)['peers'] == 0, f'the other chain has a peer: {other.status(0)}')
    check(failures in (network.get(0, '/metrics') or ''), f'node 0 does not count {failures}')
    check(other.stop_all()[0] == 0, f'the other node ended with {other.exit_code(0)}')
    say('a peer of another chain is refused')


def hostile_sockets(test):
    network = test.network()
    network.start_all()
    wait_ready(network)
    wait_height(network, 0, 100, 60)
    before = rss_mb(network, 0)
    garbage_to_peers_port(test, network)
    garbage_to_http_port(test, network)
    peer_of_another_chain(test, network)
    grown = rss_mb(network, 0) - before
    check(grown < RSS_GROWTH_MAX_MB, f'node 0 grew by {grown:.0f} MB')
    test.expect_exit(77, start_words(network), 'uses this data directory', str(network.processes[0].pid))
    check_same_chain(network)
    codes = network.stop_all()
    check(all(code == 0 for code in codes.values()), f'exit codes: {codes}')


def start_words(network):
    return 'start', '--home', network.home(0)


def stopped_node(test):
    """A chain of one validator that has decided a while and was stopped."""
    network = test.network(validators=1)
    network.start_all()
    wait_ready(network)
    wait_height(network, 0, 30, 60)
    codes = network.stop_all()
    check(codes == {0: 0}, f'exit codes: {codes}')
    return network


def starts_again(network):
    network.start(0)
    wait_ready(network)
    check(network.stop_all() == {0: 0}, f'exit code {network.exit_code(0)}')


def damaged_disk(test):
    network = stopped_node(test)
    data, config = network.home(0) / 'data', network.home(0) / 'config'

    def changed(path, change, code, *texts):
        """The node refuses while `path` is changed, and starts again after it was put back."""
        saved = path.read_bytes()
        path.write_bytes(change(saved))
        test.expect_exit(code, start_words(network), *texts)
        path.write_bytes(saved)

    changed(config / 'config.toml', lambda b: b'no_such_key = 1\n' + b, 65, 'config.toml', 'no_such_key')
    changed(config / 'config.toml', lambda b: b[:len(b) // 2] + b'\n= = =\n', 65, 'config.toml')
    changed(config / 'genesis.json', lambda b: b[:len(b) // 2], 66, 'genesis')
    changed(config / 'genesis.json', lambda b: b.replace(b'"fee_min": "1"', b'"fee_min": "2"'), 66, 'another chain',
            'genesis.json')

    moved = data / 'sign_state.moved'
    (data / 'sign_state').rename(moved)
    test.expect_exit(72, start_words(network), 'sign_state', 'restore the file')
    check(not (data / 'sign_state').exists(), 'a missing sign-state was made anew')
    moved.rename(data / 'sign_state')

    segment = sorted((data / 'wal').glob('*.wal'))[0]
    changed(segment, lambda b: b[:700] + bytes([b[700] ^ 255]) + b[701:], 73, 'wal')

    saved = network.home(0) / 'data.moved'
    data.rename(saved)
    data.write_text('a file where the folder should be')
    test.expect_exit(71, start_words(network), 'data')
    data.unlink()
    saved.rename(data)
    starts_again(network)
    shutil.rmtree(network.home(0))
    test.expect_exit(65, start_words(network), 'witan init')


def body(test):
    hostile_sockets(test)
    damaged_disk(test)


if __name__ == '__main__':
    sys.exit(Test().run(body))
