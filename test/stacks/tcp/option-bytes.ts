/** Options as bytes, each padded to words. */

export function mssOption(mss: number): number[] {
  return [2, 4, mss >> 8, mss & 0xff];
}
export function sackPermitted(): number[] {
  return [1, 1, 4, 2];
}
export function scaleOption(shift: number): number[] {
  return [1, 3, 3, shift];
}
function word(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
export function timestampOption(value: number, echo: number): number[] {
  return [1, 1, 8, 10, ...word(value), ...word(echo)];
}
export function sackOption(...blocks: [number, number][]): number[] {
  return [
    1,
    1,
    5,
    2 + 8 * blocks.length,
    ...blocks.flatMap(([start, end]) => [...word(start), ...word(end)]),
  ];
}
