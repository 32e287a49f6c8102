#!/usr/bin/env python3
"""Four real processes, one of which votes twice in every step: the proof lands on the chain of the correct three,
names the guilty only, is shown by API and command line, and survives a kill. Started as a plain validator, the
guilty home refuses because of what it has heard about its own key, until that is acknowledged."""
import json
import signal
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
    wait_for('evidence in the home of the guilty', lambda: committed(GUILTY), 60)
    network.stop_all()
    no_start_with_a_past(test, network)


def no_start_with_a_past(test, network):
    """No alarm was raised in the home: it misbehaved on purpose. The proof is there all the same."""
    home = network.home(GUILTY)
    start = ('start', '--home', home)
    test.expect_exit(72, start, 'there is proof', 'witan evidence acknowledge')
    test.expect_exit(72, start, 'there is proof')
    asked = test.witan('evidence', 'acknowledge', '--home', home)
    check(asked.returncode == 64 and 'at height' in asked.stdout, f'acknowledged without --i-know: {asked}')
    done = test.witan('evidence', 'acknowledge', '--home', home, '--i-know')
    check(done.returncode == 0 and 'acknowledged' in done.stdout, f'not acknowledged: {done}')
    again = test.witan('evidence', 'acknowledge', '--home', home, '--i-know')
    check('nothing to acknowledge' in again.stdout, f'acknowledged twice: {again}')
    network.behaviours.pop(GUILTY)
    network.start(GUILTY)
    wait_for('the acknowledged home to start', lambda: network.status(GUILTY), 30)
    network.kill(GUILTY, signal.SIGTERM)
    code = network.processes[GUILTY].wait(20)
    check(code == 0, f'the acknowledged home ended with {code}: {network.log_tail(GUILTY)}')
    say('acknowledged: the home starts again')


if __name__ == '__main__':
    sys.exit(Test().run(body))
