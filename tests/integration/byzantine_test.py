#!/usr/bin/env python3
"""Four real processes, one of them witan-byzantine, for each of its behaviours: the correct three agree, go on
deciding, do not crash, and what can be seen of the guilty one is seen; proof of equivocation is in a block.

`--behaviours a,b` runs some; without it every one runs that `witan-byzantine behaviours` lists."""
import json
import re
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from harness import Seen, Test, check, check_same_chain, say, wait_for, wait_height, wait_ready
from new_node_test import add_follower

HEIGHTS = 20           # decided beside the guilty node, which proposes about a quarter of them
DECIDE_SECONDS = 60
SEEN_SECONDS = 30
RSS_GROWTH_MAX_MB = 48
CLOCK_SECONDS = 60     # no block's time is further than this from ours
EQUIVOCATIONS = 'witan_consensus_equivocations_total'
OFFENCES = 'witan_p2p_peer_offences_total'


def rss_mb(network, i):
    text = Path(f'/proc/{network.processes[i].pid}/status').read_text(encoding='ascii')
    return int(text.split('VmRSS:')[1].split()[0]) / 1024


class Run:
    """One network with one guilty node."""

    def __init__(self, test, behaviour):
        self.test, self.behaviour = test, behaviour
        self.network = test.network()
        self.guilty = test.random.randrange(len(self.network))
        self.network.misbehave(self.guilty, behaviour)
        self.correct = self.network.correct()
        self.begin = time.monotonic()
        self.network.start_all()
        wait_ready(self.network, self.correct)
        self.key = self.network.validator_key(self.guilty)

    def top(self):
        return max(self.network.height(i) or 0 for i in self.correct)

    def decide(self, heights=HEIGHTS):
        top = self.top()
        for i in self.correct:
            wait_height(self.network, i, top + heights, DECIDE_SECONDS)

    def sums(self, name, label=''):
        """Of each correct node, the sum of a metric over the series whose line holds `label`."""
        out = []
        for i in self.correct:
            text = self.network.get(i, '/metrics', 5.0) or ''
            out.append(sum(float(line.rsplit(' ', 1)[1]) for line in text.splitlines()
                           if re.match(name + '[{ ]', line) and label in line))
        return out

    def logged(self, event, *words):
        """Lines of an event that hold all `words`, of all correct nodes."""
        return [line for i in self.correct for line in self.network.log_path(i).read_text(errors='replace').splitlines()
                if f'.{event} ' in line and all(word in line for word in words)]

    def wait_seen(self, what, condition):
        return wait_for(f'{self.behaviour}: {what}', condition, SEEN_SECONDS)

    def wait_metric(self, name, label='', nodes=1):
        """Until `nodes` correct nodes count something."""
        def counted():
            sums = self.sums(name, label)
            return sum(value > 0 for value in sums) >= nodes or Seen(sums)
        self.wait_seen(f'{name} {label} on {nodes} nodes', counted)

    def finish(self):
        top = check_same_chain(self.network, self.correct)
        codes = self.network.stop_all()
        bad = {i: (codes[i], self.network.log_tail(i)) for i in self.correct if codes[i] != 0}
        check(not bad, f'{self.behaviour}: correct nodes did not stop cleanly: {bad}')
        accused = [line for line in self.logged('equivocation') if self.key not in line]
        check(not accused, f'{self.behaviour}: somebody innocent is accused: {accused[:3]}')
        failed = self.logged('actor_failed')
        check(not failed, f'{self.behaviour}: actors failed: {failed[:3]}')
        say(f'{self.behaviour}: node {self.guilty} guilty, {top} heights, {time.monotonic() - self.begin:.1f} s')


# ---- what each of them must show, besides agreement and progress -----------------------------------


def on_chain(run, i, kind):
    """The newest evidence of a kind that node i has in a block of its chain; waits for it."""
    def committed():
        view = run.network.get_json(i, '/api/v1/evidence?limit=100') or {}
        found = [e for e in view.get('evidence', []) if e['status'] == 'committed' and e['kind'] == kind]
        innocent = [e for e in view.get('evidence', []) if e['validator'] != run.key]
        check(not innocent, f'{run.behaviour}: node {i} has evidence against somebody innocent: {innocent[:1]}')
        check(all(a['validator'] == run.key for a in view.get('accused', [])), f'{run.behaviour}: {view["accused"]}')
        return (found and view['accused'] and found[0]) or Seen([e['kind'] for e in view.get('evidence', [])])
    return run.wait_seen(f'{kind} on the chain of node {i}', committed)


