import { describe, expect, it } from 'vitest';
import { readVnetHeader, VNET_HEADER, writeVnetHeader } from '../../../devices/tun/vnet-header.ts';
import { PARTIAL, type Packet, UNKNOWN, VERIFIED } from '../../../stacks/packet/packet.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';

const pool = new PacketPool();

/** An IP packet of `length` bytes behind `link` bytes of a frame, TCP or UDP at `transport`. */
function packet(link: number, version: 4 | 6, length: number): Packet {
  const made = pool.take(link + length)!;
  made.bytes.fill(0, made.start - VNET_HEADER, made.end);
  made.setU8(made.start + link, version << 4);
  return made;
}

function header(of: Packet): number[] {
  return [...of.bytes.subarray(of.start - VNET_HEADER, of.start)];
}

describe('the header before a packet', () => {
  it('is empty for a packet with nothing left to do', () => {
    const plain = packet(0, 4, 100);
    plain.bytes.fill(0xff, plain.start - VNET_HEADER, plain.start);
    writeVnetHeader(plain, 0);
    expect(header(plain)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(readVnetHeader(plain, 0)).toBe(true);
    expect(plain).toMatchObject({ checksum: UNKNOWN, segmentSize: 0 });
  });

  it.each([
    { name: 'TCP over IPv4', link: 0, version: 4, ip: 20, field: 16, transport: 32, type: 1 },
    { name: 'TCP over IPv6', link: 0, version: 6, ip: 40, field: 16, transport: 32, type: 4 },
    { name: 'TCP over IPv4 in a frame', link: 14, version: 4, ip: 20, field: 16, transport: 20, type: 1 },
    { name: 'UDP over IPv6', link: 0, version: 6, ip: 40, field: 6, transport: 8, type: 5 },
  ] as const)('says how to cut $name, and is read back', ({ link, version, ip, field, transport, type }) => {
    const made = packet(link, version, 9_000);
    const at = made.start + link + ip;
    if (field === 16) made.setU8(at + 12, (transport / 4) << 4);
    made.checksum = PARTIAL;
    made.checksumStart = at;
    made.checksumField = field;
    made.segmentSize = 1_400;
    made.segmentHeaders = ip + transport;
    writeVnetHeader(made, link);
    const start = link + ip;
    expect(header(made)).toEqual([1, type, start + transport, 0, 0x78, 0x05, start, 0, field, 0]);
    made.checksum = UNKNOWN;
    made.segmentSize = made.segmentHeaders = made.checksumStart = made.checksumField = 0;
    expect(readVnetHeader(made, link)).toBe(true);
    expect(made).toMatchObject({
      checksum: PARTIAL,
      checksumStart: at,
      checksumField: field,
      segmentSize: 1_400,
      segmentHeaders: ip + transport,
    });
  });

  it('marks segments of which the first alone keeps CWR (RFC 3168 §6.1.2)', () => {
    const made = packet(0, 4, 3_000);
    Object.assign(made, { checksum: PARTIAL, checksumStart: made.start + 20, checksumField: 16 });
    Object.assign(made, { segmentSize: 1_000, segmentHeaders: 40 });
    made.setU8(made.start + 33, 0x80);
    writeVnetHeader(made, 0);
    expect(header(made)[1]).toBe(0x81);
  });

  it('tells a checksum that was verified', () => {
    const made = packet(0, 4, 100);
    made.setU8(made.start - VNET_HEADER, 2);
    expect(readVnetHeader(made, 0)).toBe(true);
    expect(made.checksum).toBe(VERIFIED);
  });

  it.each([
    ['a checksum behind the end', [1, 0, 0, 0, 0, 0, 90, 0, 16, 0]],
    ['segments without a checksum to complete', [0, 1, 40, 0, 100, 0, 0, 0, 0, 0]],
    ['segments of nothing', [1, 1, 40, 0, 0, 0, 20, 0, 16, 0]],
    ['segments of an unknown protocol', [1, 1, 40, 0, 100, 0, 20, 0, 2, 0]],
    ['segments whose TCP header ends before its checksum', [1, 1, 36, 0, 100, 0, 30, 0, 16, 0]],
    ['segments whose transport header lies in the IP header', [1, 1, 40, 0, 100, 0, 6, 0, 6, 0]],
    ['headers that fill the packet', [1, 1, 40, 0, 100, 0, 60, 0, 16, 0]],
  ])('is refused with %s', (_, bytes) => {
    const made = packet(0, 4, 100);
    made.setU8(made.start + 20 + 12, 0x50);
    made.setU8(made.start + 30 + 12, 0x40);
    made.setU8(made.start + 60 + 12, 0xf0);
    made.bytes.set(bytes, made.start - VNET_HEADER);
    expect(readVnetHeader(made, 0)).toBe(false);
  });
});
