import { ARP_BYTES, writeArp } from '../wire/arp.ts';
import { BROADCAST_MAC, ETHERTYPE_ARP } from '../wire/ethernet.ts';
import { type Host, isLinkLocal } from './host.ts';
import type { Ipv4Interface } from './interface.ts';

/** `targetMac` undefined: not known. Nothing is sent when no buffer is free. */
export function sendArp(
  host: Host,
  iface: Ipv4Interface,
  operation: number,
  sender: number,
  targetMac: Uint8Array | undefined,
  target: number,
  to: Uint8Array,
): void {
  const packet = host.take(ARP_BYTES);
  if (packet === undefined) return;
  writeArp(packet, operation, iface.mac!, sender, targetMac, target);
  host.sent(packet, iface);
  // RFC 3927 §2.5: all that a link-local address says is for all, so that conflicts are seen early.
  iface.transmitFrame(packet, isLinkLocal(sender) ? BROADCAST_MAC : to, ETHERTYPE_ARP);
}