def proved(run, kinds):
    """Proof of each kind is in a block, the same on every correct node, and names the guilty alone."""
    for kind in kinds:
        item = on_chain(run, run.correct[0], kind)
        height = int(item['committedHeight'])
        for i in run.correct:
            wait_height(run.network, i, height, DECIDE_SECONDS)
            held = (run.network.block(i, height) or {}).get('evidence', [])
            check(item['bytes'] in held, f'{run.behaviour}: block {height} of node {i} lacks {kind} {item["hash"]}')
            on_chain(run, i, kind)
    say(f'{run.behaviour}: on chain: {", ".join(kinds)}')


def sees_equivocation(*kinds):
    def see(run):
        run.decide()
        for kind in kinds:
            run.wait_metric(EQUIVOCATIONS, f'kind="{kind}"', 2)
        check(run.logged('equivocation', run.key), 'no log line names the guilty')
        proved(run, [f'duplicate_{kind}' for kind in kinds])
    return see


def blocks(run, first):
    return [run.network.block(run.correct[0], height) for height in range(first, run.top() + 1)]


def silent(run):
    first = run.top() + 1
    run.decide()
    for block in blocks(run, first):
        signers = [signer['validator'] for signer in block['commit']['signers']]
        check(run.key not in signers, f'height {block["header"]["height"]} is signed by who is silent')
    run.wait_metric('witan_consensus_missing_validators', '', 3)


def costs_rounds(run):
    run.decide()
    run.wait_metric('witan_consensus_round_increment_total', '', 3)


def forgets(run):
    """Its precommit of one round and its prevote of the next are proof; the prevote often comes after the decision."""
    costs_rounds(run)
    proved(run, ['amnesia'])


def comes_late(run):
    run.decide()
    run.wait_metric('witan_consensus_late_votes_total', '', 3)


def stale_lock(run):
    run.decide()
    run.wait_metric('witan_consensus_rebroadcast_total')  # who has the hidden block shows it to who has not


def invalid_block(run):
    run.decide(2 * HEIGHTS)
    lines = run.wait_seen('blocks found invalid', lambda: run.logged('proposal_invalid'))
    say(f'invalid-block: refused for {", ".join(sorted(set(re.findall(r"text=.([a-z_.]+):", " ".join(lines)))))}')


def offends(*codes):
    def see(run):
        run.decide()
        run.wait_seen(f'an offence of {codes}', lambda: any(sum(run.sums(OFFENCES, f'"{code}"')) > 0 for code in codes))
        check(run.logged('peer_offence'), 'no log line about it')
    return see


def garbage(run):
    offends('malformed', 'unknown_type', 'too_large', 'missing', 'out_of_range')(run)
    run.wait_seen('a ban on every correct node', lambda: len(run.logged('peer_banned')) >= 3)


def bounded(run):
    before = {i: rss_mb(run.network, i) for i in run.correct}
    run.decide(10 * HEIGHTS)
    grown = {i: rss_mb(run.network, i) - before[i] for i in run.correct}
    check(max(grown.values()) < RSS_GROWTH_MAX_MB, f'grown by {grown} MB')
    return grown


def far_future_rounds(run):
    grown = bounded(run)
    run.wait_metric('witan_p2p_messages_received_total', 'message_type="vote"', 3)
    for i in run.correct:
        state = run.network.get_json(i, '/api/v1/consensus/state') or {}
        check(int(state.get('round', 0)) < 8, f'node {i} went along: {state}')
    say(f'far-future-rounds: memory grew by {max(grown.values()):.0f} MB')


def flood(run):
    grown = bounded(run)
    run.wait_metric('witan_consensus_rejected_msgs_total', '"rate_limited"', 3)
    say(f'flood: memory grew by {max(grown.values()):.0f} MB')


