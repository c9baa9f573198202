/** The words of job control and of POWER that are recognised. */

/** Job control statements that have a meaning elsewhere but none here. */
export const WITHOUT_MEANING = new Set(
  (
    'LIBDEF LIBDROP LIBLIST LIBSERV ASSGN CLOSE DATE DLBL EXTENT TLBL HOLD ID JCLEXIT LISTIO LOG NOLOG MTC OVEND PAUSE ' +
    'PROC PWR QUERY RESET RSTRT SETPARM SETPFIX SETPRT STDOPT SYSDEF UPSI VTAPE KEKL LFCB LUCB ZONE'
  ).split(' '),
);
export const CONDITIONAL = new Set(['ON', 'IF', 'GOTO']);
export const WITH_MEANING = ['JOB', 'OPTION', 'EXEC'];
export const JECL = ['JOB', 'LST', 'PUN', 'SLI', 'EOJ', 'CTL', 'DATA', 'PRT', 'RDR', 'FLS', 'LSTTAB'];
/** Operands that these job control statements cannot do without. */
export const FORM: Record<string, { readonly shape: RegExp; readonly form: string }> = {
  LIBDEF: { shape: /^(?:\*|[A-Z]+),(?:SEARCH|CATALOG)=/i, form: '// LIBDEF *,SEARCH=(lib.sublib)' },
  ASSGN: { shape: /^SYS[A-Z0-9]{3},\S/i, form: '// ASSGN SYS000,SYSLST' },
  SETPFIX: { shape: /^LIMIT=\S/i, form: '// SETPFIX LIMIT=(2M,1M)' },
  SETPARM: { shape: /^[A-Z$#@][A-Z0-9$#@]*=\S/i, form: "// SETPARM IPTRACE='NNNNNNNN'" },
  UPSI: { shape: /^[01X]{1,8}$/i, form: '// UPSI 00000001' },
  ID: { shape: /^USER=\S/i, form: '// ID USER=name,PWD=password' },
};
