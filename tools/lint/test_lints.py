#!/usr/bin/env python3
"""Every lint finds a planted violation of each of its rules, and accepts what is allowed."""
import re
import sys
import unittest

import docs
import layers
import pitfalls
import tidy
from source import strip_all, strip_comments


def rules(findings):
    return sorted({finding.rule for finding in findings})


def include(header):
    return f'#pragma once\n#include {header}\n'


class Source(unittest.TestCase):
    def test_comments_go_strings_stay(self):
        text = 'int a; // "x"\nauto s = "// no comment";\n'
        self.assertEqual(strip_comments(text), 'int a;       \nauto s = "// no comment";\n')

    def test_lines_do_not_move(self):
        text = 'R"(a\n{{{\n)" /* {\n */ #x\n#define A { \\\n  {\nint n = 1\'000\'000;\n'
        self.assertEqual(strip_all(text).count('\n'), text.count('\n'))
        self.assertNotIn('{', strip_all(text))


class Layers(unittest.TestCase):
    REFUSED = (
        ('layer', 'messages/base/a.hpp', '"messages/types/vote.hpp"'),
        ('layer', 'messages/types/a.hpp', '"messages/schema/vote.capnp.h"'),
        ('layer', 'messages/wire/a.cpp', '"crypto/hash.hpp"'),
        ('layer', 'crypto/a.cpp', '"storage/wal.hpp"'),
        ('layer', 'crypto/a.cpp', '"messages/schema/vote.capnp.h"'),
        ('layer', 'storage/a.cpp', '"config/genesis.hpp"'),
        ('layer', 'config/a.cpp', '"storage/wal.hpp"'),
        ('layer', 'config/a.cpp', '"actors/runtime/clock.hpp"'),
        ('layer', 'actors/ledger/core/a.cpp', '"crypto/keys.hpp"'),
        ('layer', 'actors/ledger/core/a.cpp', '"messages/wire/envelope.hpp"'),
        ('layer', 'actors/ledger/core/a.cpp', '"actors/mempool/core/pool.hpp"'),
        ('layer', 'actors/ledger/core/a.cpp', '"actors/ledger/ledger_actor.hpp"'),
        ('layer', 'actors/runtime/a.cpp', '"actors/consensus/interface.hpp"'),
        ('layer', 'actors/telemetry/a.cpp', '"actors/consensus/core/vote_keeper.hpp"'),
        ('layer', 'actors/peers/a.cpp', '"actors/consensus/consensus_actor.hpp"'),
        ('layer', 'actors/peers/a.cpp', '"tools/sim/sim.hpp"'),
        ('layer', 'tools/cli/a.cpp', '"tests/support/net.hpp"'),
        ('root-path', 'crypto/a.cpp', '"hash.hpp"'),
        ('core-include', 'actors/ledger/core/a.cpp', '<chrono>'),
        ('core-include', 'actors/ledger/core/a.cpp', '<random>'),
        ('core-include', 'actors/ledger/core/a.cpp', '<thread>'),
        ('core-include', 'actors/ledger/core/a.cpp', '<iostream>'),
        ('core-include', 'actors/standing/selection/core/a.cpp', '<caf/actor.hpp>'),
        ('core-include', 'actors/ledger/core/a.cpp', '<unistd.h>'),
        ('core-include', 'actors/ledger/core/a.cpp', '<spdlog/spdlog.h>'),
        ('home', 'actors/consensus/a.cpp', '<caf/actor.hpp>'),
        ('home', 'storage/a.hpp', '<leveldb/db.h>'),
        ('home', 'crypto/a.hpp', '<secp256k1.h>'),
        ('home', 'storage/a.cpp', '<openssl/evp.h>'),
        ('home', 'config/a.cpp', '<sodium.h>'),
        ('home', 'actors/consensus/a.cpp', '<boost/asio.hpp>'),
        ('home', 'actors/api/http.hpp', '<boost/beast.hpp>'),
        ('home', 'config/a.hpp', '<toml.hpp>'),
        ('home', 'config/a.cpp', '<CLI/CLI.hpp>'),
        ('home', 'config/a.hpp', '<nlohmann/json.hpp>'),
        ('home', 'crypto/a.cpp', '<spdlog/spdlog.h>'),
        ('home', 'actors/node/a.cpp', '<prometheus/registry.h>'),
        ('home', 'config/a.cpp', '<capnp/message.h>'),
        ('home', 'actors/sync/a.hpp', '<zstd.h>'),
        ('home', 'tools/a.cpp', '<rapidcheck.h>'),
        ('home', 'crypto/a.hpp', '<tl/expected.hpp>'),
    )
    ACCEPTED = (
        ('messages/base/result.hpp', '<tl/expected.hpp>'),
        ('messages/wire/a.cpp', '"messages/schema/vote.capnp.h"'),
        ('crypto/hash.cpp', '<openssl/evp.h>'),
        ('storage/a.cpp', '"crypto/hash.hpp"'),
        ('config/a.cpp', '<toml.hpp>'),
        ('actors/ledger/core/a.cpp', '"crypto/sign_bytes.hpp"'),
        ('actors/ledger/core/a.cpp', '"actors/ledger/core/accounts.hpp"'),
        ('actors/ledger/core/a.cpp', '<vector>'),
        ('actors/runtime/a.cpp', '<caf/actor.hpp>'),
        ('actors/peers/a.cpp', '"actors/consensus/interface.hpp"'),
        ('actors/peers/a.cpp', '<boost/asio.hpp>'),
        ('actors/node/a.cpp', '"actors/consensus/consensus_actor.hpp"'),
        ('actors/ledger/a.cpp', '"actors/consensus/core/proposer_order.hpp"'),
        ('tools/witan/a.cpp', '"witan/build_info.hpp"'),
        ('tests/unit/ledger/a.cpp', '"actors/ledger/core/accounts.hpp"'),
    )

    def test_each_forbidden_include_is_found(self):
        for rule, path, header in self.REFUSED:
            with self.subTest(path=path, header=header):
                self.assertEqual(rules(layers.check_file(path, include(header))), [rule])

    def test_allowed_includes_pass(self):
        for path, header in self.ACCEPTED:
            with self.subTest(path=path, header=header):
                self.assertEqual(layers.check_file(path, include(header)), [])

    def test_every_home_rule_has_a_planted_violation(self):
        planted = [h.strip('<>') for rule, _, h in self.REFUSED if rule == 'home']
        for pattern, _, _ in layers.HOMES:
            self.assertTrue(any(re.match(pattern, header) for header in planted), pattern)

    def test_float_in_a_core_is_found(self):
        self.assertEqual(rules(layers.check_file('actors/ledger/core/a.hpp', 'double x = 0;\n')), ['float'])
        self.assertEqual(layers.check_file('actors/health/core/a.hpp', 'double x = 0;\n'), [])
        self.assertEqual(layers.check_file('actors/ledger/core/a.hpp', '// no double here\n'), [])

    def test_a_commented_include_is_no_include(self):
        self.assertEqual(layers.check_file('config/a.cpp', '// #include <caf/all.hpp>\n'), [])


