#!/usr/bin/env python3
"""Runs the external conformance cases against the node's own code, suite by suite.

usage: conformance.py RUNNER RESULTS_FILE -- PROGRAM ARGS...
RUNNER is run_conformance.py of the cases. Every suite whose cases exist must pass: some cases, none failed,
none skipped. The suites of NOT_DUE need what the node does not have yet; they are run and shown as well, each
line marked NOT DUE, and count as one skip each until they pass; their failures fail nothing.
RESULTS_FILE gets one `pass NAME`, `fail NAME` or `NOT RUN: ...` line for each case or suite, for summary.py.
Exit status: 0 when every suite that is due passed and at least one ran, otherwise 1.
"""
import pathlib
import re
import subprocess
import sys

NOT_DUE = {
    'vrf': 'the VRF is not part of the node yet',
}
ROW = re.compile(r'^(\w+)\s+pass\s+(\d+)\s+fail\s+(\d+)\s+skipped\s+(\d+)')


def suite_names(runner):
    """The suites the runner knows, in its order."""
    sys.path.insert(0, str(runner.parent))
    module = __import__(runner.stem)
    return list(module.SUITES)


def run(runner, suites, program, mark):
    """Runs suites, shows the runner's output behind mark; returns ({suite: counts}, exit status)."""
    command = [sys.executable, str(runner), '--suite', ','.join(suites), '--', *program]
    print(f'{mark}{" ".join(command[1:])}', flush=True)
    rows = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(mark + line.rstrip(), flush=True)
            found = ROW.match(line)
            if found:
                rows[found[1]] = tuple(int(n) for n in found.groups()[1:])
    return rows, process.returncode


def judge_due(rows, status):
    """Result lines of the suites that must pass."""
    lines = []
    for suite, (passed, failed, skipped) in rows.items():
        lines += [f'pass conformance {suite}'] * passed + [f'fail conformance {suite}'] * (failed + skipped)
        if passed == 0:
            lines.append(f'fail conformance {suite}: no case passed')
    if not rows or (status != 0 and not any(line.startswith('fail') for line in lines)):
        lines.append(f'fail conformance: the runner ended with status {status} after {len(rows)} suites')
    return lines


def judge_not_due(rows):
    """Result lines of the suites that are not due: passed ones count, the others are one skip each."""
    lines = []
    for suite, (passed, failed, skipped) in rows.items():
        if passed > 0 and failed == 0 and skipped == 0:
            print(f'conformance: {suite} passes now: take it out of NOT_DUE in tools/ci/conformance.py')
            lines += [f'pass conformance {suite}'] * passed
        else:
            lines.append(f'NOT RUN: conformance {suite}: NOT DUE, {NOT_DUE[suite]} '
                         f'({passed} pass, {failed} fail, {skipped} unsupported)')
    return lines


def main():
    if len(sys.argv) < 5 or sys.argv[3] != '--':
        print(__doc__)
        return 64
    runner, results, program = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[4:]
    names = suite_names(runner)
    due = [name for name in names if name not in NOT_DUE]
    lines = judge_due(*run(runner, due, program, 'conformance: '))
    lines += judge_not_due(run(runner, [name for name in names if name in NOT_DUE], program, 'NOT DUE: ')[0])
    results.write_text('\n'.join(lines) + '\n', encoding='utf-8')
    return 1 if any(line.startswith('fail') for line in lines) else 0


if __name__ == '__main__':
    sys.exit(main())
