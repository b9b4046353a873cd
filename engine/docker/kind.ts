import type Docker from "dockerode";

/** Properties in the form of @pulumi/docker. */
export type Properties = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- fields depend on the kind

/** What a step needs while it works. */
export interface Work {
  /** Reports what the step waits for. */
  progress: (what: string) => void;
  /** Aborted once the run has failed. Nothing waits for readiness any more. */
  signal: AbortSignal;
  /** The provider's registry credentials: `address`, `username`, `password`. */
  registryAuth?: Properties[];
}

/** A Docker object, found by name or id. */
export interface Found {
  inspect(): Promise<Properties>;
  remove?(options: object): Promise<unknown>;
  stop?(options: object): Promise<unknown>;
}

/** How Docker objects of one kind are found and created from the properties of @pulumi/docker. */
export interface Kind {
  /** Supported properties, separated by spaces. Others are rejected. */
  properties: string;
  /** Whether the name gets a random suffix if the program sets none, as in Pulumi. @default false */
  autoNamed?: boolean;
  find(docker: Docker, id: string): Found;
  create(docker: Docker, inputs: Properties, work: Work): Promise<{ id: string; outputs?: Properties }>;
  /** Properties that can be updated in place. A change of others replaces the object. */
  updatable?: string[];
  update?(docker: Docker, id: string, inputs: Properties, work: Work): Promise<Properties>;
  /** Why the object does not do its work, so that it is replaced. Undefined if it does. */
  problem?(found: Properties, inputs: Properties): string | undefined;
  /** The inputs with the values that the object has now, for properties that Docker lets others change. @default - there are none */
  live?(found: Properties, inputs: Properties): Properties;
  /** Gives a changed object the values of the inputs again, without a replacement. @default - `update`, otherwise it is replaced */
  restore?(docker: Docker, id: string, inputs: Properties): Promise<void>;
  /** Deletes the object, if that takes more than one request. */
  remove?(docker: Docker, id: string, inputs: Properties, work: Work): Promise<void>;
}

/** `[{label, value}]` as a map. */
export function toObject(labels: Properties[] = []): Record<string, string> {
  return Object.fromEntries(labels.map(({ label, value }) => [label, value]));
}
