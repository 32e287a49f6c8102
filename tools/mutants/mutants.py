#!/usr/bin/env python3
"""Takes one rule away at a time and looks which test notices.

  mutants.py --check             every `old` text of table.toml still occurs exactly once (a lint)
  mutants.py [--only ID ...] [--program TEST ...] [--jobs N] [--fresh]
                                 compiles each mutant beside the tree, links the tests that it names with it,
                                 runs them until something fails, and rewrites docs/mutants.md

A mutant may loop for ever, so its tests have a limit: of computing time, several times what the unchanged program
needs, so that a slow or busy machine kills nobody. A test that waits without computing is ended after a long time and
counts as "did not end", not as killed.

Results are kept in build/mutants/results.json by the mutant's text and its file's content, so that a run that
was interrupted goes on and a mutant that was killed is not run again (--fresh forgets them). A run of some rows
(--only, --program) leaves the other rows of the page as they are. Exit status 1 when fewer than 95 % die or a
survivor has no `explained` text.
"""
import argparse
import concurrent.futures
import hashlib
import json
import math
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / 'tools/mutants/table.toml'
PAGE = ROOT / 'docs/mutants.md'
WORK = ROOT / 'build/mutants'
BUILD = ROOT / 'build/release'
CPU_SECONDS_MIN, CPU_FACTOR = 150, 5
WALL_SECONDS_MIN, WALL_FACTOR = 1200, 20
TEST_BYTES = 700 << 20
FIELDS = {'id', 'rule', 'change', 'file', 'old', 'new', 'tests', 'explained'}


def load():
    mutants = tomllib.loads(TABLE.read_text(encoding='utf-8'))['mutant']
    for m in mutants:
        m['old'], m['new'] = m['old'].strip('\n'), m['new'].strip('\n')
    return mutants


def problems(mutants, root=ROOT):
    """What is wrong with the table: unknown fields, doubled ids, text that is gone, tests that do not exist."""
    found = []
    programs = set()
    for path in (root / 'tests').rglob('CMakeLists.txt'):
        programs.update(re.findall(r'witan_test\((\w+)', path.read_text(encoding='utf-8')))
    seen = set()
    for m in mutants:
        name = m.get('id', '?')
        if set(m) - FIELDS or FIELDS - {'explained'} - set(m):
            found.append(f'{name}: fields must be {sorted(FIELDS)}')
            continue
        if name in seen:
            found.append(f'{name}: twice')
        seen.add(name)
        path = root / m['file']
        count = path.read_text(encoding='utf-8').count(m['old']) if path.exists() else 0
        if count != 1:
            found.append(f"{name}: the old text occurs {count} times in {m['file']}; it must occur once")
        if m['old'] == m['new']:
            found.append(f'{name}: changes nothing')
        for test in m['tests']:
            if test not in programs:
                found.append(f'{name}: no test program {test}')
    return found


def key_of(mutant):
    """Changes with the mutant and with its file."""
    change = {name: value for name, value in mutant.items() if name != 'explained'}
    digest = hashlib.sha256(json.dumps(change, sort_keys=True).encode())
    digest.update((ROOT / mutant['file']).read_bytes())
    return digest.hexdigest()[:16]


def commands_of(test):
    """Object file -> its compile command, and the link command of a test program, as ninja would run them."""
    run = subprocess.run(['ninja', '-C', str(BUILD), '-t', 'commands', test], capture_output=True, text=True,
                         check=True)
    lines = [line for line in run.stdout.splitlines() if ' -o ' in line]
    compiles = {}
    for line in lines:
        if match := re.search(r' -c (\S+\.cpp)\b', line):
            compiles[str(pathlib.Path(match.group(1)).resolve().relative_to(ROOT))] = line
    return compiles, next(line for line in reversed(lines) if f' -o bin/{test} ' in line)


def limits_for(cpu, wall):
    """Seconds that a mutant of a program may compute, and may take, when the program itself took these."""
    return (math.ceil(max(CPU_SECONDS_MIN, CPU_FACTOR * cpu)), math.ceil(max(WALL_SECONDS_MIN, WALL_FACTOR * wall)))


