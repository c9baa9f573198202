export function content(seed: number, offset: number, length: number): Generator<Buffer>;
export function contentHash(seed: number, offset: number, length: number): string;
