import { describe, expect, it } from 'vitest';
import { TABLES } from '../../../src/cli/tables.ts';
import { parseDecks } from '../../../src/config/index.ts';
import { Lab } from '../../../src/lab/lab.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';

const stack = (id: number, cards: string, mac = `02000000000${id}`): string => `
// JOB STACK${id}
// EXEC BSTTINET
ID 0${id}
DEVICE ETH WIRE LAN ${mac}
${cards}
ATTACH TCP/IP
/*
`;
const ONE = 'LINK ETH 0 192.0.2.1 255.255.255.0 1500';
const TWO = 'LINK ETH 0 192.0.2.2 255.255.255.0 1500';
/** A deck that has an address twice is refused; an operator can still do it. */
const same = (lab: Lab): void => lab.host(2).stack.addAddress(1, ipv4.parse('192.0.2.1')!, 24);

async function run(text: string, then: (lab: Lab) => void = () => {}): Promise<{ lab: Lab; said: string[] }> {
  const said: string[] = [];
  const log = {
    write: ({ id, job, text: what }: { id: string; job: string; text: string }) =>
      said.push(`${job} ${id} ${what}`),
  };
  const lab = new Lab(parseDecks([{ name: 'conflict.deck', text }]), { log });
  await lab.start();
  await lab.rest();
  then(lab);
  await lab.rest();
  return { lab, said: said.filter((line) => line.includes(' TWNS00')) };
}

function links(lab: Lab): unknown[] {
  return [...TABLES['links']!.make(lab, {}).rows].map((row) => row.at(-1));
}

describe('an address that two stacks have', () => {
  it('is not used by the one that probes; the operator is told, and show tells', async () => {
    const { lab, said } = await run(stack(1, ONE) + stack(2, `${TWO}\nPROBE ETH`), same);
    expect(said).toEqual([
      'STACK2 TWNS006E ADDRESS 192.0.2.1 OF DEVICE ETH IS NOT USED, STATION 02:00:00:00:00:01 HAS IT',
    ]);
    expect(links(lab)).toEqual([
      '192.0.2.1/24',
      '192.0.2.2/24',
      '192.0.2.1/24 duplicate of 02:00:00:00:00:01',
    ]);
    await lab.close();
  });

  it('is defended by both when neither probes', async () => {
    const { lab, said } = await run(stack(1, ONE) + stack(2, TWO), same);
    expect(said.sort()).toEqual([
      'STACK1 TWNS007W ADDRESS 192.0.2.1 OF DEVICE ETH IS DEFENDED, STATION 02:00:00:00:00:02 CLAIMS IT',
      'STACK2 TWNS007W ADDRESS 192.0.2.1 OF DEVICE ETH IS DEFENDED, STATION 02:00:00:00:00:01 CLAIMS IT',
    ]);
    expect(links(lab)).toEqual([
      '192.0.2.1/24 claimed by 02:00:00:00:00:02',
      '192.0.2.2/24',
      '192.0.2.1/24 claimed by 02:00:00:00:00:01',
    ]);
    await lab.close();
  });
});

it('stacks with AUTOCONF pick link-local addresses and reach each other', async () => {
  const { lab, said } = await run(stack(1, 'AUTOCONF ETH 1500') + stack(2, 'AUTOCONF ETH 1500'));
  expect(said).toEqual([]);
  const [one, two] = links(lab) as string[];
  expect([one, two]).toEqual([1, 2].map(() => expect.stringMatching(/^169\.254\.\d+\.\d+\/16$/)));
  expect(one).not.toBe(two);
  expect((await lab.host(1).echo(two!.replace('/16', ''))).outcome).toBe('reply');
  await lab.close();
});

it('PROBE names a device with a LINK', () => {
  const deck = parseDecks([{ name: 'probe.deck', text: stack(1, `${ONE}\nPROBE ETX`) }]);
  expect(
    deck.findings.filter(({ severity }) => severity === 'error').map(({ rule, message }) => [rule, message]),
  ).toEqual([['TW2109', 'PROBE names device ETX, which has no LINK']]);
});
