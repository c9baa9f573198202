// Content of any length from a seed, at any offset: the key stream of AES-128-CTR.
import { createCipheriv, createHash } from 'node:crypto';

const CHUNK = 64 * 1024;
const BLOCK = 16;

/** Yields `length` bytes of the content of `seed` from `offset` (a multiple of 16) on. */
export function* content(seed, offset, length) {
  if (offset % BLOCK !== 0) throw new RangeError(`offset ${offset} is not a multiple of ${BLOCK}`);
  const key = createHash('sha256').update(`content ${seed}`).digest().subarray(0, 16);
  const counter = Buffer.alloc(BLOCK);
  counter.writeBigUInt64BE(BigInt(offset / BLOCK), 8);
  const stream = createCipheriv('aes-128-ctr', key, counter);
  const zeros = Buffer.alloc(CHUNK);
  for (let left = length; left > 0; left -= CHUNK)
    yield stream.update(left < CHUNK ? zeros.subarray(0, left) : zeros);
}

/** SHA-256 of it, in hex. */
export function contentHash(seed, offset, length) {
  const hash = createHash('sha256');
  for (const chunk of content(seed, offset, length)) hash.update(chunk);
  return hash.digest('hex');
}
