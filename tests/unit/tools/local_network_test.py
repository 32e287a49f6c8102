#!/usr/bin/env python3
"""tools/local_network.py without nodes: what it shows, how it judges, what it removes and signals."""
import argparse
import json
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'tools'))
import local_network as net  # noqa: E402


class View(unittest.TestCase):
    def test_table_lines_up_and_marks_what_is_unknown(self):
        lines = net.render_table([
            {'node': 0, 'height': 12, 'round': 0, 'block time': '9.0 ms', 'tx/s': '20.0', 'peers': 3,
             'state root': 'abcdef0123 at 12', 'process': 'runs'},
            {'node': 1, 'process': 'DEAD, exit code 71'}])
        self.assertEqual(len(lines), 3)
        for name in ('height', 'block time', 'state root', 'process'):
            column = lines[0].index(name)
            self.assertNotEqual(lines[1][column], ' ')
            self.assertEqual(lines[1][column - 1], ' ')
        self.assertIn('DEAD, exit code 71', lines[2])
        self.assertEqual(lines[2].split()[1:7], ['-'] * 6)

    def test_line_holds_every_node(self):
        line = net.render_line(3.2, [{'height': 5, 'round': 0, 'peers': 1, 'process': 'runs'},
                                     {'process': 'no answer'}])
        self.assertIn('height 5/-', line)
        self.assertIn('runs/no answer', line)

    def test_block_time(self):
        self.assertEqual(net.block_time_text(1.0, 4), '250.0 ms')
        self.assertEqual(net.block_time_text(3.0, 2), '1.50 s')
        self.assertEqual(net.block_time_text(1.0, 0), '-')


class Verdict(unittest.TestCase):
    def test_agreement_prints_height_and_root(self):
        lines, good = net.verdict(7, {0: 'aa', 1: 'aa'}, {}, None)
        self.assertTrue(good)
        self.assertEqual(lines, ['common height 7  state root aa'])

    def test_each_failure_is_one(self):
        for roots, deaths, stalled, word in (
                ({0: 'aa', 1: 'bb'}, {}, None, 'NO COMMON STATE ROOT'),
                ({0: 'aa', 1: None}, {}, None, 'no answer'),
                ({0: None, 1: None}, {}, None, 'NO COMMON STATE ROOT'),
                ({0: 'aa'}, {1: -9}, None, 'node 1 died with exit code -9'),
                ({0: 'aa'}, {}, 11.0, 'no new height was decided during the last 11 s')):
            lines, good = net.verdict(7, roots, deaths, stalled)
            self.assertFalse(good)
            self.assertIn(word, '\n'.join(lines))

    def test_an_old_height_seen_first_is_no_growth(self):
        watch = net.Watch(None)
        watch.last_growth -= 100
        watch.saw_heights([1506, 1506])
        watch.saw_heights([])
        watch.saw_heights([1506, 3])
        self.assertGreater(watch.silent_seconds(), 99)
        watch.saw_heights([1507])
        self.assertLess(watch.silent_seconds(), 50)

    def test_no_height_is_a_failure(self):
        self.assertFalse(net.verdict(0, {}, {}, None)[1])


    def test_a_byzantine_node_is_named_and_judges_nothing(self):
        lines, good = net.verdict(7, {0: 'aa', 1: 'aa'}, {3: 72}, None, {3: 'silent'})
        self.assertTrue(good)
        self.assertIn('node 3 was byzantine (silent)', '\n'.join(lines))
        self.assertIn('node 3 died with exit code 72', '\n'.join(lines))
        for roots, deaths, stalled in (({0: 'aa', 1: 'bb'}, {}, None), ({0: 'aa'}, {1: 70}, None),
                                       ({0: 'aa'}, {}, 10.0)):
            self.assertFalse(net.verdict(7, roots, deaths, stalled, {3: 'silent'})[1])

    def test_a_node_and_its_behaviour(self):
        args = net.parse(['up', '--byzantine', '3:equivocate', '--byzantine', '1:silent'])
        self.assertEqual(args.byzantine, [(3, 'equivocate'), (1, 'silent')])
        for text in ('equivocate', '3', '3:', ':silent', '-1:silent'):
            self.assertRaises(argparse.ArgumentTypeError, net.node_and_behaviour, text)


