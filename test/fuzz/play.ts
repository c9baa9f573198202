/** One input, played to a network from its first packet to its stop, with everything checked that must hold. */

import { seededRandom } from '../../src/lab/random.ts';
import { isFailure } from '../../stacks/address/network.ts';
import type { Environment } from '../../stacks/packet/environment.ts';
import { PacketPool } from '../../stacks/packet/pool.ts';
import type { Stack } from '../../stacks/stack.ts';
import type { TcpHandler } from '../../stacks/tcp/api.ts';
import { Clock, SECOND } from '../../stacks/time/clock.ts';
import { broken } from './broken.ts';
import { craft } from './craft.ts';
import { checkBaseline, checkCounters, checkPool } from './invariants.ts';
import { decode, duration, FAR, IN_BURST } from './operation.ts';
import type { Bytes } from './packets.ts';
import { Program } from './program.ts';
import { addressOn, type Layout, neighbourOf, type Scene, sceneOf, type Version } from './scene.ts';
import { ECHO } from './templates.ts';
import type { Wire } from './wire.ts';

/** Bits of the first byte of an input. */
const ETHERNET = 1;
/** Time passes before the stop, until everything that waits has waited long enough. */
const SETTLES = 2;
const NARROW = 4;
const AUTOCONFIGURES = 8;

/** Links come up: duplicate address detection, announcements. */
const START = 3 * SECOND;
/** Longer than any reassembly takes (RFC 8200 §4.5: 60 s). */
const SETTLE = 100 * SECOND;
const STOP = 5 * SECOND;
/** Virtual time of one input. */
const MOST_TIME = 12 * 3_600 * SECOND;

/**
 * What a stack may send, in bytes. For each byte that came in: a SYN of 40 bytes brings six SYN-ACKs of 60. For each
 * packet: an ICMP error with its quotation, or a solicitation. For each byte that a program wrote: sixteen
 * transmissions with their headers, of single bytes at the worst. And for each second what goes out by itself.
 */
const PER_BYTE = 10;
const PER_PACKET = 1_400;
const PER_WRITTEN_BYTE = 60;
const PER_CALL = 4_000;
const PER_SECOND = 40;
const ANYHOW = 8_000;

/** Slabs are handed from input to input; each gives back all that it took. */
let pool = new PacketPool();
/** Slots that are written over so that two runs of one input find different leavings in them. */
const POISONED = 24;

export interface PlayOptions {
  /** A second run must give the same hash, whatever the buffers held; and an honest client is served. */
  readonly deep: boolean;
}

export function play(
  layout: Layout,
  templates: readonly Bytes[],
  input: Uint8Array,
  options: PlayOptions,
): void {
  const once = (hashes: boolean, honest: Honest): number => run(layout, templates, input, hashes, honest);
  if (!options.deep) {
    once(false, 'nobody');
    return;
  }
  poison(0x00);
  const first = once(true, 'nobody');
  poison(0xff);
  const second = once(true, 'after a restart');
  if (first !== second) broken('the same input twice gave different packets');
  // On Ethernet anybody may claim anybody's address, and be believed for a while.
  if (((input[0] ?? 0) & ETHERNET) === 0) once(false, 'at once');
}

/** When an honest neighbour comes: before the stop, or when the stacks have come up again. */
type Honest = 'nobody' | 'at once' | 'after a restart';

/** Returns a hash of what was sent before any honest client came. */
function run(
  layout: Layout,
  templates: readonly Bytes[],
  input: Uint8Array,
  hashes: boolean,
  honest: Honest,
): number {
  const settings = input[0] ?? 0;
  const environment: Environment = { clock: new Clock(), random: seededRandom(1), pool, trace: undefined };
  const { clock } = environment;
  const scene = sceneOf(environment, layout, {
    medium: (settings & ETHERNET) !== 0 ? 'ethernet' : 'ip',
    narrow: (settings & NARROW) !== 0,
    autoconfigure: (settings & AUTOCONFIGURES) !== 0,
  });
  const { stacks, wires } = scene;
  let hash = 0x811c9dc5;
  if (hashes) {
    for (const wire of wires) {
      wire.onFrame = (from, bytes) => {
        hash = Math.imul(hash ^ clock.now ^ wires.indexOf(from), 0x01000193);
        for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
      };
    }
  }
  try {
    for (const stack of stacks) stack.start();
    clock.advance(START);
    const program = new Program(scene.host, stacks, scene.peers);
    const came = operate(scene, program, templates, input, clock);
    if (honest === 'at once') serveHonest(environment, scene, program, layout);
    if ((settings & SETTLES) !== 0) {
      clock.advance(clock.now + SETTLE);
      if (stacks.every(isIdle)) checkPool(pool, 'although nothing waits any more');
    }
    for (const stack of stacks) stack.stop();
    clock.advance(clock.now + STOP);
    checkStopped(scene, program);
    if (honest !== 'at once') checkTraffic(wires, came, program, clock);
    const result = hash;
    for (const wire of wires) wire.onFrame = undefined;
    if (honest === 'after a restart') {
      serveHonest(environment, scene, program, layout);
      for (const stack of stacks) stack.stop();
      clock.advance(clock.now + STOP);
      checkStopped(scene, program);
    }
    return result;
  } catch (error) {
    // What this input left behind is not the next one's fault.
    pool = new PacketPool();
    throw error;
  }
}

