#!/usr/bin/env python3
"""A transaction's life, a vote and a height across four real processes as one trace: recorded, asked, exported in
every format and checked against the rules of that format; the flight recorder on request and after a crash; a
damaged file; questions with mistakes."""
import csv
import io
import json
import re
import signal

from harness import Test, Failure, check, opaque_transaction, say, submit, wait_for, wait_height, wait_ready


def trace(test, *words, code=0):
    done = test.witan('trace', *words)
    check(done.returncode == code, f'witan trace {words[0]} ended with {done.returncode}, not {code}: '
                                   f'{(done.stdout + done.stderr)[-2000:]}')
    return done


def lines(test, *words):
    return [json.loads(line) for line in trace(test, *words, '--json').stdout.splitlines()]


# ---- the rules of the formats


def check_chrome(text):
    """Trace Event Format (Google, "Trace Event Format" document): JSON object form, event types M, X, s, f."""
    data = json.loads(text)
    check(isinstance(data.get('traceEvents'), list) and data.get('displayTimeUnit') in ('ms', 'ns'), 'no traceEvents')
    required = {'M': {'name': str, 'pid': int, 'args': dict},
                'X': {'name': str, 'cat': str, 'pid': int, 'tid': int, 'ts': (int, float), 'dur': (int, float),
                      'args': dict},
                's': {'name': str, 'cat': str, 'pid': int, 'tid': int, 'ts': (int, float), 'id': int},
                'f': {'name': str, 'cat': str, 'pid': int, 'tid': int, 'ts': (int, float), 'id': int}}
    ends, slices, named = {}, [], set()
    for event in data['traceEvents']:
        check(event.get('ph') in required, f'event type {event.get("ph")}')
        for field, kind in required[event['ph']].items():
            check(isinstance(event.get(field), kind), f'{field} of {event}')
        if event['ph'] == 'X':
            check(event['dur'] >= 0, f'negative duration: {event}')
            slices.append(event)
        elif event['ph'] == 'M':
            check(event['name'] in ('process_name', 'thread_name'), f'metadata {event}')
            named.add((event['pid'], event.get('tid') if event['name'] == 'thread_name' else None))
        else:
            ends.setdefault((event['cat'], event['name'], event['id']), []).append(event['ph'])
    for slice_ in slices:
        check((slice_['pid'], None) in named and (slice_['pid'], slice_['tid']) in named, f'no name for {slice_}')
    check(all(sorted(pair) == ['f', 's'] for pair in ends.values()), 'an arrow without both ends')
    bars = {}
    for slice_ in slices:
        begin = nanoseconds(slice_['ts'])
        bars.setdefault((slice_['pid'], slice_['tid']), []).append((begin, begin + nanoseconds(slice_['dur'])))
    for event in (e for e in data['traceEvents'] if e['ph'] in 'sf'):
        at = nanoseconds(event['ts'])
        check(any(begin == at or begin < at < end for begin, end in bars[event['pid'], event['tid']]),
              f'an arrow that readers drop, its end is on no bar: {event}')
    return slices


def nanoseconds(microseconds):
    return round(microseconds * 1000)


MERMAID = {'participant': re.compile(r'participant (\w+) as [^;#:]+'),
           'message': re.compile(r'(\w+)(->>|-->>|-\)|-x)(\w+): [^;#:]+'),
           'note': re.compile(r'Note over (\w+): [^;#:]+')}


def check_mermaid(text):
    """sequenceDiagram of mermaid.js: head, participants, messages between known participants, notes."""
    body = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith('%%')]
    check(body and body[0] == 'sequenceDiagram', 'no head')
    known, messages = set(), 0
    for line in body[1:]:
        kind, match = next(((k, m) for k, rule in MERMAID.items() if (m := rule.fullmatch(line))), (None, None))
        check(kind, f'not in the grammar: {line}')
        if kind == 'participant':
            known.add(match[1])
        else:
            check(match[1] in known and (kind == 'note' or match[3] in known), f'unknown participant: {line}')
            messages += kind == 'message'
    return messages


