import type Docker from "dockerode";

/** A property bag as @pulumi/docker hands it on. */
export type Properties = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- its kind knows

/** What a step may use and tell while it works. */
export interface Work {
  /** Says what is being waited for. */
  progress: (what: string) => void;
  /** Aborted when there is no more sense in waiting. */
  signal: AbortSignal;
  /** Credentials for registries, as a provider has them: `address`, `username`, `password`. */
  registryAuth?: Properties[];
}

/** An object of the engine, found by name or id. */
export interface Found {
  inspect(): Promise<Properties>;
  remove?(options: object): Promise<unknown>;
  stop?(options: object): Promise<unknown>;
}

/** How objects of one kind are found and made, by the properties that @pulumi/docker has for them. */
export interface Kind {
  /** What a program may set; anything else is refused. */
  properties: string;
  /** Whether it gets a name of its own where the program gives none, as Pulumi names it. */
  autoNamed?: boolean;
  find(docker: Docker, id: string): Found;
  create(docker: Docker, inputs: Properties, work: Work): Promise<{ id: string; outputs?: Properties }>;
  /** Properties that change in place; others make it anew. */
  updatable?: string[];
  update?(docker: Docker, id: string, inputs: Properties, work: Work): Promise<Properties>;
  /** What the engine has otherwise than it was made: it is to be made anew, or updated where that can be. */
  drift?(found: Properties, inputs: Properties): string | undefined;
  /** Takes it away, where that is more than removing it. */
  remove?(docker: Docker, id: string, inputs: Properties, work: Work): Promise<void>;
}

/** `[{label, value}]` as a map. */
export function toObject(labels: Properties[] = []): Record<string, string> {
  return Object.fromEntries(labels.map(({ label, value }) => [label, value]));
}
