#!/usr/bin/env python3
"""Plants bugs, one at a time, and lets the simulator find each: rules that are gone by a campaign, which shrinks what
found them; inputs that no seed determines by driving a recorded run again, which names the message.

  planted.py [--seeds N] [--jobs N] [--minutes N] [ID ...]

Changed sources are compiled beside the tree and linked into a copy of witan-sim (as tools/mutants does): no program
that is built otherwise holds a bug, and there is no switch for them. Exit status 1 when one is not found.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools/mutants'))
import mutants  # noqa: E402  (its folder is not a package)

PROGRAM = 'witan-sim'
SCENARIOS = 'tests/simulation/scenarios'
# The rule that `old` states is gone in `new`. What two layers check, one after the other, is planted in both: in the
# core alone the signer refuses the vote, which the simulator reports as well (lock-in-core).
LOCK = {'file': 'actors/consensus/core/round_machine.cpp',
        'old': 'return prevote(s, lock_allows(s, in.value) ? ValueId(in.value) : std::nullopt, {});',
        'new': 'return prevote(s, ValueId(in.value), {});'}
BUGS = [
    {'id': 'skip-lock', 'what': 'a fresh proposal is prevoted against the lock, and the signer lets it pass',
     'changes': [LOCK, {'file': 'crypto/sign_state.cpp',
                        'old': 'if (against_lock && intent.pol_round < lock.round)',
                        'new': 'if (against_lock && false)'}]},
    {'id': 'lock-in-core', 'what': 'the same in the consensus core only', 'changes': [LOCK]},
    {'id': 'publish-early', 'what': 'votes leave before the log that remembers them is synced',
     'changes': [{'file': 'actors/consensus/effect_runner.cpp',
                  'old': 'require(wal_->sync(), "syncing the log");',
                  'new': ''}]},
    {'id': 'count-twice', 'what': 'every vote counts twice',
     'changes': [{'file': 'actors/consensus/core/round_tally.cpp',
                  'old': 'tally.power += power;',
                  'new': 'tally.power += 2 * power;'}]},
]
# Inputs that scenario and seed do not determine. A run looks sound with them; driven again, it takes another way.
HIDDEN = [
    {'id': 'hidden-address', 'what': 'the timers of consensus depend on where its actor lies in memory',
     'message': 'TimeoutFired',
     'changes': [{'file': 'actors/consensus/effects.cpp',
                  'old': 'context().send_after(liveness_.timeout(effect.step, effect.round), std::move(timer));',
                  'new': 'const Duration hidden{static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(this) >> 12 '
                         '& 0xfffff)}; context().send_after(liveness_.timeout(effect.step, effect.round) + hidden, '
                         'std::move(timer));'}]},
    {'id': 'hidden-clock', 'what': 'the tick of the mempool depends on the clock of this machine',
     'message': 'MempoolTick',
     'changes': [{'file': 'actors/mempool/mempool_actor.cpp',
                  'old': 'namespace witan::mempool {\nnamespace {\n\n'
                         'constexpr Duration tick_period = Duration::from_ms(100);',
                  'new': '#include <chrono>\nnamespace witan::mempool {\nnamespace {\n'
                         '#define tick_period Duration{100000000 + '
                         'std::chrono::steady_clock::now().time_since_epoch().count() % 1000000}'}]},
]


def missing(bug):
    """Whether a text to change is not there, or there twice."""
    wrong = [c['file'] for c in bug['changes'] if (ROOT / c['file']).read_text(encoding='utf-8').count(c['old']) != 1]
    for file in wrong:
        print(f"{bug['id']}: the text to change must occur once in {file}")
    return bool(wrong)


def planted(bug, folder):
    """A copy of the program with the bug in it."""
    bench = mutants.Bench([PROGRAM])
    compiles, link = bench.commands[PROGRAM]
    objects = []
    for number, change in enumerate(bug['changes']):
        part = folder / str(number)
        part.mkdir()
        output = f' -o bin/{PROGRAM} '
        bench.commands[PROGRAM] = compiles, link.replace(output, output + ' '.join(objects) + ' ')
        program = bench.program(change, PROGRAM, part)
        objects.append(str(part / 'mutant.o'))
    return program


def find(bug, options):
    """True when the campaign finds the bug; prints the shrunk scenario."""
    with tempfile.TemporaryDirectory(dir=mutants.WORK) as name:
        program = str(planted(bug, pathlib.Path(name)))
        print(f"{bug['id']}: {bug['what']}", flush=True)

        def simulate(*words):
            return subprocess.run([program, *words], cwd=ROOT, capture_output=True, text=True,
                                  timeout=60 * options.minutes).stdout

        try:
            summary = json.loads(simulate('campaign', '--seeds', str(options.seeds), '--jobs', str(options.jobs),
                                          '--stop', '--json', '--scenarios', SCENARIOS))
            runs, seconds = summary['all']['runs'], summary['seconds']
            if not summary['failures']:
                print(f'  NOT FOUND in {runs} runs, {seconds:.0f} s')
                return False
            first = summary['failures'][0]
            print(f"  found in run {runs} after {seconds:.0f} s: {first['scenario']}, seed {first['seed']}")
            shrunk = simulate('shrink', f"{SCENARIOS}/{first['scenario']}.toml", '--seed', str(first['seed']), '--out',
                              f'{name}/shrunk.toml')
        except subprocess.TimeoutExpired:
            print(f'  NOT FOUND: a run did not end within {options.minutes} minutes')
            return False
        print('  ' + shrunk.strip().replace('\n', '\n  '), flush=True)
        if options.out:
            shutil.copy(f'{name}/shrunk.toml', pathlib.Path(options.out) / f"{bug['id']}.toml")
        return True


def tell_apart(bug, _):
    """True when driving a recorded run again names the message that the hidden input changed."""
    with tempfile.TemporaryDirectory(dir=mutants.WORK) as name:
        program, run = str(planted(bug, pathlib.Path(name))), f'{name}/recorded.run'
        print(f"{bug['id']}: {bug['what']}", flush=True)
        sound = str(mutants.BUILD / 'bin' / PROGRAM)
        for by, recorder in (('itself', program), ('the program without it', sound)):
            subprocess.run([recorder, 'run', f'{SCENARIOS}/calm.toml', '--seed', '1', '--record', run], cwd=ROOT,
                           capture_output=True, check=True)
            done = subprocess.run([program, 'replay', run, '--json'], cwd=ROOT, capture_output=True, text=True)
            stop = json.loads(done.stdout).get('stop') or {}
            if done.returncode != 70 or not any(bug['message'] in stop[side] for side in ('recorded', 'now')):
                print(f'  NOT FOUND in a run recorded by {by}: {done.stdout}{done.stderr}')
                return False
            print(f"  recorded by {by}, driven again: hop {stop['hop']} has another {stop['different']}\n"
                  f"    recorded {stop['recorded']}\n    now      {stop['now']}", flush=True)
        done = subprocess.run([sound, 'replay', run], cwd=ROOT, capture_output=True, text=True)
        print(f'  by the program without it: {done.stdout.strip()}', flush=True)
        return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(prog='tools/dev sim-planted')
    parser.add_argument('--seeds', type=int, default=2000)
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('--minutes', type=int, default=10, help='limit for a campaign, and for shrinking')
    parser.add_argument('--out', help='folder where the shrunk scenarios are written')
    parser.add_argument('bugs', nargs='*', metavar='ID', help=', '.join(bug['id'] for bug in BUGS + HIDDEN))
    parser.add_argument('--check', action='store_true', help='only look whether the texts to change are there')
    options = parser.parse_args()
    if options.check:
        return 1 if any([missing(bug) for bug in BUGS + HIDDEN]) else 0
    if any([missing(bug) for bug in BUGS + HIDDEN]):
        return 1
    mutants.WORK.mkdir(parents=True, exist_ok=True)
    ways = [(find, bug) for bug in BUGS] + [(tell_apart, bug) for bug in HIDDEN]
    chosen = [(way, bug) for way, bug in ways if not options.bugs or bug['id'] in options.bugs]
    return 0 if all([way(bug, options) for way, bug in chosen]) else 1


if __name__ == '__main__':
    sys.exit(main())
