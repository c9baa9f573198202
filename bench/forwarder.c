/*
 * The yardstick of bench/forwarder.ts: what stacks/ipv4, stacks/ipv6 and stacks/forward do to a packet in transit, in
 * C. Frames "arrive" in 64 slots of 2,048 bytes and leave by a queue: MAC, version, lengths, checksum and addresses
 * are checked, the route is looked up in the same tables (16 + 8 bits for IPv4, 16 + 16 for IPv6, beyond that a hash
 * of exact prefixes by the lengths that occur), one hop is taken off (RFC 1624), the neighbour's MAC written.
 *
 * forwarder 4|6 TABLE DESTINATIONS PACKETS: TABLE holds w0 w1 w2 w3 length way, six int32 each, shorter prefixes
 * first; DESTINATIONS w0 w1 w2 w3. It reads one character a run from standard input and answers with ns a packet of
 * CPU time. Everything is in the byte order of the machine, which is little-endian.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLOT = 2048, BURST = 64, LENGTH = 64, PATCH = 0x8000 };

static int v6, bits, depth;
static uint16_t root[65536], node_of[65536], *entries;
static int nodes;
static struct patch { uint16_t rest; uint32_t below; } patches[PATCH];
static int npatches;
static uint8_t macs[PATCH][6];

/* Exact prefixes. */
static struct row { uint32_t w[4]; int length, way; } *rows;
static int nrows;
static uint32_t *slots, slot_mask;
static int lengths[129], nlengths;

static uint32_t mask(int n) { return n <= 0 ? 0 : n >= 32 ? ~0u : ~(~0u >> n); }

static uint32_t mix(uint32_t h)
{
    h = (h ^ h >> 16) * 0x85ebca6b;
    return h ^ h >> 13;
}

static uint32_t hash(const uint32_t w[4], int length)
{
    uint32_t h = length;
    if (!v6)
        h = mix(h ^ w[3]);
    else {
        h = mix(mix(h ^ w[0]) ^ w[1]);
        if (length > 64)
            h = mix(mix(h ^ w[2]) ^ w[3]);
    }
    return h ^ h >> 16;
}

static int find(const uint32_t to[4], int length)
{
    uint32_t w[4] = {to[0], to[1], to[2], to[3]};
    if (v6)
        for (int i = 0; i < 4; i++)
            w[i] &= mask(length - 32 * i);
    else
        w[3] &= mask(length);
    uint32_t h = hash(w, length);
    for (uint32_t at = h & slot_mask;; at = (at + 1) & slot_mask) {
        uint32_t e = slots[at];
        if (e == 0)
            return -1;
        if ((e ^ h) >> 24)
            continue;
        struct row *r = &rows[(e & 0xffffff) - 1];
        if (r->length == length && !memcmp(r->w, w, sizeof w))
            return r->way;
    }
}

static uint32_t entry_of(uint32_t word)
{
    uint32_t high = word >> 16;
    if (!node_of[high])
        node_of[high] = ++nodes;
    return (uint32_t)node_of[high] << bits | (word & 0xffff) >> (16 - bits);
}

static void insert(int i)
{
    struct row *r = &rows[i];
    uint32_t word = v6 ? r->w[0] : r->w[3], h = hash(r->w, r->length), at = h & slot_mask;
    while (slots[at])
        at = (at + 1) & slot_mask;
    slots[at] = (h & 0xff000000) | (i + 1);
    if (r->length <= 16) {
        for (uint32_t n = 0; n < 1u << (16 - r->length); n++)
            root[(word >> 16) + n] = r->way;
    } else if (r->length <= depth) {
        uint32_t from = entry_of(word);
        for (uint32_t n = 0; n < 1u << (depth - r->length); n++)
            entries[from + n] = r->way;
    } else {
        uint16_t *e = &entries[entry_of(word)];
        if (*e < PATCH) {
            patches[npatches] = (struct patch){*e, 0};
            *e = PATCH + npatches++;
        }
        int bit = r->length - depth - 1;
        patches[*e - PATCH].below |= 1u << (bit > 31 ? 31 : bit);
    }
}