class Processes(unittest.TestCase):
    """A stand-in binary: `start` ignores its arguments and sleeps, or refuses to stop."""

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = Path(self.scratch.name) / 'net'
        for i in range(2):
            (self.folder / f'node{i}').mkdir(parents=True)
        (self.folder / 'network.json').write_text(
            json.dumps({'nodes': [{'api': 'http://127.0.0.1:9'}, {'api': 'http://127.0.0.1:9'}]}))

    def tearDown(self):
        self.scratch.cleanup()

    def network(self, body):
        binary = Path(self.scratch.name) / 'binary'
        binary.write_text('#!/bin/sh\n' + body + '\n')
        binary.chmod(0o755)
        return net.Network(self.folder, binary)

    def wait_for_log(self, network, i):
        for _ in range(500):
            if network.log_tail(i):
                return
            network.processes[i].poll()
            threading.Event().wait(0.01)
        self.fail('no output')

    def test_only_own_processes_are_stopped(self):
        bystander = subprocess.Popen(['sleep', '30'])
        network = self.network('echo up; exec sleep 30')
        network.start_all()
        self.assertTrue(network.alive(0) and network.alive(1))
        self.assertRaises(net.NetworkError, network.start, 0)
        network.kill(0)
        self.assertEqual(network.exit_code(0), -9)
        codes = network.stop_all(10)
        self.assertEqual(codes, {0: -9, 1: -15})
        self.assertIsNone(bystander.poll())
        bystander.kill()
        bystander.wait()

    def test_a_process_that_does_not_stop_is_killed_and_reported(self):
        network = self.network("trap '' TERM; echo up; while :; do sleep 0.1; done")
        network.start(0)
        self.wait_for_log(network, 0)
        self.assertEqual(network.stop_all(0.3), {0: -9})

    def test_a_dead_node_is_shown_with_its_exit_code(self):
        network = self.network('echo "error: storage"; exit 71')
        network.start(0)
        network.processes[0].wait()
        row = net.Watch(network).rows()[0]
        self.assertEqual(row['process'], 'DEAD, exit code 71')
        self.assertEqual(network.log_tail(0), ['error: storage'])

    def test_a_byzantine_node_runs_the_other_program_and_is_left_out_of_the_comparison(self):
        network = self.network('echo correct; exit 71')
        self.assertRaisesRegex(net.NetworkError, 'does not exist', network.misbehave, 1, 'silent')
        other = network.byzantine_binary()
        other.write_text('#!/bin/sh\n[ "$1" = behaviours ] && echo \'[{"name": "silent"}]\' && exit\n'
                         'echo "$@"; exec sleep 30\n')
        other.chmod(0o755)
        self.assertRaisesRegex(net.NetworkError, 'there are: silent', network.misbehave, 1, 'loud')
        self.assertRaisesRegex(net.NetworkError, 'no node 2', network.misbehave, 2, 'silent')
        network.misbehave(1, 'silent')
        network.start_all()
        self.wait_for_log(network, 1)
        self.assertEqual(network.log_tail(1), [f'start --home {network.home(1)} --behaviour silent'])
        network.processes[0].wait()
        self.assertEqual(network.log_tail(0), ['correct'])
        self.assertEqual(net.Watch(network).rows()[1]['process'], 'no answer, BYZANTINE: silent')
        network.height = lambda i: 5 + i
        network.state_root = lambda i, height: f'root of {i} at {height}'
        network.alive = lambda i: True
        self.assertEqual(net.compare(network), (5, {0: 'root of 0 at 5'}))
        del network.alive
        network.stop_all(10)

    def test_only_networks_are_removed(self):
        other = Path(self.scratch.name) / 'other'
        other.mkdir()
        (other / 'thesis.txt').write_text('years of work')
        self.assertRaises(net.NetworkError, net.Network.remove, other)
        self.assertTrue((other / 'thesis.txt').exists())
        net.Network.remove(self.folder)
        self.assertFalse(self.folder.exists())


if __name__ == '__main__':
    unittest.main()
