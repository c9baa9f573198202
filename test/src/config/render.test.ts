import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/config/deck.ts';
import {
  findingsToGithub,
  findingsToJson,
  findingsToSarif,
  parseDecks,
  renderFindings,
} from '../../../src/config/index.ts';

const text = `// EXEC BSTTINET
ID 01
DEVICE OSA OSAX D10 NET D12
LINK OSA 0 192.0.2.10 255.255.252.0 1492
ROUTE\tOSA 0.0.0.0 0.0.0.0 192.0.88.1 1
ATTACH TCP/IP
/*
`;
const sources = [{ name: 'dual.deck', text }];
const { findings } = parseDecks(sources);

function finding(more: Partial<Finding>): Finding {
  return {
    at: { file: 'a.deck', line: 1, column: 1 },
    length: 1,
    severity: 'error',
    rule: 'TW1201',
    message: 'wrong',
    ...more,
  };
}

describe('for a person', () => {
  it('shows the place, the line, carets and help; a tab is one column', () => {
    expect(renderFindings(findings, sources, { color: false })).toBe(
      [
        'dual.deck:5:27 error TW2104: gateway 192.0.88.1 is not on a link of this stack',
        '  5 | ROUTE OSA 0.0.0.0 0.0.0.0 192.0.88.1 1',
        '    |                           ^^^^^^^^^^ links: OSA 192.0.0.0/22',
        "  help: a gateway must be inside a link's network; did you mean 192.0.0.1?",
      ].join('\n'),
    );
  });

  it('colours the severity and the carets', () => {
    const shown = renderFindings(findings, sources, { color: true });
    expect(shown).toContain('\u001b[31merror\u001b[0m TW2104');
    expect(shown).toContain('\u001b[31m^^^^^^^^^^ links');
    expect(
      shown
        .split('\u001b')
        .map((part, i) => (i === 0 ? part : part.replace(/^\[\d+m/, '')))
        .join(''),
    ).toBe(renderFindings(findings, sources, { color: false }));
  });

  it('lets no control sequence of a deck reach the terminal', () => {
    const evil = [
      { name: 'evil\u001b[2J', text: '// EXEC BSTTINET\nID 01\n\u001b[31mX\u202e\nATTACH TCP/IP\n' },
    ];
    const shown = renderFindings(parseDecks(evil).findings, evil, { color: false });
    for (const character of ['\u001b', '\u202e']) expect(shown).not.toContain(character);
    expect(shown).toContain('character U+001B');
  });

  it('cuts a long line around the place', () => {
    const long = [{ name: 'a.deck', text: `${'x '.repeat(5000)}` }];
    const shown = renderFindings([finding({ at: { file: 'a.deck', line: 1, column: 9001 } })], long, {
      color: false,
    });
    const [, line, carets] = shown.split('\n');
    expect(line!.length).toBeLessThan(140);
    expect(line![carets!.indexOf('^')]).toBe('x');
  });

  it('shows a finding whose file is not at hand without its line', () => {
    expect(renderFindings([finding({})], [], { color: false })).toBe('a.deck:1:1 error TW1201: wrong');
  });
});

describe('for programs', () => {
  it('JSON counts and flattens', () => {
    expect(findingsToJson([...findings, finding({ severity: 'note' })])).toMatchObject({
      version: 1,
      errors: 1,
      warnings: 0,
      notes: 1,
      findings: [
        { file: 'dual.deck', line: 5, column: 27, length: 10, severity: 'error', rule: 'TW2104' },
        {},
      ],
    });
  });

  it('GitHub annotations are escaped, so that a name cannot end a command', () => {
    const shown = findingsToGithub([
      finding({
        at: { file: 'a,b:c%\n.deck', line: 2, column: 3 },
        length: 4,
        message: '100% ::wrong',
        help: 'later',
      }),
      finding({ severity: 'note' }),
      finding({ severity: 'warning' }),
    ]);
    expect(shown.split('\n')).toEqual([
      '::error file=a%2Cb%3Ac%25%0A.deck,line=2,col=3,endColumn=7,title=TW1201::100%25 ::wrong%0Alater',
      '::notice file=a.deck,line=1,col=1,endColumn=2,title=TW1201::wrong',
      '::warning file=a.deck,line=1,col=1,endColumn=2,title=TW1201::wrong',
    ]);
  });

  it('SARIF 2.1.0 names each rule once and points into the file', () => {
    const sarif = findingsToSarif([
      finding({ at: { file: 'my decks/a.deck', line: 2, column: 3 } }),
      ...findings,
    ]);
    expect(sarif).toMatchObject({
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'twinstack', rules: [{ id: 'TW1201' }, { id: 'TW2104' }] } },
          results: [
            {
              ruleId: 'TW1201',
              ruleIndex: 0,
              level: 'error',
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: 'my%20decks/a.deck' },
                    region: { startLine: 2, startColumn: 3, endColumn: 4 },
                  },
                },
              ],
            },
            { ruleId: 'TW2104', ruleIndex: 1 },
          ],
        },
      ],
    });
  });
});
