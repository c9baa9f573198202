/**
 * Which scripts show which case of SEGMENT ARRIVES (RFC 9293 §3.10.7)? Found by playing them: before each packet of the
 * script the connection is asked for its state and its numbers, which say what the RFC wants done with the packet.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { decode, type TcpFields } from '../../src/script/codec.ts';
import { parseScript } from '../../src/script/parse.ts';
import { runScript } from '../../src/script/run.ts';
import { readOptions } from '../../src/script/script-options.ts';
import { VirtualWorld } from '../../src/script/virtual-world.ts';
import { ipv4 } from '../../stacks/address/ipv4.ts';
import type { TcpInfo, TcpState } from '../../stacks/tcp/api.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
const URG = 32;

type Segment = Pick<TcpFields, 'seq' | 'ack' | 'flags' | 'urgent' | 'length'>;

/** Of a closed port and of a listener: §3.10.7.1, §3.10.7.2. */
export const CLOSED_CASES = ['RST: nothing', 'no ACK: RST with ACK', 'ACK: RST'] as const;
export const LISTEN_CASES = [
  'RST: nothing',
  'ACK: RST',
  'SYN: SYN-RECEIVED',
  'SYN with text: left for later',
  'SYN with FIN',
  'neither: nothing',
] as const;

/** §3.10.7.3 */
export const SYN_SENT_CASES = [
  'RST, ACK not ours: nothing',
  'ACK not ours: RST',
  'RST and ACK: refused',
  'RST alone: nothing',
  'SYN and ACK: ESTABLISHED',
  'SYN and ACK with text',
  'SYN and ACK with FIN',
  'SYN: SYN-RECEIVED',
  'neither, ACK of ours: nothing',
  'neither: nothing',
] as const;

/** §3.10.7.4, in the order in which they are looked at. */
export const OTHER_CASES = [
  'outside the window',
  'outside, with RST',
  'partly before RCV.NXT',
  'partly beyond the window',
  'RST in the window',
  'RST at RCV.NXT',
  'SYN in the window',
  'no ACK',
  'ACK of what was never sent',
  'ACK from before SND.UNA',
  'ACK of something new',
  'ACK of our FIN',
  'URG',
  'text',
  'text behind a gap',
  'FIN',
] as const;

export const OTHER_STATES = [
  'SYN-RECEIVED',
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
] as const;

type OtherState = (typeof OTHER_STATES)[number];

/** Cells that no segment can reach, and why. */
export function impossible(state: OtherState, name: string): string | undefined {
  if (name === 'ACK of our FIN' && !['FIN-WAIT-1', 'CLOSING', 'LAST-ACK'].includes(state))
    return 'no FIN of ours is out';
  if (name === 'ACK of something new' && (state === 'FIN-WAIT-2' || state === 'TIME-WAIT'))
    return 'all is acknowledged';
  return undefined;
}

/** What a segment meets where nothing is connected. */
function unconnected({ flags, length }: Segment, isListener: boolean): string[] {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  if (!isListener) return [has(RST) ? 'RST: nothing' : has(ACK) ? 'ACK: RST' : 'no ACK: RST with ACK'];
  if (has(RST)) return ['RST: nothing'];
  if (has(ACK)) return ['ACK: RST'];
  if (!has(SYN)) return ['neither: nothing'];
  return [
    'SYN: SYN-RECEIVED',
    ...(length > 0 ? ['SYN with text: left for later'] : []),
    ...(has(FIN) ? ['SYN with FIN'] : []),
  ];
}

function synSent({ flags, ack, length }: Segment, { sndUna, sndNxt }: TcpInfo): string[] {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const isOurs = ((ack - sndUna) | 0) > 0 && ((ack - sndNxt) | 0) <= 0;
  if (has(ACK) && !isOurs) return [has(RST) ? 'RST, ACK not ours: nothing' : 'ACK not ours: RST'];
  if (has(RST)) return [has(ACK) ? 'RST and ACK: refused' : 'RST alone: nothing'];
  if (!has(SYN)) return [has(ACK) ? 'neither, ACK of ours: nothing' : 'neither: nothing'];
  if (!has(ACK)) return ['SYN: SYN-RECEIVED'];
  return [
    'SYN and ACK: ESTABLISHED',
    ...(length > 0 ? ['SYN and ACK with text'] : []),
    ...(has(FIN) ? ['SYN and ACK with FIN'] : []),
  ];
}

