/*
 * What a kernel with IFF_VNET_HDR does, for an interface without it: to the rest of the device both look the same, with a
 * virtio_net_hdr before every packet (vnet-header.ts). Out: a checksum is completed, a super-segment cut. In: TCP
 * segments that continue each other become one super-segment, as in the kernel's GRO. In C since each of these walks over all
 * bytes, and so that JavaScript sees one packet instead of forty.
 *
 * Read first: RFC 1071 (checksum), RFC 791 §3.1, RFC 8200 §3, RFC 9293 §3.1, RFC 768, RFC 3168 §6.1.2 (CWR),
 * RFC 6864 (no identification where nothing is fragmented); stacks/forward/segmentation.ts does the same to cut.
 */
#include "plain.h"
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* virtio_net_hdr, little-endian: flags, gso_type, then 16 bits each */
enum { FLAGS = 0, GSO_TYPE = 1, HEADER_LENGTH = 2, GSO_SIZE = 4, CSUM_START = 6, CSUM_OFFSET = 8 };
enum { NEEDS_CSUM = 1, DATA_VALID = 2 };
enum { GSO_NONE = 0, GSO_TCPV4 = 1, GSO_TCPV6 = 4 };

enum { IP4_HEADER = 20, IP4_LENGTH = 2, IP4_ID = 4, IP4_FRAGMENT = 6, IP4_PROTOCOL = 9, IP4_CHECKSUM = 10, IP4_ADDRESSES = 12 };
enum { IP6_HEADER = 40, IP6_LENGTH = 4, IP6_NEXT = 6, IP6_ADDRESSES = 8 };
enum { TCP = 6, TCP_HEADER = 20, TCP_SEQUENCE = 4, TCP_OFFSET = 12, TCP_FLAGS = 13, TCP_CHECKSUM = 16 };
enum { FIN = 0x01, PSH = 0x08, ACK = 0x10, CWR = 0x80 };
enum { UDP_LENGTH = 4 };
#define DONT_FRAGMENT 0x4000

static uint16_t little16(const uint8_t *at) { return (uint16_t)(at[0] | at[1] << 8); }
static void set_little16(uint8_t *at, size_t value) { at[0] = (uint8_t)value, at[1] = (uint8_t)(value >> 8); }
static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }
static void set16(uint8_t *at, size_t value) { at[0] = (uint8_t)(value >> 8), at[1] = (uint8_t)value; }
static uint32_t get32(const uint8_t *at) { return (uint32_t)get16(at) << 16 | get16(at + 2); }
static void set32(uint8_t *at, uint32_t value) { set16(at, value >> 16), set16(at + 2, value & 0xffff); }

/* RFC 1071 §2 (B): the sum in the machine's byte order, four bytes at a time. `length` may be odd for the last part only. */
static uint64_t add(const uint8_t *bytes, size_t length, uint64_t sum) {
  uint32_t word;
  for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
    memcpy(&word, bytes, sizeof word);
    sum += word;
  }
  word = 0;
  memcpy(&word, bytes, length);
  return sum + word;
}

/* 16 bits of it, in the order of the network. */
static uint16_t fold(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  uint16_t native = (uint16_t)sum;
  return get16((const uint8_t *)&native);
}

static bool is_ip4(const uint8_t *ip) { return ip[0] >> 4 == 4; }

/* Of the pseudo-header, RFC 9293 §3.1 and RFC 8200 §8.1; `length` is that of header and data. */
static uint64_t pseudo_header(const uint8_t *ip, size_t length) {
  uint8_t rest[4] = {0, TCP};
  set16(rest + 2, length);
  return is_ip4(ip) ? add(ip + IP4_ADDRESSES, 8, add(rest, sizeof rest, 0))
                    : add(ip + IP6_ADDRESSES, 32, add(rest, sizeof rest, 0));
}

/* The header for `length` bytes of IP packet; `index` is its place among the segments of one. */
static void resize(uint8_t *ip, size_t length, size_t index) {
  if (!is_ip4(ip)) {
    set16(ip + IP6_LENGTH, length - IP6_HEADER);
    return;
  }
  set16(ip + IP4_LENGTH, length);
  set16(ip + IP4_ID, (get16(ip + IP4_ID) + index) & 0xffff);
  set16(ip + IP4_CHECKSUM, 0);
  set16(ip + IP4_CHECKSUM, ~fold(add(ip, (ip[0] & 15) * 4, 0)) & 0xffff);
}

