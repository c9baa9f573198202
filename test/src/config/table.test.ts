/** The table is the source of help and of the pages in docs/; each of its examples must be what the parser takes. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseDecks, statementHelp, unknownStatement } from '../../../src/config/index.ts';
import { rulesPage, statementsPage } from '../../../src/config/reference.ts';
import { rules } from '../../../src/config/rules.ts';
import { distance, nearest } from '../../../src/config/suggest.ts';
import { actions, programs, statementNames, statements } from '../../../src/config/table.ts';

/** Findings about the form of a card; an example alone cannot satisfy what goes beyond it. */
function formFindings(text: string): string[] {
  return parseDecks([{ name: 'x', text }])
    .findings.filter((f) => /^TW(1[02]0|121)/.test(f.rule))
    .map((f) => f.message);
}

describe('the table', () => {
  it('has every row and action once', () => {
    for (const program of programs) {
      const names = statements.filter((s) => s.programs.includes(program.name)).map((s) => s.name);
      expect(names).toEqual([...statementNames(program.name)]);
    }
    expect(new Set(actions.map((a) => a.name)).size).toBe(actions.length);
  });

  it.each(statements.flatMap((s) => s.programs.map((program) => [program, s.name, s.example] as const)))(
    '%s takes the example of %s',
    (program, name, example) => {
      expect(example.split(' ')[0]).toBe(name);
      const member = programs.find((p) => p.name === program)!.kind === 'member';
      // The one family's example is no example for the other; everything else must be right in both.
      const text =
        program === 'BSTT6NET'
          ? example.replaceAll('255.255.252.0', '/64').replaceAll('0.0.0.0', '::0')
          : example;
      const translated =
        program === 'BSTT6NET' ? text.replaceAll(/\b\d+(?:\.\d+){3}\b/g, '2001:db8::1') : text;
      const stack =
        program === 'TWINLAB' && name === 'AT' ? translated.replace('PING', 'PING 01') : translated;
      const two = program === 'TWINLAB' ? '// EXEC BSTTINET\nID 01\nATTACH TCP/IP\n/*\n' : '';
      expect(formFindings(member ? stack : `${two}// EXEC ${program}\n${stack}\n`)).toEqual([]);
    },
  );

  it.each(actions.map((a) => [a.name, a.example] as const))('AT takes the example of %s', (_, example) => {
    expect(formFindings(`// EXEC BSTTINET\nID 01\n${example}\nATTACH TCP/IP\n`)).toEqual([]);
  });
});

describe('help', () => {
  it('tells about statements, programs, actions and rules', () => {
    expect(statementHelp('couple')).toMatch(/^COUPLE nn\n {2}Joins this IPv6 stack/);
    expect(statementHelp('COUPLE')).toContain('two digits, 00 to 99');
    expect(statementHelp('at  ping')).toMatch(/^AT time PING \[ nn \] target \[ COUNT count \]/);
    expect(statementHelp('AT')).toContain('AT time FETCH [ nn ] target [ port ]\n    Fetches a web page');
    expect(statementHelp('AT')).toContain('AT time SEGMENT segment [ DELAY delay ]');
    expect(statementHelp('TwinServ')).toMatch(/^TWINSERV: .*\n {2}ID: .*\n {2}SERVICE: A service on a port/);
    expect(statementHelp('BSTTFTPC')).toContain('\n  ACCT, ALLO, APPE, ');
    expect(statementHelp('tw2104')).toBe(`TW2104 (error)\n  ${rules.TW2104.text}`);
    expect(statementHelp('RUOTE')).toBeUndefined();
    expect(unknownStatement('RUOTE')).toContain('did you mean ROUTE?');
    expect(statementHelp('PING')).toBeUndefined();
    expect(unknownStatement('ping')).toContain('did you mean AT PING?');
    expect(unknownStatement('AT FETSH')).toContain('did you mean AT FETCH?');
    expect(statementHelp('constructor')).toBeUndefined();
    expect(unknownStatement('constructor')).toContain('nothing is known');
  });

  it('has something for every name in the tables', () => {
    const names = [...statements, ...programs].map((entry) => entry.name);
    for (const name of [...names, ...actions.map((a) => `AT ${a.name}`), ...Object.keys(rules)]) {
      expect(statementHelp(name)).toBeDefined();
    }
  });
});

describe('suggestions', () => {
  it('count insertions, deletions, changes and swaps', () => {
    expect(distance('ROUTE', 'ROUTE')).toBe(0);
    expect(distance('RUOTE', 'ROUTE')).toBe(1);
    expect(distance('ROTE', 'ROUTE')).toBe(1);
    expect(distance('', 'DNS')).toBe(3);
    expect(distance('kitten', 'sitting')).toBe(3);
  });

  it('are near, or are not made', () => {
    expect(nearest('devcie', ['DEVICE', 'DNS'])).toBe('DEVICE');
    expect(nearest('XYZZY', ['DEVICE', 'DNS'])).toBeUndefined();
    expect(nearest('X', ['A', 'B'])).toBeUndefined();
  });
});

describe('the pages in docs/', () => {
  it.each([
    ['statements.md', statementsPage],
    ['rules.md', rulesPage],
  ] as const)('%s is up to date', async (name, page) => {
    const file = new URL(`../../../docs/${name}`, import.meta.url).pathname;
    expect(existsSync(file)).toBe(true);
    await expect(page()).toMatchFileSnapshot(file);
  });
});
