export interface Identity {
  name: string;
  version?: string;
  partOf?: string;
}

/** The recommended labels, https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/. */
export function recommendedLabels({ name, version, partOf }: Identity): Record<string, string> {
  return {
    ...selectorLabels(name),
    "app.kubernetes.io/instance": name,
    ...(version !== undefined && { "app.kubernetes.io/version": version }),
    ...(partOf !== undefined && { "app.kubernetes.io/part-of": partOf }),
    "app.kubernetes.io/managed-by": "pulumi",
  };
}

/** Labels that select the pods of a service. They must never change, because the selector of a Deployment is immutable. */
export function selectorLabels(name: string): Record<string, string> {
  return { "app.kubernetes.io/name": name };
}
