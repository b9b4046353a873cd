import { hostname } from "node:os";
import { KubernetesError, type KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import { LockedError } from "../../lib/file-lock.ts";
import { poll } from "../../lib/poll.ts";
import { step } from "../../lib/progress.ts";
import { UserError } from "../../lib/user-error.ts";
import { userName } from "../../lib/user-name.ts";

/** Who holds a lease, in an annotation of it. */
interface Holder {
  user: string;
  host: string;
  pid: number;
  command: string;
  /** ISO 8601. */
  since: string;
}

const holderAnnotation = "dev.slipway/holder";

/** Seconds after which a lease that its holder no longer renews has expired. */
function durationSeconds(): number {
  const text = process.env["SLIPWAY_LEASE_SECONDS"];
  if (text === undefined) return 30;
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0)) throw new UserError(`SLIPWAY_LEASE_SECONDS: must be a positive integer (got "${text}").`);
  return value;
}

export interface LeaseArgs {
  cluster: KubernetesCluster;
  namespace: string;
  name: string;
  /** What is locked, for messages: `Stack "dev"`. */
  what: string;
  /** What holds the lease, for messages: `slipway up`. */
  command: string;
}

/**
 * A lock in a cluster: a Lease (https://kubernetes.io/docs/concepts/architecture/leases/) that its holder renews and deletes in the end. If the
 * holder dies, the lease expires. All times are those of the cluster's clock, because those of machines differ.
 */
export class Lease {
  private readonly args: LeaseArgs;
  private held: Manifest;
  private renewed: number;
  private readonly seconds: number;
  private problem: string | undefined;
  private renewing: Promise<void> | undefined;
  private readonly timer: NodeJS.Timeout;
  private readonly onSignal: (signal: NodeJS.Signals) => void;
  /** Whether the lease has been taken over from a holder that did not release it. */
  readonly wasExpired: boolean;

  /**
   * Takes a lease that nobody holds. A holder on this machine that no longer runs is waited for until its lease has expired.
   *
   * @throws LockedError that names the holder.
   */
  static async acquire(args: LeaseArgs): Promise<Lease> {
    const { cluster, what } = args;
    const header = headerOf(args);
    const attempt = async (): Promise<Lease | Manifest> => {
      const found = await cluster.find(header);
      if (found && !hasExpired(found, cluster)) return found;
      const lease = newLease(args, found);
      const written = await (found ? cluster.replace<Manifest>(lease) : cluster.create<Manifest>(lease)).catch(unlessTaken);
      return written ? new Lease(args, written, found !== undefined) : ((await cluster.find(header)) ?? header);
    };
    const first = await attempt();
    if (first instanceof Lease) return first;
    if (!diedHere(first)) throw lockedBy(first, what);
    const title = `wait until the lock of ${describe(first)} expires, which has ended without releasing it`;
    return step(title, () =>
      poll(
        async () => {
          const result = await attempt();
          if (result instanceof Lease) return result;
          if (!diedHere(result)) throw lockedBy(result, what);
          return undefined;
        },
        { timeoutSeconds: secondsOf(first) + 60, onTimeout: () => lockedBy(first, what) },
      ),
    );
  }

  private constructor(args: LeaseArgs, held: Manifest, wasExpired: boolean) {
    this.args = args;
    this.held = held;
    this.wasExpired = wasExpired;
    this.seconds = secondsOf(held);
    this.renewed = performance.now();
    // Two renewals at a time would be in conflict with each other.
    const renew = () => void (this.renewing ??= this.renew().finally(() => (this.renewing = undefined)));
    this.timer = setInterval(renew, (this.seconds * 1000) / 3).unref();
    this.onSignal = (signal) => void this.release().finally(() => process.exit(signal === "SIGINT" ? 130 : 143));
    process.once("SIGINT", this.onSignal).once("SIGTERM", this.onSignal);
  }

  /** @throws UserError if the lease is lost: somebody else may be changing the stack. */
  assertHeld(): void {
    const { what } = this.args;
    if (this.problem === undefined && performance.now() - this.renewed > this.seconds * 1000)
      this.problem = `it could not be renewed for ${this.seconds} s`;
    if (this.problem !== undefined)
      throw new UserError(`${what}: the lock was lost, because ${this.problem}. The run stops. Run it again: it continues from here.`);
  }

