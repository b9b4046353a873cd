/**
 * What two versions of Slipway say to each other: the installed one asks the new one, in a process of the new one, what an upgrade changes.
 * A later version may add optional fields; what is here must not change its meaning.
 */
export const protocol = 1;

/** The request, as JSON on standard input. The working directory is the project. */
export interface PlanRequest {
  protocol: number;
  /** The installed version. */
  from: string;
  /** The folder whose node_modules has the new version. */
  stage: string;
}

/** The answer, as JSON on standard output. */
export interface Plan {
  protocol: number;
  /** The new version. */
  version: string;
  /** The sections of the changelog between the two versions, as Markdown; empty if there are none. */
  changelog: string;
  /** Stack files that a codemod changes, relative to the project. */
  files: { path: string; before: string; after: string; codemods: { id: string; description: string }[] }[];
  stacks: PlannedStack[];
}

export interface PlannedStack {
  stack: string;
  file: string;
  /** What is invalid in the new version, one problem each, after the codemods. */
  problems: string[];
  /** What no codemod can decide: path, problem and remedy. */
  todo: string[];
  /** What the next `slipway up` would do to users. @default - there is none: `withoutImpact` says why. */
  impact?: { impact: string; resources: unknown[]; text: string };
  withoutImpact?: string;
}
