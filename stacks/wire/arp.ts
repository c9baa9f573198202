/**
 * ARP for IPv4 over Ethernet: RFC 826, RFC 5227 §1.1.
 *
 *  0      2      4    5    6      8               14          18              24          28
 *  +------+------+----+----+------+----------------+-----------+----------------+-----------+
 *  | htype| ptype|hlen|plen|  op  | sender MAC     | sender IP | target MAC     | target IP |
 *  +------+------+----+----+------+----------------+-----------+----------------+-----------+
 */
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import { ETHERTYPE_IPV4, isStation, MAC_BYTES } from './ethernet.ts';

export const ARP_BYTES = 28;
export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;
const HTYPE_ETHERNET = 1;
const OPERATION = 6;
const SENDER_MAC = 8;
const SENDER_IP = 14;
const TARGET_MAC = 18;
const TARGET_IP = 24;

/** Validates the packet at `packet.start`; padding behind it is allowed. */
export function checkArp(packet: Packet): DropReason | undefined {
  const at = packet.start;
  if (packet.length < ARP_BYTES) return 'runt';
  const op = packet.u16(at + OPERATION);
  const fits =
    packet.u16(at) === HTYPE_ETHERNET &&
    packet.u16(at + 2) === ETHERTYPE_IPV4 &&
    packet.u8(at + 4) === MAC_BYTES &&
    packet.u8(at + 5) === 4 &&
    (op === ARP_REQUEST || op === ARP_REPLY) &&
    isStation(packet, at + SENDER_MAC);
  return fits ? undefined : 'bad-arp';
}

export function arpOperation(packet: Packet): number {
  return packet.u16(packet.start + OPERATION);
}
export function arpSenderMac(packet: Packet): Uint8Array {
  return packet.copy(packet.start + SENDER_MAC, packet.start + SENDER_MAC + MAC_BYTES);
}
export function arpSender(packet: Packet): number {
  return packet.i32(packet.start + SENDER_IP);
}
export function arpTarget(packet: Packet): number {
  return packet.i32(packet.start + TARGET_IP);
}

/** Fills `ARP_BYTES` at `packet.start`; a target MAC that is not known is zero. */
export function writeArp(
  packet: Packet,
  operation: number,
  senderMac: Uint8Array,
  sender: number,
  targetMac: Uint8Array | undefined,
  target: number,
): void {
  const at = packet.start;
  packet.setU16(at, HTYPE_ETHERNET);
  packet.setU16(at + 2, ETHERTYPE_IPV4);
  packet.setU8(at + 4, MAC_BYTES);
  packet.setU8(at + 5, 4);
  packet.setU16(at + OPERATION, operation);
  packet.bytes.set(senderMac, at + SENDER_MAC);
  packet.setI32(at + SENDER_IP, sender);
  packet.bytes.fill(0, at + TARGET_MAC, at + TARGET_IP);
  if (targetMac !== undefined) packet.bytes.set(targetMac, at + TARGET_MAC);
  packet.setI32(at + TARGET_IP, target);
}