def end_group(child):
    """The program and what it has started, unless it has ended."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)


def judgement(test, child, cpu_max, wall_max, overdue):
    """Reads what a test program says until it says enough."""
    said = []
    for line in child.stdout:
        said.append(line)
        if case := re.search(r'error: in "([^"]+)"', line):
            return 'killed', f'{test}: {case.group(1)}'
    code = child.wait()
    if overdue.is_set():
        return 'did not end', f'{test}: within {wall_max} s'
    if code == 0:
        return 'survived', ''
    if code == -signal.SIGXCPU:
        return 'killed', f'{test}: computes for more than {cpu_max} s'
    case = re.search(r'in "([^"]+)"', ''.join(said))
    return 'killed', f'{test}: {case.group(1)}' if case else f'{test}: ended with {code}'


class Bench:
    """Compiles a changed source beside the tree, links it before the library that holds the original, and runs that.

    Nothing in the tree or in build/release changes, so any number of mutants may be on the bench at once.
    """

    def __init__(self, tests):
        self.commands = {test: commands_of(test) for test in tests}
        self.limits = {}

    def program(self, mutant, test, folder):
        """Path of the test program with the mutant in it; raises CalledProcessError when it does not build."""
        compiles, link = self.commands[test]
        source, changed = folder / pathlib.Path(mutant['file']).name, folder / 'mutant.o'
        if not changed.exists():
            text = (ROOT / mutant['file']).read_text(encoding='utf-8')
            source.write_text(text.replace(mutant['old'], mutant['new']), encoding='utf-8')
            command = re.sub(r'\S*/ccache ', '', compiles[mutant['file']])
            command = re.sub(r' -MD -MT \S+ -MF \S+', '', command)
            command = re.sub(r' -Werror\b', '', command).replace(' -O2 ', ' -O0 ').replace(' -g1 ', ' ')
            command = re.sub(r' -o \S+ -c \S+', f' -w -o {changed} -c {source}', command)
            self.shell(command)
        program = folder / test
        self.shell(link.replace(f' -o bin/{test} ', f' -o {program} {changed} '))
        return program

    @staticmethod
    def shell(command):
        subprocess.run(command, shell=True, cwd=BUILD, check=True, capture_output=True, text=True)

    def measure(self, test):
        """Runs the unchanged program, which must pass, and derives the limits of its mutants from what it took."""
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        verdict, by = self.run(BUILD / 'bin' / test, test)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if verdict != 'survived':
            raise SystemExit(f'mutants: the unchanged code fails: {by}')
        cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        wall = time.monotonic() - begin
        self.limits[test] = limits_for(cpu, wall)
        print(f'mutants: {test} passes unchanged, {cpu:.0f} s of computing in {wall:.0f} s', flush=True)

    def run(self, program, test):
        """The verdict, and what noticed. The first failed check decides: the rest is not run."""
        cpu_max, wall_max = self.limits.get(test, (None, None))
        limits = [f'--as={TEST_BYTES}', *([f'--cpu={cpu_max}:{cpu_max + 5}'] if cpu_max else [])]
        command = ['prlimit', *limits, str(program), '--log_level=error', '--report_level=short', '--color_output=no']
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 errors='replace', env=dict(os.environ, RC_PARAMS='seed=1'), start_new_session=True)
        overdue = threading.Event()
        alarm = threading.Timer(wall_max, lambda: (overdue.set(), end_group(child))) if wall_max else None
        if alarm:
            alarm.start()
        try:
            return judgement(test, child, cpu_max, wall_max, overdue)
        finally:
            if alarm:
                alarm.cancel()
            end_group(child)
            child.stdout.close()
            child.wait()

    def judge(self, mutant):
        start = time.monotonic()
        with tempfile.TemporaryDirectory(dir=WORK) as folder:
            result = {'verdict': 'survived', 'by': ''}
            for test in mutant['tests']:
                try:
                    program = self.program(mutant, test, pathlib.Path(folder))
                except subprocess.CalledProcessError as error:
                    result = {'verdict': 'does not build', 'by': (error.stderr or error.stdout)[-600:]}
                    break
                verdict, by = self.run(program, test)
                if verdict != 'survived':
                    result = {'verdict': verdict, 'by': by}
                    break
        return mutant, result, time.monotonic() - start


def cell_of(mutant, result):
    if result['verdict'] == 'killed':
        return f"`{result['by']}`"
    why = f": {mutant['explained']}" if result['verdict'] == 'survived' and 'explained' in mutant else ''
    return f"**{result['verdict']}**{why}"


def name_of(mutant):
    return f"| {mutant['rule']} | {mutant['change']} | `{mutant['file']}` |"


def cells_in(text):
    """What a page says of each mutant."""
    found = re.findall(r'^(\| .+? \| .+? \| `[^`]+` \|) (.+) \|$', text, re.M)
    return dict(found)


def page(mutants, results, commit, before=None):
    """`before`: the cells of an earlier page; they stay where there is no result (--only, --program)."""
    rows = []
    for m in mutants:
        result = results.get(key_of(m))
        cell = cell_of(m, result) if result else (before or {}).get(name_of(m), '**not run**')
        rows.append(f'{name_of(m)} {cell} |')
    killed = sum(row.count('| `') == 2 for row in rows)
    explained = sum('**survived**: ' in row for row in rows)
    run = 'Last run at' if before is None else 'Last run, of some rows, at'
    return '\n'.join([
        '# Rules, the change that disables each, and the test that notices', '',
        'Written by `tools/dev mutants` from `tools/mutants/table.toml`: each row takes one rule away, builds, and',
        'runs the named test programs until one fails. A lint keeps the table in step with the code.', '',
        f'{len(mutants)} mutants, {killed} killed ({100 * killed // max(1, len(mutants))} %), '
        f'{explained} survivors explained. {run} commit {commit}.', '',
        '| Rule | The change | File | Killed by |', '|---|---|---|---|', *rows, ''])


def run_all(mutants, jobs, results):
    # One that survived is tried again: there may be a test by now.
    wanted = [m for m in mutants if results.get(key_of(m), {}).get('verdict') != 'killed']
    tests = sorted({t for m in wanted for t in m['tests']})
    if not wanted:
        return
    print(f'mutants: {len(wanted)} to run; building {", ".join(tests)}', flush=True)
    if not (BUILD / 'build.ninja').exists():
        subprocess.run(['cmake', '--preset', 'release'], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(['cmake', '--build', str(BUILD), '--parallel', '2', '--target', *tests], check=True,
                   stdout=subprocess.DEVNULL)
    bench = Bench(tests)
    for test in tests:
        bench.measure(test)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(bench.judge, m) for m in wanted]):
            mutant, result, seconds = done.result()
            results[key_of(mutant)] = result
            (WORK / 'results.json').write_text(json.dumps(results, indent=1), encoding='utf-8')
            print(f"{result['verdict']:14} {mutant['id']:34} {seconds:4.0f} s  {result['by']}", flush=True)


def main():
    parser = argparse.ArgumentParser(prog='tools/dev mutants')
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--only', nargs='+', default=[])
    parser.add_argument('--program', nargs='+', default=[])
    parser.add_argument('--jobs', type=int, default=1)
    parser.add_argument('--fresh', action='store_true')
    options = parser.parse_args()
    mutants = load()
    if found := problems(mutants):
        print(*found, sep='\n')
        print(f'mutants: {len(found)} finding(s): bring tools/mutants/table.toml in step with the code')
        return 1
    if options.check:
        print(f'mutants: {len(mutants)} in step, 0 finding(s)')
        return 0
    WORK.mkdir(parents=True, exist_ok=True)
    kept = WORK / 'results.json'
    results = {} if options.fresh or not kept.exists() else json.loads(kept.read_text(encoding='utf-8'))
    chosen = [m for m in mutants if (not options.only or m['id'] in options.only) and
              (not options.program or m['tests'][0] in options.program)]
    run_all(chosen, options.jobs, results)
    commit = subprocess.run(['git', 'rev-parse', '--short', 'HEAD'], cwd=ROOT, capture_output=True,
                            text=True).stdout.strip()
    some = bool(options.only or options.program)
    before = cells_in(PAGE.read_text(encoding='utf-8')) if some else None
    PAGE.write_text(page(mutants, results, commit, before), encoding='utf-8')
    verdicts = [(m, results[key_of(m)]['verdict']) for m in chosen]
    killed = sum(v == 'killed' for _, v in verdicts)
    bad = [m['id'] for m, v in verdicts if v != 'killed' and not (v == 'survived' and 'explained' in m)]
    print(f'mutants: {killed} of {len(chosen)} killed; unexplained: {", ".join(bad) or "none"}')
    return 0 if not bad and killed * 100 >= 95 * len(chosen) else 1


if __name__ == '__main__':
    sys.exit(main())
