/**
 * `Packet.words` hold what the wire holds in the byte order of this machine. Which functions are meant is settled when
 * this file is loaded: asked for each word, the question would cost more than the work.
 */
export const LITTLE_ENDIAN: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

type OfWord = (word: number) => number;
const low: OfWord = (word) => word & 0xff;
const high: OfWord = (word) => word >>> 8;
const exchange: OfWord = (word) => ((word & 0xff) << 8) | (word >>> 8);
const same: OfWord = (word) => word;

/** A 16-bit word from the wire as a number, or back. */
export const swap: OfWord = LITTLE_ENDIAN ? exchange : same;
export const firstByte: OfWord = LITTLE_ENDIAN ? low : high;
export const secondByte: OfWord = LITTLE_ENDIAN ? high : low;
/** What one in the first or second byte adds to the word. */
export const IN_FIRST_BYTE: number = LITTLE_ENDIAN ? 1 : 0x100;
export const IN_SECOND_BYTE: number = LITTLE_ENDIAN ? 0x100 : 1;
