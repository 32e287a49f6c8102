#!/usr/bin/env python3
"""Sizes and habits: rules of style a formatter does not know. Self-tests: test_lints.py.

  file        a source or script over 600 lines, a header over 300
  function    over 70 lines; 120 when `// tidy: table` stands in or just above its first lines
  line        over 100 characters in C++, 120 in Python, shell and CMake; tables between
              `// clang-format off` and `on` may be wider
  marker      a note that something is unfinished (MARKER below)
  sleep       sleeping in tests and actors: wait for an event instead; where there is none to wait for,
              `// sleeps: REASON` in the line or just above says why
  capture     RC_ASSERT(a && b): rapidcheck's operators evaluate both sides; RC_ASSERT((a && b)) does not
  nolint      a NOLINT without the check's name and a reason
  pragma      a header without #pragma once
  readme      a folder that needs a README.md and has none; a README over 60 lines
"""
import re
import sys

from source import CPP, Finding, line_of, read, report, strip_all, tracked_files

FILE_LINES, HEADER_LINES, FUNCTION_LINES, TABLE_LINES = 600, 300, 70, 120
SOURCES = (*CPP, '.capnp', '.cmake', '.py')
CPP_CHARACTERS, SCRIPT_CHARACTERS, README_LINES = 100, 120, 60
TEXT = CPP + ('.py', '.sh', '.cmake', 'CMakeLists.txt')
# Split so that this file does not find itself.
MARKER = re.compile(r'\b(' + '|'.join(('TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK')) + r')\b')
SLEEP = re.compile(r'\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(')
SLEEP_REASON = re.compile(r'// sleeps: \S')
CAPTURE = re.compile(r'\bRC_(?:ASSERT|ASSERT_FALSE|PRE|SUCCEED_IF)\(')
NOLINT = re.compile(r'NO' + r'LINT(NEXTLINE|BEGIN|END)?(?![A-Z]|\([a-z][\w\-.,* ]*\):? +\S)')
CONTROL = re.compile(r'^(?:else\b|if\b|for\b|while\b|switch\b|do\b|try\b|catch\b|return\b|case\b|'
                     r'namespace\b|enum\b|union\b|extern\b)')
TAIL = re.compile(r'\)\s*(?:const|noexcept(?:\s*\([^()]*\))?|override|final|mutable|&&?|\s)*'
                  r'(?:->\s*[\w:<>,\s*&]+)?\s*$')


def is_function_head(head):
    """True when the text between the last `;`, `{` or `}` and a `{` starts a function body."""
    head = re.sub(r'^(?:\s*(?:public|private|protected)\s*:(?!:))+', '', head).strip()
    if not head or CONTROL.match(head):
        return False
    outside, inner = re.sub(r'[=!<>]=|operator\s*\S+', '', head), None
    while inner != outside:
        inner, outside = outside, re.sub(r'\([^()]*\)', '', outside)
    if '=' in outside:
        return False
    if re.match(r'(?:template\s*<[^{]*>\s*)?(?:class|struct)\b[^()]*$', head):
        return False
    # Constructor: the initialiser list ends in `)` or `}`; its braces were consumed before.
    return bool(TAIL.search(head))


def functions(code):
    """(first line, last line) of every function body found in stripped code, nested ones included."""
    stack, found, start = [], [], 0
    for match in re.finditer(r'[{};]', code):
        mark, at = match.group(0), match.start()
        if mark == '{':
            head = code[start:at]
            first = at - len(head.lstrip()) if head.strip() else at
            stack.append(line_of(code, first) if is_function_head(head) else None)
        elif mark == '}' and stack:
            first = stack.pop()
            if first is not None:
                found.append((first, line_of(code, at)))
        start = at + 1
    return found


