#!/usr/bin/env python3
"""A log damaged before its tail: the node refuses with exit code 73, `witan wal repair` says what is left and changes
nothing until it is told to cut; then the original is kept, the sign-state has risen, and the validator signs again
without contradicting itself. Then `witan rollback`: the state some heights back, blocks executed again or fetched
again, signatures never forgotten."""
import json
import signal
import sys

from harness import OPTIONS, Test, check, check_no_equivocation, check_same_chain, say, wait_height, wait_ready
from harness import wait_signs

VICTIM = 3
FLAGS = ('--storage.wal_segment_bytes', str(1 << 20))


def start_words(home):
    return 'start', '--home', home, *FLAGS


def stop(network):
    network.kill(VICTIM, signal.SIGTERM)
    code = network.processes[VICTIM].wait(20)
    check(code == 0, f'node {VICTIM} ended with {code}: {network.log_tail(VICTIM)}')


def run_json(test, *words, code=0):
    done = test.witan(*words, '--json')
    check(done.returncode == code, f'{words} ended with {done.returncode}: {done.stdout}{done.stderr}')
    return json.loads(done.stdout)


def dump(test, home):
    done = test.witan('wal', 'dump', '--json', '--home', home)
    check(done.returncode == 0, f'wal dump: {done.stderr}')
    return [json.loads(line) for line in done.stdout.splitlines()]


def files_of(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.glob('*.wal'))}


def flip(home, record):
    """One bit of the record's payload."""
    path = home / 'data' / 'wal' / f'{record["segment"]:08}.wal'
    content = bytearray(path.read_bytes())
    content[record['offset'] + 40] ^= 1
    path.write_bytes(content)


def repair_in_the_middle(test, network):
    """Sound records follow the damage: nothing that was signed is in doubt."""
    home = network.home(VICTIM)
    test.expect_exit(77, ('wal', 'repair', '--home', home), 'uses this data directory')
    stop(network)
    records = dump(test, home)
    flip(home, records[len(records) // 2])
    damaged = files_of(home / 'data' / 'wal')
    test.expect_exit(73, start_words(home), 'wal_damaged', 'Nothing was changed', 'witan wal repair')
    test.expect_exit(73, ('wal', 'verify', '--home', home), 'DAMAGED')
    sign_state = (home / 'data' / 'sign_state').read_bytes()
    found = run_json(test, 'wal', 'repair', '--home', home, code=73)
    check(found['changed'] == 'no' and found['laterSignaturesPossible'] == 'no', f'{found}')
    check(files_of(home / 'data' / 'wal') == damaged, 'repair without --cut changed the log')
    check((home / 'data' / 'sign_state').read_bytes() == sign_state, 'repair without --cut changed the sign-state')

    done = run_json(test, 'wal', 'repair', '--home', home, '--cut')
    check(done['changed'] == 'yes' and done['original'].endswith('wal.damaged-1'), f'{done}')
    check(files_of(home / 'data' / 'wal.damaged-1') == damaged, 'the original was not kept as it was')
    last = [r for r in records if r['kind'] == 'sign' and r['fields']['signed'] != 'watermark'][-1]
    check(int(done['refusedToHeight']) >= int(last['height']), f'not raised over {last}: {done}')
    kept = dump(test, home)
    before = int(done['recordsBefore'])
    check(kept[:before] == records[:before], 'records before the damage changed')
    check(any(r['kind'] == 'sign' and r['fields'] == last['fields'] for r in kept), 'the last signature is forgotten')
    say(f'cut: {done["recordsBefore"]} records stay, {done["readableBeyond"]} readable ones leave the log')
    check(run_json(test, 'wal', 'repair', '--home', home)['damage'] == 'none', 'still damaged')
    top = network.height(0)
    network.start(VICTIM, FLAGS)
    wait_signs(network, VICTIM, top, 60)


def repair_at_the_end(test, network):
    """The newest segment lost its end with signatures: only the operator can say from where on it is safe."""
    home = network.home(VICTIM)
    stop(network)
    records = dump(test, home)
    newest = max(r['segment'] for r in records)
    path = home / 'data' / 'wal' / f'{newest:08}.wal'
    content = bytearray(path.read_bytes())
    # Inputs between them can still be read, so this is no torn end.
    for record in [r for r in records if r['kind'] == 'sign' and r['segment'] == newest][-5:]:
        content[record['offset'] + 40] ^= 1
    path.write_bytes(content)
    test.expect_exit(73, start_words(home), 'wal_damaged')
    test.expect_exit(64, ('wal', 'repair', '--home', home, '--cut'), '--height', 'may have signed later')
    first = network.height(0) + 40
    done = run_json(test, 'wal', 'repair', '--home', home, '--cut', '--height', first)
    check(int(done['refusedToHeight']) == first - 1, f'{done}')
    top = network.height(0)
    network.start(VICTIM, FLAGS)
    signed = wait_signs(network, VICTIM, top, 60)
    check(signed >= first, f'signed {signed}, below {first}')


def rollback(test, network):
    home = network.home(VICTIM)
    test.expect_exit(77, ('rollback', '--home', home), 'uses this data directory')
    stop(network)
    sign_state = (home / 'data' / 'sign_state').read_bytes()
    first = run_json(test, 'rollback', '--home', home)
    check(int(first['stateIs']) == int(first['stateWas']) - 1, f'{first}')
    second = run_json(test, 'rollback', '--home', home, '--to', int(first['stateWas']) - 5)
    check(int(second['stateWas']) == int(first['stateIs']) and second['blocksDropped'] == '0', f'{second}')
    test.expect_exit(64, ('rollback', '--home', home, '--to', 10**9), 'the state is at')
    test.expect_exit(71, ('rollback', '--home', home, '--to', 1), 'pruned', 'lowest height')
    check((home / 'data' / 'sign_state').read_bytes() == sign_state, 'rollback changed the sign-state')
    network.start(VICTIM, FLAGS)
    wait_height(network, VICTIM, int(first['stateWas']) + 5, 60)
    say(f'executed again from {second["stateIs"]}, state root {second["stateRoot"][:16]}')
    stop(network)
    third = run_json(test, 'rollback', '--home', home, '--blocks', '--to',
                     int(run_json(test, 'rollback', '--home', home)['stateIs']) - 3)
    check(third['lastBlock'] == third['stateIs'] and int(third['blocksDropped']) >= 4, f'{third}')
    network.start(VICTIM, FLAGS)
    wait_height(network, VICTIM, network.height(0), 60)
    say(f'{third["blocksDropped"]} dropped blocks came back')


def body(test):
    network = test.network(options=OPTIONS)
    for i in range(len(network)):
        network.start(i, FLAGS if i == VICTIM else ())
    wait_ready(network)
    wait_height(network, VICTIM, 30, 60)
    repair_in_the_middle(test, network)
    wait_height(network, VICTIM, network.height(0) + 20, 60)
    repair_at_the_end(test, network)
    rollback(test, network)
    top = network.height(0)
    wait_signs(network, VICTIM, top, 60)
    check_same_chain(network)
    check_no_equivocation(test, network)


if __name__ == '__main__':
    sys.exit(Test().run(body))