/* ---- out ------------------------------------------------------------------------------------------------------- */

/* The checksum field, which holds the sum of the pseudo-header, for the transport header at `at` and what follows. */
static void seal(uint8_t *at, size_t header, const uint8_t *data, size_t length, size_t field) {
  uint16_t checksum = ~fold(add(data, length, add(at, header, 0))) & 0xffff;
  set16(at + field, checksum == 0 && field != TCP_CHECKSUM ? 0xffff : checksum);
}

static ssize_t write_segments(int fd, const uint8_t *vnet, const uint8_t *packet, size_t length, size_t link) {
  size_t size = little16(vnet + GSO_SIZE), start = little16(vnet + CSUM_START), field = little16(vnet + CSUM_OFFSET);
  size_t headers = little16(vnet + HEADER_LENGTH);
  uint8_t copy[HEADERS];
  if (size == 0 || headers > sizeof copy || headers > length || start + field + 2 > headers) return -EINVAL;
  uint8_t *transport = copy + start;
  for (size_t at = headers, index = 0; at < length; at += size, index++) {
    size_t data = length - at < size ? length - at : size;
    size_t behind_ip = headers - start + data;
    memcpy(copy, packet, headers);
    resize(copy + link, headers - link + data, index);
    if (field == TCP_CHECKSUM) {
      set32(transport + TCP_SEQUENCE, get32(transport + TCP_SEQUENCE) + (uint32_t)(at - headers));
      if (at + data < length) transport[TCP_FLAGS] &= (uint8_t) ~(FIN | PSH);
      if (index > 0) transport[TCP_FLAGS] &= (uint8_t)~CWR;
    } else {
      set16(transport + UDP_LENGTH, behind_ip);
    }
    /* The pseudo-header has the length in it: out with the old one, in with the new one. */
    size_t pseudo = get16(transport + field) + (~(length - start) & 0xffff) + behind_ip;
    pseudo = (pseudo & 0xffff) + (pseudo >> 16);
    set16(transport + field, (pseudo & 0xffff) + (pseudo >> 16));
    /* An even number of header bytes is added first, so that the data falls on the same halves. */
    seal(transport, headers - start, packet + at, data, field);
    struct iovec parts[2] = {{copy, headers}, {(uint8_t *)(uintptr_t)(packet + at), data}};
    if (writev(fd, parts, 2) < 0) return -errno; /* the segments behind it are lost with it, as on a full link */
  }
  return (ssize_t)length;
}

ssize_t write_plain(int fd, uint8_t *bytes, size_t length, size_t link) {
  uint8_t *packet = bytes + VNET_HEADER;
  if (length < VNET_HEADER) return -EINVAL;
  length -= VNET_HEADER;
  if ((bytes[FLAGS] & NEEDS_CSUM) != 0) {
    if (bytes[GSO_TYPE] != GSO_NONE) return write_segments(fd, bytes, packet, length, link);
    size_t start = little16(bytes + CSUM_START), field = little16(bytes + CSUM_OFFSET);
    if (start + field + 2 > length) return -EINVAL;
    seal(packet + start, 0, packet + start, length - start, field);
  }
  ssize_t written = write(fd, packet, length);
  return written < 0 ? -errno : written;
}

/* ---- in -------------------------------------------------------------------------------------------------------- */

/* A TCP segment with data and no flag but ACK and PSH, its IP header without options: true, and where its headers end. */
static bool is_data(const uint8_t *frame, size_t length, size_t link, size_t *ip_header, size_t *headers) {
  const uint8_t *ip = frame + link;
  if (length < link + IP4_HEADER + TCP_HEADER) return false;
  if (link > 0 && get16(frame + link - 2) != (is_ip4(ip) ? 0x0800 : 0x86dd)) return false;
  if (is_ip4(ip)) {
    *ip_header = IP4_HEADER;
    if (ip[0] != 0x45 || ip[IP4_PROTOCOL] != TCP || get16(ip + IP4_FRAGMENT) != DONT_FRAGMENT ||
        get16(ip + IP4_LENGTH) != length - link || fold(add(ip, IP4_HEADER, 0)) != 0xffff) {
      return false;
    }
  } else {
    *ip_header = IP6_HEADER;
    if (ip[0] >> 4 != 6 || ip[IP6_NEXT] != TCP || length < link + IP6_HEADER + TCP_HEADER ||
        get16(ip + IP6_LENGTH) != length - link - IP6_HEADER) {
      return false;
    }
  }
  const uint8_t *tcp = ip + *ip_header;
  *headers = link + *ip_header + (size_t)(tcp[TCP_OFFSET] >> 4) * 4;
  return tcp[TCP_OFFSET] >> 4 >= TCP_HEADER / 4 && *headers < length && (tcp[TCP_FLAGS] & ~PSH) == ACK;
}

