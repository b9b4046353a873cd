/** Exit codes of all commands. */
export const ExitCode = {
  Success: 0,
  Failed: 1,
  Usage: 2,
  GateClosed: 3,
  Locked: 4,
  Unconfirmed: 5,
  Drifted: 6,
  Vulnerable: 7,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What each exit code means, for help and docs. */
export const exitCodeMeanings: Record<ExitCode, string> = {
  [ExitCode.Success]: "The command succeeded.",
  [ExitCode.Failed]: "The command failed, or its configuration is invalid. The message says why.",
  [ExitCode.Usage]: "Unknown command or option, or a missing value.",
  [ExitCode.GateClosed]: "The gate is closed, or the policy has errors.",
  [ExitCode.Locked]: "Another run is changing the stack. Try again when it has finished.",
  [ExitCode.Unconfirmed]: "Nothing was changed, because nobody confirmed the changes.",
  [ExitCode.Drifted]: "The stack has drifted: live objects differ from its state.",
  [ExitCode.Vulnerable]: "There are reachable vulnerabilities without an exception, or ones above the stack's maxSeverity.",
};
