/** A host that listens to routers, and router advertisements made by hand. */
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import type { InterfaceOptions } from '../../../stacks/stack.ts';
import { address, bytes, environment, frame, Hub, icmpPacket, type Port, STRANGER } from './net.ts';

export interface Alone {
  readonly env: Environment;
  readonly hub: Hub;
  readonly port: Port;
  readonly stack: Ipv6Stack;
}

/** A host without an address, alone on its link; its identifiers come from its MAC unless told otherwise. */
export function host(options: Partial<InterfaceOptions> = {}): Alone {
  const env = environment();
  const hub = new Hub(env, 'ethernet');
  const port = hub.port('host');
  const stack = new Ipv6Stack(env, { id: 1, name: 'HOST' });
  stack.addInterface('LINK', port, { mtu: 1500, identifier: 'eui64', ...options });
  return { env, hub, port, stack };
}

export interface Said {
  readonly from?: string;
  readonly lifetime?: number;
  readonly prefix?: string;
  readonly length?: number;
  readonly flags?: number;
  readonly valid?: number;
  readonly preferred?: number;
  readonly mtu?: number;
  readonly hopLimit?: number;
  readonly preference?: number;
  /** ms */
  readonly reachable?: number;
  readonly retrans?: number;
  /** The source link-layer address option; without it when null. */
  readonly mac?: Uint8Array | null;
  /** Further options. */
  readonly more?: Uint8Array;
}

export const u32 = (value: number): number[] => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];

export function advertise(port: Port, said: Said): void {
  const body = bytes(
    u32(said.reachable ?? 0),
    u32(said.retrans ?? 0),
    said.mac === null ? [] : bytes([1, 1], said.mac ?? STRANGER),
    said.mtu === undefined ? [] : [5, 1, 0, 0, ...u32(said.mtu)],
    said.prefix === undefined
      ? []
      : bytes(
          [3, 4, said.length ?? 64, said.flags ?? 0xc0],
          u32(said.valid ?? 86_400),
          u32(said.preferred ?? said.valid ?? 86_400),
          u32(0),
          address(said.prefix),
        ),
    said.more ?? [],
  );
  const word = ((said.hopLimit ?? 0) << 24) | ((said.preference ?? 0) << 19) | (said.lifetime ?? 1_800);
  const fields = { source: said.from ?? 'fe80::99', destination: 'ff02::1', hopLimit: 255 };
  port.inject(frame(icmpPacket(134, 0, word, body, fields), STRANGER));
}
