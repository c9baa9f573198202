/** All topics, in the order of the page. */
import type { Row } from '../table.ts';
import { hostEcho } from './host-echo.ts';
import { hostIpv4 } from './host-ipv4.ts';
import { hostIpv4Addresses } from './host-ipv4-addresses.ts';

export const rows: readonly Row[] = [hostEcho, hostIpv4, hostIpv4Addresses].flatMap((topic) => topic.rows);