def check_plantuml(text):
    body = text.splitlines()
    check(body[0] == '@startuml' and body[-1] == '@enduml', 'no frame')
    known = {m[1] for line in body if (m := re.fullmatch(r'participant "[^"]+" as (\w+)', line))}
    arrows = [m for line in body if (m := re.fullmatch(r'(\w+) (->|-->|->x) (\w+) : .+', line))]
    check(all(m[1] in known and m[3] in known for m in arrows), 'unknown participant')
    return len(arrows)


def check_otlp(text):
    """ExportTraceServiceRequest of opentelemetry-proto in its JSON form."""
    spans = []
    for resource in json.loads(text)['resourceSpans']:
        keys = {a['key']: a['value'] for a in resource['resource']['attributes']}
        check(keys['service.name'] == {'stringValue': 'witan'}, f'service.name {keys}')
        for scope in resource['scopeSpans']:
            spans += scope['spans']
    ids = {span['spanId'] for span in spans}
    for span in spans:
        check(re.fullmatch('[0-9a-f]{32}', span['traceId']) and re.fullmatch('[0-9a-f]{16}', span['spanId']), span)
        check(int(span['startTimeUnixNano']) <= int(span['endTimeUnixNano']), span)
        check(span['kind'] in range(1, 6) and span['status']['code'] in (0, 1, 2), span)
        check(span.get('parentSpanId') is None or span['parentSpanId'] in ids, f'parent is missing: {span}')
    check(len({span['traceId'] for span in spans}) == 1, 'more than one trace')
    return spans


# ---- the test

MAGIC = b'WTRBLK01'  # of a block
BLOCKS = 6           # node, names, hops, clocks, hops and one more: enough to lose the last


def newest(home):
    return max((home / 'traces').glob('trace-*.wtr'))


def nodes_of(hops):
    return {hop['node'] for hop in hops}


def check_transaction(test, homes, tx, count):
    hops = lines(test, 'flow', *homes, '--tx', tx, '--limit', '100000')
    for kind in ('SubmitTx', 'TransactionBatch', 'TransactionsCommitted'):
        check(any(hop['type'] == kind for hop in hops), f'no {kind} in the life of {tx}')
    for kind in ('TransactionBatch', 'TransactionsCommitted'):
        seen = nodes_of(hop for hop in hops if hop['type'] == kind)
        check(len(seen) == count, f'{kind} only on {seen}')
    check(any(hop['kind'] == 'network' for hop in hops), 'no hop over the network')
    say(f'transaction {tx[:16]}: {len(hops)} hops on {sorted(nodes_of(hops))}')
    texts = {}
    for kind in ('mermaid', 'plantuml', 'chrome', 'otlp', 'csv'):
        path = test.folder / f'tx.{kind}'
        trace(test, 'export', *homes, '--tx', tx, '--format', kind, '--output', path)
        texts[kind] = path.read_text(encoding='utf-8')
    check(len(check_chrome(texts['chrome'])) == len(hops), 'hops are missing in the chrome file')
    check(len(check_otlp(texts['otlp'])) == len(hops), 'hops are missing in the OTLP file')
    check(check_mermaid(texts['mermaid']) == min(400, len(hops)), 'messages are missing in the diagram')
    check(check_plantuml(texts['plantuml']) == min(400, len(hops)), 'messages are missing in the diagram')
    rows = list(csv.DictReader(io.StringIO(texts['csv'])))
    check(len(rows) == len(hops) and len({len(row) for row in rows}) == 1, 'CSV')
    say('exports: mermaid, plantuml, chrome, otlp, csv follow the rules of their formats')


def check_vote(test, homes, heights, count):
    """One vote is one tree over all nodes; its hops hang together over the network. A node that fell behind does not
    vote, so not every height has this vote."""
    for height in heights:
        hops = lines(test, 'flow', *homes, '--vote', f'{height}/0/precommit/0', '--limit', '100000')
        if len(nodes_of(hops)) == count:
            break
    else:
        raise Failure(f'no vote of validator 0 in {heights} was seen by all nodes')
    spans = {hop['span']: hop for hop in hops}
    network = [hop for hop in hops if hop['kind'] == 'network']
    check(len(network) >= count - 1, f'{len(network)} hops over the network')
    for hop in network:
        cause = spans.get(hop['parent'])
        check(cause and cause['node'] != hop['node'], f'no cause on another node: {hop}')
    say(f'vote of validator 0 at {height}: {len(hops)} hops, {len(network)} over the network')


