#!/usr/bin/env python3
"""docs/pitfalls.md: every pitfall P1..P67 has one row, which names tests, one of them after it, or says why it does not
apply. Tests that any page of docs/ links to, as [`name`](../tests/...), exist."""
import pathlib
import re
import sys

from source import Finding, report

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = 'docs/pitfalls.md'
LAST = 67
TEST = re.compile(r'\[`(\w+)`\]\(\.\./(tests/[^)]+)\)')


def check_tests(path, page, read_test):
    """`read_test`: text of a test source by its path, None when there is no such file."""
    found = []
    for number, line in enumerate(page.splitlines(), 1):
        for name, source in TEST.findall(line):
            text = read_test(source)
            if text is None or not re.search(rf'(?:TEST_CASE|PROPERTY)\(\s*{name}\b', text):
                found.append(Finding(path, number, 'test', f'{source} has no test {name}'))
    return found


def check(page):
    found, seen = [], []
    for number, line in enumerate(page.splitlines(), 1):
        row = re.match(r'\| P(\d+) \|', line)
        if not row:
            continue
        seen.append(int(row.group(1)))
        names = [name for name, _ in TEST.findall(line)]
        if not names and not re.search(r'does not apply: \S', line):
            found.append(Finding(PAGE, number, 'pitfall', f'P{seen[-1]} names neither a test nor a reason'))
        if names and not any(re.search(rf'(^|_)p{seen[-1]:02}_', name) for name in names):
            found.append(Finding(PAGE, number, 'pitfall', f'no test of P{seen[-1]} is named p{seen[-1]:02}_...'))
    if seen != list(range(1, LAST + 1)):
        found.append(Finding(PAGE, 1, 'pitfall', f'rows must be P1 to P{LAST}, once each and in order'))
    return found


def main():
    def read_test(path):
        file = ROOT / path
        return file.read_text(encoding='utf-8') if file.is_file() else None
    found = check((ROOT / PAGE).read_text(encoding='utf-8'))
    for page in sorted(ROOT.glob('docs/**/*.md')):
        path = page.relative_to(ROOT).as_posix()
        found += check_tests(path, page.read_text(encoding='utf-8'), read_test)
    return report('pitfalls', found)


if __name__ == '__main__':
    sys.exit(main())
