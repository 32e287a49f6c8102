#!/usr/bin/env python3
"""Self-tests of conformance.py and summary.py: nothing that failed, or did not run, counts as passed."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
RUNNER = '''import sys
SUITES = {names}
if __name__ == '__main__':
    rows = {rows}
    for name in sys.argv[sys.argv.index('--suite') + 1].split(','):
        if name in rows:
            print('%-24s pass %5d  fail %4d  skipped %4d     0.0s' % (name, *rows[name]))
    sys.exit({status})
'''
JUNIT = '<testsuite><testcase name="a" status="run"/><testcase name="b" status="fail"><failure/></testcase>' \
        '<testcase name="c" status="notrun"><skipped/></testcase></testsuite>'


def run(script, *arguments):
    """(exit status, printed text) of a script beside this file."""
    clean = {name: value for name, value in os.environ.items() if name != 'WITAN_SUMMARY_PREFIX'}
    done = subprocess.run([sys.executable, str(HERE / script), *map(str, arguments)], capture_output=True, text=True,
                          check=False, env=clean)
    return done.returncode, done.stdout


class Conformance(unittest.TestCase):
    def judge(self, rows, status=0):
        with tempfile.TemporaryDirectory() as folder:
            runner, results = pathlib.Path(folder) / 'runner.py', pathlib.Path(folder) / 'conformance.txt'
            names = dict.fromkeys(['bolt8', 'vrf', 'merkle'])
            runner.write_text(RUNNER.format(names=names, rows=rows, status=status), encoding='utf-8')
            code, printed = run('conformance.py', runner, results, '--', 'program')
            return code, printed, results.read_text(encoding='utf-8').splitlines()

    def test_passing_suites_count_each_case(self):
        code, _, lines = self.judge({'bolt8': (2, 0, 0), 'merkle': (1, 0, 0), 'vrf': (0, 0, 5)})
        self.assertEqual(code, 0)
        self.assertEqual(lines[:3], ['pass conformance bolt8'] * 2 + ['pass conformance merkle'])
        self.assertRegex(lines[3], r'^NOT RUN: conformance vrf: NOT DUE, .*\(0 pass, 0 fail, 5 unsupported\)')

    def test_failed_and_skipped_cases_of_due_suites_fail(self):
        self.assertEqual(self.judge({'bolt8': (2, 1, 0)}, status=1)[0], 1)
        self.assertEqual(self.judge({'bolt8': (2, 0, 1)})[0], 1)

    def test_a_suite_without_passed_cases_fails(self):
        self.assertEqual(self.judge({'bolt8': (0, 0, 0), 'merkle': (1, 0, 0)})[0], 1)

    def test_a_runner_that_dies_fails(self):
        self.assertEqual(self.judge({})[0], 1)
        self.assertEqual(self.judge({'bolt8': (2, 0, 0)}, status=3)[0], 1)

    def test_suites_that_are_not_due_are_shown_and_fail_nothing(self):
        code, printed, _ = self.judge({'bolt8': (1, 0, 0), 'vrf': (3, 2, 0)})
        self.assertEqual(code, 0)
        self.assertIn('NOT DUE: vrf', printed)

    def test_a_suite_that_came_due_is_said(self):
        _, printed, lines = self.judge({'bolt8': (1, 0, 0), 'vrf': (3, 0, 0)})
        self.assertIn('take it out of NOT_DUE', printed)
        self.assertIn('pass conformance vrf', lines)


class Summary(unittest.TestCase):
    def summarise(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                (pathlib.Path(folder) / name).write_text(text, encoding='utf-8')
            code, printed = run('summary.py', folder)
            return code, printed.splitlines()[-1]

    def test_counts_are_summed_and_come_last(self):
        files = {'unit.xml': JUNIT, 'fuzz.txt': 'pass x\nfail y\n', 'not_run.txt': 'NOT RUN: z: why\n'}
        self.assertEqual(self.summarise(files), (1, '2 passed, 2 failed, 2 skipped'))

    def test_all_passed_is_success_and_nothing_run_is_not(self):
        self.assertEqual(self.summarise({'fuzz.txt': 'pass x\n'}), (0, '1 passed, 0 failed, 0 skipped'))
        self.assertEqual(self.summarise({'other.xml': '<testsuite tests="0"/>'}), (1, '0 passed, 1 failed, 0 skipped'))
        self.assertEqual(self.summarise({}), (1, '0 passed, 0 failed, 0 skipped'))


if __name__ == '__main__':
    unittest.main()