  /** Deletes the lease, so that the next run need not wait. */
  async release(): Promise<void> {
    clearInterval(this.timer);
    process.off("SIGINT", this.onSignal).off("SIGTERM", this.onSignal);
    await this.renewing;
    if (this.problem !== undefined) return;
    const { apiVersion, kind, metadata } = this.held;
    const none = undefined;
    const preconditions = { resourceVersion: metadata!.resourceVersion! };
    // Otherwise it expires.
    await this.args.cluster.delete({ apiVersion, kind, metadata }, none, none, none, none, none, { preconditions }).catch(() => undefined);
  }

  private async renew(): Promise<void> {
    const { cluster } = this.args;
    const started = performance.now();
    try {
      const spec = { ...this.held["spec"], renewTime: microTime(cluster) };
      this.held = await cluster.replace<Manifest>({ ...this.held, spec });
      this.renewed = started;
    } catch (error) {
      // Otherwise the next attempt may succeed.
      if (error instanceof KubernetesError && [404, 409].includes(error.status)) await this.readAgain().catch(() => undefined);
    }
  }

  /** The lease is another one than was written last: somebody has taken it over, or the answer to a renewal was lost. */
  private async readAgain(): Promise<void> {
    const { cluster } = this.args;
    const found = await cluster.find(headerOf(this.args));
    const isOwn = found?.metadata?.annotations?.[holderAnnotation] === this.held.metadata?.annotations?.[holderAnnotation];
    if (found && isOwn) this.held = found;
    else this.problem = "another run has taken it over";
  }
}

function headerOf({ namespace, name }: LeaseArgs) {
  return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name, namespace } };
}

function newLease(args: LeaseArgs, found: Manifest | undefined): Manifest {
  const { cluster, command } = args;
  const { metadata, ...header } = headerOf(args);
  const user = userName();
  const holder: Holder = { user, host: hostname(), pid: process.pid, command, since: new Date(cluster.now()).toISOString() };
  const now = microTime(cluster);
  return {
    ...header,
    metadata: {
      ...metadata,
      resourceVersion: found?.metadata?.resourceVersion,
      labels: { "app.kubernetes.io/managed-by": "slipway" },
      annotations: { [holderAnnotation]: JSON.stringify(holder) },
    },
    spec: {
      holderIdentity: `${user}@${holder.host}/${holder.pid}`,
      leaseDurationSeconds: durationSeconds(),
      acquireTime: now,
      renewTime: now,
      leaseTransitions: Number(found?.["spec"].leaseTransitions ?? -1) + 1,
    },
  };
}

/** The cluster's time as Kubernetes writes it in a Lease. */
function microTime(cluster: KubernetesCluster): string {
  return new Date(cluster.now()).toISOString().replace("Z", "000Z");
}

function secondsOf({ spec }: Manifest): number {
  return Number(spec?.leaseDurationSeconds ?? 0);
}

function expiryOf(lease: Manifest): number {
  return Date.parse(lease["spec"]?.renewTime ?? 0) + secondsOf(lease) * 1000;
}

function hasExpired(lease: Manifest, cluster: KubernetesCluster): boolean {
  return !lease["spec"]?.holderIdentity || cluster.now() > expiryOf(lease);
}

/** Somebody else was faster: the lease exists, or has changed. */
function unlessTaken(error: unknown): undefined {
  if (!(error instanceof KubernetesError && error.status === 409)) throw error;
}

function holderOf({ metadata }: Manifest): Holder | undefined {
  try {
    return JSON.parse(metadata?.annotations?.[holderAnnotation] ?? "") as Holder;
  } catch {
    return undefined;
  }
}

/** Whether the holder was a process of this machine that has ended. */
function diedHere(lease: Manifest): boolean {
  const holder = holderOf(lease);
  if (holder?.host !== hostname() || holder.user !== userName()) return false;
  try {
    process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

function describe(lease: Manifest): string {
  const holder = holderOf(lease);
  if (holder === undefined) return String(lease["spec"]?.holderIdentity ?? "another run");
  return `"${holder.command}" of ${holder.user}@${holder.host} (process ${holder.pid}, since ${holder.since})`;
}

function lockedBy(lease: Manifest, what: string): LockedError {
  const expiry = new Date(expiryOf(lease)).toISOString();
  return new LockedError(
    `${what} is locked by ${describe(lease)}. Wait until it has finished. If it was killed, its lock expires at ${expiry}, unless it is renewed.`,
  );
}
