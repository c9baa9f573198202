import { once } from 'node:events';
import { expect, it } from 'vitest';
import { lab } from '../../../src/index.ts';

const deck = (cards: string): string => `
// JOB LEFT
// EXEC BSTTINET
ID 01
DEVICE ETH WIRE HOME
LINK ETH 0 192.0.2.1 255.255.255.0 1500
ROUTE ETH 0.0.0.0 0.0.0.0 192.0.2.254 1
${cards}
ATTACH TCP/IP
/*
/&
// JOB GATEWAY
// EXEC BSTTINET
ID 02
FORWARD ON
DEVICE ETH WIRE HOME
LINK ETH 0 192.0.2.254 255.255.255.0 1500
ATTACH TCP/IP
/*
/&
`;

/** What a program on LEFT is told of an attempt to reach `host`, and after how long (µs). */
async function attempt(cards: string, host: string): Promise<{ code: string; time: number }> {
  const network = await lab(deck(cards));
  const began = network.now;
  const socket = network.host('LEFT').net.connect({ host, port: 80 });
  const code = await new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
  const time = network.now - began;
  await network.close();
  return { code, time };
}

it.each([
  ['', 'cubic'],
  ['CONGESTION CUBIC', 'cubic'],
  ['CONGESTION NEWRENO', 'newreno'],
])('%j chooses %s', async (card, name) => {
  const network = await lab(deck(card));
  network.host('GATEWAY').net.createServer().listen(80);
  await once(network.host('LEFT').net.connect({ host: '192.0.2.254', port: 80 }), 'connect');
  const [connection] = network.stacks.get(1)!.stack.tcp.connections();
  expect(connection!.info().congestion).toBe(name);
  await network.close();
});

it('SOFTERR END tells a program at once that there is no way', async () => {
  const { code, time } = await attempt('SOFTERR END', '198.51.100.1');
  expect(code).toBe('ENETUNREACH');
  expect(time).toBeLessThan(1_000_000);
});

it('without it the attempt goes on until it times out, and then says why (RFC 9293 §3.9.2.2)', async () => {
  const { code, time } = await attempt('', '198.51.100.1');
  expect(code).toBe('ENETUNREACH');
  expect(time).toBeGreaterThan(180_000_000);
});
