#!/usr/bin/env python3
"""Sums the results of a test run and prints `N passed, N failed, N skipped`.

usage: summary.py RESULTS_DIR
Reads from RESULTS_DIR and below: *.xml (ctest --output-junit) and *.txt with a line for each result: `pass NAME`,
`fail NAME` or `NOT RUN: what: why` (one skip).
Exit status: 0 when something passed and nothing failed, otherwise 1.
WITAN_SUMMARY_PREFIX is printed before the counts.
"""
import os
import pathlib
import sys
import xml.etree.ElementTree as xml


def count_junit(path):
    """(passed, failed, skipped) of one ctest file; names of the failed tests are printed."""
    passed = failed = skipped = 0
    for case in xml.parse(path).getroot().iter('testcase'):
        if case.find('failure') is not None or case.get('status') == 'fail':
            failed += 1
            print(f'failed: {path.stem}: {case.get("name")}')
        elif case.find('skipped') is not None or case.get('status') in ('notrun', 'disabled'):
            skipped += 1
            print(f'skipped: {path.stem}: {case.get("name")}')
        else:
            passed += 1
    if passed + failed + skipped == 0:
        print(f'failed: {path.stem}: ctest found no test')
        failed = 1
    return passed, failed, skipped


def count_lines(path):
    """Counts of a file of `pass NAME`, `fail NAME` and `NOT RUN: ...` lines."""
    lines = path.read_text(encoding='utf-8').splitlines()
    for line in lines:
        if not line.startswith('pass '):
            print(line)
    return (sum(line.startswith('pass ') for line in lines),
            sum(line.startswith('fail ') for line in lines),
            sum(line.startswith('NOT RUN') for line in lines))


def summarise(results):
    parts = [count_junit(path) for path in sorted(results.rglob('*.xml'))]
    parts += [count_lines(path) for path in sorted(results.rglob('*.txt'))]
    return tuple(sum(part[i] for part in parts) for i in range(3))


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 64
    passed, failed, skipped = summarise(pathlib.Path(sys.argv[1]))
    prefix = os.environ.get('WITAN_SUMMARY_PREFIX', '')
    print(f'{prefix}{passed} passed, {failed} failed, {skipped} skipped')
    return 0 if passed > 0 and failed == 0 else 1


if __name__ == '__main__':
    sys.exit(main())
