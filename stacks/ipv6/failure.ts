import type { ErrorCode, Failure } from '../address/network.ts';

export function failure(code: ErrorCode, cause: string): Failure {
  return { code, cause };
}
