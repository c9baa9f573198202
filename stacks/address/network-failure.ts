import type { ErrorCode, Failure, NetworkError } from './network.ts';

/** RFC 1122 §4.1.3.3 and §4.2.3.9 in the codes of POSIX. */
const CODES: Record<NetworkError['kind'], ErrorCode> = {
  'network-unreachable': 'ENETUNREACH',
  'host-unreachable': 'EHOSTUNREACH',
  'protocol-unreachable': 'ECONNREFUSED',
  'port-unreachable': 'ECONNREFUSED',
  prohibited: 'EACCES',
  'too-big': 'EMSGSIZE',
  'time-exceeded': 'EHOSTUNREACH',
  'parameter-problem': 'EPROTO',
  'unknown-error': 'EPROTO',
};

/** What an application is told about an ICMP error. */
export function failureOf(error: NetworkError): Failure {
  const mtu = error.kind === 'too-big' ? ` (next MTU ${error.mtu})` : '';
  return { code: CODES[error.kind], cause: `${error.kind}${mtu}, reported by ${error.reporter}` };
}