static int look_up(const uint32_t to[4])
{
    uint32_t word = v6 ? to[0] : to[3], high = word >> 16;
    int node = node_of[high], value = 0;
    if (node)
        value = entries[(uint32_t)node << bits | (word & 0xffff) >> (16 - bits)];
    if (value >= PATCH) {
        struct patch *p = &patches[value - PATCH];
        uint32_t left = p->below;
        if (left >> 31) {
            for (int i = 0; i < nlengths && lengths[i] >= depth + 32; i++) {
                int way = find(to, lengths[i]);
                if (way > 0)
                    return way;
            }
            left &= 0x7fffffff;
        }
        while (left) {
            int bit = 31 - __builtin_clz(left), way = find(to, depth + 1 + bit);
            if (way > 0)
                return way;
            left ^= 1u << bit;
        }
        value = p->rest;
    }
    return value ? value : root[high];
}

static uint32_t be32(const uint8_t *p) { uint32_t w; memcpy(&w, p, 4); return __builtin_bswap32(w); }
static uint32_t be16(const uint8_t *p) { uint16_t w; memcpy(&w, p, 2); return __builtin_bswap16(w); }

static uint32_t sum16(const uint8_t *p, int n)
{
    uint32_t sum = 0;
    for (int i = 0; i < n; i += 2) {
        uint16_t w;
        memcpy(&w, p + i, 2);
        sum += w;
    }
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static const uint8_t left_mac[6] = {2, 0, 0, 0, 0, 1}, right_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 9};
static uint32_t own[8];
static struct { uint64_t received, forwarded, dropped; } stack, in, out;
static uint8_t *queue[BURST];
static int queued;

static int is_own(uint32_t w)
{
    for (int i = 0; i < 6; i++)
        if (own[i] == w)
            return 1;
    return 0;
}

static void send_to(uint8_t *frame, int way)
{
    memcpy(frame, macs[way], 6);
    memcpy(frame + 6, right_mac, 6);
    stack.forwarded++;
    in.forwarded++;
    out.forwarded++;
    queue[queued++] = frame;
}

static int forward4(uint8_t *frame, int length)
{
    uint8_t *p = frame + 14;
    int header = (p[0] & 15) * 4, total;
    if (length < 34 || p[0] >> 4 != 4 || header < 20)
        return 0;
    total = be16(p + 2);
    if (total < header || total > length - 14 || sum16(p, header) != 0xffff)
        return 0;
    uint32_t source = be32(p + 12), to[4] = {0, 0, 0, be32(p + 16)}, high = to[3] >> 24, from = source >> 24;
    if (from == 0 || from == 127 || from >= 224 || is_own(source))
        return 0;
    if (high == 0 || high == 127 || high >= 224 || is_own(to[3]) || to[3] >> 16 == 0xa9fe || source >> 16 == 0xa9fe)
        return 0;
    if (p[8] <= 1)
        return 0;
    int way = look_up(to);
    if (!way)
        return 0;
    uint32_t old = be16(p + 8), now = old - 0x100, sum = (~be16(p + 10) & 0xffff) + (~old & 0xffff) + now;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~(sum + (sum >> 16));
    p[8]--;
    p[10] = sum >> 8;
    p[11] = sum;
    send_to(frame, way);
    return 1;
}

static int forward6(uint8_t *frame, int length)
{
    uint8_t *p = frame + 14;
    if (length < 54 || p[0] >> 4 != 6 || 40 + (int)be16(p + 4) > length - 14)
        return 0;
    uint32_t from[4], to[4];
    for (int i = 0; i < 4; i++) {
        from[i] = be32(p + 8 + 4 * i);
        to[i] = be32(p + 24 + 4 * i);
    }
    if (from[0] >> 24 == 0xff || to[0] >> 24 == 0xff || (from[0] | from[1] | from[2] | from[3]) == 0)
        return 0;
    if ((to[0] | to[1] | to[2]) == 0 || (from[0] | from[1] | from[2]) == 0)
        return 0;
    if (from[0] >> 22 == 0x3fa || to[0] >> 22 == 0x3fa || is_own(to[3]) || p[7] <= 1)
        return 0;
    int way = look_up(to);
    if (!way)
        return 0;
    p[7]--;
    send_to(frame, way);
    return 1;
}

