#!/usr/bin/env python3
"""The logs of four real validators, one of them killed on the way, lead the consensus core to the same signatures and
decisions again (`witan replay`), with the order of a recording as well; a log changed on purpose, with checksums that
are right, is found at its record, a damaged one is refused with its place."""
import json
import shutil
import signal
import struct

from harness import Failure, Test, check, say, wait_height, wait_ready, wait_signs

VICTIM = 2
HEIGHTS = 25  # before the death, and after the return
# Time-outs far above what a sync takes: the log alone does not know what came before an own vote was durable.
OPTIONS = ('--block-time-ms', '20', '--timeout-propose-ms', '1500', '--timeout-vote-ms', '1000')
RECORD = ('--trace.record', 'true', '--trace.ring_bytes', str(64 << 20))


# ---- a log with another content (storage/wal_format.hpp)


def crc_table():
    out = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82f63b78 if value & 1 else 0)
        out.append(value)
    return out


TABLE = crc_table()


def crc32c(data, seed=0):
    crc = seed ^ 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


def place(record):
    return f'{record["segment"]}:{record["offset"]}'


def edited(source, target, records, change):
    """A copy of the log in which the payloads of `records` are what change() makes of them; the checksums are right."""
    shutil.copytree(source, target)
    for record in records:
        path = target / f'{record["segment"]:08}.wal'
        content = bytearray(path.read_bytes())
        salt = content[40:48]
        chain_id = content[48:52 + struct.unpack_from('<I', content, 48)[0]]
        seed = crc32c(content[16:24] + salt + chain_id)
        at, begin = record['offset'], record['offset'] + 32
        end = begin + record['payloadBytes']
        payload = change(bytes(content[begin:end]), record)
        check(len(payload) == end - begin and payload != content[begin:end], f'nothing to change in {record}')
        content[begin:end] = payload
        struct.pack_into('<I', content, at + 4, crc32c(content[at + 8:at + 32], seed))
        struct.pack_into('<I', content, at, crc32c(content[at + 4:end], seed))
        path.write_bytes(content)
    return target


def for_another_block(payload, record):
    value = bytes.fromhex(record['fields']['value'])
    return payload.replace(value, bytes([value[0] ^ 1]) + value[1:], 1)


# ---- the command


def dump(test, home):
    done = test.witan('wal', 'dump', '--json', '--home', home)
    check(done.returncode == 0, f'wal dump: {done.stderr}')
    return [json.loads(line) for line in done.stdout.splitlines()]


def replay(test, *words, code=0):
    done = test.witan('replay', '--json', *words)
    check(done.returncode == code, f'witan replay {words} ended with {done.returncode}, not {code}: '
                                   f'{done.stdout[-3000:]}{done.stderr}')
    return json.loads(done.stdout), done.stderr


def votes_signed(records, first, last):
    return sum(r['kind'] == 'sign' and r['fields']['signed'] in ('prevote', 'precommit') and
               first <= int(r['height']) <= last for r in records)


def check_whole_network(test, network, top):
    for i in range(len(network)):
        found, _ = replay(test, '--home', network.home(i))
        check(not found['diverged'] and 'stop' not in found, f'node {i}: {found}')
        # How many heights pass while the victim is away depends on the machine; it votes before and after.
        # A height that is fed and not compared may lie among the others: its votes may be missing.
        votes = votes_signed(dump(test, network.home(i)), int(found['from']), int(found['to']))
        check(votes >= found['votes'] > (2 * HEIGHTS if i == VICTIM else found['heights']),
              f'node {i}: {votes} {found}')
        check(found['heights'] > top // 2 and found['proposals'] > 0 and found['decisions'] > top // 2,
              f'node {i}: {found}')
        say(f'node {i}: {found["heights"]} heights, {found["votes"]} own votes, {found["proposals"]} own proposals, '
            f'{found["decisions"]} decisions driven again, {found["partial"]} heights partial')


def signed(records, height, kind):
    return [r for r in records if r['kind'] == 'sign' and int(r['height']) == height and r['fields']['signed'] == kind]


def quiet_height(records, above):
    """A height decided in round 0 by votes alone, in whose log this validator prevoted for the block."""
    for end in (r for r in records if r['kind'] == 'decided' and int(r['height']) > above):
        of_height = [r for r in records if r['height'] == end['height']]
        own = signed(of_height, int(end['height']), 'prevote')
        if len(own) == 1 and own[0]['fields']['value'] != 'nil' and end['fields']['round'] == '0' and \
                not any(r['kind'] in ('certificate', 'timeout') for r in of_height):
            return int(end['height'])
    raise Failure(f'no height above {above} was decided in round 0 without a timeout')


def check_stop(test, home, records, height):
    own = signed(records, height, 'prevote')[0]
    found, _ = replay(test, '--home', home, '--stop', place(own))
    stop = found['stop']
    check(stop['place'] == place(own) and not found['diverged'] and stop['before'] != stop['after'], f'{stop}')
    for text in (stop['before'], stop['after']):
        check(f'height {height}' in text, text)
    text = test.witan('replay', '--home', home, '--stop', place(own)).stdout
    check('before:' in text and 'after:' in text and place(own) in text, text)
    shown = test.witan('replay', '--home', home, '--show', height).stdout
    for part in ('start the propose timer', 'sign prevote', 'sign precommit', 'decide the block', 'no divergence'):
        check(part in shown, f'--show {height} without "{part}": {shown[-2000:]}')
    test.expect_exit(71, ('replay', '--home', home, '--stop', '1:7'), 'no record is at 1:7')
    say(f'stopped at {place(own)}, the own prevote of {height}')


