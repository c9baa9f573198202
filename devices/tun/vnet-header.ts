/**
 * What stands before every packet that crosses a TUN with IFF_VNET_HDR: what the kernel (without that flag plain.c)
 * shall do with it, or has not done yet. Virtual I/O Device (VIRTIO) 1.2 §5.1.6 (struct virtio_net_hdr), little-endian:
 *
 *  0     1        2         4          6            8              10
 *  +-----+--------+---------+----------+------------+--------------+
 *  |flags|gso_type| hdr_len | gso_size | csum_start | csum_offset  |
 *  +-----+--------+---------+----------+------------+--------------+
 *
 * Offsets count from the first byte behind it: of the IP packet (TUN), of the frame (TAP).
 */
import { PARTIAL, type Packet, UNKNOWN, VERIFIED } from '../../stacks/packet/packet.ts';

export const VNET_HEADER = 10;

/** TUNSETOFFLOAD of linux/if_tun.h. The constants for UDP came with Linux 6.2. */
const CHECKSUM = 0x01;
const TSO4 = 0x02;
const TSO6 = 0x04;
const USO4 = 0x20;
const USO6 = 0x40;

/** What is asked for, most first: a kernel refuses the whole mask for one bit that it does not know. */
export const OFFLOADS: readonly number[] = [CHECKSUM | TSO4 | TSO6 | USO4 | USO6, CHECKSUM | TSO4 | TSO6];

const NEEDS_CSUM = 1;
const DATA_VALID = 2;

const GSO_NONE = 0;
const GSO_TCPV4 = 1;
const GSO_TCPV6 = 4;
const GSO_UDP_L4 = 5;
/** The first segment alone keeps CWR (RFC 3168 §6.1.2). */
const GSO_ECN = 0x80;

/** Where TCP and UDP have their checksum: that tells one from the other. */
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const UDP_HEADER = 8;
const TCP_HEADER = 20;
/** No IP header is shorter, so no transport header begins before. */
const LEAST_IP_HEADER = 20;
const TCP_DATA_OFFSET = 12;
const TCP_FLAGS = 13;
const CWR = 0x80;

/**
 * Takes over what the header before `packet.start` says; `link` bytes of it are a frame's. False for what no kernel
 * sends: offsets outside the packet, or segments to be cut whose checksum cannot be completed or whose headers are
 * shorter than any.
 */
export function readVnetHeader(packet: Packet, link: number): boolean {
  const { bytes, start } = packet;
  const at = start - VNET_HEADER;
  const flags = bytes[at]!;
  const type = bytes[at + 1]! & ~GSO_ECN;
  packet.segmentSize = 0;
  if ((flags & NEEDS_CSUM) === 0) {
    packet.checksum = (flags & DATA_VALID) === 0 ? UNKNOWN : VERIFIED;
    return type === GSO_NONE;
  }
  packet.checksum = PARTIAL;
  packet.checksumStart = start + u16(bytes, at + 6);
  packet.checksumField = u16(bytes, at + 8);
  if (packet.checksumStart + packet.checksumField + 2 > packet.end) return false;
  if (type === GSO_NONE) return true;
  const transport = packet.checksumStart;
  let header = UDP_HEADER;
  if (packet.checksumField === TCP_CHECKSUM) header = (bytes[transport + TCP_DATA_OFFSET]! >> 4) * 4;
  else if (packet.checksumField !== UDP_CHECKSUM) return false;
  // Headers that end before their own checksum would have every segment write it into its data.
  const least = packet.checksumField === TCP_CHECKSUM ? TCP_HEADER : UDP_HEADER;
  if (header < least || transport < start + link + LEAST_IP_HEADER) return false;
  packet.segmentSize = u16(bytes, at + 4);
  packet.segmentHeaders = transport + header - start - link;
  return packet.segmentSize > 0 && transport + header < packet.end;
}

/** Writes the header before `packet.start`; `link` bytes of the packet are a frame's. */
export function writeVnetHeader(packet: Packet, link: number): void {
  const { bytes, start } = packet;
  const at = start - VNET_HEADER;
  for (let i = at; i < start; i++) bytes[i] = 0;
  if (packet.checksum === VERIFIED) bytes[at] = DATA_VALID;
  if (packet.checksum !== PARTIAL) return;
  bytes[at] = NEEDS_CSUM;
  setU16(bytes, at + 6, packet.checksumStart - start);
  setU16(bytes, at + 8, packet.checksumField);
  if (packet.segmentSize === 0) return;
  bytes[at + 1] = segmentType(packet, link);
  setU16(bytes, at + 2, packet.segmentHeaders + link);
  setU16(bytes, at + 4, packet.segmentSize);
}

function segmentType(packet: Packet, link: number): number {
  if (packet.checksumField === UDP_CHECKSUM) return GSO_UDP_L4;
  const type = packet.bytes[packet.start + link]! >> 4 === 4 ? GSO_TCPV4 : GSO_TCPV6;
  return (packet.bytes[packet.checksumStart + TCP_FLAGS]! & CWR) === 0 ? type : type | GSO_ECN;
}

function u16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

function setU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}
