/* The kernel's side of an interface: its address, its MTU, its queue. Read first: netdevice(7), rtnetlink(7). */
#include "kernel-side.h"
#include "arguments.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* One ioctl of netdevice(7); 0 or errno. */
static int interface_ioctl(unsigned long operation, struct ifreq *request) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  int error = ioctl(fd, operation, request) < 0 ? errno : 0;
  close(fd);
  return error;
}

napi_value interface_index(napi_env env, napi_callback_info info) {
  napi_value args[1], index;
  struct ifreq request;
  if (!arguments(env, info, 1, args) || !interface_name(env, args[0], &request)) return NULL;
  napi_create_uint32(env, if_nametoindex(request.ifr_name), &index);
  return index;
}

napi_value set_mtu(napi_env env, napi_callback_info info) {
  napi_value args[2];
  struct ifreq request;
  if (!arguments(env, info, 2, args) || !interface_name(env, args[0], &request)) return NULL;
  napi_get_value_int32(env, args[1], &request.ifr_mtu);
  int error = interface_ioctl(SIOCSIFMTU, &request);
  return error == 0 ? NULL : throw_errno(env, error, "SIOCSIFMTU");
}

napi_value set_queue(napi_env env, napi_callback_info info) {
  napi_value args[2];
  struct ifreq request;
  if (!arguments(env, info, 2, args) || !interface_name(env, args[0], &request)) return NULL;
  napi_get_value_int32(env, args[1], &request.ifr_qlen);
  int error = interface_ioctl(SIOCSIFTXQLEN, &request);
  return error == 0 ? NULL : throw_errno(env, error, "SIOCSIFTXQLEN");
}

napi_value set_up(napi_env env, napi_callback_info info) {
  napi_value args[2];
  struct ifreq request;
  bool up;
  if (!arguments(env, info, 2, args) || !interface_name(env, args[0], &request)) return NULL;
  napi_get_value_bool(env, args[1], &up);
  int error = interface_ioctl(SIOCGIFFLAGS, &request);
  if (error != 0) return throw_errno(env, error, "SIOCGIFFLAGS");
  request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
  error = interface_ioctl(SIOCSIFFLAGS, &request);
  return error == 0 ? NULL : throw_errno(env, error, "SIOCSIFFLAGS");
}

static void add_attribute(struct nlmsghdr *header, unsigned short type, const void *data, size_t length) {
  struct rtattr *attribute = (struct rtattr *)((char *)header + NLMSG_ALIGN(header->nlmsg_len));
  attribute->rta_type = type;
  attribute->rta_len = (unsigned short)RTA_LENGTH(length);
  memcpy(RTA_DATA(attribute), data, length);
  header->nlmsg_len = NLMSG_ALIGN(header->nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

/* RTM_NEWADDR, for both families: the older SIOCSIFADDR holds one IPv4 address and always waits for IPv6 DAD. */
static int new_address(unsigned index, int family, const void *address, unsigned char prefix_length) {
  struct {
    struct nlmsghdr header;
    struct ifaddrmsg message;
    char attributes[64];
  } request = {0};
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char quoted[256];
  } reply = {0};
  size_t length = family == AF_INET ? 4 : 16;
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.message);
  request.header.nlmsg_type = RTM_NEWADDR;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
  request.message.ifa_family = (unsigned char)family;
  request.message.ifa_prefixlen = prefix_length;
  request.message.ifa_index = index;
  /* The link has two ends and both are ours: no need to ask whether the address is free (RFC 4862 §5.4). */
  request.message.ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
  add_attribute(&request.header, IFA_LOCAL, address, length);
  add_attribute(&request.header, IFA_ADDRESS, address, length);

  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return errno;
  int error = 0;
  if (send(fd, &request, request.header.nlmsg_len, 0) < 0 || recv(fd, &reply, sizeof reply, 0) < 0) error = errno;
  else if (reply.header.nlmsg_type == NLMSG_ERROR) error = -reply.error.error;
  else error = EPROTO;
  close(fd);
  return error;
}

napi_value add_address(napi_env env, napi_callback_info info) {
  napi_value args[3];
  struct ifreq request;
  char text[INET6_ADDRSTRLEN];
  unsigned char address[16];
  size_t length;
  int32_t prefix_length = -1;
  if (!arguments(env, info, 3, args) || !interface_name(env, args[0], &request)) return NULL;
  if (napi_get_value_string_utf8(env, args[1], text, sizeof text, &length) != napi_ok) length = 0;
  napi_get_value_int32(env, args[2], &prefix_length);
  int family = strchr(text, ':') == NULL ? AF_INET : AF_INET6;
  if (length == 0 || inet_pton(family, text, address) != 1 || prefix_length < 0 ||
      prefix_length > (family == AF_INET ? 32 : 128)) {
    return throw_errno(env, EINVAL, "address");
  }
  unsigned index = if_nametoindex(request.ifr_name);
  if (index == 0) return throw_errno(env, errno, "if_nametoindex");
  int error = new_address(index, family, address, (unsigned char)prefix_length);
  return error == 0 ? NULL : throw_errno(env, error, "RTM_NEWADDR");
}
