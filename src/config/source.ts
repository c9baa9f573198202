/** A file as it comes: bytes to text, or the finding that it is no text. */
import { splitLines } from './card.ts';
import type { Report } from './report.ts';

export interface SourceFile {
  readonly name: string;
  readonly text: string | Uint8Array;
}

/** A deck of a thousand stacks fits into it; larger is a mistake, such as a capture named instead of a deck. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** Undefined, and reported, when the file is no deck. A byte order mark is dropped. */
export function decode(file: SourceFile, report: Report): string | undefined {
  const start = { text: ' ', at: { file: file.name, line: 1, column: 1 } };
  if (file.text.length > MAX_FILE_BYTES) {
    report.add('TW1009', start, `file of ${file.text.length} bytes`, { label: `at most ${MAX_FILE_BYTES}` });
    return undefined;
  }
  const nul = typeof file.text === 'string' ? file.text.indexOf('\0') : file.text.indexOf(0);
  if (nul >= 0) {
    const wide = file.text.length > 1 && nul <= 3;
    report.add('TW1001', start, 'this is a binary file', {
      label: `NUL at offset ${nul}`,
      help: wide ? 'if it is UTF-16, save it as UTF-8' : 'a deck is a text file',
    });
    return undefined;
  }
  if (typeof file.text === 'string') return file.text.replace(/^\ufeff/, '');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(file.text);
  } catch {
    const before = readable(file.text);
    const lines = splitLines(before);
    report.add(
      'TW1003',
      { text: ' ', at: { file: file.name, line: lines.length, column: lines.at(-1)!.length + 1 } },
      'this is not UTF-8',
      { label: 'the first wrong byte', help: 'convert the file to UTF-8; EBCDIC too must be converted' },
    );
    return undefined;
  }
}

/** The text before the first wrong byte; whether a prefix decodes is monotonic, so the place is found by halving. */
function readable(bytes: Uint8Array): string {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (decodePrefix(bytes, middle) === undefined) bad = middle;
    else good = middle;
  }
  return decodePrefix(bytes, good)!;
}

/** An unfinished character at the end is no error yet. */
function decodePrefix(bytes: Uint8Array, length: number): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream: true });
  } catch {
    return undefined;
  }
}

/** For showing lines of a file that may not be text: what is wrong becomes U+FFFD. Cut to what a deck may have. */
export function decodeLoosely(file: SourceFile): string {
  if (typeof file.text === 'string') return file.text.replace(/^\ufeff/, '').slice(0, MAX_FILE_BYTES);
  return new TextDecoder().decode(file.text.subarray(0, MAX_FILE_BYTES));
}
