/** Bytes by hand. Nothing here comes from `stacks/`: what judges the stack shares no code with it. */

export type Bytes = Uint8Array;

export function join(...parts: readonly (Bytes | readonly number[])[]): Bytes {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export function u16(value: number): number[] {
  return [(value >>> 8) & 255, value & 255];
}

export function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value & 0xffff)];
}

export function get16(bytes: Bytes, at: number): number {
  return bytes[at]! * 256 + bytes[at + 1]!;
}

export function get32(bytes: Bytes, at: number): number {
  return get16(bytes, at) * 65_536 + get16(bytes, at + 2);
}

/** `length` bytes that count upwards from `from`. */
export function data(length: number, from = 0): Bytes {
  return Uint8Array.from({ length }, (_, i) => (from + i) & 255);
}

/** The Internet checksum as RFC 1071 §1 words it: the complement of the sum of 16-bit words with end-around carry. */
export function checksum(...parts: readonly (Bytes | readonly number[])[]): number {
  const all = join(...parts);
  let sum = 0;
  for (let i = 0; i < all.length; i += 2) sum += all[i]! * 256 + (all[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum % 65_536) + Math.floor(sum / 65_536);
  return 0xffff - sum;
}

export function isIpv6(text: string): boolean {
  return text.includes(':');
}

/** 4 or 16 bytes of an address in text. */
export function address(text: string): Bytes {
  if (!isIpv6(text)) return Uint8Array.from(text.split('.').map(Number));
  const [head, tail] = text.split('::');
  const words = (part: string | undefined): number[] =>
    part === undefined || part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const front = words(head);
  const back = words(tail);
  const gap = new Array<number>(8 - front.length - back.length).fill(0);
  return join(...[...front, ...gap, ...back].map(u16));
}

/** The text of an address, IPv6 with the first longest run of zeros shortened. */
export function text(bytes: Bytes): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, i) => get16(bytes, 2 * i).toString(16));
  const runs = [...`:${words.join(':')}:`.matchAll(/(?::0)+(?=:)/g)].sort(
    (a, b) => b[0].length - a[0].length,
  );
  const longest = runs[0]?.[0] ?? '';
  if (longest.length < 4) return words.join(':');
  const whole = `:${words.join(':')}:`.replace(`${longest}:`, '::');
  return whole.replace(/^:(?!:)/, '').replace(/(?<!:):$/, '');
}

export function macText(bytes: Bytes): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

export function mac(text: string): Bytes {
  return Uint8Array.from(text.split(':').map((byte) => Number.parseInt(byte, 16)));
}

/** ff02::1:ffxx:xxxx of an address (RFC 4291 §2.7.1). */
export function solicitedNode(of: string): string {
  return text(join(address('ff02::1:ff00:0').subarray(0, 13), address(of).subarray(13)));
}
