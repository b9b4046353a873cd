/** What a service may do on its node, after https://kubernetes.io/docs/concepts/security/pod-security-standards/. */
export const SecurityLevel = {
  /** No root, no capabilities, and a read-only root file system. */
  Restricted: "restricted",
  /** Root, the capabilities of a container runtime, and a writable root file system. */
  Baseline: "baseline",
} as const;
export type SecurityLevel = (typeof SecurityLevel)[keyof typeof SecurityLevel];

/** The Linux capabilities that the level `baseline` allows, https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline. */
export const baselineCapabilities = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
];

/** What programs need that start as root, set the owner of their files, listen on a low port and continue as another user. */
export const rootCapabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"];

/** The one added capability that the level `restricted` allows. */
export const restrictedCapability = "NET_BIND_SERVICE";

/** Annotation of a workload with the level `baseline`, and label of its Docker objects: the reason. */
export const reasonAnnotation = "slipway.dev/baseline-reason";
export const reasonLabel = "dev.slipway.baseline-reason";