def body(lines, head='int f(int a) const {'):
    return head + '\n' + '  a += 1;\n' * (lines - 2) + '}\n'


class Tidy(unittest.TestCase):
    def found(self, text, path='crypto/a.cpp'):
        return rules(tidy.check_file(path, text))

    def test_long_functions(self):
        for head in ('int f(int a) {', 'Foo::Foo(int a) : a_(a) {', 'auto Foo::g() const noexcept -> int {',
                     'BOOST_AUTO_TEST_CASE(a_name) {', 'template <class T>\nvoid f(T a = T()) {',
                     'Result<std::vector<int>> f(const A& a,\n    int b) {', 'bool operator==(A a) {'):
            with self.subTest(head=head):
                extra = head.count('\n')
                self.assertEqual(self.found(body(71 - extra, head)), ['function'])
                self.assertEqual(self.found(body(70 - extra, head)), [])

    def test_a_long_method_in_a_long_class_is_found_once(self):
        text = 'namespace a {\nclass B : public C {\n public:\n' + body(80, '  void f() override {') + '};\n}\n'
        self.assertEqual(len(tidy.check_file('crypto/a.cpp', text)), 1)

    def test_long_classes_and_enums_are_no_functions(self):
        for head in ('struct A {', 'enum class E : int {', 'namespace a::b {', 'int table[] = {'):
            with self.subTest(head=head):
                self.assertEqual(self.found(body(90, head)), [])

    def test_tables_have_a_higher_limit(self):
        self.assertEqual(self.found('// tidy: table\n' + body(120)), [])
        self.assertEqual(self.found('// tidy: table\n' + body(121)), ['function'])

    def test_long_files(self):
        self.assertEqual(self.found('int a;\n' * 601), ['file'])
        self.assertEqual(self.found('#pragma once\n' + 'int a;\n' * 300, 'crypto/a.hpp'), ['file'])
        self.assertEqual(self.found('#pragma once\n' + 'int a;\n' * 299, 'crypto/a.hpp'), [])

    def test_lines_markers_pragma_nolint(self):
        wide, off, on = '// ' + 'x' * 98 + '\n', '// clang-format off\n', '// clang-format on\n'
        self.assertEqual(self.found(wide), ['line'])
        self.assertEqual(self.found(off + wide + on), [])
        self.assertEqual(self.found(off + on + wide), ['line'])
        for marker in ('TO' 'DO', 'FIX' 'ME', 'X' 'XX', 'HA' 'CK'):
            self.assertEqual(self.found(f'// {marker}: later\n'), ['marker'])
        self.assertEqual(self.found('int a;\n', 'crypto/a.hpp'), ['pragma'])
        self.assertEqual(self.found('int a;  // NO' 'LINT\n'), ['nolint'])
        self.assertEqual(self.found('int a;  // NO' 'LINT(bugprone-x)\n'), ['nolint'])
        self.assertEqual(self.found('int a;  // NO' 'LINT(bugprone-x): C callback\n'), [])
        self.assertEqual(self.found('// NO' 'LINTNEXTLINE(bugprone-x): C callback\n'), [])
        self.assertEqual(self.found('// NO' 'LINTNEXTLINE(bugprone-x)\n'), ['nolint'])

    def test_conditions_that_rapidcheck_would_evaluate_on_both_sides(self):
        self.assertEqual(self.found('RC_ASSERT(!a || *a == f(1, 2));\n', 'tests/unit/a.cpp'), ['capture'])
        self.assertEqual(self.found('RC_PRE(a &&\n  b);\n', 'tests/unit/a.cpp'), ['capture'])
        self.assertEqual(self.found('RC_ASSERT((!a || *a == 1));\n', 'tests/unit/a.cpp'), [])
        self.assertEqual(self.found('RC_ASSERT(f(a || b) == 1);\n', 'tests/unit/a.cpp'), [])

    def test_sleeping(self):
        for call in ('std::this_thread::sleep_for(x);', 'usleep(5);'):
            self.assertEqual(self.found(call + '\n', 'tests/unit/a.cpp'), ['sleep'])
            self.assertEqual(self.found(call + '\n', 'actors/peers/a.cpp'), ['sleep'])
            self.assertEqual(self.found(call + '\n', 'tools/load/a.cpp'), [])
        self.assertEqual(self.found('// usleep(5)\n', 'tests/unit/a.cpp'), [])
        self.assertEqual(self.found('// sleeps: a slow client\nusleep(5);\n', 'tests/unit/a.cpp'), [])
        self.assertEqual(self.found('// sleeps:\nusleep(5);\n', 'tests/unit/a.cpp'), ['sleep'])

    def test_readmes(self):
        short, long = (lambda: '# A\n'), (lambda: 'a\n' * 61)
        self.assertEqual(rules(tidy.check_readmes({'crypto/a.cpp': short})), ['readme'])
        for path in ('actors/x/core/a.cpp', 'messages/schema/a.capnp', 'tools/cmake/a.cmake', 'tests/unit/a/b.py'):
            top, folder = path.split('/')[0], '/'.join(path.split('/')[:2])
            self.assertEqual(rules(tidy.check_readmes({f'{top}/README.md': short, path: short})), ['readme'])
            self.assertEqual(tidy.check_readmes({f'{top}/README.md': short, f'{folder}/README.md': short, path: short}),
                             [])
        self.assertEqual(tidy.check_readmes({'docs/README.md': short, 'docs/adr/a.md': short}), [])
        self.assertEqual(rules(tidy.check_readmes({'crypto/README.md': long})), ['readme'])
        self.assertEqual(tidy.check_readmes({'crypto/README.md': short, 'crypto/a.cpp': short}), [])


