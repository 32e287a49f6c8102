"""What the lints share: the list of files, and C++ text without comments, strings and macros."""
import dataclasses
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CPP = ('.cpp', '.hpp')


@dataclasses.dataclass(frozen=True)
class Finding:
    """One broken rule at one place. `rule` is a short stable word the self-tests look for."""
    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f'{self.path}:{self.line}: [{self.rule}] {self.text}'


def tracked_files():
    """Paths (relative, with /) of every file git knows or would add."""
    out = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', '-z'], cwd=ROOT,
                         check=True, capture_output=True).stdout.decode()
    return sorted(path for path in out.split('\0') if path and (ROOT / path).is_file())


def read(path):
    return (ROOT / path).read_text(encoding='utf-8', errors='replace')


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


def _blank(match):
    return re.sub(r'[^\n]', ' ', match.group(0))


def strip_comments(text):
    """Comments become spaces; strings stay. Offsets and lines do not move."""
    pattern = r'R"([^(\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/'

    def keep_strings(match):
        return _blank(match) if match.group(0).startswith(('//', '/*')) else match.group(0)

    # A digit separator (1'000) is not a quote.
    text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", '_', text)
    return re.sub(pattern, keep_strings, text, flags=re.S)


def strip_all(text):
    """Comments, strings, character literals and preprocessor lines become spaces."""
    text = strip_comments(text)
    text = re.sub(r'R"([^(\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', _blank,
                  text, flags=re.S)
    return re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', _blank, text, flags=re.M)


def report(name, findings):
    """Prints the findings; returns the exit status."""
    for finding in findings:
        print(finding)
    print(f'{name}: {len(findings)} finding(s)')
    return 1 if findings else 0