def lying_sync(run):
    """A new node syncs from genesis although one of its peers claims a million heights more and serves nonsense."""
    run.decide(5 * HEIGHTS)
    follower, flags = add_follower(run.test, run.network)
    run.correct = run.network.correct()
    run.network.start(follower, flags)
    wait_height(run.network, follower, max(run.network.height(i) or 0 for i in run.correct[:-1]), DECIDE_SECONDS)
    run.decide()
    asked = run.sums('witan_p2p_messages_received_total', 'message_type="range_response"')[-1]
    check(asked > 0, 'the new node asked nobody for blocks')
    run.wait_seen('a lie', lambda: run.logged('sync_bad_block') + run.logged('peer_offence'))
    say(f'lying-sync: the new node got {asked:.0f} answers and is at {run.network.height(follower)}')


def lying_timestamps(run):
    first = run.top() + 1
    run.decide(2 * HEIGHTS)
    run.wait_seen('times refused', lambda: run.logged('proposal_invalid', 'header.time'))
    now, last = datetime.now(timezone.utc), None
    for block in blocks(run, first):
        at = datetime.fromisoformat(re.sub(r'[.](\d{6})\d*Z$', r'.\1+00:00', block['header']['time']))
        check(abs((now - at).total_seconds()) < CLOCK_SECONDS, f'height {block["header"]["height"]} has time {at}')
        check(last is None or at >= last, f'time goes back at {block["header"]["height"]}')
        last = at


EXPECTED = {
    'equivocate': sees_equivocation('proposal', 'prevote', 'precommit'),
    'equivocate-proposals': sees_equivocation('proposal'),
    'equivocate-votes': sees_equivocation('prevote', 'precommit'),
    'silent': silent,
    'withhold': costs_rounds,
    'delay': comes_late,
    'stale-lock': stale_lock,
    'amnesia': forgets,
    'invalid-block': invalid_block,
    'invalid-parts': offends('bad_proof'),
    'far-future-rounds': far_future_rounds,
    'garbage': garbage,
    'flood': flood,
    'lying-sync': lying_sync,
    'lying-timestamps': lying_timestamps,
}


# ---- the programs ------------------------------------------------------------------------------------


def only_the_other_program_can(test):
    """`witan` has no such option and none of the code."""
    refused = test.witan('start', '--home', test.folder, '--behaviour', 'silent')
    check(refused.returncode == 64, f'witan start --behaviour ended with {refused.returncode}: {refused.stderr}')
    byzantine = Path(test.args.binary).parent / 'witan-byzantine'
    for program, expected in ((byzantine, True), (Path(test.args.binary), False)):
        bytes_of = program.read_bytes()
        found = b'witan9byzantine' in bytes_of or b'equivocate-votes' in bytes_of
        check(found == expected, f'{program} {"has" if found else "has not"} the code of the behaviours')


def refuses_real_chains(test):
    network = test.network(validators=1)
    byzantine = [str(network.byzantine_binary()), 'start', '--home', str(network.home(0)), '--behaviour']

    def ended(words):
        return subprocess.run(words, capture_output=True, text=True, timeout=30)

    unknown = ended([*byzantine, 'polite'])
    check(unknown.returncode == 64 and 'polite' in unknown.stderr, f'{unknown}')
    genesis = network.home(0) / 'config' / 'genesis.json'
    text = genesis.read_text()
    check('"development"' in text, 'the genesis does not name the type of the chain')
    genesis.write_text(text.replace('"development"', '"staging"'))
    real = ended([*byzantine, 'silent'])
    check(real.returncode == 66 and 'not a development chain' in real.stderr, f'{real}')
    say(f'exit 66: {real.stderr.strip()}')


def body(test):
    only_the_other_program_can(test)
    refuses_real_chains(test)
    listed = subprocess.run([str(Path(test.args.binary).parent / 'witan-byzantine'), 'behaviours', '--json'],
                            capture_output=True, text=True, check=True)
    names = [entry['name'] for entry in json.loads(listed.stdout)]
    check(names == list(EXPECTED), f'expected {list(EXPECTED)}, the program has {names}')
    for name in names if test.args.behaviours == 'all' else test.args.behaviours.split(','):
        run = Run(test, name)
        EXPECTED[name](run)
        run.finish()


if __name__ == '__main__':
    sys.exit(Test([('--behaviours', {'default': 'all'})]).run(body))
