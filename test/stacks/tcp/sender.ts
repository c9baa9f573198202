/** One end that sends, and a peer of it played by the test. */
import {
  families,
  mssOption,
  type Owner,
  Peer,
  pattern,
  type Sent,
  sackOption,
  timestampOption,
} from './network.ts';

const family = families[0]!;
export const MSS = 1_000;

export interface AckExtra {
  window?: number;
  sack?: [number, number][];
  /** The timestamp that is echoed; the connection must have agreed on timestamps. */
  echo?: number;
}

/** An established connection whose peer takes segments of 1,000 bytes and acknowledges by hand. */
export class Sender {
  readonly peer: Peer;
  readonly owner: Owner;
  readonly iss: number;
  /** Bytes sent before the test began (`warm`): offsets count from there. */
  #base = 0;
  #stamp = 1;

  constructor(options: number[] = [], window = 65_535, settings = {}) {
    this.peer = new Peer(family, settings);
    // Timestamps come out of the segment.
    const mss = options[2] === 8 ? MSS + 12 : MSS;
    const { owner, iss } = this.peer.accept([...options, ...mssOption(mss)], window);
    this.owner = owner;
    this.iss = iss;
  }

  /** Exchanges single segments until the round trip is known to be `rtt`. */
  warm(rtt: number): void {
    for (let i = 0; i < 60; i++) {
      this.send(MSS);
      const echo = this.peer.take()[0]!.timestamp?.[0];
      this.wait(rtt);
      this.ack(MSS, echo === undefined ? {} : { echo });
      this.#base += MSS;
    }
    this.peer.take();
  }

  /** Acknowledges `bytes` of data in all. */
  ack(bytes: number, { window, sack, echo }: AckExtra = {}) {
    const at = (n: number) => (this.iss + 1 + this.#base + n) | 0;
    const blocks = (sack ?? []).map(([a, b]): [number, number] => [at(a), at(b)]);
    return this.peer.inject({
      seq: 1_001,
      ack: at(bytes),
      flags: '.',
      window: window ?? 65_535,
      options: [
        ...(echo === undefined ? [] : timestampOption(this.#stamp++, echo)),
        ...(blocks.length > 0 ? sackOption(...blocks) : []),
      ],
    });
  }

  /** Offsets of the data segments sent since the last call. */
  offsets(): number[] {
    return this.peer.take().map((s) => this.offset(s));
  }
  offset(s: Sent): number {
    return (s.seq - this.iss - 1 - this.#base) | 0;
  }
  send(bytes: number): void {
    this.owner.connection.send(pattern(bytes));
  }
  wait(time: number): void {
    this.peer.clock.advance(this.peer.clock.now + time);
  }
  get info() {
    return this.owner.connection.info();
  }
}
