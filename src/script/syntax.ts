/** A packetdrill script as read: what happens when, and what must be seen. Numbers are as written; times are µs. */

/** From 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Script {
  readonly file: string;
  /** The script's lines, for messages. */
  readonly lines: readonly string[];
  readonly options: readonly Option[];
  /** Of a comment `// Linux differs: why`: played to the kernel, the script is not expected to hold. */
  readonly linuxDiffers: string | undefined;
  /** Of a comment `// Not coupled: why`: the script is about what a couple does otherwise. */
  readonly notCoupled: string | undefined;
  /** Shell lines before the first event and after the last. */
  readonly init: Shell | undefined;
  readonly events: readonly Event[];
  readonly cleanup: Shell | undefined;
}

/** `--name=value`, or `--name` (value undefined). */
export interface Option {
  readonly at: Place;
  readonly name: string;
  readonly value: string | undefined;
}

/** `relative`: from when the event before really happened. Of a single time `from` and `to` are equal. */
export type Time =
  | { readonly kind: 'any' }
  | { readonly kind: 'absolute' | 'relative'; readonly from: number; readonly to: number };

export interface Event {
  readonly at: Place;
  readonly time: Time;
  /** Of a blocking call: when it must return, measured as `time` is. */
  readonly end: number | undefined;
  readonly action: Action;
}

export type Action = PacketLine | Call | Shell | Code | Foreign;

/** What the language has and this project has not: the script is inconclusive from here on. */
export interface Foreign {
  readonly kind: 'foreign';
  readonly at: Place;
  readonly why: string;
}

export interface Shell {
  readonly kind: 'shell';
  readonly at: Place;
  readonly text: string;
}

export interface Code {
  readonly kind: 'code';
  readonly at: Place;
  readonly text: string;
}

export type Direction = 'in' | 'out';

/** Undefined: not given, so not checked when it goes out, and the usual when it comes in. */
export interface IpFields {
  readonly ecn: 'ect0' | 'ect1' | 'ect01' | 'ce' | 'noecn' | undefined;
  readonly tos: number | undefined;
  readonly flowLabel: number | undefined;
  readonly ttl: number | undefined;
  readonly lies?: Lies;
}

/** What is wrong with a packet that no honest peer sends; lies.ts. */
export interface Lies {
  /** The TCP checksum is not that of the segment. */
  readonly badChecksum?: boolean;
  /** Source address and port are those of the destination. */
  readonly land?: boolean;
  /** The header says that it has so many words of four bytes. */
  readonly dataOffset?: number;
  /** So many bytes of the segment are all there is. */
  readonly runt?: number;
  /** The length in the IP header is off by this many bytes. */
  readonly length?: number;
}

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly length: number;
}

export type PacketLine = {
  readonly kind: 'packet';
  readonly at: Place;
  readonly direction: Direction;
  readonly ip: IpFields;
} & (TcpPacket | UdpPacket | IcmpPacket);

export interface TcpPacket {
  readonly protocol: 'tcp';
  /** Undefined: those of the connection. */
  readonly ports: { readonly source: number; readonly destination: number } | undefined;
  /** Bits of the thirteenth byte and of the NS/AE bit (0x100). */
  readonly flags: number;
  readonly sequence: Span;
  readonly ack: number | undefined;
  readonly window: number | undefined;
  readonly urgent: number | undefined;
  /** `any` for `<...>`. */
  readonly options: readonly TcpOption[] | 'any';
}

export type TcpOption =
  | { readonly kind: 'nop' | 'eol' | 'sackOK' }
  /** `uto 90s`, `uto 5m`: RFC 5482 §3.2. */
  | { readonly kind: 'uto'; readonly value: number; readonly isMinutes: boolean }
  /** `raw 0200`: the bytes as they stand, kind and length among them. */
  | { readonly kind: 'raw'; readonly bytes: Uint8Array }
  | { readonly kind: 'mss' | 'wscale'; readonly value: number }
  | { readonly kind: 'sack'; readonly blocks: readonly (readonly [number, number])[] }
  | { readonly kind: 'TS'; readonly value: number; readonly echo: number }
  | { readonly kind: 'FO' | 'FOEXP' | 'md5'; readonly bytes: Uint8Array }
  /** RFC 9768 §3.2.3: the counters in the order in which they stand. */
  | { readonly kind: 'ECN'; readonly counters: readonly (readonly [string, number])[] };

export interface UdpPacket {
  readonly protocol: 'udp';
  readonly ports: { readonly source: number; readonly destination: number } | undefined;
  readonly length: number;
}

export interface IcmpPacket {
  readonly protocol: 'icmp';
  readonly type: string;
  readonly code: string | undefined;
  readonly mtu: number | undefined;
  readonly id: number | undefined;
  /** What the packet in question held: TCP sequence numbers, or the length of a datagram. */
  readonly quoted: Span | { readonly udp: number } | { readonly raw: number } | undefined;
}

export interface Call {
  readonly kind: 'call';
  readonly at: Place;
  readonly name: string;
  readonly arguments: readonly Value[];
  readonly result: Value;
  /** `EAGAIN` of `= -1 EAGAIN (Resource temporarily unavailable)`. */
  readonly errno: string | undefined;
}

/** An argument of a call, or its result. */
export type Value = { readonly at: Place } & (
  | { readonly kind: 'ellipsis' }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  /** Names joined by `|`. */
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'struct'; readonly fields: ReadonlyMap<string, Value> }
  | { readonly kind: 'apply'; readonly name: string; readonly arguments: readonly Value[] }
);
