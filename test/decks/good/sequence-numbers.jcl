// JOB SEQ                                                              00000010
// EXEC BSTTINET,SIZE=BSTTINET                                          00000020
ID 34                                                                   00000030
DEVICE LOOPDEV LOOP                                                     00000040
LINK LOOPDEV 0 198.51.100.34 255.255.255.255 576                        00000050
ATTACH TCP/IP                                                           00000060
/*                                                                      00000070
/&                                                                      00000080
