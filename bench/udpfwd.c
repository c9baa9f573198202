/*
 * udpfwd HOST PORT -A NS -B NS -l BYTES -t SECONDS -o SECONDS: floods UDP from one network namespace to HOST in
 * another, and prints what arrived as {"recv_kpps":N}. The first -o seconds do not count.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64 };

static struct sockaddr_storage to;
static socklen_t to_length;
static const char *from_ns, *to_ns;
static int length = 64;
static atomic_int ready, counting, stop;
static long received;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void enter(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", name);
    int fd = open(path, O_RDONLY);
    if (fd < 0 || setns(fd, CLONE_NEWNET))
        die(path);
    close(fd);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void prepare(struct mmsghdr *m, struct iovec *iov, char bufs[BATCH][2048], int bytes)
{
    memset(m, 0, BATCH * sizeof *m);
    for (int i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){bufs[i], bytes};
        m[i].msg_hdr.msg_iov = &iov[i];
        m[i].msg_hdr.msg_iovlen = 1;
    }
}

static void *receive(void *unused)
{
    static char bufs[BATCH][2048];
    struct mmsghdr m[BATCH];
    struct iovec iov[BATCH];
    struct timeval patience = {.tv_usec = 50000};
    int size = 32 << 20;
    (void)unused;
    enter(to_ns);
    int fd = socket(to.ss_family, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (fd < 0 || bind(fd, (struct sockaddr *)&to, to_length))
        die("bind");
    prepare(m, iov, bufs, sizeof bufs[0]);
    ready = 1;
    while (!stop) {
        int n = recvmmsg(fd, m, BATCH, MSG_WAITFORONE, NULL);
        if (n > 0 && counting)
            received += n;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static char bufs[BATCH][2048];
    struct mmsghdr m[BATCH];
    struct iovec iov[BATCH];
    pthread_t receiver;
    double seconds = 1, warm = 0;
    if (argc < 3)
        return 2;
    for (int i = 3; i + 1 < argc; i += 2)
        switch (argv[i][1]) {
        case 'A': from_ns = argv[i + 1]; break;
        case 'B': to_ns = argv[i + 1]; break;
        case 'l': length = atoi(argv[i + 1]); break;
        case 't': seconds = atof(argv[i + 1]); break;
        case 'o': warm = atof(argv[i + 1]); break;
        }
    struct sockaddr_in *v4 = (void *)&to;
    struct sockaddr_in6 *v6 = (void *)&to;
    if (inet_pton(AF_INET, argv[1], &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(atoi(argv[2]));
        to_length = sizeof *v4;
    } else if (inet_pton(AF_INET6, argv[1], &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(atoi(argv[2]));
        to_length = sizeof *v6;
    } else {
        return 2;
    }
    pthread_create(&receiver, NULL, receive, NULL);
    while (!ready)
        usleep(1000);
    enter(from_ns);
    int fd = socket(to.ss_family, SOCK_DGRAM, 0);
    if (connect(fd, (struct sockaddr *)&to, to_length))
        die("connect");
    prepare(m, iov, bufs, length);
    double from = now() + warm, began = 0, t;
    while ((t = now()) < from + seconds) {
        if (!counting && t >= from) {
            began = t;
            counting = 1;
        }
        sendmmsg(fd, m, BATCH, 0);
    }
    counting = 0;
    stop = 1;
    pthread_join(receiver, NULL);
    printf("{\"recv_kpps\":%.1f}\n", received / (t - began) / 1e3);
    return 0;
}
