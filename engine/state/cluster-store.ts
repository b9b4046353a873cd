import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { KubernetesError, type KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import { newPassphraseKey, openBytes, passphraseKey, preparePassphraseKey, sealBytes } from "../../lib/secrets.ts";
import { UserError } from "../../lib/user-error.ts";
import { withChanges, type StateChange } from "./changes.ts";
import type { ResourceState } from "./checkpoint.ts";
import { ChangedElsewhere, ClusterHistory, type Target } from "./cluster-history.ts";
import { Lease } from "./lease.ts";
import type { StateStore } from "./store.ts";

/** The namespace for the states of stacks that create their own namespace. */
export const stateNamespace = "slipway-state";

/** Bytes in one Secret. Kubernetes allows 1 MiB: https://kubernetes.io/docs/concepts/configuration/secret/#restriction-data-size. */
const chunkSize = 768 * 1024;

export interface ClusterStoreArgs {
  project: string;
  stack: string;
  /** The namespace of the stack's objects, if it exists already. @default - `slipway-state`, which is created if it is missing */
  namespace?: string | undefined;
  /** Salt of the stack file, `v1:…`, so that the key need not be derived twice. @default - a new one */
  salt?: string | undefined;
  /** Connects to the cluster. @throws UserError if that is not possible. */
  connect: () => Promise<Connection>;
}

/** A cluster, and how Kubernetes providers on this machine reach it. */
export interface Connection {
  cluster: KubernetesCluster;
  /** UID of the namespace kube-system. */
  id: string;
  kubeconfig: string | undefined;
  context: string;
}

/** Bytes of a state, compressed and encrypted, from which on changes are written into a journal. Below that, it is as fast to write all again. */
const shortestForJournal = 64 * 1024;

/** Bytes of a journal after which all is written again. A write of a Secret must stay fast. */
const longestJournal = 256 * 1024;

/** The newest version of a Secret that this Slipway reads. */
const newestVersion = 2;

/** What a Secret says of the state in it. */
interface Header {
  /** With version 2, the state is in the chunks only, and this Secret has the journal of what has changed since. */
  version: 1 | 2;
  /** Salt of the passphrase, with a check, in Pulumi's form. */
  salt: string;
  /** Further Secrets whose contents follow, by name. */
  chunks: string[];
}

/**
 * The state in Secrets of the cluster: compressed, then encrypted with the passphrase of the stack (AES-256-GCM). A run holds a Lease. A write
 * replaces one Secret, and only in the version that was read: a run that has lost its Lease cannot overwrite the state of the next one.
 *
 * Of a large state, that Secret has only a journal of the run's changes, and others have the state before it. They are written again when the
 * journal has become long, and at the end of the run.
 */
export class ClusterStore implements StateStore {
  /** Name of the Secret and of the Lease. */
  readonly name: string;
  readonly namespace: string;
  readonly history: ClusterHistory;
  private readonly args: ClusterStoreArgs;
  private connected: Promise<Connection> | undefined;
  private lease: Lease | undefined;
  private key: { key: Buffer; salt: string } | undefined;
  /** The Secret as it was read or written last. */
  private secret: Manifest | undefined;
  private text: string | undefined;
  /** The state and the journal in the cluster, as they are stored there. Undefined if nothing can be appended to it. */
  private stored: { sealed: Buffer; journal: Buffer } | undefined;
  private keepsPrevious = false;

  constructor(args: ClusterStoreArgs) {
    this.args = args;
    this.name = nameOf(args);
    this.namespace = args.namespace ?? stateNamespace;
    this.history = new ClusterHistory({
      project: args.project,
      stack: args.stack,
      namespace: this.namespace,
      owner: this.name,
      cluster: () => this.cluster(),
      read: (name) => this.read(name),
      unseal: (secret) => this.unseal(secret),
      write: (target, text, before) => this.writeTo(target, text, before),
      assertHeld: () => this.lease?.assertHeld(),
      wasExpired: () => this.lease?.wasExpired === true,
    });
  }

  async exists(): Promise<boolean> {
    return (await this.read(this.name)) !== undefined;
  }

  async load(): Promise<ResourceState[]> {
    this.secret = await this.read(this.name);
    this.text = undefined;
    this.stored = undefined;
    this.keepsPrevious = false;
    if (this.secret === undefined) return [];
    this.text = await this.openNewest(this.secret);
    // A run that has lost its Lease, and does not know it yet, can no longer write.
    if (this.lease?.wasExpired) await this.write(this.text);
    return this.resourcesIn(this.text);
  }

  /** The state before the last run that changed it. None if there was no such run. */
  async loadPrevious(): Promise<ResourceState[]> {
    const previous = await this.read(`${this.name}-previous`);
    return previous ? this.resourcesIn(await this.open(previous)) : [];
  }

  async save(resources: ResourceState[]): Promise<void> {
    this.lease?.assertHeld();
    const { project, stack } = this.args;
    const text = JSON.stringify({ version: 1, project, stack, resources });
    if (text === this.text) return;
    if (this.secret && this.text !== undefined && !this.keepsPrevious) await this.keepPrevious(this.text);
    this.keepsPrevious = true;
    await this.write(text);
  }

  async append(changes: StateChange[], all: () => ResourceState[]): Promise<void> {
    const { stored, secret } = this;
    if (stored === undefined || secret === undefined || stored.sealed.length < shortestForJournal) return this.save(all());
    const { key } = this.sealingKey();
    const journal = Buffer.concat([stored.journal, journalEntry(sealBytes(key, gzipSync(JSON.stringify(changes))))]);
    if (journal.length > longestJournal) return this.save(all());
    this.lease?.assertHeld();
    if (this.text !== undefined && !this.keepsPrevious) await this.keepPrevious(this.text);
    this.keepsPrevious = true;
    // Until this has succeeded, it is not known what the cluster has.
    this.stored = undefined;
    this.text = undefined;
    const header = headerIn(secret);
    const target = { name: this.name, label: stateLabel };
    const chunks = header.version === 2 ? header.chunks : await this.createChunks(target, stored.sealed, { fromFirst: true });
    this.secret = await this.replaceHead(target, { ...header, version: 2, chunks }, { journal }, secret);
    await this.removeChunks(header.chunks.filter((one) => !chunks.includes(one)));
    this.stored = { sealed: stored.sealed, journal };
  }

  /** Puts the state out of use, and keeps it as the previous one. The stack must be locked. */
  async retire(): Promise<void> {
    await this.load();
    if (this.secret === undefined || this.text === undefined) return;
    await this.keepPrevious(this.text);
    const cluster = await this.cluster();
    const { chunks } = headerIn(this.secret);
    for (const name of [this.name, ...chunks]) await cluster.remove(this.manifest(name), 60);
  }

  async remove(): Promise<void> {
    this.lease?.assertHeld();
    const cluster = await this.cluster();
    const all = await cluster.select("v1", "Secret", this.namespace, `${stateLabel}=${this.name}`);
    // The one with the header is the last one: until then the state is complete, or not there.
    const last = all.filter(({ metadata }) => metadata?.name === this.name);
    for (const secret of [...last, ...all.filter((one) => !last.includes(one))])
      await cluster.remove({ apiVersion: "v1", kind: "Secret", metadata: secret.metadata }, 60);
    this.secret = undefined;
    this.text = undefined;
    this.stored = undefined;
  }

  async locked<T>(command: string, work: () => Promise<T>): Promise<T> {
    const { stack } = this.args;
    const cluster = await this.cluster();
    await this.createNamespace(cluster);
    const { namespace, name } = this;
    const lease = await Lease.acquire({ cluster, namespace, name, what: `Stack "${stack}"`, command });
    this.lease = lease;
    try {
      return await work();
    } finally {
      this.lease = undefined;
      await lease.release();
    }
  }

  private connection(): Promise<Connection> {
    this.connected ??= this.args.connect();
    return this.connected;
  }

  private async cluster(): Promise<KubernetesCluster> {
    return (await this.connection()).cluster;
  }

  /** The resources in a state. Providers of this cluster get the kubeconfig of this machine: another one may have written the state. */
  private async resourcesIn(text: string): Promise<ResourceState[]> {
    const { id, kubeconfig, context } = await this.connection();
    const { resources } = JSON.parse(text) as { resources: ResourceState[] };
    const isHere = ({ type, inputs }: ResourceState) => type === "pulumi:providers:kubernetes" && inputs["clusterIdentifier"] === id;
    const reachable = { ...(kubeconfig !== undefined && { kubeconfig }), context };
    return resources.map((resource) => {
      if (!isHere(resource)) return resource;
      const { kubeconfig: _other, ...inputs } = resource.inputs;
      return { ...resource, inputs: { ...inputs, ...reachable } };
    });
  }

  private async createNamespace(cluster: KubernetesCluster): Promise<void> {
    if (this.args.namespace !== undefined) return;
    const metadata = { name: this.namespace, labels: { "app.kubernetes.io/managed-by": "slipway" } };
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata };
    if (await cluster.find(namespace)) return;
    await cluster.create(namespace).catch((error: unknown) => {
      if (!(error instanceof KubernetesError) || ![403, 409].includes(error.status)) throw error;
      if (error.status === 403)
        throw new UserError(
          `The namespace ${this.namespace}, for the state of stack "${this.args.stack}", cannot be created: ${error.message}. Let an administrator create it, set slipway:kubernetes.namespace to an existing namespace, or set slipway:kubernetes.state to file.`,
        );
    });
  }

  /** A Secret with a state. Undefined if it does not exist. */
  private async read(name: string): Promise<Manifest | undefined> {
    return (await this.cluster()).find(this.manifest(name));
  }

  private manifest(name: string) {
    return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: this.namespace } };
  }

  /** Opens a state. One that another run is writing meanwhile, so that parts of it are gone, is read again. */
  private async openNewest(secret: Manifest): Promise<string> {
    try {
      return await this.open(secret);
    } catch (error) {
      const again = await this.read(this.name);
      if (again === undefined || again.metadata?.resourceVersion === secret.metadata?.resourceVersion) throw error;
      this.secret = again;
      return this.open(again);
    }
  }

  private async open(secret: Manifest): Promise<string> {
    const where = `Secret ${this.namespace}/${secret.metadata?.name}`;
    try {
      return await this.unseal(secret);
    } catch (error) {
      if (error instanceof UserError) throw error;
      const remedy = `Restore the state of the run before: slipway state export --previous --stack ${this.args.stack} >state.json, then slipway state import state.json --to cluster --force --stack ${this.args.stack}`;
      throw new UserError(`${where}: cannot be read (${(error as Error).message}). Nothing was changed. ${remedy}`);
    }
  }

  /** The text in a Secret. @throws UserError if the passphrase is missing or wrong, Error if the content is damaged. */
  private async unseal(secret: Manifest): Promise<string> {
    const { version, salt, chunks } = headerIn(secret);
    if (version > newestVersion) throw new Error(`its version is ${version}, and this Slipway reads ${newestVersion}. Upgrade Slipway`);
    await preparePassphraseKey(salt);
    const key = passphraseKey(salt, `Secret ${this.namespace}/${secret.metadata?.name}`);
    this.key ??= { key, salt };
    const rest = await Promise.all(chunks.map((name) => this.read(name)));
    const sealed = Buffer.concat([...(version === 1 ? [secret] : []), ...rest].map((one) => decode(one!["data"].state)));
    const journal = version === 1 ? Buffer.alloc(0) : decode(secret["data"].journal);
    if (secret.metadata?.name === this.name) this.stored = { sealed, journal };
    const opened = (bytes: Buffer) => gunzipSync(openBytes(key, bytes)).toString();
    const text = opened(sealed);
    if (journal.length === 0) return text;
    const { resources, ...header } = JSON.parse(text) as { resources: ResourceState[] };
    const changes = journalEntries(journal).flatMap((bytes) => JSON.parse(opened(bytes)) as StateChange[]);
    return JSON.stringify({ ...header, resources: withChanges(resources, changes) });
  }

  /** The key of a new state: from the salt of the stack file, if it has one, so that one derivation is enough. */
  private sealingKey(): { key: Buffer; salt: string } {
    const { salt } = this.args;
    this.key ??= salt === undefined ? this.newKey() : { key: passphraseKey(salt, "the stack file"), salt };
    return this.key;
  }

  private newKey(): { key: Buffer; salt: string } {
    const isGiven = process.env["PULUMI_CONFIG_PASSPHRASE"] || process.env["PULUMI_CONFIG_PASSPHRASE_FILE"];
    // A passphrase that only this checkout has is lost with it.
    if (!isGiven && process.env["CI"])
      throw new UserError(
        `Stack "${this.args.stack}": PULUMI_CONFIG_PASSPHRASE must be set, because the state in the cluster is encrypted with it, and the next run must be able to read it.`,
      );
    const { isLocal, ...key } = newPassphraseKey();
    if (isLocal)
      process.stderr.write(
        `note: the state in the cluster is encrypted with the passphrase in .slipway/passphrase. Whoever else deploys this stack needs it as PULUMI_CONFIG_PASSPHRASE.\n`,
      );
    return key;
  }

  private async keepPrevious(text: string): Promise<void> {
    const name = `${this.name}-previous`;
    const before = await this.read(name);
    await this.writeTo({ name, label: stateLabel }, text, before);
  }

  private async write(text: string): Promise<void> {
    this.stored = undefined;
    this.secret = await this.writeTo({ name: this.name, label: stateLabel }, text, this.secret);
    this.text = text;
  }

  /** Writes a text into a Secret, and what does not fit into others before that. */
  private async writeTo(target: Target, text: string, before: Manifest | undefined): Promise<Manifest> {
    const { key, salt } = this.sealingKey();
    const sealed = sealBytes(key, gzipSync(text));
    const chunks = await this.createChunks(target, sealed);
    const written = await this.replaceHead(target, { version: 1, salt, chunks }, { state: sealed.subarray(0, chunkSize) }, before);
    const old = before ? headerIn(before).chunks : [];
    await this.removeChunks(old.filter((one) => !chunks.includes(one)));
    if (target.name === this.name) this.stored = { sealed, journal: Buffer.alloc(0) };
    return written;
  }

  /** Creates the Secrets with what does not fit into the first one. With `fromFirst`, that has nothing of it. Returns their names. */
  private async createChunks(target: Target, sealed: Buffer, { fromFirst = false } = {}): Promise<string[]> {
    const cluster = await this.cluster();
    const hash = createHash("sha256").update(sealed).digest("hex").slice(0, 12);
    const names: string[] = [];
    for (let i = fromFirst ? 0 : 1; i * chunkSize < sealed.length; i++) {
      const chunk = `${target.name}-${hash}-${i}`;
      const state = sealed.subarray(i * chunkSize, (i + 1) * chunkSize);
      await cluster.create(this.secretWith({ ...target, name: chunk }, { state })).catch(unlessExists);
      names.push(chunk);
    }
    return names;
  }

  private async removeChunks(names: string[]): Promise<void> {
    const cluster = await this.cluster();
    for (const name of names) await cluster.remove(this.manifest(name), 60);
  }

  /** Creates the first Secret, or replaces it in the version that was read. */
  private async replaceHead(target: Target, header: Header, data: Record<string, Buffer>, before: Manifest | undefined): Promise<Manifest> {
    const cluster = await this.cluster();
    const content = (resourceVersion?: string) =>
      this.secretWith(target, { header: Buffer.from(JSON.stringify(header)), ...data }, resourceVersion);
    return (before ? cluster.replace<Manifest>(content(before.metadata?.resourceVersion)) : cluster.create<Manifest>(content())).catch(
      (error: unknown) => {
        if (!(error instanceof KubernetesError && [404, 409].includes(error.status))) throw error;
        throw new ChangedElsewhere(
          `Stack "${this.args.stack}": the state in the cluster was changed by another run. This run stops. Run it again: it continues from there.`,
        );
      },
    );
  }

  private secretWith({ name, label }: Target, data: Record<string, Buffer>, resourceVersion?: string): Manifest {
    const { project, stack } = this.args;
    const { metadata, ...manifest } = this.manifest(name);
    return {
      ...manifest,
      type: "dev.slipway/state",
      metadata: {
        ...metadata,
        ...(resourceVersion !== undefined && { resourceVersion }),
        labels: { "app.kubernetes.io/managed-by": "slipway", [label]: this.name },
        annotations: { "dev.slipway/stack": `${project}/${stack}` },
      },
      data: Object.fromEntries(Object.entries(data).map(([key, bytes]) => [key, bytes.toString("base64")])),
    };
  }
}

/** All Secrets of a state have it, with the name of the first one. */
const stateLabel = "dev.slipway/state";

/** A name of an object that no other stack has. It is also a valid value of a label. */
function nameOf({ project, stack }: ClusterStoreArgs): string {
  const readable = `${project}-${stack}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const hash = createHash("sha256")
    .update(JSON.stringify([project, stack]))
    .digest("hex")
    .slice(0, 8);
  return `slipway-${readable.slice(0, 40)}-${hash}`.replaceAll(/-+/g, "-");
}

function headerIn(secret: Manifest): Header {
  return JSON.parse(decode(secret["data"].header).toString()) as Header;
}

/** An entry of a journal: its length, in four bytes, and its content. */
function journalEntry(content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

/** The contents of the entries. @throws Error if the last one is incomplete. */
function journalEntries(journal: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at < journal.length;) {
    const end = at + 4 + journal.readUInt32BE(at);
    if (end > journal.length) throw new Error("the journal is incomplete");
    entries.push(journal.subarray(at + 4, end));
    at = end;
  }
  return entries;
}

function decode(base64: string): Buffer {
  return Buffer.from(base64, "base64");
}

function unlessExists(error: unknown): void {
  if (!(error instanceof KubernetesError && error.status === 409)) throw error;
}
