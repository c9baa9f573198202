import type { Address } from './address.ts';

/** All that differs between the families as far as the transports and the tables are concerned (law 5). */
export interface Family {
  readonly name: 'IPv4' | 'IPv6';
  readonly version: 4 | 6;
  /** Bits of an address: 32 or 128. */
  readonly bits: 32 | 128;
  /** Bytes of an address on the wire: 4 or 16. */
  readonly addressBytes: 4 | 16;
  /** Bytes of the IP header without options or extension headers. */
  readonly headerBytes: 20 | 40;
  /** Largest IP payload: a total length of 65,535 holds the header (RFC 791 §3.1), a payload length does not (RFC 8200 §3). */
  readonly maxPayload: 65515 | 65535;
  /** Zero in the UDP checksum field: no checksum (RFC 768), or an error (RFC 8200 §8.1). */
  readonly udpChecksumRequired: boolean;
  /** Smallest MTU that a link may be given: 576 as the model has it, 1,280 by RFC 8200 §5. */
  readonly minimumMtu: 576 | 1280;
  /** MSS when the peer names none: RFC 9293 §3.7.1. */
  readonly defaultMss: 536 | 1220;
  readonly any: Address;
  readonly loopback: Address;
  /** The group that every host belongs to without joining: RFC 1112 §4, RFC 4291 §2.7.1. */
  readonly allHosts: Address;

  /** Fills `into` from the wire; `zone` becomes 0. */
  read(bytes: Uint8Array, at: number, into: Address): void;
  write(address: Address, bytes: Uint8Array, at: number): void;
  /** Sum of the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1), to be continued with `addBytes`. */
  pseudoHeader(source: Address, destination: Address, protocol: number, length: number): number;
  isMulticast(address: Address): boolean;
  isLoopback(address: Address): boolean;
  /** 169.254/16, fe80::/10. */
  isLinkLocal(address: Address): boolean;
  /** Is `address` inside `network`/`prefixLength`? */
  matches(address: Address, network: Address, prefixLength: number): boolean;
  /** `address` with the host bits cleared. */
  network(address: Address, prefixLength: number): Address;
  /** Canonical text (RFC 5952 for IPv6); a zone is not printed, because only the stack knows its name. */
  format(address: Address): string;
  /** Strict text form without a zone; undefined when it is not one. */
  parse(text: string): Address | undefined;
}