/** No segment is sent again, and none waits for its neighbour at this very moment. */
function isIdle(stack: Stack): boolean {
  for (const { state } of stack.neighbours()) if (state === 'incomplete') return false;
  return stack.tcp.connectionCount === 0;
}

interface Came {
  bytes: number;
  packets: number;
}

function operate(
  scene: Scene,
  program: Program,
  templates: readonly Bytes[],
  input: Uint8Array,
  clock: Clock,
): Came {
  const { wires } = scene;
  const came = { bytes: 0, packets: 0 };
  for (const op of decode(input.subarray(1))) {
    if (op.kind === 'time') {
      clock.advance(Math.min(clock.now + duration(op), MOST_TIME));
    } else if (op.kind === 'call') {
      program.call(op.a, op.b);
    } else {
      const wire = wires[(op.a & FAR) === 0 ? 0 : wires.length - 1]!;
      for (const bytes of craft(op, wire, templates)) {
        if (bytes.length === 0) continue;
        came.bytes += bytes.length;
        came.packets++;
        wire.inject(bytes, (op.a & IN_BURST) !== 0);
      }
    }
  }
  return came;
}

function checkStopped({ stacks }: Scene, program: Program): void {
  program.checkOver();
  checkPool(pool, 'after the stop');
  for (const stack of stacks) {
    checkCounters(stack);
    checkBaseline(stack);
  }
}

function checkTraffic(wires: readonly Wire[], came: Came, program: Program, clock: Clock): void {
  const sent = wires.reduce((sum, wire) => sum + wire.bytes, 0);
  const most =
    PER_BYTE * came.bytes +
    PER_PACKET * came.packets +
    PER_WRITTEN_BYTE * program.queued +
    PER_CALL * program.calls +
    PER_SECOND * (clock.now / SECOND) +
    ANYHOW;
  if (sent > most) {
    broken(
      `${sent} bytes were sent for ${came.bytes} in ${came.packets} packets, ${program.queued} bytes written`,
    );
  }
}

/** What a program has stopped comes up again; then a neighbour pings, and has a line echoed over TCP. */
function serveHonest(environment: Environment, scene: Scene, program: Program, layout: Layout): void {
  const { clock } = environment;
  const { stacks, wires } = scene;
  for (const stack of stacks) {
    for (const { index } of stack.interfaces()) stack.setLink(index, true);
    stack.start();
  }
  program.reads = true;
  clock.advance(clock.now + START);
  program.open();
  const isRouter = layout.startsWith('router');
  const neighbours = wires.map((wire, i) => {
    const version = (isRouter ? stacks[0]! : stacks[i]!).family.version;
    const link = isRouter ? i : 0;
    const neighbour = neighbourOf(environment, wire, version, link);
    neighbour.start();
    return { neighbour, version, link };
  });
  clock.advance(clock.now + START);
  for (const { neighbour, version, link } of neighbours) {
    ping(clock, neighbour, version, link, 1);
    converse(clock, neighbour, version, link);
    if (isRouter) ping(clock, neighbour, version, 1 - link, 3);
  }
  for (const { neighbour } of neighbours) neighbour.stop();
  clock.advance(clock.now + STOP);
  for (const wire of wires) wire.peer = undefined;
}

function ping(clock: Clock, from: Stack, version: Version, link: number, host: number): void {
  let outcome = 'no end';
  from.echo(addressOn(version, link, host), { size: 40, timeout: 10 * SECOND }, (result) => {
    outcome = result.outcome;
  });
  clock.advance(clock.now + 11 * SECOND);
  if (outcome !== 'reply')
    broken(`an honest ping to ${from.describe(addressOn(version, link, host))}: ${outcome}`);
}

const LINE = new TextEncoder().encode('the next honest client is served');

function converse(clock: Clock, from: Stack, version: Version, link: number): void {
  let got = 0;
  let isClosed = false;
  const handler: TcpHandler = {
    connected: () => void connection.send(LINE),
    readable: () => {
      for (let chunk = connection.read(); chunk !== undefined; chunk = connection.read()) got += chunk.length;
      if (got === LINE.length) connection.close();
    },
    writable: () => {},
    ended: () => connection.close(),
    closed: (failure) => {
      isClosed = failure === undefined;
    },
  };
  const opened = from.tcp.connect(addressOn(version, link, 1), ECHO, { handler });
  if (isFailure(opened)) broken(`an honest client could not connect: ${opened.cause}`);
  const connection = opened;
  clock.advance(clock.now + 90 * SECOND);
  if (got !== LINE.length || !isClosed)
    broken(`an honest client got ${got} of ${LINE.length} bytes (${connection.state})`);
}

function poison(value: number): void {
  const held = [100, 100, 9_000, 66_000].flatMap((length, size) =>
    Array.from({ length: size < 2 ? POISONED : 1 }, () => pool.take(length)),
  );
  for (const packet of held) {
    if (packet === undefined) continue;
    packet.bytes.fill(value, packet.base, packet.limit);
    pool.release(packet);
  }
}
