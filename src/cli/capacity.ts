import { renderTable } from './table.ts';

/**
 * The model's storage formula: a partition of 20 MB plus 108 KB for each TCP connection, 4,095 connections at most.
 * The documents call the maximum 460 MB; the formula gives 451.9 MiB, which is what is printed.
 */
export const BASE_MB = 20;
export const KB_PER_CONNECTION = 108;
export const MAX_CONNECTIONS = 4_095;

export interface Capacity {
  readonly connections: number;
  /** KB of connection storage by the model's formula. */
  readonly connectionKb: number;
  /** The partition in MB (MiB), rounded up as the model's example does. */
  readonly partitionMb: number;
  /** The same without rounding. */
  readonly exactMb: number;
}

/** @throws RangeError when `connections` is not a whole number from 0 to 4,095. */
export function capacity(connections: number): Capacity {
  if (!Number.isInteger(connections) || connections < 0 || connections > MAX_CONNECTIONS) {
    throw new RangeError(
      `connections must be a whole number from 0 to ${MAX_CONNECTIONS}, not ${connections}`,
    );
  }
  const connectionKb = connections * KB_PER_CONNECTION;
  const exactMb = BASE_MB + connectionKb / 1024;
  return { connections, connectionKb, partitionMb: Math.ceil(exactMb), exactMb };
}

/** `measured`: bytes of heap of one idle connection with its socket in this build. */
export function capacityText(c: Capacity, measured: number | undefined): string {
  const rows: (string | number)[][] = [['the model: 20 MB + 108 KB each', c.connectionKb, c.partitionMb]];
  if (measured !== undefined) {
    // This build has no partition: a process takes what it needs.
    const kb = Math.ceil((measured * c.connections) / 1_024);
    rows.push([`this build, idle: ${(measured / 1_024).toFixed(1)} KB each`, kb, '-']);
  }
  return renderTable([`${c.connections} CONNECTIONS`, 'THEIR STORAGE, KB', 'PARTITION, MB'], rows);
}
