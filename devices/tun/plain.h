/* Offload for an interface that carries plain packets: see plain.c. */
#ifndef TWINSTACK_PLAIN_H
#define TWINSTACK_PLAIN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VNET_HEADER 10        /* struct virtio_net_hdr, which stands before every packet */
#define LARGEST_PACKET 65535  /* what the 16 bits of an IP length can say */
#define HEADERS 256           /* bytes: Ethernet, IPv6 and its extension headers, TCP with options */

/* A train of TCP segments that continue each other, or a packet that may become the first of one. */
typedef struct {
  uint8_t *packet; /* NULL: there is none; the virtio_net_hdr stands before it */
  size_t link;     /* bytes of the frame's header, 0 or 14 */
  size_t ip;       /* of the IP header */
  size_t headers;  /* of all headers */
  size_t size;     /* of data in a full segment */
  size_t length;
  size_t segments;
  uint32_t next; /* sequence number that continues it */
  bool full;
} Train;

/* Writes what the virtio_net_hdr at `bytes` asks for: whole, or segment by segment. Bytes, or -errno. */
ssize_t write_plain(int fd, uint8_t *bytes, size_t length, size_t link);

/* Begins with a packet that was just read, if it may be the first of several; else there is none. */
void begin_train(Train *train, uint8_t *packet, size_t length, size_t link);

/* Does the packet of `headers` (as many as the train's) and `data` behind them go on where the train ends? */
bool continues(Train *train, uint8_t *headers, const uint8_t *data, size_t length);

/* Seals the headers for all of it. */
void end_train(Train *train);
#endif