void begin_train(Train *train, uint8_t *packet, size_t length, size_t link) {
  train->packet = NULL;
  if (!is_data(packet, length, link, &train->ip, &train->headers)) return;
  const uint8_t *ip = packet + link, *tcp = ip + train->ip;
  size_t behind_ip = length - link - train->ip;
  if (fold(add(tcp, behind_ip, pseudo_header(ip, behind_ip))) != 0xffff) return;
  packet[FLAGS - VNET_HEADER] = DATA_VALID;
  *train = (Train){.packet = packet, .link = link, .ip = train->ip, .headers = train->headers,
                   .size = length - train->headers, .length = length, .segments = 1,
                   .next = get32(tcp + TCP_SEQUENCE) + (uint32_t)(length - train->headers),
                   .full = (tcp[TCP_FLAGS] & PSH) != 0};
}

bool continues(Train *train, uint8_t *headers, const uint8_t *data, size_t length) {
  size_t ip_header, its_headers;
  if (length <= train->headers || is_ip4(headers + train->link) != is_ip4(train->packet + train->link)) return false;
  /* `is_data` looks no further than the headers, which are as long as the train's unless it says otherwise. */
  if (!is_data(headers, length, train->link, &ip_header, &its_headers)) return false;
  size_t size = length - train->headers;
  if (its_headers != train->headers || ip_header != train->ip || size > train->size ||
      train->length + size > train->link + LARGEST_PACKET) {
    return false;
  }
  uint8_t *ip = headers + train->link, *tcp = ip + ip_header;
  if (get32(tcp + TCP_SEQUENCE) != train->next) return false;
  size_t header = train->headers - train->link - ip_header;
  if (fold(add(data, size, add(tcp, header, pseudo_header(ip, header + size)))) != 0xffff) return false;
  /* All the rest is as in the first: addresses, ports, acknowledgment, window, options. */
  uint8_t same[HEADERS];
  const uint8_t *first = train->packet + train->link;
  memcpy(same, ip, ip_header + header);
  size_t lengths = is_ip4(ip) ? IP4_LENGTH : IP6_LENGTH;
  memcpy(same + lengths, first + lengths, is_ip4(ip) ? 4 : 2); /* and the identification */
  if (is_ip4(ip)) memcpy(same + IP4_CHECKSUM, first + IP4_CHECKSUM, 2);
  memcpy(same + ip_header + TCP_SEQUENCE, first + ip_header + TCP_SEQUENCE, 4);
  memcpy(same + ip_header + TCP_CHECKSUM, first + ip_header + TCP_CHECKSUM, 2);
  same[ip_header + TCP_FLAGS] = first[ip_header + TCP_FLAGS];
  if (memcmp(same, first, ip_header + header) != 0) return false;
  if (memcmp(headers, train->packet, train->link) != 0) return false;
  bool pushed = (tcp[TCP_FLAGS] & PSH) != 0;
  train->packet[train->link + ip_header + TCP_FLAGS] |= tcp[TCP_FLAGS] & PSH;
  train->full = pushed || size < train->size;
  train->next += (uint32_t)size;
  train->length += size;
  train->segments++;
  return true;
}

void end_train(Train *train) {
  uint8_t *packet = train->packet;
  train->packet = NULL;
  if (packet == NULL || train->segments == 1) return;
  uint8_t *vnet = packet - VNET_HEADER, *ip = packet + train->link;
  size_t behind_ip = train->length - train->link - train->ip;
  resize(ip, train->length - train->link, 0);
  set16(ip + train->ip + TCP_CHECKSUM, fold(pseudo_header(ip, behind_ip)));
  vnet[FLAGS] = NEEDS_CSUM;
  vnet[GSO_TYPE] = is_ip4(ip) ? GSO_TCPV4 : GSO_TCPV6;
  set_little16(vnet + HEADER_LENGTH, train->headers);
  set_little16(vnet + GSO_SIZE, train->size);
  set_little16(vnet + CSUM_START, train->link + train->ip);
  set_little16(vnet + CSUM_OFFSET, TCP_CHECKSUM);
}
