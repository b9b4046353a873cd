import { redact } from "../../../lib/redact.ts";
import type { EksSettings } from "../../../config/schema/eks.ts";

export interface Identity {
  Account: string;
  Arn: string;
}

/** Without an entry of their own those who deploy are locked out once the cluster is there. */
export function inAccess({ access = [] }: EksSettings, { Arn: caller }: Identity): string[] {
  const admins = access.filter(({ policy, namespaces }) => policy === "ClusterAdmin" && namespaces === undefined);
  if (admins.some(({ principalArn }) => isSame(principalArn, caller))) return [];
  return [
    `eks.access: has no ClusterAdmin for who deploys now, ${redact(roleOf(caller))}, so that nothing could be put into the cluster; add the ARN of that role or user, or deploy as one that is there`,
  ];
}

/** `arn:aws:sts::<account>:assumed-role/<name>/<session>` is a session of a role, whose ARN may have a path that the session's has not. */
function isSame(principalArn: string, caller: string): boolean {
  const [, , , , account, resource = ""] = principalArn.split(":");
  const [, , , , callersAccount, callersResource = ""] = caller.split(":");
  const [kind, ...parts] = callersResource.split("/");
  if (kind !== "assumed-role") return principalArn === caller;
  return account === callersAccount && resource.startsWith("role/") && resource.split("/").at(-1) === parts[0];
}

function roleOf(caller: string): string {
  return caller.replace(/^(arn:[\w-]+):sts:(.*):assumed-role\/([^/]+)\/.*$/, "$1:iam:$2:role/$3");
}
