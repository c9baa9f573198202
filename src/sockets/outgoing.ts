/** One write of the application on its way into a connection. */
import type { Failure } from '../../stacks/address/network.ts';
import type { Attachment } from './attachment.ts';

export type Done = (error?: Error | null) => void;

export class Outgoing {
  readonly bytes: Uint8Array;
  readonly done: Done;
  /** Bytes sent. */
  at = 0;
  readonly #owned: boolean;

  /** `owned` bytes are nobody else's; of the others the connection gets copies, because it keeps what it sends. */
  constructor(bytes: Uint8Array, owned: boolean, done: Done) {
    this.bytes = bytes;
    this.#owned = owned;
    this.done = done;
  }

  get isSent(): boolean {
    return this.at === this.bytes.length;
  }

  /** Sends as much as the connection has room for. A failure is that of a connection that is gone, or going. */
  sendBy(attached: Attachment): Failure | undefined {
    const { connection } = attached;
    while (!this.isSent) {
      const { gone } = attached;
      const space = gone === undefined ? connection.sendSpace : 1;
      if (space === 0) return undefined;
      const piece = this.bytes.subarray(this.at, this.at + space);
      const failure = gone?.failure ?? (this.#owned ? connection.send(piece) : connection.sendCopy(piece));
      if (failure !== undefined) return failure;
      this.at += piece.length;
    }
    return undefined;
  }
}
