/** One end; the test is the other. */
import type { Address } from '../../../stacks/address/address.ts';
import type { Family } from '../../../stacks/address/family.ts';
import type { TransportVerdict } from '../../../stacks/address/network.ts';
import { addBytes, finish } from '../../../stacks/packet/checksum.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import type { PacketPool } from '../../../stacks/packet/pool.ts';
import { Tcp, type TcpOptions } from '../../../stacks/tcp/tcp.ts';
import type { Clock } from '../../../stacks/time/clock.ts';
import { CHECKSUM, HEADER, TCP, writeHeader } from '../../../stacks/wire/tcp.ts';

import { addressOf, End, environmentOf, writeClass } from './ends.ts';
import { Owner, serve } from './owner.ts';
import { decode, LETTERS, type Sent } from './sent.ts';

export interface Crafted {
  seq: number;
  ack?: number;
  flags: string;
  window?: number;
  data?: Uint8Array | string;
  /** Raw bytes of the option field, a multiple of four. */
  options?: number[];
  /** It comes with others. */
  inBurst?: boolean;
  trafficClass?: number;
}

export class Peer {
  readonly environment: Environment & { clock: Clock; pool: PacketPool };
  readonly clock: Clock;
  readonly end: End;
  readonly address: Address;
  readonly sent: Sent[] = [];
  port = 4_000;
  local = 80;

  constructor(family: Family, options: Partial<TcpOptions> = {}, seed = 1) {
    this.environment = environmentOf(seed);
    this.clock = this.environment.clock;
    this.address = addressOf(family, 2);
    this.end = new End(
      'a',
      family,
      this.environment,
      addressOf(family, 1),
      (end, packet, _from, _to, trafficClass) => {
        this.sent.push(decode(packet, this.clock.now, end.name, trafficClass));
        this.environment.pool.release(packet);
      },
    );
    this.end.tcp = new Tcp(this.end, { maxConnections: 4_095, ...options });
  }

  get tcp(): Tcp {
    return this.end.tcp;
  }

  /** What was sent since the last call. */
  take(): Sent[] {
    return this.sent.splice(0);
  }

  inject(
    segment: Crafted,
    destination: Address = this.end.address,
    source: Address = this.address,
  ): TransportVerdict {
    const { family } = this.end;
    const data =
      typeof segment.data === 'string' ? Buffer.from(segment.data, 'latin1') : (segment.data ?? []);
    const options = segment.options ?? [];
    const header = HEADER + options.length;
    const packet = this.environment.pool.take(header + data.length)!;
    let flags = 0;
    for (const [bit, letter] of LETTERS) if (segment.flags.includes(letter)) flags |= bit;
    const { seq, ack = 0, window = 65_535 } = segment;
    writeHeader(packet, this.port, this.local, seq, ack, header, flags, window);
    packet.bytes.set(options, packet.start + HEADER);
    packet.bytes.set(data, packet.start + header);
    packet.inBurst = segment.inBurst === true;
    writeClass(packet, family, segment.trafficClass ?? 0);
    const pseudo = family.pseudoHeader(source, destination, TCP, packet.length);
    packet.setU16(packet.start + CHECKSUM, finish(addBytes(packet, packet.start, packet.end, pseudo)));
    return this.end.take(packet, source, destination);
  }

  /** Passive open of our end at `local`; returns the owner, with `iss` of ours and the peer's at 1000. */
  accept(options: number[] = [], window = 65_535, flags = 'S'): { owner: Owner; iss: number } {
    const owner = new Owner();
    serve(this.end, this.local, () => owner);
    this.inject({ seq: 1_000, flags, options, window });
    const iss = this.take()[0]!.seq;
    // RFC 7323 §3.2: once agreed upon, timestamps are in every segment.
    const stamped = options[2] === 8 ? options.slice(0, 12) : [];
    this.inject({ seq: 1_001, ack: (iss + 1) | 0, flags: '.', window, options: stamped });
    this.take();
    return { owner, iss };
  }
}
