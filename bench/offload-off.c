/* offload-off LINK: takes checksum and segmentation offload from a link, as `ethtool -K` does. */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int main(int count, char **arguments) {
  const unsigned commands[] = {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM, ETHTOOL_SSG};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (count != 2) return 2;
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    struct ethtool_value off = {commands[i], 0};
    struct ifreq request = {0};
    strncpy(request.ifr_name, arguments[1], IFNAMSIZ - 1);
    request.ifr_data = (void *)&off;
    if (ioctl(fd, SIOCETHTOOL, &request) < 0) {
      perror("SIOCETHTOOL");
      return 1;
    }
  }
  return 0;
}
