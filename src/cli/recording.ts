/** `--capture FILE|-`: every frame of every link into a pcapng file while a lab runs. */
import { Capture, fileSink } from '../capture/pcapng.ts';
import type { Lab } from '../lab/lab.ts';
import { FindingError, UsageError } from './exit.ts';

export interface Recording {
  readonly frames: number;
  /** @throws FindingError when the file is not whole. */
  close(): void;
}

/** Where a command prints: standard output, unless the capture goes there. */
export function outputBeside(capture: string | undefined): NodeJS.WriteStream {
  return capture === '-' ? process.stderr : process.stdout;
}

/** @throws UsageError when the file cannot be written. */
export function record(lab: Lab, path: string): Recording {
  let sink: ReturnType<typeof fileSink>;
  try {
    sink = fileSink(path);
  } catch (error) {
    throw new UsageError(`cannot write the capture ${path}: ${(error as Error).message}`);
  }
  const capture = new Capture((bytes) => sink.write(bytes), lab.live ? { epoch: Date.now() / 1_000 } : {});
  const links = new Map<string, number>();
  const recording = {
    frames: 0,
    close(): void {
      try {
        sink.close();
      } catch (error) {
        throw new FindingError(`the capture ${path} is not whole: ${(error as Error).message}`);
      }
    },
  };
  lab.trace.onFrame.push(({ time, link, medium, bytes }) => {
    const index: number = links.get(link) ?? capture.link(link, medium);
    links.set(link, index);
    recording.frames++;
    capture.packet(index, time, bytes);
  });
  return recording;
}