class Docs(unittest.TestCase):
    def test_links(self):
        paths = docs.folders(['docs/a.md', 'docs/b/c.md', 'crypto/a.hpp'])
        good = '[b](b/c.md#part) [c](../crypto) [w](https://x.org) [h](#here) `[n](nothing)`\n'
        self.assertEqual(docs.check_links('docs/a.md', good, paths), [])
        self.assertEqual(rules(docs.check_links('docs/a.md', '[n](nothing.md)', paths)), ['link'])

    def test_snippets(self):
        page = '<!-- same as a.cpp: part -->\n```cpp\nint a;\n```\n'
        files = {'a.cpp': 'x\n// [part]\nint a;\n// [/part]\n'}.get
        self.assertEqual(docs.check_snippets('d.md', page, files), [])
        self.assertEqual(rules(docs.check_snippets('d.md', page.replace('int a', 'int b'), files)), ['snippet'])
        self.assertEqual(rules(docs.check_snippets('d.md', page.replace('a.cpp', 'b.cpp'), files)), ['snippet'])

    def test_errors_page(self):
        codes = '/* bytes */ \\\nX(malformed, "bad bytes") \\\n'
        exits = 'X(ok, 0, "done")'
        page = docs.errors_page(codes, exits)
        self.assertIn('| `malformed` | bad bytes |', page)
        self.assertIn('| 0 | `ok` | done |', page)
        self.assertEqual(docs.check_errors(page, codes, exits), [])
        self.assertEqual(rules(docs.check_errors(page, codes + 'X(other, "x")', exits)), ['errors'])
        self.assertEqual(rules(docs.check_errors(page, codes, exits + 'X(usage, 64, "x")')), ['errors'])

    def test_limits_page(self):
        texts = {'a.hpp': "inline constexpr std::uint32_t all = part * 2 + 1;  // of it\n",
                 'b.hpp': "inline constexpr std::size_t part = std::uint64_t{1} << 4U;\n"
                          "inline constexpr std::size_t big = 65'536 / 2;\ninline constexpr Foo f = g(1);\n"}
        self.assertEqual(docs.limit_constants(texts),
                         [('b.hpp', 'part', 16, ''), ('b.hpp', 'big', 32768, ''), ('a.hpp', 'all', 33, 'of it')])
        self.assertIn('| `all` | 33 | of it |', docs.limits_page(texts))

    def test_idle_names(self):
        table = 'GAUGE(height, "x_height", "h") COUNTER_L(lost, "x_lost", "why", "l")\n'
        events = '  X(decided, info, consensus, "h", "final") \\\n  X(gone, warn, node, "", "g")\n'
        fields = 'Field{"p2p.laddr", WITAN_SLOT(p2p.laddr)} Field{"p2p.other", WITAN_SLOT(p2p.other)}'
        code = ('services_.metrics.height.set(1); log_event(l, Event::decided); '
                'use(config.laddr); config.other = 1; // Event::gone\n')
        names = docs.idle_names(table, events, fields, [code])
        self.assertEqual(names, (['x_lost'], ['gone'], ['p2p.other']))
        self.assertIn('`witan_x_lost`', docs.idle_page(names))
        self.assertEqual(rules(docs.check_page('idle', 'a.md', 'old', 'new')), ['idle'])

    def test_config_keys(self):
        table = '  Field{"p2p.laddr", WITAN_SLOT(p2p.laddr), "", "text",\n'
        self.assertEqual(docs.check_config('### `p2p.laddr`\n', table), [])
        self.assertEqual(rules(docs.check_config('', table)), ['config'])
        self.assertEqual(rules(docs.check_config('### `p2p.laddr`\n### `p2p.other`\n', table)), ['config'])

    def test_packages(self):
        self.assertEqual(docs.check_packages('| `g++` | 12 |\n', '# group\nbuild   g++\n'), [])
        self.assertEqual(rules(docs.check_packages('', 'build   g++\n')), ['package'])
        self.assertEqual(rules(docs.check_packages('| `g++` | 12 |\n', '')), ['package'])

    def test_metrics(self):
        self.assertEqual(docs.check_metrics('| `witan_height` | x |\n', ['"witan_height"']), [])
        self.assertEqual(rules(docs.check_metrics('', ['"witan_height"'])), ['metric'])
        self.assertEqual(rules(docs.check_metrics('| `witan_height` | x |\n', [])), ['metric'])

    def test_commands(self):
        tools = 'add(app, {"tx", "make"}); add(tx, {"show", "a transaction"});'
        good = '`witan tx show 1`, `witan tx --help`\nwitan tx a.json\n'
        self.assertEqual(docs.check_commands('README.md', good, tools), [])
        self.assertEqual(rules(docs.check_commands('README.md', 'run `witan tx drop`\n', tools)), ['command'])
        self.assertEqual(rules(docs.check_commands('README.md', '```\nwitan fly\n```\n', tools)), ['command'])

    def test_tree(self):
        page = '```\n/node   [x]\n  ledger\n  verifier/0..\n```\n mempool\n'
        self.assertEqual(docs.check_tree(page, 'root.name = "node"; a.name = "ledger"; b.name = "verifier/" + n;'), [])
        self.assertEqual(rules(docs.check_tree(page, 'a.name = "mempool";')), ['tree'])

    def test_vote_path(self):
        good = {'a.cpp': '// vote path 1/2\n', 'b.cpp': '// vote path 2/2: counted\n'}
        self.assertEqual(docs.check_hops(good, 'a.cpp b.cpp'), [])
        self.assertEqual(rules(docs.check_hops(good, 'a.cpp')), ['hop'])
        self.assertEqual(rules(docs.check_hops({'a.cpp': '// vote path 2/2\n'}, None)), ['hop'])
        self.assertEqual(rules(docs.check_hops({**good, 'c.cpp': '// vote path 2/2\n'}, None)), ['hop'])
        self.assertEqual(rules(docs.check_hops({**good, 'c.cpp': '// vote path 3/3\n'}, None)), ['hop'])