static void *load(const char *name, size_t item, int *count)
{
    FILE *f = fopen(name, "rb");
    if (!f)
        exit(2);
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    void *data = malloc(size);
    if (fread(data, 1, size, f) != (size_t)size)
        exit(2);
    fclose(f);
    *count = size / item;
    return data;
}

int main(int argc, char **argv)
{
    static uint8_t slab[BURST * SLOT] __attribute__((aligned(4096)));
    static uint8_t template[LENGTH + 14];
    int ndest, c;
    if (argc != 5)
        return 2;
    v6 = argv[1][0] == '6';
    bits = v6 ? 16 : 8;
    depth = 16 + bits;
    entries = calloc((size_t)65536 << 8, 2);
    rows = load(argv[2], sizeof *rows, &nrows);
    slot_mask = 1;
    while (slot_mask < 2u * nrows)
        slot_mask = slot_mask * 2 + 1;
    slots = calloc(slot_mask + 1, 4);
    for (int i = 0; i < nrows; i++) {
        insert(i);
        if (!nlengths || lengths[nlengths - 1] != rows[i].length)
            lengths[nlengths++] = rows[i].length;
        memcpy(macs[rows[i].way], peer_mac, 6);
    }
    for (int i = 0; i < nlengths / 2; i++) {
        int t = lengths[i];
        lengths[i] = lengths[nlengths - 1 - i];
        lengths[nlengths - 1 - i] = t;
    }
    uint32_t(*dest)[4] = load(argv[3], sizeof *dest, &ndest);
    long packets = atol(argv[4]);
    for (int i = 0; i < 6; i++)
        own[i] = 0x0a010001 + i;

    memcpy(template, left_mac, 6);
    memcpy(template + 6, peer_mac, 6);
    template[12] = v6 ? 0x86 : 8;
    template[13] = v6 ? 0xdd : 0;
    uint8_t *p = template + 14;
    if (v6) {
        p[0] = 0x60;
        p[5] = LENGTH - 40;
        p[6] = 17;
        p[7] = 64;
        memcpy(p + 8, "\x20\x01\x0d\xb8\0\x01\0\0\0\0\0\0\0\0\0\x02", 16);
    } else {
        memcpy(p, "\x45\0\0\x40\0\0\0\0\x40\x11\0\0\x0a\x01\0\x63", 16);
    }
    uint16_t *sums = malloc(2 * ndest);
    for (int i = 0; i < ndest; i++) {
        for (int j = 0; j < 4; j++)
            dest[i][j] = __builtin_bswap32(dest[i][j]);
        memcpy(p + 16, &dest[i][3], v6 ? 0 : 4);
        sums[i] = ~sum16(p, 20);
    }
    for (int i = 0; i < BURST; i++)
        memcpy(slab + i * SLOT + 128, template, sizeof template);
    int at = 0;
    while ((c = getchar()) != EOF) {
        if (c == '\n')
            continue;
        clock_t start = clock();
        for (long done = 0; done < packets; done += BURST) {
            queued = 0;
            for (int i = 0; i < BURST; i++) {
                uint8_t *frame = slab + i * SLOT + 128;
                memcpy(frame, template, 12);
                if (v6) {
                    memcpy(frame + 14 + 6, template + 14 + 6, 2);
                    memcpy(frame + 14 + 24, dest[at], 16);
                } else {
                    memcpy(frame + 14 + 8, template + 14 + 8, 2);
                    memcpy(frame + 14 + 10, &sums[at], 2);
                    memcpy(frame + 14 + 16, &dest[at][3], 4);
                }
                if (++at == ndest)
                    at = 0;
                stack.received++;
                in.received++;
                if (memcmp(frame, left_mac, 6) || !(v6 ? forward6(frame, LENGTH + 14) : forward4(frame, LENGTH + 14))) {
                    stack.dropped++;
                    in.dropped++;
                }
            }
        }
        double ns = (double)(clock() - start) / CLOCKS_PER_SEC * 1e9 / packets;
        if (stack.dropped) {
            fprintf(stderr, "%llu dropped\n", (unsigned long long)stack.dropped);
            return 1;
        }
        printf("%.3f\n", ns);
        fflush(stdout);
    }
    return 0;
}
