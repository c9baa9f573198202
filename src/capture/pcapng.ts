/**
 * Captures as pcapng, for Wireshark and everything that reads its files.
 *
 * Read first: draft-ietf-opsawg-pcapng ("PCAP Now Generic"), §3 (blocks), §4.1 (section header), §4.2 (interface
 * description), §4.3 (enhanced packet). Blocks are complete when they are handed to the sink, so a capture that ends
 * in the middle of a run is a capture of what came before.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Option codes, §3.5, §4.1, §4.2. */
const OPT_COMMENT = 1;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_TSRESOL = 9;

/** LINKTYPE_ETHERNET and LINKTYPE_RAW (IPv4 or IPv6, as the version says). */
const LINKTYPE: { readonly ethernet: number; readonly ip: number } = { ethernet: 1, ip: 101 };

/** Time stamps are powers of ten: 10^-6 s, as the clock counts. */
const MICROSECONDS = 6;

export interface CaptureOptions {
  /** Seconds since 1970-01-01 at time 0 of the clock. Default 0: virtual time has no date. */
  readonly epoch?: number;
}

/** Writes one section: links as they are named, then their packets, in any order. */
export class Capture {
  readonly #sink: (bytes: Uint8Array) => void;
  /** µs */
  readonly #epoch: number;
  #links = 0;

  /** `sink` gets whole blocks, each in memory of its own. */
  constructor(sink: (bytes: Uint8Array) => void, options: CaptureOptions = {}) {
    this.#sink = sink;
    this.#epoch = Math.round((options.epoch ?? 0) * 1_000_000);
    const block = new Block(SECTION_HEADER, 16 + optionBytes('twinstack'));
    block.u32(BYTE_ORDER_MAGIC);
    block.u16(1); // version 1.0
    block.u16(0);
    block.u32(0xffffffff); // section length: not known
    block.u32(0xffffffff);
    block.option(SHB_USERAPPL, 'twinstack');
    this.#sink(block.finish());
  }

  /** Describes a link; the number names it in `packet`. */
  link(name: string, medium: 'ethernet' | 'ip'): number {
    const block = new Block(INTERFACE_DESCRIPTION, 8 + optionBytes(name) + 8);
    block.u16(LINKTYPE[medium]);
    block.u16(0);
    block.u32(0); // snap length: no limit
    block.option(IF_NAME, name);
    block.option(IF_TSRESOL, Uint8Array.of(MICROSECONDS));
    this.#sink(block.finish());
    return this.#links++;
  }

  /**
   * One packet in full. `time`: µs of the clock.
   * @throws RangeError for a link that was not described
   */
  packet(link: number, time: number, bytes: Uint8Array, comment?: string): void {
    if (link < 0 || link >= this.#links) throw new RangeError(`link ${link} was not described`);
    const stamp = this.#epoch + Math.floor(time);
    const options = comment === undefined ? 0 : optionBytes(comment);
    const block = new Block(ENHANCED_PACKET, 20 + padded(bytes.length) + options);
    block.u32(link);
    block.u32(Math.floor(stamp / 0x1_0000_0000));
    block.u32(stamp % 0x1_0000_0000);
    block.u32(bytes.length);
    block.u32(bytes.length);
    block.bytes(bytes);
    if (comment !== undefined) block.option(OPT_COMMENT, comment);
    this.#sink(block.finish());
  }
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** An option with its header, and the end of options behind it. */
function optionBytes(value: string): number {
  return 4 + padded(Buffer.byteLength(value)) + 4;
}

/** A block being filled: §3.1, little-endian, padded to 32 bits, its length at both ends. */
class Block {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #hasOptions = false;

  /** `body`: bytes between the two lengths. */
  constructor(type: number, body: number) {
    this.#bytes = new Uint8Array(12 + body);
    this.#view = new DataView(this.#bytes.buffer);
    this.u32(type);
    this.u32(this.#bytes.length);
  }

  u16(value: number): void {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  u32(value: number): void {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  bytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += padded(bytes.length);
  }

  option(code: number, value: string | Uint8Array): void {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    this.u16(code);
    this.u16(bytes.length);
    this.bytes(bytes);
    this.#hasOptions = true;
  }

  finish(): Uint8Array {
    if (this.#hasOptions) this.u32(0); // opt_endofopt
    this.u32(this.#bytes.length);
    return this.#bytes;
  }
}

export interface FileSink {
  write(bytes: Uint8Array): void;
  /** @throws Error when anything could not be written, except that the reader of a pipe went away */
  close(): void;
}

/** What is lost at most when the process is killed in the middle of a run that never returns to the event loop. */
const CHUNK_BYTES = 64 << 10;

/** Between attempts to write into a pipe that is full. */
const PIPE_PAUSE_MS = 1;

/**
 * A file, or standard output for `-`. Blocks are gathered into chunks and written when a chunk is full and whenever
 * the event loop comes round, each chunk in one call, so the file ends between blocks at any time.
 * @throws Error (ENOENT, EACCES, ...) when the file cannot be opened
 */
export function fileSink(path: string): FileSink {
  const fd = path === '-' ? 1 : openSync(path, 'w');
  let chunk: Uint8Array[] = [];
  let bytes = 0;
  let failure: NodeJS.ErrnoException | undefined;
  let due: NodeJS.Immediate | undefined;

  const flush = (): void => {
    clearImmediate(due);
    due = undefined;
    const whole = Buffer.concat(chunk);
    chunk = [];
    bytes = 0;
    try {
      if (failure === undefined) writeAll(fd, whole);
    } catch (error) {
      // Kept for `close`: frames are traced on the packet path, where nothing is thrown.
      failure = error as NodeJS.ErrnoException;
    }
  };

  return {
    write(block) {
      if (bytes > 0 && bytes + block.length > CHUNK_BYTES) flush();
      chunk.push(block);
      bytes += block.length;
      due ??= setImmediate(flush);
    },
    close() {
      flush();
      if (fd !== 1) closeSync(fd);
      if (failure !== undefined && failure.code !== 'EPIPE') throw failure;
    },
  };
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      // Standard output is a pipe that does not block and is full.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_PAUSE_MS);
    }
  }
}
