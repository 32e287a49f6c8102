#!/usr/bin/env python3
"""Who may include what.

  messages <- crypto <- storage, config <- actors/*/core <- actors/runtime, actors/telemetry
           <- actors/* <- tools <- tests

A core (actors/<domain>/core) includes std, fmt/format.h, messages/base, messages/types, the crypto headers of
CORE_CRYPTO, its own core, and other domains' core headers named in ARROWS. An actor includes its
own folder, actors/runtime, actors/telemetry, other actors' interface.hpp and ARROWS; actors/node,
which composes them all, includes any actor. Third-party headers: see HOMES. Self-tests: test_lints.py.
"""
import re
import sys

from source import CPP, Finding, line_of, read, report, strip_all, strip_comments, tracked_files

# Folder -> folders whose headers it may include besides its own (prefix match).
LOWER = {
    'messages/base': (),
    'messages/types': ('messages/base',),
    'messages': ('messages',),
    'crypto': ('messages',),
    'storage': ('messages', 'crypto'),
    'config': ('messages', 'crypto'),
    'actors/runtime': ('messages', 'crypto', 'storage', 'config', 'actors/telemetry'),
    'actors/telemetry': ('messages', 'crypto', 'storage', 'config', 'actors/runtime'),
}
ACTOR_LOWER = ('messages', 'crypto', 'storage', 'config', 'actors/runtime', 'actors/telemetry')

CORE_LOWER = ('messages/base/', 'messages/types/')
CORE_CRYPTO = ('crypto/hash.hpp', 'crypto/merkle.hpp', 'crypto/sign_bytes.hpp')
CORE_BANNED_STD = {'chrono', 'random', 'thread', 'mutex', 'shared_mutex', 'condition_variable',
                   'future', 'atomic', 'iostream', 'fstream', 'filesystem', 'ctime', 'cstdio',
                   'stop_token', 'semaphore', 'latch', 'barrier'}
# Cores whose findings never enter state may use floating point.
FLOAT_CORES = ('actors/health/core/',)

# (domain, header it may use of another domain's core): data types, and pure functions on which two
# domains must agree to the bit.
ARROWS = {
    ('ledger', 'actors/consensus/core/proposer_order.hpp'),  # who proposes: a rule of blocks and of rounds
}
# Headers that the build writes; their first folder is of the build tree.
GENERATED = ('witan/build_info.hpp', 'messages/schema/all_types.hpp')

# Third-party header -> where it may appear. Pattern of the header, patterns of the files, words.
HOMES = (
    (r'caf/', (r'actors/runtime/', r'tests/unit/runtime/'), 'CAF only in actors/runtime'),
    (r'leveldb/', (r'storage/.*\.cpp$', r'tests/unit/storage/'), 'LevelDB only in storage/*.cpp'),
    (r'secp256k1', (r'crypto/.*\.cpp$', r'crypto/secp_context\.hpp$'), 'secp256k1 only in crypto/*.cpp'),
    (r'sodium', (r'crypto/.*\.cpp$',), 'sodium only in crypto/*.cpp'),
    (r'openssl/', (r'crypto/.*\.cpp$',), 'OpenSSL only in crypto/*.cpp'),
    (r'boost/(asio|beast)', (r'actors/(peers|api|runtime)/.*\.cpp$', r'tools/.*\.cpp$', r'tests/.*\.cpp$'),
     'Asio and Beast only in transport and HTTP .cpp files'),
    (r'toml', (r'config/.*\.cpp$',), 'toml11 only in config/*.cpp'),
    (r'CLI/', (r'tools/.*\.cpp$',), 'CLI11 only in tools/*.cpp'),
    (r'nlohmann/', (r'(?!messages/|crypto/).*\.cpp$', r'tools/', r'config/genesis_json\.hpp$'),
     'nlohmann::json only in .cpp files'),
    (r'spdlog/', (r'actors/telemetry/', r'tools/.*\.cpp$'), 'spdlog only in actors/telemetry'),
    (r'prometheus/', (r'actors/telemetry/',), 'prometheus-cpp only in actors/telemetry'),
    (r'(capnp|kj)/', (r'messages/(?!base/|types/)', r'storage/.*\.cpp$', r'actors/', r'tools/.*\.cpp$',
                      r'tests/'), 'Cap\'n Proto above messages/types only'),
    (r'zstd', (r'storage/.*\.cpp$', r'actors/.*\.cpp$', r'tools/.*\.cpp$'), 'zstd only in .cpp files'),
    (r'(boost/test|rapidcheck|benchmark)', (r'tests/',), 'test libraries only in tests'),
    (r'tl/', (r'messages/base/',), 'tl::expected only through messages/base/result.hpp'),
)

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)
OURS = ('messages/', 'crypto/', 'storage/', 'config/', 'actors/', 'tools/', 'tests/')


