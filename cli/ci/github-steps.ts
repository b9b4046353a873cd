import { passphraseVariable } from "../../lib/attestations/key-file.ts";
import { posix } from "node:path";
import { CredentialVariables } from "../../config/registry-access.ts";
import { uses, type Action } from "./actions.ts";
import type { CiProject, CiStack } from "./project.ts";
import { slipwayNode } from "./versions.ts";
import type { Permissions, Step } from "./github-workflow.ts";

const secret = (name: string) => `\${{ secrets.${name} }}`;
const variable = (name: string) => `\${{ vars.${name} }}`;

/** What a job may do to a stack. Previews run code of a pull request that nobody has reviewed, so they have credentials of their own. */
export const Access = {
  Read: { role: "AWS_ROLE_TO_PREVIEW", kubeconfig: "KUBECONFIG_TO_PREVIEW" },
  Deploy: { role: "AWS_ROLE", kubeconfig: "KUBECONFIG" },
} as const;
export type Access = (typeof Access)[keyof typeof Access];

/** The gate, and the deployment of a stack whose images are built in this job. */
export function built({ slipway }: CiProject, stack: CiStack): Step[] {
  return [
    { run: `${slipway} gate --stack ${stack.name}`, env: stackSecrets(stack) },
    { run: `${slipway} up --stack ${stack.name}`, env: { ...stackSecrets(stack), ...registryLogin(stack), ...signingKey(stack) } },
  ];
}

/** Hands the images that run over to the next job, which needs no access to this stack. */
export function handOver({ slipway }: CiProject, stack: CiStack): Step {
  const lines = [`images=$(${slipway} outputs --stack ${stack.name} --images)`, 'echo "images=$images" >>"$GITHUB_OUTPUT"'];
  return { id: "images", run: `${lines.join("\n")}\n`, env: stackSecrets(stack) };
}

/** The gate decides on what exactly these images change. */
export function promotion({ slipway }: CiProject, stack: CiStack, from: CiStack): Step {
  return {
    run: `${slipway} promote --from ${from.name} --to ${stack.name} --images "$IMAGES" --now`,
    env: {
      IMAGES: `\${{ needs.${jobId("deploy", from)}.outputs.images }}`,
      ...stackSecrets(stack),
      ...registryLogin(stack),
      ...sourceRegistryLogin(stack, from),
      // What differs between the stacks is built.
      ...signingKey(stack),
    },
  };
}

/** The right to push to ghcr.io, and to pull from there. */
export function packages(stack: CiStack): Permissions {
  if (pushesToGhcr(stack)) return { packages: "write" };
  return stack.promotedFrom && pushesToGhcr(stack.promotedFrom) ? { packages: "read" } : {};
}

/** The right to an identity with which images are signed. */
export function identity({ signing }: CiStack): Permissions {
  return signing === "keyless" ? { "id-token": "write" } : {};
}

/** The passphrase of the private key, for stacks that sign with a key file. */
export function signingKey({ signing }: CiStack): Record<string, string> {
  return signing === "key" ? { [passphraseVariable]: secret(passphraseVariable) } : {};
}

/** A stack name may have dots, and may start with a digit. */
export function jobId(verb: string, { name }: CiStack): string {
  return `${verb}-${name.replaceAll(/[^\w-]/g, "-")}`;
}

interface Preparation {
  /** Further inputs of the checkout. @default - the commit of the event */
  checkout?: object;
  /**
   * Whether downloads are cached. Whatever can write into the cache of the branch main, such as an approved fork, could change what a job with the
   * secrets of an environment runs, so such jobs use no cache.
   */
  cache: boolean;
}

/** The source, Node.js, Go and the packages of the project. */
export function prepared({ nodeFile, lockFile, goModule, install }: CiProject, { checkout = {}, cache }: Preparation): Step[] {
  const action = (name: Action, options: object): Step => ({ uses: uses(name), with: options });
  const node = nodeFile === undefined ? { "node-version": slipwayNode() } : { "node-version-file": nodeFile };
  const nodeCache =
    cache && lockFile !== undefined
      ? { cache: "npm", ...(posix.dirname(lockFile) !== "." && { "cache-dependency-path": lockFile }) }
      : { "package-manager-cache": false };
  const goCache = cache && goModule?.sum !== undefined ? { "cache-dependency-path": goModule.sum } : { cache: false };
  return [
    action("actions/checkout", { ...checkout, "persist-credentials": false }),
    action("actions/setup-node", { ...node, ...nodeCache }),
    ...(goModule ? [action("actions/setup-go", { "go-version-file": goModule.file, ...goCache })] : []),
    ...(install === undefined ? [] : [{ run: install }]),
  ];
}

/** Credentials for the cloud or the cluster, which last as long as the job. */
export function credentials({ platform, region, kubeconfig }: CiStack, access: Access): Step[] {
  if (platform === "eks")
    return [
      {
        uses: uses("aws-actions/configure-aws-credentials"),
        with: { "role-to-assume": variable(access.role), "aws-region": region ?? variable("AWS_REGION") },
      },
    ];
  const file = kubeconfig ?? "$RUNNER_TEMP/kubeconfig";
  const lines = [
    "umask 077",
    ...(kubeconfig !== undefined && posix.dirname(kubeconfig) !== "." ? [`mkdir -p "${posix.dirname(kubeconfig)}"`] : []),
    `printf '%s\\n' "$CONTENT" >"${file}"`,
    ...(kubeconfig === undefined ? ['echo "KUBECONFIG=$RUNNER_TEMP/kubeconfig" >>"$GITHUB_ENV"'] : []),
  ];
  return [{ name: "Write the kubeconfig", run: `${lines.join("\n")}\n`, env: { CONTENT: secret(access.kubeconfig) } }];
}

/** What the engine of the stack needs besides the credentials for the cluster. */
export function stackSecrets({ engine }: CiStack): Record<string, string> {
  const passphrase = { PULUMI_CONFIG_PASSPHRASE: secret("PULUMI_CONFIG_PASSPHRASE") };
  if (engine === "embedded") return passphrase;
  return { ...passphrase, PULUMI_BACKEND_URL: variable("PULUMI_BACKEND_URL"), PULUMI_ACCESS_TOKEN: secret("PULUMI_ACCESS_TOKEN") };
}

/** Whether the images of the stack are in GitHub's registry, to which the job's token may push. */
export function pushesToGhcr({ registry }: CiStack): boolean {
  return registry === "ghcr.io";
}

/** The user who pushes images. */
export function registryLogin(stack: CiStack): Record<string, string> {
  return loginTo(stack, CredentialVariables.Registry);
}

/** The user who pulls the images of the stack before, if they are in another registry. */
function sourceRegistryLogin({ registry }: CiStack, from: CiStack): Record<string, string> {
  return from.registry === registry ? {} : loginTo(from, CredentialVariables.SourceRegistry);
}

/**
 * Credentials for the registry of a stack. On ghcr.io they are those of the workflow itself. The user is no secret: GitHub would drop every
 * output in which it occurs, and names of images often contain it.
 */
function loginTo(stack: CiStack, variables: CredentialVariables): Record<string, string> {
  if (stack.registry === undefined) return {};
  const [user, password] = [`${variables}_USERNAME`, `${variables}_PASSWORD`];
  if (pushesToGhcr(stack)) return { [user]: "${{ github.actor }}", [password]: "${{ github.token }}" };
  return { [user]: variable(user), [password]: secret(password) };
}
