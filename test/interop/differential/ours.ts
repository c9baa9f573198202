/** Our stacks on one link, as the kernel has both families on its own. */
import { seededRandom } from '../../../src/lab/random.ts';
import { isFailure } from '../../../stacks/address/network.ts';
import { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import type { Stack } from '../../../stacks/stack.ts';
import { Clock, MILLISECOND, SECOND } from '../../../stacks/time/clock.ts';
import { type Bytes, u16 } from '../../fuzz/packets.ts';
import { Wire } from '../../fuzz/wire.ts';
import { ADDRESSES, type End, introductions } from './end.ts';
import { BOUND, HOST_MAC, OPEN } from './vectors.ts';

const MTU = 1_500;
/** Longer than a delayed ACK, shorter than any retransmission. */
const WHILE = 300 * MILLISECOND;
/** Between two packets, so that no limit of a rate is reached (RFC 1812 §4.3.2.8, RFC 4443 §2.4). */
const PAUSE = 3 * SECOND;

export class OurEnd implements End {
  readonly mac: Bytes = Uint8Array.from(HOST_MAC);
  readonly #clock = new Clock();
  readonly #stacks: readonly Stack[];
  readonly #wires: readonly Wire[];
  readonly #sent: Bytes[] = [];
  #delivered: number[] = [];

  constructor(link: 'tun' | 'tap') {
    const environment = {
      clock: this.#clock,
      random: seededRandom(1),
      pool: new PacketPool(),
      trace: undefined,
    };
    const medium = link === 'tap' ? 'ethernet' : 'ip';
    const theirs = Uint8Array.of(2, 0, 0, 0, 0, 2);
    this.#stacks = [
      new Ipv4Stack(environment, { id: 1, name: 'V4' }),
      new Ipv6Stack(environment, { id: 2, name: 'V6' }),
    ];
    this.#wires = this.#stacks.map((stack, i) => {
      const wire = new Wire(environment, stack.name, medium, MTU, this.mac, theirs);
      const { address, prefixLength } = ADDRESSES[i]!;
      stack.addInterface('ETH', wire, {
        address: stack.family.parse(address)!,
        prefixLength,
        mtu: MTU,
        autoconfigure: false,
      });
      stack.start();
      wire.onFrame = (_, bytes) => void this.#sent.push(bytes);
      return wire;
    });
    this.#clock.advance(10 * SECOND);
    for (const stack of this.#stacks) this.#serve(stack);
    this.#sent.length = 0;
  }

  #serve(stack: Stack): void {
    const { any } = stack.family;
    const handler = {
      message: (data: Uint8Array) => void this.#delivered.push(data.length),
      error: () => {},
      closed: () => {},
    };
    const listener = stack.tcp.listen(any, OPEN, { accept: () => {} });
    const socket = stack.udp.bind(any, BOUND, { handler });
    if (isFailure(listener) || isFailure(socket)) throw new Error('the servers did not come up');
  }

  give(packet: Bytes): Bytes[] {
    if (this.#wires[0]!.medium === 'ethernet') for (const frame of introductions(this.mac)) this.#give(frame);
    this.#clock.advance(this.#clock.now + WHILE);
    this.#sent.length = 0;
    this.#give(packet);
    this.#clock.advance(this.#clock.now + WHILE);
    const answers = this.#sent.splice(0);
    this.#clock.advance(this.#clock.now + PAUSE);
    return answers;
  }

  #give(packet: Bytes): void {
    this.#wireFor(packet).inject(packet, false);
  }

  /** By the EtherType, as a segment would; a bare packet by its version. The other stack would only count it. */
  #wireFor(packet: Bytes): Wire {
    const [four, six] = this.#wires as readonly [Wire, Wire];
    const isSix = four.medium === 'ethernet' ? u16(packet, 12) === 0x86dd : (packet[0] ?? 0) >> 4 === 6;
    return isSix ? six : four;
  }

  delivered(): number[] {
    return this.#delivered.splice(0);
  }

  close(): void {
    for (const stack of this.#stacks) stack.stop();
  }
}