/** `finOut`: our FIN is the last thing sent. */
function others(segment: Segment, info: TcpInfo): string[] {
  const { seq, ack, flags, length } = segment;
  const { state, rcvNxt, rcvWnd, sndUna, sndNxt } = info;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const from = (seq - rcvNxt) | 0;
  const space = length + (has(SYN) ? 1 : 0) + (has(FIN) ? 1 : 0);
  // The four lines of the table; a zero window still takes what begins at RCV.NXT.
  const isAcceptable = from === 0 || (from < rcvWnd && (space === 0 ? from > 0 : from + space > 0));
  if (!isAcceptable) return [has(RST) ? 'outside, with RST' : 'outside the window'];
  if (has(RST)) return [from === 0 ? 'RST at RCV.NXT' : 'RST in the window'];
  if (has(SYN)) return ['SYN in the window'];
  if (!has(ACK)) return ['no ACK'];
  if (((ack - sndNxt) | 0) > 0) return ['ACK of what was never sent'];
  if (state === 'SYN-RECEIVED' && ((ack - sndUna) | 0) <= 0) return ['ACK from before SND.UNA'];
  const found: string[] = [];
  const hasFin = ['FIN-WAIT-1', 'CLOSING', 'LAST-ACK'].includes(state);
  if (((ack - sndUna) | 0) < 0) found.push('ACK from before SND.UNA');
  else if (ack !== sndUna) found.push(hasFin && ack === sndNxt ? 'ACK of our FIN' : 'ACK of something new');
  if (from < 0) found.push('partly before RCV.NXT');
  if (from + space > rcvWnd) found.push('partly beyond the window');
  if (has(URG)) found.push('URG');
  if (length > 0) found.push(from > 0 ? 'text behind a gap' : 'text');
  if (has(FIN)) found.push('FIN');
  return found;
}

/** Plays a script and writes down what its packets met. */
class Watched extends VirtualWorld {
  readonly met = new Set<string>();

  override inject(bytes: Uint8Array): void {
    const seen = decode(ipv4, 0, bytes);
    if (seen?.protocol === 'tcp') for (const name of this.#cases(seen)) this.met.add(name);
    super.inject(bytes);
  }

  #cases(seen: TcpFields): string[] {
    const { tcp } = this.wireStack;
    const { sourcePort, destinationPort } = seen;
    const connection = [...tcp.connections()].find(
      (c) => c.localPort === destinationPort && c.remotePort === sourcePort,
    );
    if (connection === undefined) {
      const isListener = [...tcp.listeners()].some(({ port }) => port === destinationPort);
      const state: TcpState = isListener ? 'LISTEN' : 'CLOSED';
      return unconnected(seen, isListener).map((name) => caseName(state, name));
    }
    const info = connection.info();
    if (info.timestamps && info.state !== 'SYN-SENT') return []; // PAWS comes before all of it
    const cases = info.state === 'SYN-SENT' ? synSent(seen, info) : others(seen, info);
    return cases.map((name) => caseName(info.state, name));
  }
}

export const caseName = (state: TcpState, name: string): string => `${state}: ${name}`;

/** Words of scripts that make a packet no segment at all (src/script/lies.ts). */
const LIES = /\[(?:bad-checksum|land|data-offset|runt|length)\b|<[^>\n]*raw /;

/** The scripts by the cases that their packets meet. */
export function scriptsByCase(files: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    if (LIES.test(text)) continue;
    const script = parseScript(file, text);
    const options = readOptions(script);
    const world = new Watched('ipv4', options.mtu, 1, {});
    runScript(script, options, world);
    const name = `${basename(dirname(file))}/${basename(file, '.pkt')}`;
    for (const met of world.met) found.set(met, [...(found.get(met) ?? []), name]);
  }
  return found;
}
