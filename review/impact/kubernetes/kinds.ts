export const core = (kind: string) => `kubernetes:core/*:${kind}`;
