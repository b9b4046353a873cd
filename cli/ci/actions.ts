/**
 * The actions that workflows use, pinned by commit, because a tag can be moved
 * (https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions).
 */
const pinned = {
  "actions/checkout": ["3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"],
  "actions/setup-node": ["820762786026740c76f36085b0efc47a31fe5020", "v7.0.0"],
  "actions/setup-go": ["b7ad1dad31e06c5925ef5d2fc7ad053ef454303e", "v7.0.0"],
  "actions/upload-artifact": ["bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"],
  "aws-actions/configure-aws-credentials": ["e6de054238d6b7531b4efff3b6587d9aade6a06c", "v6.2.3"],
} as const;

export type Action = keyof typeof pinned;

/** The value of `uses` for an action. */
export function uses(action: Action): string {
  return `${action}@${pinned[action][0]}`;
}

/** Adds the version of each action as a comment. */
export function withVersions(yaml: string): string {
  return yaml.replaceAll(/uses: (\S+)@([0-9a-f]{40})$/gm, (line, action: Action) => `${line} # ${pinned[action][1]}`);
}
