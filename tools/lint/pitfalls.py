#!/usr/bin/env python3
"""docs/pitfalls.md: every pitfall P1..P67 has one row, which names tests that exist, or says why it does not apply."""
import pathlib
import re
import sys

from source import Finding, report

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = 'docs/pitfalls.md'
LAST = 67


def check(page, read_test):
    """`read_test`: text of a test source by its path, None when there is no such file."""
    found, seen = [], []
    for number, line in enumerate(page.splitlines(), 1):
        row = re.match(r'\| P(\d+) \|', line)
        if not row:
            continue
        seen.append(int(row.group(1)))
        tests = re.findall(r'\[`(\w+)`\]\(\.\./([^)]+)\)', line)
        if not tests and not re.search(r'does not apply: \S', line):
            found.append(Finding(PAGE, number, 'pitfall', f'P{seen[-1]} names neither a test nor a reason'))
        for name, path in tests:
            text = read_test(path)
            if text is None or not re.search(rf'(?:TEST_CASE|PROPERTY)\(\s*{name}\b', text):
                found.append(Finding(PAGE, number, 'pitfall', f'{path} has no test {name}'))
    if seen != list(range(1, LAST + 1)):
        found.append(Finding(PAGE, 1, 'pitfall', f'rows must be P1 to P{LAST}, once each and in order'))
    return found


def main():
    def read_test(path):
        file = ROOT / path
        return file.read_text(encoding='utf-8') if file.is_file() else None
    return report('pitfalls', check((ROOT / PAGE).read_text(encoding='utf-8'), read_test))


if __name__ == '__main__':
    sys.exit(main())
