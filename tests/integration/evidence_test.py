#!/usr/bin/env python3
"""Four real processes, one of which votes twice in every step: the proof lands on the chain of the
correct three, names the guilty only, is shown by API and command line, and survives a kill."""
import json
import sys

from harness import Test, check, check_same_chain, say, wait_for, wait_height, wait_ready

GUILTY = 3


def evidence(network, i):
    body = network.get(i, '/api/v1/evidence?limit=100', 10.0)
    return json.loads(body) if body else None


def body(test):
    network = test.network()
    network.misbehave(GUILTY, 'equivocate-votes')
    network.start_all()
    correct = network.correct()
    wait_ready(network, correct)

    def committed(i, count=2):
        view = evidence(network, i) or {}
        return [e for e in view.get('evidence', []) if e['status'] == 'committed'][count - 1:] and view

    views = [wait_for(f'evidence on node {i}', lambda i=i: committed(i), 90) for i in correct]
    key = network.validator_key(GUILTY)
    for view in views:
        for item in view['evidence']:
            check(item['validator'] == key, f'{item["kind"]} accuses {item["validator"]}, not {key}')
        check([a['validator'] for a in view['accused']] == [key], f'accused: {view["accused"]}')

    victim = correct[0]
    before = len([e for e in evidence(network, victim)['evidence'] if e['status'] == 'committed'])
    network.kill(victim)
    network.start(victim)
    top = network.height(correct[1])
    wait_height(network, victim, top, 60)
    after = wait_for('evidence after the kill', lambda: committed(victim, before), 30)
    say(f'{len(after["evidence"])} pieces shown, {after["accused"][0]["committed"]} counted')

    shown = test.witan('evidence', 'list', '--node', network.url(victim), '--json')
    check(json.loads(shown.stdout)['accused'] == after['accused'], 'the command line shows something else')
    item = after['evidence'][0]
    again = test.witan('evidence', 'submit', item['bytes'], '--node', network.url(victim))
    check(item['hash'] in again.stdout, f'submitting known evidence answers {again}')
    check_same_chain(network, correct)


if __name__ == '__main__':
    sys.exit(Test().run(body))
