import { describe, expect, it } from 'vitest';
import { runCode } from '../../../src/script/expression.ts';
import { ScriptError } from '../../../src/script/scanner.ts';

const NAMES = new Map([
  ['tcpi_snd_cwnd', 10],
  ['tcpi_rtt', 99_500],
  ['TCP_CA_Open', 0],
]);
const names = (name: string): number | undefined => NAMES.get(name);
const run = (text: string) => runCode('x.pkt', { kind: 'code', at: { line: 3, column: 4 }, text }, names);

describe('%{ }%', () => {
  it.each([
    'assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd',
    'assert abs(tcpi_rtt - 100000) < 1000',
    'assert 1 < 2 <= 2 != 3 and not False or 1/0',
    'assert (tcpi_snd_cwnd ==\n 10)\nassert 7 // 2 == 3; assert -7 % 3 == 2',
    'assert 1 << 4 | 1 == 17',
    'assert 0x10 == 16 and 2 * 3 + 4 == 10 and 10 - 2 - 3 == 5',
    'assert max(1, 2) == 2 and min(1, 2) == 1 and int(7.9) == 7 and float(3) == 3',
    'assert (5 if tcpi_snd_cwnd > 3 else 6) == 5 # why',
    "assert 'a' + 'b' == 'ab'",
    'assert ~0 == -1 and True',
  ])('holds: %s', (text) => expect(run(text)).toEqual({ printed: [], failed: [], unknown: [] }));

  it('tells what did not hold, and with which values', () => {
    expect(run('assert tcpi_snd_cwnd == 11, tcpi_snd_cwnd').failed).toEqual([
      'assert tcpi_snd_cwnd == 11 (10): tcpi_snd_cwnd = 10',
    ]);
  });
  it('prints', () =>
    expect(run('print(tcpi_snd_cwnd, "x")\nprint tcpi_rtt').printed).toEqual(['10, x', '99500']));
  it('goes on behind a name that it does not know', () => {
    expect(run('assert tcpi_nothing == 1\nassert 1 == 2')).toEqual({
      printed: [],
      failed: ['assert 1 == 2'],
      unknown: ['tcpi_nothing'],
    });
  });
  it.each([
    'import sys, os as o\nfrom math import floor\nassert floor(2.5) == 2 and o is not None',
    'x = 3; x += 1\nassert x == 4 and x in (4, 5) and x not in [1]',
    'if tcpi_snd_cwnd > 10:\n  assert 0\nelif 1:\n    y = [1, 2]\nelse:\n  assert 0\nassert y[-1] == 2',
    'n = 0\nfor i in range(5):\n  if i == 3: break\n  n += i\nassert n == 3',
    'while True: break',
    'd = {"a": 1}\nassert d["a"] == 1 and d.get("b", 7) == 7 and len(d) == 1',
    "assert 'cwnd=%d %s %5.1f%%' % (10, 'x', 2.25) == 'cwnd=10 x   2.3%'",
    "assert f'{tcpi_snd_cwnd:>4}|{1/4:.2f}|{{}}' == '  10|0.25|{}' and '{} {0}'.format(1) == '1 1'",
    '"""a text\nover lines"""\nassert 2 ** 3 == 8',
    'import sys\nsys.exit(0)\nassert 0',
  ])('is Python: %j', (text) => expect(run(text)).toMatchObject({ failed: [], unknown: [] }));

  it('keeps names from block to block', () => {
    const kept = new Map();
    const block = (text: string) =>
      runCode('x.pkt', { kind: 'code', at: { line: 1, column: 1 }, text }, names, kept);
    block('before = tcpi_rtt');
    expect(block('assert before == tcpi_rtt + 1').failed).toHaveLength(1);
  });

  it.each([
    ['assert 1 / 0', 'division by zero'],
    ['assert "a" * 2', "'a' is no number"],
    ['assert 1 << 9999999999', 'a shift by'],
    ['import sys\nsys.exit("why")', "exit('why')"],
  ])('fails as Python would: %j', (text, why) => expect(run(text).failed.join()).toContain(why));

  it.each([
    ['assert open("x")', 'open'],
    ['assert constructor("x")', 'constructor'],
    ['def f():\n  return 1\nassert 1 == 1', 'def in %{ }%'],
    ['x = [i for i in range(3)]', 'a comprehension in %{ }%'],
    ['while 1: pass', 'more than 100000 rounds of a loop'],
    ['import os\nos.system("true")', 'os.system'],
  ])('does not judge %j', (text, unknown) =>
    expect(run(text)).toMatchObject({ failed: [], unknown: [unknown] }),
  );

  it.each([
    ['assert', '3:12: in %{ }%: a value expected'],
    ['assert 1\nassert (2', '4:10: in %{ }%: a closing ) ] or } expected'],
    ['assert 1 $ 2', '"$" is not of the language'],
    ['assert "x', 'this string has no end'],
    ['if 1:', 'an indented block expected'],
    ['else: pass', 'there is no if for this else'],
    [`assert ${'('.repeat(500)}1${')'.repeat(500)}`, 'expressions nest too deep'],
  ])('refuses %j', (text, message) => {
    expect(() => run(text)).toThrow(ScriptError);
    let told = '';
    try {
      run(text);
    } catch (e) {
      told = String(e);
    }
    expect(told).toContain(message);
  });
});
