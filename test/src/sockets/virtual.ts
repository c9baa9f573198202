/** Two hosts with both families on one segment, and a loop that moves their virtual time. */
import type { SegmentConditions } from '../../../devices/segment/conditions.ts';
import { Segment } from '../../../devices/segment/segment.ts';
import { HostTable } from '../../../src/sockets/names.ts';
import { StackHost } from '../../../src/sockets/stack-host.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import type { Stack } from '../../../stacks/stack.ts';
import { Clock } from '../../../stacks/time/clock.ts';

/** Longer than any handshake, retransmission or time-out that a test waits for, in µs. */
const PATIENCE = 3_600_000_000;

export class Network {
  readonly environment: Environment;
  readonly segment: Segment;
  readonly clock = new Clock();
  #stations = 0;

  constructor(conditions: SegmentConditions = { delay: 1_000 }) {
    let state = 0x2545f491;
    const random = {
      u32(): number {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return state >>> 0;
      },
    };
    this.environment = { clock: this.clock, random, pool: new PacketPool(), trace: undefined };
    this.segment = new Segment(this.environment, 'LAN', conditions);
  }

  /** A running stack with one link; `address` decides the family. */
  stack(id: number, address: string, name = `STACK${id}`): Stack {
    const stack = this.unattached(id, address, name);
    stack.start();
    // Duplicate address detection takes its time before the address may be used (RFC 4862 §5.4).
    this.clock.advance(this.clock.now + 3_000_000);
    return stack;
  }

  unattached(id: number, address: string, name = `STACK${id}`): Stack {
    const six = ipv6.parse(address);
    const options = { id, name };
    const stack =
      six === undefined ? new Ipv4Stack(this.environment, options) : new Ipv6Stack(this.environment, options);
    const mac = new Uint8Array([2, 0, 0, 0, 0, ++this.#stations]);
    stack.addInterface('OSA', this.segment.attach(`${name}.OSA`, mac, 1500), {
      address: six ?? ipv4.parse(address)!,
      prefixLength: six === undefined ? 24 : 64,
      mtu: 1500,
    });
    return stack;
  }

  host(id: number, address: string, names?: HostTable): StackHost {
    return new StackHost(this.stack(id, address), { names: names ?? new HostTable() });
  }

  /** Moves the time until `wanted` is settled; an application gets its turns between the steps. */
  async until<T>(wanted: Promise<T>): Promise<T> {
    let settled = false;
    const note = () => {
      settled = true;
    };
    wanted.then(note, note);
    const limit = this.clock.now + PATIENCE;
    for (;;) {
      await turn();
      if (settled) return wanted;
      if (!this.clock.step(limit)) throw new Error(`nothing more happens at ${this.clock.now} µs`);
    }
  }

  /** Lets `duration` µs pass. */
  async pass(duration: number): Promise<void> {
    let done = false;
    this.clock
      .timer(() => {
        done = true;
      })
      .armIn(duration);
    while (!done) {
      await turn();
      this.clock.step();
    }
    await turn();
  }
}

/** One turn of the event loop: ticks, microtasks and immediates of the application have run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
