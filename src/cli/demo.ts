/** `npm start`: one lab that shows what dual stack is, and says why each thing happened. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { SECOND } from '../../stacks/time/clock.ts';
import { Ladder } from '../capture/ladder.ts';
import { fetchFrom } from '../lab/fetch.ts';
import { Lab, type LabHost } from '../lab/lab.ts';
import { PING_DEFAULTS, ping } from '../lab/ping.ts';
import type { DatagramSocket, Dgram } from '../sockets/dgram.ts';
import { loadDecks } from './decks.ts';
import { FINDING, GOOD } from './exit.ts';
import { outputBeside, type Recording, record } from './recording.ts';
import { startLab } from './start.ts';
import { renderTable } from './table.ts';

export interface DemoCommand {
  readonly seed: number;
  readonly json: boolean;
  readonly capture: string;
}

interface Shown {
  readonly what: string;
  readonly result: string;
  readonly why: string;
  readonly ok: boolean;
}

const PICTURE = `
   02 SERVER6 ═══COUPLE═══ 03 SERVER4        one program listens on id 02
   2001:db8:1::80          192.0.2.80
        ╰───────────┬───────────╯
                    │  HOME   200 us, 1 Gbit/s
          10 ROUTER4 / 11 ROUTER6
                    │  FAR    10 ms, 10 Mbit/s
        ╭───────────┴───────────╮
   61 NEWHOST              41 OLDHOST
   2001:db8:2::61          198.51.100.41
   IPv6 only               IPv4 only
`;

export async function demo({ seed, json, capture }: DemoCommand): Promise<number> {
  const deckPath = fileURLToPath(new URL(packageFile('labs/demo.deck'), import.meta.url));
  const lab = new Lab(loadDecks([deckPath], false), { seed });
  const out = outputBeside(capture);
  const ladder = new Ladder({ links: ['HOME'], port: 80, limit: 3, names: namesOf(lab) });
  lab.trace.onFrame.push((event) => ladder.frame(event));
  const shown: Shown[] = [];
  const talk = (text: string): void => void (json || out.write(text));
  let recording: Recording | undefined;
  try {
    recording = record(lab, capture);
    talk(`${PICTURE}\n`);
    await startLab(lab);
    await lab.rest();
    const server = lab.host(2);
    const server4 = lab.host(3);
    const old = lab.host(41);
    const fresh = lab.host(61);
    shown.push(await pings(lab, old, 'SERVER'), await pings(lab, server4, 'OLDHOST'));
    shown.push(await pings(lab, fresh, 'SERVER'), await pings(lab, server, 'NEWHOST'));
    shown.push(...(await onePageTwoFamilies(server, old, fresh)));
    shown.push(...(await udpReachesOne(lab, server, server4, old, fresh)));
    await lab.rest();
  } finally {
    await lab.close();
    recording?.close();
  }
  const ok = shown.every((s) => s.ok);
  if (json) {
    const { hash, frames } = lab.trace;
    out.write(`${JSON.stringify({ ok, shown, seed, hash, frames, time: lab.now, capture }, null, 2)}\n`);
    return ok ? GOOD : FINDING;
  }
  talk(
    renderTable(
      ['', 'SHOWN', 'RESULT', 'WHY'],
      shown.map((s) => [s.ok ? '✓' : '✗', s.what, s.result, s.why]),
    ),
  );
  talk(`\nThe handshake of the IPv4 fetch, on segment HOME:\n\n${ladder.toString()}\n`);
  talk(`seed ${seed}   trace hash ${lab.trace.hash}   ${lab.trace.frames} frames in `);
  talk(`${(lab.now / SECOND).toFixed(3)} virtual seconds\ncapture ${capture}\n`);
  return ok ? GOOD : FINDING;
}

/** From src/cli in the sources and from dist/src/cli in the package. */
function packageFile(path: string): string {
  return import.meta.url.includes('/dist/src/') ? `../../../${path}` : `../../${path}`;
}

function namesOf(lab: Lab): Map<string, string> {
  const names = new Map<string, string>();
  for (const { stack, config } of lab.stacks.values()) {
    for (const link of config.links) names.set(stack.describe(link.address), config.job);
  }
  return names;
}

async function pings(lab: Lab, from: LabHost, to: string): Promise<Shown> {
  const { sent, received, times, address } = await ping(lab, from.id, to, { ...PING_DEFAULTS, count: 3 });
  const best = times.length === 0 ? '' : `, ${(Math.min(...times) / 1_000).toFixed(1)} ms`;
  return {
    what: `${from.name} pings ${to} (${address})`,
    result: `${received} of ${sent}${best}`,
    why:
      from.stack.family.version === 4 ? 'by the IPv4 stacks and ROUTER4' : 'by the IPv6 stacks and ROUTER6',
    ok: received === sent,
  };
}

async function onePageTwoFamilies(server: LabHost, old: LabHost, fresh: LabHost): Promise<Shown[]> {
  const http = createServer((request, response) => {
    response.end(`hello, ${request.socket.remoteAddress}\n`);
  });
  const listener = server.net.createServer(http);
  listener.listen(80);
  await once(listener, 'listening');
  const shown: Shown[] = [];
  for (const host of [old, fresh]) {
    const { status, body, family } = await fetchFrom(host, 'SERVER', 80);
    shown.push({
      what: `${host.name} fetches http://SERVER/ over ${family}`,
      result: `${status}, "${body.toString().trim()}"`,
      why: 'one listen on id 02 listens on both stacks (dual-listen)',
      ok: status === 200,
    });
  }
  listener.close();
  await once(listener, 'close');
  return shown;
}

const UDP_PORT = 161;

async function udpReachesOne(
  lab: Lab,
  server: LabHost,
  server4: LabHost,
  old: LabHost,
  fresh: LabHost,
): Promise<Shown[]> {
  const first = await answering(server.dgram, 'udp6');
  const shown: Shown[] = [];
  const tell = async (host: LabHost, expect: string, why: string): Promise<void> => {
    const result = await ask(lab, host);
    shown.push({ what: `${host.name} asks UDP port ${UDP_PORT}`, result, why, ok: result === expect });
  };
  await tell(fresh, 'answered', 'a UDP bind on id 02 binds the IPv6 stack');
  await tell(old, 'ECONNREFUSED', 'and only that (single-bind): stack 03 says port unreachable');
  const second = await answering(server4.dgram, 'udp4');
  await tell(old, 'answered', 'a second instance was started with id 03');
  await tell(fresh, 'answered', 'the first instance still serves IPv6');
  first.close();
  second.close();
  return shown;
}

async function answering(dgram: Dgram, type: 'udp4' | 'udp6'): Promise<DatagramSocket> {
  const socket = dgram.createSocket(type);
  socket.on('message', (data, from) => socket.send(data, from.port, from.address));
  socket.bind(UDP_PORT);
  await once(socket, 'listening');
  return socket;
}

/** `answered`, the error's code, or `silence` after two seconds. */
async function ask(lab: Lab, host: LabHost): Promise<string> {
  const socket = host.dgram.createSocket(host.stack.family.version === 4 ? 'udp4' : 'udp6');
  try {
    socket.connect(UDP_PORT, 'SERVER');
    await once(socket, 'connect');
    const outcome = new Promise<string>((resolve) => {
      socket.on('message', () => resolve('answered'));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    });
    socket.send('anybody there?');
    return await Promise.race([outcome, lab.advance(2 * SECOND).then(() => 'silence')]);
  } finally {
    socket.close();
  }
}
