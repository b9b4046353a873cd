import { KubernetesError, type KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import type { Deployment } from "../../lib/deployment-record.ts";
import { UserError } from "../../lib/user-error.ts";
import { formatHistory, parseHistory, type HistoryStore } from "./history-store.ts";

/** A Secret to write, and the label by which all that belong to the same text are found. */
export interface Target {
  name: string;
  label: string;
}

/** Encrypted Secrets in the namespace of a state. */
export interface SealedSecrets {
  project: string;
  stack: string;
  namespace: string;
  /** Value of the label: the name of the state. */
  owner: string;
  cluster(): Promise<KubernetesCluster>;
  /** Undefined if it does not exist. */
  read(name: string): Promise<Manifest | undefined>;
  /** The text in a Secret. @throws UserError if the passphrase is missing or wrong, Error if the content is damaged. */
  unseal(secret: Manifest): Promise<string>;
  /**
   * Creates a Secret with a text, or replaces it in the version that was read.
   *
   * @throws ChangedElsewhere if it is not in that version any more.
   */
  write(target: Target, text: string, before: Manifest | undefined): Promise<Manifest>;
  /** @throws UserError if the lock is lost. */
  assertHeld(): void;
  /** Whether the lock was taken over from a run that did not release it. */
  wasExpired(): boolean;
}

/** Another run has written, or deleted, what this one wanted to replace. */
export class ChangedElsewhere extends UserError {}

/** All Secrets of a history have it, with the name of the state. `down` deletes those of the state only. */
const label = "dev.slipway/history";

/** The history in a Secret of its own beside the state, compressed and encrypted as the state is. */
export class ClusterHistory implements HistoryStore {
  /** Name of the Secret. */
  readonly name: string;
  private readonly secrets: SealedSecrets;
  /** The Secret as it was read or written last. */
  private secret: Manifest | undefined;

  constructor(secrets: SealedSecrets) {
    this.name = `${secrets.owner}-history`;
    this.secrets = secrets;
  }

  async load(): Promise<Deployment[]> {
    const { secrets, name } = this;
    this.secret = await secrets.read(name);
    if (this.secret === undefined) return [];
    let text: string;
    let deployments: Deployment[];
    try {
      text = await secrets.unseal(this.secret);
      deployments = parseHistory(text);
    } catch (error) {
      // The API may answer the next time.
      if (error instanceof KubernetesError) throw error;
      const where = `Secret ${secrets.namespace}/${name}`;
      throw new UserError(`${where}: cannot be read (${(error as Error).message}). Restore it from a backup, or delete it.`);
    }
    // A run that has lost its Lease, and does not know it yet, can no longer write.
    if (secrets.wasExpired()) await this.write(text);
    return deployments;
  }

  async save(deployments: Deployment[]): Promise<void> {
    this.secrets.assertHeld();
    const { project, stack: name } = this.secrets;
    await this.write(formatHistory({ project, name }, deployments));
  }

  private async write(text: string): Promise<void> {
    const { secrets, name } = this;
    this.secret = await secrets.write({ name, label }, text, this.secret).catch((error: Error) => {
      // The state decides whether the run may go on.
      throw error instanceof ChangedElsewhere ? new Error(`Secret ${secrets.namespace}/${name} was changed by another run`) : error;
    });
  }

  async setAside(): Promise<string> {
    const { secrets } = this;
    const cluster = await secrets.cluster();
    const { metadata, ["data"]: data, ["type"]: type } = this.secret!;
    const copy = `${this.name}-damaged`;
    const { namespace, labels, annotations } = metadata!;
    const resourceVersion = (await secrets.read(copy))?.metadata?.resourceVersion;
    const manifest = { apiVersion: "v1", kind: "Secret", metadata: { name: copy, namespace, labels, annotations }, type, data };
    if (resourceVersion === undefined) await cluster.create(manifest);
    else await cluster.replace({ ...manifest, metadata: { ...manifest.metadata, resourceVersion } });
    await cluster.remove({ apiVersion: "v1", kind: "Secret", metadata: { name: this.name, namespace } }, 60);
    this.secret = undefined;
    return `Secret ${namespace}/${copy}`;
  }

  async remove(): Promise<void> {
    const { secrets } = this;
    secrets.assertHeld();
    const cluster = await secrets.cluster();
    const all = await cluster.select("v1", "Secret", secrets.namespace, `${label}=${secrets.owner}`);
    for (const { metadata } of all) await cluster.remove({ apiVersion: "v1", kind: "Secret", metadata }, 60);
    this.secret = undefined;
  }
}
