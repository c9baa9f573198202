// JOB SENDIT - SEND A FILE
// OPTION SYSPARM='31'
// EXEC BSTTFTPC,SIZE=BSTTFTPC,OS390
OPEN 10.20.33.70
USER someone
PASS secret word
*
INPUT SYSIPT
TYPE A
STOR file.name
CWD elsewhere
*
QUIT
/*
this is data, not a statement
// EXEC NOTHING
* $$ SLI MEM=ALSO.DATA
/*
// EXEC LISTLOG
/*
/&
