/** Where a packet would go from here, asked by the steps that packets go by and without sending one. */
import type { Address } from '../address/address.ts';
import type { DropReason } from '../packet/verdict.ts';

export type Decision =
  /** For this host, whose filter lets it in. */
  | { readonly outcome: 'local' }
  | {
      readonly outcome: 'out';
      readonly interfaceIndex: number;
      readonly nextHop: Address;
      /** Bytes of the largest packet that leaves whole; for packets of this host lowered by path MTU discovery. */
      readonly mtu: number;
    }
  | { readonly outcome: 'dropped'; readonly reason: DropReason; readonly cause?: string };