def check_functions(path, text):
    lines, findings = text.splitlines(), []
    for first, last in functions(strip_all(text)):
        size = last - first + 1
        head = '\n'.join(lines[max(0, first - 3):first + 3])
        limit = TABLE_LINES if '// tidy: table' in head else FUNCTION_LINES
        if size > limit:
            findings.append(Finding(path, first, 'function', f'{size} lines, limit {limit}: split it'))
    return findings


def check_lines(path, text):
    findings, limit = [], CPP_CHARACTERS if path.endswith(CPP) else SCRIPT_CHARACTERS
    table = False
    for number, line in enumerate(text.splitlines(), 1):
        table = (table or '// clang-format off' in line) and '// clang-format on' not in line
        if len(line) > limit and not table:
            findings.append(Finding(path, number, 'line', f'{len(line)} characters, limit {limit}'))
        if MARKER.search(line):
            findings.append(Finding(path, number, 'marker', 'finish it, or write it down as a limit'))
        if path.endswith(CPP) and NOLINT.search(line):
            findings.append(Finding(path, number, 'nolint', 'name the check and the reason: NOLINT(check): why'))
    return findings


def check_sleeps(path, text):
    lines, findings = text.splitlines(), []
    for match in SLEEP.finditer(strip_all(text)):
        line = line_of(text, match.start())
        if not SLEEP_REASON.search('\n'.join(lines[max(0, line - 2):line])):
            findings.append(Finding(path, line, 'sleep', 'wait for an event or use virtual time'))
    return findings


def check_captures(path, text):
    """&& and || directly inside a capturing macro: both sides run, also what the left one guards."""
    code, findings = strip_all(text), []
    for match in CAPTURE.finditer(code):
        depth, at = 1, match.end()
        while depth > 0 and at < len(code):
            depth += {'(': 1, '{': 1, '[': 1, ')': -1, '}': -1, ']': -1}.get(code[at], 0)
            if depth == 1 and code[at:at + 2] in ('&&', '||'):
                findings.append(Finding(path, line_of(code, match.start()), 'capture',
                                        'put a second pair of parentheses around the condition'))
                break
            at += 1
    return findings


def check_file(path, text):
    """Findings of one source or script."""
    findings = check_lines(path, text)
    count = text.count('\n')
    limit = HEADER_LINES if path.endswith('.hpp') else FILE_LINES
    if count > limit:
        findings.append(Finding(path, 1, 'file', f'{count} lines, limit {limit}: split it'))
    if path.endswith(CPP):
        findings += check_functions(path, text) + check_captures(path, text)
        if path.startswith(('tests/', 'actors/')):
            findings += check_sleeps(path, text)
    if path.endswith('.hpp') and not re.search(r'^#pragma once$', text, re.M):
        findings.append(Finding(path, 1, 'pragma', 'a header starts with #pragma once'))
    return findings


def readme_folders(paths):
    """Folders that need a README: the two upper levels, where sources are below. Deeper ones may have one."""
    needed = set()
    for path in paths:
        parts = path.split('/')[:-1]
        if not parts or parts[0].startswith('.'):
            continue
        needed.add(parts[0])
        if len(parts) > 1 and path.endswith(SOURCES):
            needed.add('/'.join(parts[:2]))
    return needed


def check_readmes(texts):
    """`texts` maps every path to a function that returns its text."""
    findings = [Finding(folder, 1, 'readme', 'this folder has no README.md')
                for folder in sorted(readme_folders(texts)) if f'{folder}/README.md' not in texts]
    for path in texts:
        if path.endswith('/README.md'):
            count = texts[path]().count('\n')
            if count > README_LINES:
                findings.append(Finding(path, 1, 'readme', f'{count} lines, limit {README_LINES}'))
    return findings


def main():
    findings, texts = [], {}
    for path in tracked_files():
        texts[path] = lambda path=path: read(path)
        if path.endswith(TEXT):
            findings += check_file(path, texts[path]())
    return report('tidy', findings + check_readmes(texts))


if __name__ == '__main__':
    sys.exit(main())
