import { once } from 'node:events';
import { expect, it } from 'vitest';
import { lab } from '../../../src/index.ts';

const DECK = `
// EXEC BSTT6NET
ID 01
DEVICE ETH WIRE LAN
LINK ETH 0 2001:DB8::1 /64 1500
ATTACH TCP/IP
/*
// EXEC BSTT6NET
ID 02
DEVICE ETH WIRE LAN
LINK ETH 0 2001:DB8::2 /64 1500
ATTACH TCP/IP
/*
`;

it('lab() returns with addresses that can be used, and close() ends open connections quietly', async () => {
  const network = await lab(DECK);
  const server = network.host(2).net.createServer((socket) => socket.write('hello'));
  server.listen(7000);
  const heard = network.host(1).net.connect({ host: '2001:db8::2', port: 7000 });
  const unheard = network.host(1).net.connect({ host: '2001:db8::2', port: 7000 });
  await Promise.all([once(heard, 'data'), once(unheard, 'data')]);
  const errors: string[] = [];
  heard.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
  const closed = [unheard, server].map((it) => new Promise((resolve) => it.once('close', resolve)));
  await network.close();
  await Promise.all(closed); // without a listener the error would have ended the process
  expect(errors).toEqual(['ECONNABORTED']);
});
