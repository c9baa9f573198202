import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { lab } from '../../../src/index.ts';
import { runSchedule } from '../../../src/lab/schedule.ts';

it('a rogue router takes the traffic of a host, and gives it back when it stops', async () => {
  const deck = readFileSync(new URL('../../../labs/rogue-router.deck', import.meta.url), 'utf8');
  await using network = await lab(deck);
  const pings: string[] = [];
  await runSchedule(network, ({ ok, text }) => {
    if (text.includes('pings')) pings.push(`${ok} ${text.replace(/.*: /, '')}`);
  });
  expect(pings).toEqual([
    'true 1/1 answered',
    expect.stringMatching(/^false network-unreachable, reported by 2001:db8:66::66/),
    'true 1/1 answered',
  ]);
});
