/** Type of an object of the core API group. */
export const core = (kind: string) => `kubernetes:core/*:${kind}`;
