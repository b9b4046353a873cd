/** Names of environments in the order in which a change reaches them. */
const ranks = [
  /^(dev|develop|development|sandbox)\b/,
  /^(test|testing|qa|int|integration)\b/,
  /^(stag|stage|staging|uat|pre)/,
  /^(prod|production|live)\b/,
];

/** Between the environments before production and production. */
const other = 2.5;

/** Stacks in the order in which a change reaches them: development, test, staging, others by name, production. */
export function inOrder(stacks: string[]): string[] {
  const rankOf = (name: string) => {
    const rank = ranks.findIndex((pattern) => pattern.test(name));
    return rank < 0 ? other : rank;
  };
  return stacks.toSorted((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1));
}
