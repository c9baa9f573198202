/**
 * docs/hostile.md: each attack with the answer that the RFC wants, what it costs, what bounds it and what plays it.
 * `UPDATE_DOCS=1 npx vitest run --project pure test/house` writes it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DROP_REASONS } from '../../stacks/packet/verdict.ts';
import type { Attack } from './attacks/attack.ts';
import { classes } from './attacks/index.ts';

const PAGE = 'docs/hostile.md';
const attacks = classes.flatMap((each) => each.attacks);

/** Drops that no packet of an attacker brings about: the operator's, the lab's, and a router's honest news. */
const NO_ATTACK = new Set([
  'accept-deferred',
  'device-refused',
  'forwarding-off',
  'link-down',
  'over-mtu',
  'port-suspended',
  'route-blackhole',
  'route-prohibited',
  'route-unreachable',
  'segment-loss',
  'segment-queue',
  'stack-stopped',
  'too-big',
]);
/** Those of TCP: its attacks are in docs/scripts.md. */
const TCP = new Set([
  'backlog-full',
  'bad-ack',
  'blind-reset',
  'connection-limit',
  'no-ack-flag',
  'no-connection',
  'old-timestamp',
  'outside-window',
  'receive-buffer-full',
]);

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** `NAME = value` as the source has it; undefined when there is no such constant. */
function bound(said: string): string | undefined {
  const [file, name] = said.split(' ');
  const found = new RegExp(`^(?:export )?const ${name}(?::[^=]*)? = ([^;]+);`, 'm').exec(read(`${file}.ts`));
  return found === null ? undefined : `[\`${name}\`](../${file}.ts) = ${found[1]}`;
}

interface Evidence {
  readonly file: string;
  readonly title: string;
}

function evidence(said: string): Evidence {
  const [file, title] = said.split(/: (.*)/s);
  return { file: `test/${file}`, title: title ?? '' };
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

function row({ attack, answer, drops, bounds, tests }: Attack): string {
  const played = new Map<string, string>();
  for (const { file, title } of tests.map(evidence)) {
    const words = title.replace(/^it\(/, '').replaceAll(/[`'"]/g, '');
    played.set(file, played.has(file) ? `${played.get(file)}; ${words}` : words);
  }
  const shown = [...played].map(
    ([file, titles]) => `[${file.replace(/^test\//, '')}](../${file}): ${titles}`,
  );
  const cells = [
    attack,
    answer,
    drops.map((reason) => `\`${reason}\``).join(', '),
    bounds.map((said) => bound(said)).join('<br>'),
    shown.join('<br>'),
  ];
  return `| ${cells.map(cell).join(' | ')} |`;
}

/** Tables of the language with numbers or text as keys, and the comment above each that says whose the keys are. */
interface PlainTable {
  readonly file: string;
  readonly line: string;
  readonly keys: string | undefined;
}

function plainTables(): PlainTable[] {
  return ['stacks', 'devices'].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .sort()
      .flatMap((file) => tablesIn(`${root}/${file}`, read(`${root}/${file}`))),
  );
}

function tablesIn(file: string, source: string): PlainTable[] {
  const lines = source.split('\n');
  return lines.flatMap((line, i) => {
    if (!/\b(?:Map|Set)<(?:number|string|bigint)\b/.test(line)) return [];
    return [{ file, line: line.trim(), keys: /(Keys are .*?)(?: \*\/)?$/.exec(lines[i - 1] ?? '')?.[1] }];
  });
}

function page(): string {
  const count = classes.map(({ kind, attacks: { length } }) => `${kind.toLowerCase()} ${length}`).join(', ');
  return [
    '# Whatever arrives',
    '',
    'What a hostile neighbour, router or peer can send to the layers below TCP; what goes back, by which rule; the counter',
    'that it costs (`show` tells them, [verdict.ts](../stacks/packet/verdict.ts) explains them); the constant that bounds',
    'what it can make a stack do or keep; and the test that plays it. The attacks on TCP are in',
    '[scripts.md](scripts.md#whatever-arrives); random ones are found by `npm run fuzz`.',
    '',
    'This page is written by `UPDATE_DOCS=1 npx vitest run --project pure test/house`. A row whose test, constant or counter',
    'is gone fails there.',
    '',
    `${attacks.length} attacks: ${count}.`,
    ...classes.flatMap(({ kind, attacks }) => [
      '',
      `## ${kind}`,
      '',
      '| what comes | what is due | counted as | bound | played by |',
      '|---|---|---|---|---|',
      ...attacks.map(row),
    ]),
    '',
    '## Tables without a keyed hash',
    '',
    'Tables whose keys a peer chooses are a `KeyedTable` or hash with a `KeyedHash`. The others, with plain numbers or text',
    'for keys, say whose those are:',
    '',
    '| table | keys |',
    '|---|---|',
    ...plainTables().map(
      ({ file, line, keys }) =>
        `| [${file}](../${file}) \`${cell(/#?\w+(?=(?::| =))/.exec(line)?.[0] ?? '')}\` | ${keys} |`,
    ),
    '',
  ].join('\n');
}

describe('every attack', () => {
  it('is played by tests that are there', () => {
    const missing = attacks.flatMap(({ tests }) =>
      tests.filter((said) => {
        const { file, title } = evidence(said);
        return title === '' || !read(file).includes(title);
      }),
    );
    expect(missing).toEqual([]);
    expect(attacks.filter(({ tests }) => tests.length === 0)).toEqual([]);
  });

  it('costs what one of its tests expects', () => {
    const unseen = attacks.flatMap(({ attack, drops, tests }) =>
      drops
        .filter(
          (reason) => !tests.some((said) => new RegExp(`\\b${reason}\\b`).test(read(evidence(said).file))),
        )
        .map((reason) => `${attack}: ${reason}`),
    );
    expect(unseen).toEqual([]);
  });

  it('is bounded by constants that are there', () => {
    expect(attacks.flatMap(({ bounds }) => bounds).filter((said) => bound(said) === undefined)).toEqual([]);
  });

  it('has its rule, below the promises', () => {
    const rules = classes.filter(({ kind }) => kind !== 'Promises').flatMap((each) => each.attacks);
    expect(rules.filter(({ answer }) => !/RFC \d+|virtio/.test(answer))).toEqual([]);
  });

  it('every drop is the cost of an attack, or of none', () => {
    const known = new Set<string>([...attacks.flatMap(({ drops }) => drops), ...NO_ATTACK, ...TCP]);
    expect(Object.keys(DROP_REASONS).filter((reason) => !known.has(reason))).toEqual([]);
    const both = attacks.flatMap(({ drops }) => drops).filter((reason) => NO_ATTACK.has(reason));
    expect(both).toEqual([]);
  });
});

it('every table with plain keys says whose they are', () => {
  expect(tablesIn('x', 'a = new Map<number, X>();')).toEqual([
    { file: 'x', line: 'a = new Map<number, X>();', keys: undefined },
  ]);
  expect(plainTables().length).toBeGreaterThan(5);
  expect(plainTables().filter(({ keys }) => keys === undefined)).toEqual([]);
});

it('docs/hostile.md lists the attacks as they are', () => {
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, page());
  else expect(read(PAGE)).toBe(page());
});
