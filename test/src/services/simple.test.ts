import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Lab, lab, parseDecks } from '../../../src/index.ts';
import { runSchedule } from '../../../src/lab/schedule.ts';

const DECK = `// EXEC BSTTINET
ID 01
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.1 255.255.255.0 1500
ATTACH TCP/IP
/*
// EXEC BSTTINET
ID 02
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.2 255.255.255.0 1500
ATTACH TCP/IP
/*
// EXEC TWINSERV
ID 02
SERVICE UDPECHO 7
SERVICE SINK 9
SERVICE HTTP 80
ATTACH TWINSERV
/*
`;

/** One UDP datagram with a byte of data, put on the segment as a stranger would. */
function inject(network: Lab, sourcePort: number): void {
  const u16 = (n: number): number[] => [n >> 8, n & 255];
  const header = [0x45, 0, ...u16(29), 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
  let sum = 0;
  for (let i = 0; i < header.length; i += 2) sum += (header[i]! << 8) | header[i + 1]!;
  sum = (sum & 0xffff) + (sum >>> 16);
  header.splice(10, 2, ...u16(~sum & 0xffff));
  const udp = [...u16(sourcePort), ...u16(7), ...u16(9), 0, 0, 65];
  const stranger = [2, 9, 9, 9, 9, 9];
  const station = network.segments.get('LAN')!.attach('STRANGER', Uint8Array.from(stranger), 1500);
  const target = [0x02, 0x54, 0x53, 2, 4, 1];
  const frame = [...target, ...stranger, 0x08, 0x00, ...header, ...udp];
  station.transmit(network.environment.pool.from(Uint8Array.from(frame))!);
}

describe('UDPECHO', () => {
  it('gives no answer to port 0, and goes on', async () => {
    await using network = await lab(DECK);
    inject(network, 0);
    await network.rest();
    const client = network.host(1).dgram.createSocket('udp4');
    client.send('still there?', 7, '192.0.2.2');
    const [answer] = await once(client, 'message');
    expect(String(answer)).toBe('still there?');
  });

  it('may have been closed by its stack before the lab is closed', async () => {
    const network = await lab(DECK);
    network.stopStack(2);
    await network.rest();
    await network.close();
    await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('close', () => {
  it('ends an idle keep-alive connection at once and resets a busy one after the grace', async () => {
    const network = await lab(DECK);
    const { net } = network.host(1);
    const idle = net.connect(80, '192.0.2.2');
    idle.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(idle, 'data');
    const busy = net.connect(9, '192.0.2.2');
    await once(busy, 'connect');
    await network.advance(100_000);
    const [began, ended] = [network.now, { idle: 0, busy: 0 }];
    idle.on('close', () => {
      ended.idle = network.now;
    });
    busy.on('error', () => {
      ended.busy = network.now;
    });
    await network.close(1_000_000);
    await new Promise((resolve) => busy.on('close', resolve));
    expect(idle.closed).toBe(true);
    expect(ended.idle - began).toBeLessThan(20_000);
    expect(ended.busy - began).toBe(1_000_000);
  });

  it('delivers the rest of an answer before its stack stops', async () => {
    const network = await lab(`${DECK}// EXEC TWINLAB\nSEGMENT LAN DELAY 200MS\n`);
    const client = network.host(1).net.connect(80, '192.0.2.2');
    let answer = '';
    client.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    await once(client, 'connect');
    client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await network.advance(300_000);
    expect(answer).toBe('');
    await network.close(5_000_000);
    expect(answer).toContain('answers GET / from 192.0.2.1');
  });

  it('cuts its grace short when it is repeated without one', async () => {
    const network = await lab(DECK);
    const busy = network
      .host(1)
      .net.connect(9, '192.0.2.2')
      .on('error', () => {});
    await once(busy, 'connect');
    const patient = network.close(3_600_000_000);
    await network.close();
    await patient;
    expect(network.now).toBeLessThan(3_600_000_000);
  });

  it('ends the servers of applications and whoever waits for their connections', async () => {
    const network = await lab(DECK);
    const server = network.host(1).net.createServer().listen(5);
    await once(server, 'listening');
    const served = (async () => {
      for await (const socket of server) socket.destroy();
    })();
    await network.close();
    await served;
    expect(server.listening).toBe(false);
    await expect(network.advance(1)).rejects.toThrow('closed');
    await expect(network.rest()).rejects.toThrow('closed');
  });
});

it('a fetch from a server that never answers fails, and the schedule ends', async () => {
  const deck = parseDecks([{ name: 'x', text: `${DECK}// EXEC TWINLAB\nAT 1S FETCH 01 192.0.2.2 9\n` }]);
  const network = new Lab(deck);
  await network.start();
  const told: { ok: boolean; text: string }[] = [];
  await runSchedule(network, (event) => told.push(event));
  expect(told).toHaveLength(1);
  expect(told[0]!.ok).toBe(false);
  expect(told[0]!.text).toContain('192.0.2.2 port 9 has not answered within 60 s');
  await network.close();
});