class Pitfalls(unittest.TestCase):
    ROWS = [f'| P{n} | x | y | does not apply: z |' for n in range(1, pitfalls.LAST + 1)]

    def found(self, row):
        page = '\n'.join([row, *self.ROWS[1:]])
        texts = {'tests/a.cpp': 'BOOST_AUTO_TEST_CASE(p01_is_there) {'}
        return rules(pitfalls.check(page) + pitfalls.check_tests('docs/a.md', page, texts.get))

    def test_rows_name_tests_or_a_reason(self):
        self.assertEqual(self.found('| P1 | x | y | [`p01_is_there`](../tests/a.cpp) |'), [])
        self.assertEqual(self.found('| P1 | x | y | [`p01_is_gone`](../tests/a.cpp) |'), ['test'])
        self.assertEqual(self.found('| P1 | x | y | [`p01_is_there`](../tests/b.cpp) |'), ['test'])
        self.assertEqual(self.found('| P1 | x | y | [`is_there`](../tests/c.cpp) |'), ['pitfall', 'test'])
        self.assertEqual(self.found('| P1 | x | y | - |'), ['pitfall'])
        self.assertEqual(self.found('| P2 | x | y | does not apply: z |'), ['pitfall'])


if __name__ == '__main__':
    sys.exit(unittest.main(verbosity=0))
