#!/usr/bin/env python3
"""Mistakes with the files that remember what a validator has signed: a second process, a deleted or older
sign-state, a copied home, an older home. Each is refused with exit code 77 or 72 and words that say what to do;
nothing is signed. Then the way back: `signer init` and `signer set-min` over a real log, with silence below the
given height and signatures above it."""
import json
import shutil
import signal
import sys

from harness import Test, check, check_no_equivocation, check_same_chain, say, wait_for, wait_height
from harness import wait_ready, wait_signs

VICTIM = 3
# The smallest log segments: the sign-state is written at each rotation.
FLAGS = ('--storage.wal_segment_bytes', str(1 << 20))
SILENT_HEIGHTS = 60


def start_words(home):
    return 'start', '--home', home, *FLAGS


def stop(network):
    network.kill(VICTIM, signal.SIGTERM)
    code = network.processes[VICTIM].wait(20)
    check(code == 0, f'node {VICTIM} ended with {code}: {network.log_tail(VICTIM)}')


def copy_home(home, name):
    """As `cp -a` does it."""
    copy = home.with_name(name)
    shutil.copytree(home, copy, symlinks=True, ignore=shutil.ignore_patterns('admin.sock'))
    return copy


def signatures(test, home):
    """Heights of the votes and proposals this home has signed, as its log has them."""
    dump = test.witan('wal', 'dump', '--json', '--home', home)
    check(dump.returncode == 0, f'wal dump: {dump.stderr}')
    records = [json.loads(line) for line in dump.stdout.splitlines()]
    return [int(r['height']) for r in records if r['kind'] == 'sign' and r['fields']['signed'] != 'watermark']


def second_process(test, network):
    test.expect_exit(77, start_words(network.home(VICTIM)), 'uses this data directory',
                     str(network.processes[VICTIM].pid), 'stop it or choose another --home')


def older_sign_state(test, network, older):
    """The log was rotated since the backup; the file alone is put back."""
    file = network.home(VICTIM) / 'data' / 'sign_state'
    old = (older / 'data' / 'sign_state').read_bytes()
    wait_for('a rotation of the log', lambda: file.read_bytes() != old, 60)
    stop(network)
    newest = file.read_bytes()
    file.write_bytes(old)
    test.expect_exit(72, start_words(network.home(VICTIM)), 'sign_state_older', 'older copy', 'restore the newest',
                     'signer init --i-know')
    file.write_bytes(newest)


def copied_home(test, network):
    """The copy is refused whether or not the original exists; a renamed home is no copy."""
    home = network.home(VICTIM)
    copy = copy_home(home, 'copy')
    refusal = ('sign_state_foreign', 'is a copy', 'signer adopt --other-stopped')
    test.expect_exit(72, start_words(copy), *refusal)
    hidden = home.with_name('hidden')
    home.rename(hidden)
    test.expect_exit(72, start_words(copy), *refusal)
    test.expect_exit(64, ('signer', 'adopt', '--home', copy), '--other-stopped')
    shutil.rmtree(copy)
    home.symlink_to(hidden)
    top = network.height(0)
    network.start(VICTIM, FLAGS)
    wait_height(network, VICTIM, top, 60)
    wait_signs(network, VICTIM, top, 60)
    stop(network)
    home.unlink()
    hidden.rename(home)
    say('a renamed home signs')


def older_home(test, network, older):
    """Sound in itself; only the network has seen what was signed since."""
    home, newest = network.home(VICTIM), network.home(VICTIM).with_name('newest')
    home.rename(newest)
    shutil.copytree(older, home, symlinks=True)
    test.expect_exit(72, start_words(home), 'sign_state_foreign', 'is a copy')
    test.expect_exit(0, ('signer', 'adopt', '--home', home, '--other-stopped'))
    before = signatures(test, home)
    test.expect_exit(72, start_words(home), 'sign_state_older', "the network holds this key's", 'older copy',
                     'signer set-min')
    check(signatures(test, home) == before, f'signed with an older home: {signatures(test, home)[len(before):]}')
    say(f'an older home signed nothing after its {len(before)} signatures')
    shutil.rmtree(home)
    newest.rename(home)


def silent_then_signs(test, network, first):
    """Started with a minimum above the chain: no signature below it, the reason in the log, then signatures."""
    key_at = network.height(0)
    network.start(VICTIM, FLAGS)
    signed = wait_signs(network, VICTIM, key_at, 60)
    check(signed >= first, f'node {VICTIM} signed {signed}, below its minimum {first}')
    log = network.log_path(VICTIM).read_text(errors='replace')
    check('not above the watermark' in log, 'the log does not say why the node was silent')
    stop(network)
    below = [h for h in signatures(test, network.home(VICTIM)) if key_at < h < first]
    check(not below, f'signed below the minimum {first}: {below[:10]}')
    say(f'silent from {key_at} to {first - 1}, first certificate with its signature: {signed}')


def deleted_sign_state(test, network):
    home = network.home(VICTIM)
    file = home / 'data' / 'sign_state'
    file.unlink()
    test.expect_exit(72, start_words(home), 'sign_state_missing', 'restore', 'signer init --i-know')
    check(not file.exists(), 'a missing sign-state was made anew')
    test.expect_exit(64, ('signer', 'init', '--home', home, '--height', '1'), '--i-know')
    first = network.height(0) + SILENT_HEIGHTS
    test.expect_exit(0, ('signer', 'init', '--home', home, '--i-know', '--height', first))
    silent_then_signs(test, network, first)


def raised_minimum(test, network):
    home = network.home(VICTIM)
    first = network.height(0) + SILENT_HEIGHTS
    test.expect_exit(0, ('signer', 'set-min', '--home', home, '--height', first))
    test.expect_exit(72, ('signer', 'set-min', '--home', home, '--height', first - 1), 'only rises')
    silent_then_signs(test, network, first)


def body(test):
    network = test.network()
    for i in range(len(network)):
        network.start(i, FLAGS if i == VICTIM else ())
    wait_ready(network)
    wait_height(network, VICTIM, 20, 60)
    stop(network)
    older = copy_home(network.home(VICTIM), 'older')
    top = network.height(0)
    network.start(VICTIM, FLAGS)
    wait_signs(network, VICTIM, top, 60)
    second_process(test, network)
    older_sign_state(test, network, older)
    copied_home(test, network)
    older_home(test, network, older)
    raised_minimum(test, network)
    deleted_sign_state(test, network)
    top = network.height(0)
    network.start(VICTIM, FLAGS)
    wait_signs(network, VICTIM, top, 60)
    check_same_chain(network)
    check_no_equivocation(test, network)


if __name__ == '__main__':
    sys.exit(Test().run(body))
