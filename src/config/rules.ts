/** Every rule that a finding may cite: severity unless the finding says otherwise, and the sentence of the rules page. */
import type { Severity } from './deck.ts';

interface Rule {
  readonly severity: Severity;
  readonly text: string;
}

const error = (text: string): Rule => ({ severity: 'error', text });
const warning = (text: string): Rule => ({ severity: 'warning', text });
const note = (text: string): Rule => ({ severity: 'note', text });

const table = {
  TW1001: error('A deck is text; a file with NUL bytes is not.'),
  TW1002: error('A deck contains at least one statement.'),
  TW1003: error('A deck is UTF-8 (plain ASCII is).'),
  TW1004: error(
    'Control characters and blanks that are not the ordinary blank have no place in a statement.',
  ),
  TW1005: warning('Statements of the model end at column 80, where a card ends.'),
  TW1006: error('A statement has at most 256 columns.'),
  TW1007: note('Columns 73-80 of a line of exactly 80 columns that end in a sequence number are not read.'),
  TW1008: note(
    'Only the first 100 findings are shown; this one counts the others and has the severity of the worst.',
  ),
  TW1009: error('A deck has at most 4 MiB.'),

  TW1101: error('A statement belongs to a program that // EXEC named before.'),
  TW1102: error(
    'The program of // EXEC is in the table; one that resembles none of ours is skipped with a warning.',
  ),
  TW1103: error('A card that begins with // is a job control statement.'),
  TW1104: error('Job control statements have their operands.'),
  TW1105: note('/+ ends a member that CATALOG began.'),
  TW1106: error('A member ends with /+, in-stream data with /*.'),
  TW1107: note('ON, IF and GOTO are not carried out; every step is read.'),
  TW1108: note(
    'Members that * $$ SLI includes are not read; in the middle of statements that matters (warning).',
  ),
  TW1109: warning('A card that begins with * $$ is one of the JECL statements of POWER.'),
  TW1110: note('Cards for a program that has no statements here are not read.'),

  TW1111: error(
    'Job control cards begin in column 1; a file where they do not is read up to the first one only.',
  ),
  TW1112: error('A comment has * in column 1.'),

  TW1201: error('The first word of a card is a statement of the program.'),
  TW1202: error('A statement stands in a deck of a program that knows it.'),
  TW1203: error('A statement has all its operands.'),
  TW1204: error('A statement has no further operands.'),
  TW1205: error('An operand has the form that the statement asks for.'),
  TW1206: error('A number is within its range.'),
  TW1207: error('A keyword is one of those that the statement knows.'),
  TW1208: error('A port is 0 to 65535, and 1 to 65535 where something listens or connects.'),
  TW1209: error('An address is well-formed.'),
  TW1210: error('An address belongs to the family of the stack.'),
  TW1211: error('The ones of a mask are all in front.'),
  TW1212: error('A mask is well-formed and fits the family.'),
  TW1213: note(
    'An operand of dots only is a placeholder: the statement is not used, and the deck cannot run before it is filled in.',
  ),
  TW1214: error('An option is given once in a statement.'),
  TW1220: error('A program that uses a stack has an ID card, or // OPTION SYSPARM where that is enough.'),
  TW1221: error('ID is the first statement.'),
  TW1222: error('Some statements may stand only once in a step.'),
  TW1223: warning('Without ATTACH a stack, TN3270E server, FTP server or TWINSERV does not become active.'),
  TW1224: warning('ATTACH is the last statement; only AT and SEGMENT may follow.'),

  TW2101: error('A device is defined once in a stack.'),
  TW2102: error('A device has one LINK for each adapter number.'),
  TW2103: warning('A route is given once: the same destination, mask, gateway and device.'),
  TW2104: error('A gateway is inside the network of a link, or of a direct route over its device.'),
  TW2105: error('A gateway is another host, not an address of the same stack.'),
  TW2106: error(
    'A gateway is the address of one host: no multicast, loopback, network or broadcast address.',
  ),
  TW2107: error('LINK names a DEVICE of the same stack.'),
  TW2108: error('DEVICE stands before its LINK.'),
  TW2109: error('ROUTE names a device of the same stack that has a LINK or AUTOCONF.'),
  TW2110: error('The MTU of a link is 576 (IPv4) or 1280 (IPv6) to 65535.'),
  TW2111: error(
    'The address of a link is neither the first nor the last of its network (IPv6: not the first).',
  ),
  TW2112: error('The address of a link is a unicast address of one host.'),
  TW2113: warning('The networks of two links of a stack do not overlap.'),
  TW2114: error('A stack has an address once.'),
  TW2115: warning('A host name is given once; the first card counts.'),
  TW2116: warning('A name server is given once.'),
  TW2117: warning('A device has a LINK, or it carries nothing.'),
  TW2118: error('A MAC address is that of one adapter: not zero, no group bit.'),
  TW2119: warning('In a default route destination and mask are both zero.'),
  TW2120: error('A stack has at most 256 links.'),
  TW2121: error('A router advertises; a stack without FORWARD ON is none (RFC 4861 section 6.2.2).'),
  TW2122: warning(
    'A prefix that is advertised has 64 bits, or hosts do not use it (RFC 4862 section 5.5.3).',
  ),
  TW2123: error('A route has the name of a device, or * and a TYPE that ends packets, and then no gateway.'),
  TW2124: warning('WEIGHT stands on routes with a gateway, which may share the flows.'),
  TW2125: error('ADVPREFIX, ADVROUTE, ADVDNS and ADVSRCH name a device that has ADVERTISE.'),
  TW2126: error('A SECRET of stable addresses has 16 bytes at least (RFC 7217 section 5).'),

  TW2201: error('A stack id is used once over all decks.'),
  TW2202: error('COUPLE names another stack.'),
  TW2203: note('The stack that COUPLE names is in the decks; else the stack runs alone.'),
  TW2204: error('COUPLE names an IPv4 stack.'),
  TW2205: error('COUPLE stands in the deck of the IPv6 stack.'),
  TW2206: error('An interface of the kernel belongs to one device.'),
  TW2207: error('An address is used once on a segment.'),
  TW2208: error('A MAC address is used once on a segment.'),
  TW2209: note('Stacks have different job names, so that the operator can address each.'),
  TW2210: warning('The stacks of a segment have the same mask for a network.'),
  TW2211: warning('A gateway that is a stack of the decks has FORWARD ON.'),
  TW2212: note('On a segment of WIRE devices only, a gateway is the address of a stack in the decks.'),
  TW2213: warning(
    'The MTU of a link is at most that of its segment, which drops what is larger without a word.',
  ),

  TW2301: error('A segment is defined once.'),
  TW2302: note('A device stands on a segment that has a SEGMENT card.'),
  TW2303: note(
    'A segment that WIRE names without a SEGMENT card is perfect and instant; it looks like a slip (warning) when one device stands on it and another segment has nearly the same name.',
  ),
  TW2304: error('The action of AT is one of the table.'),
  TW2305: error('AT names a stack of the decks.'),
  TW2306: warning('The target of an action is an address or a name that the stack can look up.'),
  TW2307: error('AT ... LINK, ROUTE, ADDRESS and MTU name a device of the stack.'),
  TW2308: error('AT ... SEGMENT and claims about packets name a segment of the decks.'),
  TW2309: error('AT ... MTU is at most the MTU of the LINK, as the device carries no more.'),
  TW2310: error('EXPECT PATH names stacks of the decks, by job or id.'),
  TW2311: error('EXPECT DROP names a reason for which a stack drops packets.'),
  TW2312: error('The least that a claim asks for is not above its most.'),

  TW3001: note('The stack that a program uses is in the decks.'),
  TW3002: error('A port of a stack has one service.'),
  TW3003: warning('TWINSERV has a SERVICE.'),
  TW3101: error('The FTP server has at most four tasks, SERVER-1 to SERVER-4.'),
  TW3102: warning('The cards of the FTP client end with QUIT.'),
  TW3201: error('BSTTPRXY and BSTTATLS have KEYRING, SECTYPE and a key file.'),
  TW3202: error('PROXY and ATTLS stand behind OPTION SERVER; ATTLS ... TO stands behind OPTION CLIENT.'),
  TW3203: error('BSTTPRXY has exactly one PROXY.'),
} as const;

export type RuleId = keyof typeof table;
export const rules: Readonly<Record<RuleId, Rule>> = table;