def check_order(test, network):
    """Own messages count where the recording says. Another node's recording says nothing of them."""
    found, said = replay(test, '--home', network.home(0), '--trace', network.home(0))
    order = found['order']
    check(not found['diverged'] and min(order['placed'], order['heights']) > HEIGHTS, f'{found} {said}')
    check(order['placed'] > order['unsure'] + order['unmatched'], f'{found} {said}')
    say(f'order of the recording: {order}')
    found, said = replay(test, '--home', network.home(VICTIM), '--trace', network.home(VICTIM))
    check(not found['diverged'], f'{found} {said}')
    say(f'order of two lives: {found["order"]} {said.strip()}')
    found, said = replay(test, '--home', network.home(3), '--trace', network.home(0))
    check(not found['diverged'] and found['order']['placed'] == 0 < found['order']['unmatched'], f'{found} {said}')
    test.expect_exit(71, ('replay', '--home', network.home(0), '--trace', network.home(3)), 'no trace files')


def check_late_recording(test, network, began):
    """What came before a recording may matter to the next heights (early_heights_max): they are not covered."""
    found, said = replay(test, '--home', network.home(1), '--trace', network.home(1))
    covered = found['order']['heights']
    check(not found['diverged'] and covered <= max(0, int(found['to']) - began - 64), f'{began}: {found} {said}')
    say(f'recorded from {began} on: order known for {covered} heights up to {found["to"]}')


def check_unfit_recordings(test, network):
    """Nothing is taken from what may lack messages."""
    home = network.home(0)
    source = next((home / 'traces').glob('trace-*-000000.wtr'))
    content = source.read_bytes()
    damaged = bytearray(content)
    damaged[len(content) // 2] ^= 1
    cases = (('damaged', ((source.name, damaged),), 'is damaged'),
             ('twice', ((source.name, content), ('trace-9999999999999-000000.wtr', content)), 'more than once'),
             ('flight', (('flight-1.wtr', content),), 'no recording'))
    for name, files, text in cases:
        folder = test.folder / f'trace-{name}'
        folder.mkdir()
        for file, what in files:
            (folder / file).write_bytes(what)
        found, said = replay(test, '--home', home, '--trace', folder)
        check(found['order']['placed'] == 0 and text in said, f'{name}: {found} {said}')
    say('damaged, repeated and flight recorder files are not used')


def check_edited(test, home, records, height):
    folder, genesis = home / 'data' / 'wal', home / 'config' / 'genesis.json'
    own = signed(records, height, 'prevote')
    changed = edited(folder, test.folder / 'own', own, for_another_block)
    found, said = replay(test, '--wal', changed, '--home', home, code=70)
    check(found['diverged'] and found['stop']['place'] == place(own[0]), f'{found}')
    check('signed prevote' in found['stop']['logged'] and 'asked for prevote' in found['stop']['redriven'], f'{found}')
    check(f'diverged ({place(own[0])})' in said, said)
    say(f'own prevote changed: {found["stop"]["logged"]}; {found["stop"]["redriven"]}')

    # Without the peers' precommits nothing leads to the decision.
    precommits = [r for r in records if r['kind'] == 'vote' and int(r['height']) == height and
                  r['fields']['type'] == 'precommit' and r['fields']['value'] != 'nil']
    end = next(r for r in records if r['kind'] == 'decided' and int(r['height']) == height)
    changed = edited(folder, test.folder / 'peers', precommits, for_another_block)
    found, _ = replay(test, '--wal', changed, '--home', home, '--genesis', genesis, code=70)
    check(found['stop']['place'] == place(end) and found['stop']['redriven'] == 'nothing is decided', f'{found}')
    say(f'{len(precommits)} precommits changed: {found["stop"]["logged"]}; {found["stop"]["redriven"]}')


def check_damaged(test, home, records):
    record = records[len(records) // 2]
    target = test.folder / 'damaged'
    shutil.copytree(home / 'data' / 'wal', target)
    path = target / f'{record["segment"]:08}.wal'
    content = bytearray(path.read_bytes())
    content[record['offset'] + 32] ^= 1  # the payload: the smallest record ends 8 bytes behind
    path.write_bytes(content)
    test.expect_exit(73, ('replay', '--home', home, '--wal', target), f'{record["offset"]}', 'damage')
    test.expect_exit(71, ('replay', '--home', home, '--wal', test.folder / 'nothing'), 'no such folder')


def body(test):
    network = test.network(options=OPTIONS)
    for i in range(len(network)):
        network.start(i, RECORD if i in (0, VICTIM) else ())
    wait_ready(network)
    wait_height(network, VICTIM, HEIGHTS, 60)
    test.expect_exit(77, ('replay', '--home', network.home(0)), 'uses this data directory')
    began = network.height(1)
    test.expect_exit(0, ('trace', 'record', '--home', network.home(1), '--start'))
    died = network.height(VICTIM)
    network.kill(VICTIM, signal.SIGKILL)
    wait_height(network, 0, network.height(0) + 5, 60)
    network.start(VICTIM, RECORD)
    top = wait_height(network, VICTIM, wait_signs(network, VICTIM, network.height(0), 60) + HEIGHTS, 60)
    codes = network.stop_all()
    check(all(code == 0 for code in codes.values()), f'exit codes of a clean stop: {codes}')
    check_whole_network(test, network, top)
    check_order(test, network)
    check_late_recording(test, network, began)
    check_unfit_recordings(test, network)
    home = network.home(0)
    records = dump(test, home)
    height = quiet_height(records, died // 2)
    check_stop(test, home, records, height)
    check_edited(test, home, records, height)
    check_damaged(test, home, records)


if __name__ == '__main__':
    raise SystemExit(Test().run(body))