def core_domain(path):
    """`actors/standing/selection/core/x.hpp` -> `standing`; None when not in a core."""
    match = re.match(r'actors/([^/]+)/(?:.*/)?core/', path)
    return match.group(1) if match else None


def core_error(path, header):
    """Why a core may not include one of our headers; None when it may."""
    domain, other = core_domain(path), core_domain(header)
    if header.startswith(CORE_LOWER) or header in CORE_CRYPTO:
        return None
    if other == domain or (domain, header) in ARROWS:
        return None
    return ('a core includes messages/base, messages/types, crypto hash headers and its own core; '
            'another core\'s types need a row in ARROWS')


def actor_error(path, header):
    """Why an actor may not include one of our headers; None when it may."""
    domain = path.split('/')[1]
    if header.startswith(tuple(f'{folder}/' for folder in ACTOR_LOWER) + (f'actors/{domain}/',)):
        return None
    if header.startswith('actors/') and (header.endswith('/interface.hpp') or domain == 'node'):
        return None
    if (domain, header) in ARROWS:
        return None
    return 'an actor includes lower layers, its own folder and other actors\' interface.hpp'


def folder_of(path):
    for folder in LOWER:
        if path.startswith(folder + '/') and not (folder == 'messages' and
                                                  path.startswith(('messages/base/', 'messages/types/'))):
            return folder
    return None


def ours_error(path, header):
    """Why `path` may not include our `header`; None when it may."""
    if path.startswith('tests/'):
        return None
    if header.startswith('tests/'):
        return 'only tests include tests'
    if path.startswith('tools/'):
        return None
    if header.startswith('tools/'):
        return 'only tools and tests include tools'
    if core_domain(path):
        return core_error(path, header)
    folder = folder_of(path)
    if folder:
        allowed = tuple(f'{f}/' for f in LOWER[folder] + (folder,))
        if header.startswith(allowed) and core_domain(header) in (None, path.split('/')[1]):
            return None
        return f'{folder} may include only {", ".join(allowed)}'
    return actor_error(path, header)


def third_party_error(path, header):
    if core_domain(path):
        if header == 'fmt/format.h':  # pure: text from values
            return None
        if '/' in header or header.endswith(('.h', '.hpp')) or header in CORE_BANNED_STD:
            return 'core-include', f'a core knows no clock, thread, I/O or library: <{header}>'
        return None
    for pattern, homes, words in HOMES:
        if re.match(pattern, header) and not any(re.match(home, path) for home in homes):
            return 'home', f'{words}: <{header}>'
    return None


def check_file(path, text):
    """Findings of one C++ file."""
    findings = []
    for match in INCLUDE.finditer(strip_comments(text)):
        line, (quote, header) = line_of(text, match.start()), match.groups()
        if quote == '"' and header in GENERATED:
            continue
        if quote == '"' and not header.startswith(OURS):
            findings.append(Finding(path, line, 'root-path', f'include from the project root: "{header}"'))
        elif quote == '"' and header.endswith('.capnp.h') and (
                core_domain(path) or path.startswith(('messages/base/', 'messages/types/', 'crypto/'))):
            findings.append(Finding(path, line, 'layer', f'generated schema code is above this layer: "{header}"'))
        elif quote == '"':
            error = ours_error(path, header)
            if error:
                findings.append(Finding(path, line, 'layer', f'"{header}": {error}'))
        else:
            error = third_party_error(path, header)
            if error:
                findings.append(Finding(path, line, *error))
    if core_domain(path) and not path.startswith(FLOAT_CORES):
        for match in re.finditer(r'\b(float|double)\b', strip_all(text)):
            findings.append(Finding(path, line_of(text, match.start()), 'float',
                                    'no floating point in a core that feeds state'))
    return findings


def main():
    findings = []
    for path in tracked_files():
        if path.endswith(CPP):
            findings += check_file(path, read(path))
    return report('layers', findings)


if __name__ == '__main__':
    sys.exit(main())
