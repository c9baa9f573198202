/** Small labs for `explain`, both families from one text. */
import { parseDecks } from '../../../src/config/index.ts';
import { explain } from '../../../src/explain/explain.ts';
import type { Explanation, FindingName, NamedFinding, Service } from '../../../src/explain/explanation.ts';
import { Lab } from '../../../src/lab/lab.ts';

export type Version = 4 | 6;

export function address(family: Version, net: number, host: number): string {
  return family === 4 ? `10.0.${net}.${host}` : `2001:db8:${net}::${host}`;
}

/** A network and its mask, as ROUTE has it. */
export function network(family: Version, net: number): string {
  return family === 4 ? `10.0.${net}.0 255.255.255.0` : `2001:DB8:${net}::0 /64`;
}

export function everything(family: Version): string {
  return family === 4 ? '0.0.0.0 0.0.0.0' : '::0 ::0';
}

export interface StackText {
  readonly job: string;
  readonly id: number;
  readonly forward?: boolean;
  /** Segment number and host number of each link, the device named after the segment. */
  readonly links: readonly { readonly net: number; readonly host: number; readonly mtu?: number }[];
  /** Further cards. */
  readonly cards?: readonly string[];
}

export function stackText(family: Version, { job, id, forward, links, cards = [] }: StackText): string {
  const mask = family === 4 ? '255.255.255.0' : '/64';
  return [
    `// JOB ${job}`,
    `// EXEC ${family === 4 ? 'BSTTINET' : 'BSTT6NET'}`,
    `ID ${String(id).padStart(2, '0')}`,
    ...(forward === true ? ['FORWARD ON'] : []),
    ...links.map(({ net }) => `DEVICE D${net} WIRE N${net}`),
    ...links.map(
      ({ net, host, mtu = 1500 }) => `LINK D${net} 0 ${address(family, net, host)} ${mask} ${mtu}`,
    ),
    ...cards,
    'ATTACH TCP/IP',
    '/*',
    '',
  ].join('\n');
}

export function services(id: number, ...lines: string[]): string {
  return `// EXEC TWINSERV\nID ${String(id).padStart(2, '0')}\n${lines.map((line) => `SERVICE ${line}\n`).join('')}ATTACH TWINSERV\n/*\n`;
}

export async function started(text: string, seed = 1): Promise<Lab> {
  const deck = parseDecks([{ name: 'x.deck', text }]);
  const lab = new Lab(deck, { seed });
  await lab.start();
  await lab.rest();
  return lab;
}

/** The text of the card that a finding blames. */
export function blamed(text: string, { card }: NamedFinding): string | undefined {
  if (card === undefined) return undefined;
  return text.split('\n')[Number(card.split(':')[1]) - 1];
}

export async function one(lab: Lab, a: string, b: string, service?: Service): Promise<Explanation> {
  const all = await explain(lab, a, b, service);
  if (all.length !== 1) throw new Error(`${all.length} explanations`);
  return all[0]!;
}

export function find({ findings }: Explanation, name: FindingName): NamedFinding {
  const found = findings.find((finding) => finding.name === name);
  if (found === undefined) throw new Error(`no ${name} in ${JSON.stringify(findings)}`);
  return found;
}
