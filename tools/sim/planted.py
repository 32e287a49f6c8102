#!/usr/bin/env python3
"""Plants three bugs, one at a time, and lets the simulator find each and shrink what found it.

  planted.py [--seeds N] [--jobs N] [ID ...]

A changed source is compiled beside the tree and linked into a copy of witan-sim (tools/mutants does the same): no
program that is built otherwise holds the bug, and there is no switch for it. Exit status 1 when one is not found.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools/mutants'))
import mutants  # noqa: E402  (its folder is not a package)

PROGRAM = 'witan-sim'
BUGS = [
    {'id': 'skip-lock', 'what': 'a fresh proposal is prevoted against the lock',
     'file': 'actors/consensus/core/round_machine.cpp',
     'old': 'return prevote(s, lock_allows(s, in.value) ? ValueId(in.value) : std::nullopt, {});',
     'new': 'return prevote(s, ValueId(in.value), {});'},
    {'id': 'publish-early', 'what': 'votes leave before the log that remembers them is synced',
     'file': 'actors/consensus/effect_runner.cpp',
     'old': 'require(wal_->sync(), "syncing the log");',
     'new': ''},
    {'id': 'count-twice', 'what': 'every vote counts twice',
     'file': 'actors/consensus/core/round_tally.cpp',
     'old': 'tally.power += power;',
     'new': 'tally.power += 2 * power;'},
]


def find(bug, bench, options):
    """True when the campaign finds the bug; prints the shrunk scenario."""
    with tempfile.TemporaryDirectory(dir=mutants.WORK) as name:
        folder = pathlib.Path(name)
        program = str(bench.program(bug, PROGRAM, folder))
        run = subprocess.run([program, 'campaign', '--seeds', str(options.seeds), '--jobs', str(options.jobs), '--stop',
                              '--json', '--scenarios', 'tests/simulation/scenarios'], cwd=ROOT, capture_output=True,
                             text=True)
        summary = json.loads(run.stdout)
        print(f"{bug['id']}: {bug['what']}: {summary['all']['runs']} runs, {summary['seconds']:.0f} s", flush=True)
        if not summary['failures']:
            print(f"{bug['id']}: NOT FOUND")
            return False
        first = summary['failures'][0]
        print(f"{bug['id']}: found by {first['scenario']}, seed {first['seed']}: {first['violation']}")
        shrunk = subprocess.run([program, 'shrink', f"tests/simulation/scenarios/{first['scenario']}.toml", '--seed',
                                 str(first['seed']), '--out', str(folder / 'shrunk.toml')], cwd=ROOT,
                                capture_output=True, text=True)
        print('  ' + shrunk.stdout.replace('\n', '\n  '), flush=True)
        return True


def main():
    parser = argparse.ArgumentParser(prog='tools/dev sim-planted')
    parser.add_argument('--seeds', type=int, default=2000)
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('bugs', nargs='*', metavar='ID', help=', '.join(bug['id'] for bug in BUGS))
    options = parser.parse_args()
    mutants.WORK.mkdir(parents=True, exist_ok=True)
    bench = mutants.Bench([PROGRAM])
    chosen = [bug for bug in BUGS if not options.bugs or bug['id'] in options.bugs]
    return 0 if all([find(bug, bench, options) for bug in chosen]) else 1


if __name__ == '__main__':
    sys.exit(main())
