import { describe, expect, it } from 'vitest';
import { runCode } from '../../../src/script/expression.ts';
import { ScriptError } from '../../../src/script/scanner.ts';

const names = (name: string): number | undefined =>
  ({ tcpi_snd_cwnd: 10, tcpi_rtt: 99_500, TCP_CA_Open: 0 })[name];
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
    ['assert', '3:12: in %{ }%: a value expected'],
    ['import os', '3:6: in %{ }%: assert or print expected'],
    ['assert 1\nassert (2', '4:10: in %{ }%: ) expected'],
    ['assert open("x")', 'no function open here'],
    ['assert constructor("x")', 'no function constructor here'],
    ['assert 1 / 0', 'division by zero'],
    ['assert "a" * 2', '"a" is no number'],
    ['assert 1 $ 2', '"$" is not of the language'],
    ['assert 1 << 9999999999', 'a shift by'],
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
