import type { Impact } from "./impact.ts";

/** How a deployment ended. */
export const DeploymentResult = {
  /** It has not ended, or it was killed and no run has noticed yet. */
  Running: "running",
  Succeeded: "succeeded",
  Failed: "failed",
  /** It was killed. The next run found its record without an end. */
  Interrupted: "interrupted",
} as const;
export type DeploymentResult = (typeof DeploymentResult)[keyof typeof DeploymentResult];

/** What git says of the project. */
export interface Commit {
  sha: string;
  /** @default - no branch is checked out, and the CI system names none */
  branch?: string;
  /** Whether files differ from the commit, or are not in git. @default - unknown */
  dirty?: boolean;
  /** The files that differ from the commit, or are not in git, relative to the project's root. @default - none, unknown, or more than 20 */
  changed?: string[];
}

/** Who deployed, and from where. */
export interface Origin {
  /** @default - unknown: the project is not in git */
  commit?: Commit;
  /** The user of the CI system, else `user.name` of git, else the user of this machine. */
  actor: string;
  /** URL of the CI run. @default - it was no CI run */
  ci?: string;
  /** The environment of the CI system, such as `production`. @default - none */
  environment?: string;
  /** Slipway's version. */
  slipway: string;
}

/** How many resources a deployment has changed. */
export interface ChangeCounts {
  created: number;
  updated: number;
  replaced: number;
  deleted: number;
  unchanged: number;
  /** Resources whose step failed. */
  failed: number;
}

/** What the change of a resource did to users. */
export interface ResourceImpact {
  /** Kind and name: `Deployment web`. */
  resource: string;
  operation: string;
  impact: Impact;
  /** Without secrets. */
  reasons: string[];
}

/** An approval in `slipway:gate` of a change that the deployment made. */
export interface UsedApproval {
  change: string;
  resource: string;
  impact: Impact;
  reason: string;
  approvedBy: string;
  until: string;
}

/** A record of a run that changed a stack, or failed. It contains no secrets. What is not known is missing. */
export interface Deployment extends Partial<Origin> {
  /** Increases with every deployment of the stack. */
  id: number;
  /** `up`, `rollback`, `drift --fix` or `down`. */
  command: string;
  /** RFC 3339, in UTC. */
  started: string;
  /** @default - it has not ended, or was killed */
  seconds?: number;
  result: DeploymentResult;
  /** @default - unknown */
  changes?: ChangeCounts;
  /** The worst impact. @default - unknown */
  impact?: Impact;
  /** Impacts of the changed resources, the worst first. @default - unknown */
  impacts?: ResourceImpact[];
  /** How many further impacts there were. @default 0 */
  furtherImpacts?: number;
  /** @default - none, or unknown */
  approvals?: UsedApproval[];
  /** Images by digest, by service. @default - unknown: the deployment did not succeed, or deleted the stack */
  images?: Record<string, string>;
  /** Images by digest, by job. @default - none, or unknown */
  jobs?: Record<string, string>;
}

/** The images in the outputs of the program: only those by digest. */
export function imagesIn(outputs: Record<string, unknown>): Pick<Deployment, "images" | "jobs"> {
  const found = (["images", "jobs"] as const).map((key) => [key, byDigest(outputs[key])] as const);
  return Object.fromEntries(found.filter(([, images]) => Object.keys(images).length > 0));
}

function byDigest(value: unknown): Record<string, string> {
  if (value === null || typeof value !== "object") return {};
  const isDigest = (image: unknown) => typeof image === "string" && /@sha256:[0-9a-f]{64}$/.test(image);
  return Object.fromEntries(Object.entries(value).filter(([, image]) => isDigest(image)));
}

/** How many deployments a stack keeps, the newest. */
export const keptDeployments = 200;
