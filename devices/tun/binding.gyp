{
  "targets": [
    {
      "target_name": "tun",
      "sources": ["tun.c", "plain.c"],
      "cflags": ["-O3", "-Wall", "-Wextra"]
    }
  ]
}