def check_height(test, homes, height):
    path = lines(test, 'why', height, *homes)[0]
    check(path['whole'], f'the path of height {height} is cut: {path}')
    parts = sum(int(ns) for ns in path['parts'].values())
    check(parts == int(path['totalNs']), f'{parts} ns explained of {path["totalNs"]}')
    check(len(path['steps']) > 3, 'no path')
    done = trace(test, 'show', '--height', height, '--critical-path', *homes)
    check('where the time went' in done.stdout, done.stdout)
    clocks = [line for line in done.stderr.splitlines() if line.startswith('clock: ')]
    check(len(clocks) == len(homes) and sum('right within' in line for line in clocks) == len(homes) - 1,
          f'clocks of the nodes: {clocks}')
    say(f'height {height}: {int(path["totalNs"]) / 1e6:.1f} ms over {len(path["steps"])} steps, {path["parts"]}')


def check_flight_recorder(test, network):
    home = network.home(1)
    dumped = trace(test, 'record', '--home', home, '--dump').stdout.strip()
    hops = lines(test, 'show', dumped, '--type', 'Vote')
    check(hops, 'no vote in the flight recorder')
    network.kill(1, signal.SIGSEGV)

    def crashed():
        files = lines(test, 'list', home)
        return [f for f in files if f['reason'] == 'signal 11' and int(f['hops']) > 0]
    wait_for('the flight recorder of a crash', crashed, 30)
    say('flight recorder: written on request and by a crash')


def check_damage(test, homes):
    path = newest(homes[0])
    whole = path.read_bytes()
    last = whole.rindex(MAGIC)
    cut = test.folder / 'cut.wtr'
    cut.write_bytes(whole[:(last + len(whole)) // 2] + b'\0' * 100)
    done = trace(test, 'show', cut, '--limit', '5000')
    check(f'damage: {cut} at byte {last}: ' in done.stderr and 'Vote' in done.stdout, done.stderr)
    for words, text in ((('show', cut, '--height', '4x'), 'position 2'), (('flow', cut, '--tx', 'zz'), 'position 1'),
                        (('show', cut, '--since', 'noon'), 'position 1'), (('flow', cut,), '--tx'),
                        (('show', test.folder / 'nothing'), 'nothing'), (('why', '999999999', cut), 'height')):
        done = test.witan('trace', *words)
        check(done.returncode != 0 and text in done.stderr and not done.stdout, f'{words}: {done.stderr}')
    say('damage is reported with its place, mistakes with their position')


def body(test):
    network = test.network()
    network.start_all()
    wait_ready(network)
    homes = [network.home(i) for i in range(len(network))]
    for home in homes:
        trace(test, 'record', '--home', home, '--start')
    begin = network.height(0)
    status, reply = submit(network, 0, opaque_transaction(begin + 512, b'traced'))
    if status != 200 or reply.get('code') != 'ok':
        raise Failure(f'submission: {status} {reply}')
    height = int(reply['height'])
    for i in range(len(network)):
        wait_height(network, i, height + 3, 60)
    wait_for('some blocks of a recording', lambda: newest(homes[0]).read_bytes().count(MAGIC) >= BLOCKS, 30)
    for home in homes:
        trace(test, 'record', '--home', home, '--stop')

    def written():
        return all(any(f['reason'] == 'recording' and int(f['heightMax']) > height for f in lines(test, 'list', home))
                   for home in homes)
    wait_for('recordings of the height', written, 30)
    check_transaction(test, homes, reply['txId'], len(homes))
    check_vote(test, homes, range(height + 1, height + 4), len(homes))
    check_height(test, homes, height + 1)
    check_damage(test, homes)
    check_flight_recorder(test, network)


if __name__ == '__main__':
    raise SystemExit(Test().run(body))
