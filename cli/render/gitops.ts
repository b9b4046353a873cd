import { join } from "node:path";
import { settingsIn, type Stack } from "../../config/stack-file.ts";
import { preparingAttestations } from "../../lib/attestations/prepared.ts";
import { throwIfAny } from "../../lib/problem.ts";
import { pushArtifact, type Answer } from "../../lib/registry-client.ts";
import { UserError } from "../../lib/user-error.ts";
import { artifactOf } from "../../review/render/artifact.ts";
import { externalSecretOf } from "../../review/render/external-secret.ts";
import { writeFolder } from "../../review/render/folder.ts";
import { gitOpsFiles, type SecretWriter } from "../../review/render/gitops.ts";
import { contentOf, objectsOf, type OmittedSecret } from "../../review/render/manifests.ts";
import { registrationsOf, type Registered } from "../../review/render/registrations.ts";
import { encryptedSecrets, keyOfStack } from "./encrypted-secrets.ts";
import { buildWithDocker, builtWithDocker, checkImages, pushBuilt } from "./images.ts";
import { SecretMode, type GitOpsOptions } from "./options.ts";
import { gitSource, ociSource, provenanceOf } from "./source.ts";

export interface GitOpsResult {
  /** Paths of the files that were written, and of earlier ones that were removed. */
  files: string[];
  removed: string[];
  /** The file that the user applies, once. */
  bootstrap: string;
  secrets: OmittedSecret[];
  /** Images that were pushed. */
  images: string[];
  /** The artifact, and whether the registry had it already. */
  artifact?: { reference: string; digest: string };
  /** What the user should know. */
  notes: string[];
}

/** Renders a stack for a GitOps controller into a folder, and pushes what it was told to. Nothing is written if something is wrong. */
export async function renderForController(stack: Stack, out: string, options: GitOpsOptions): Promise<GitOpsResult> {
  const { controller, artifact, secrets } = options;
  const notes: string[] = [];
  const isEncrypted = secrets === SecretMode.Sops;
  const [ofChecksums, ofFiles] = isEncrypted ? [keyOfStack(stack.name, "checksums"), keyOfStack(stack.name, "files")] : [];
  if (settingsIn(stack, "kubernetes")["flavour"] === undefined)
    notes.push(
      "No cluster was asked. If it is OpenShift, GKE, AKS or EKS, set slipway:kubernetes.flavour, because some objects differ there.",
    );
  const { resources, images } = await withImages(stack, options.pushImages, ofChecksums?.toString("hex"));
  const source = artifact ? ociSource(artifact) : await gitSource(out);
  if (source.kind === "git" && source.url === undefined)
    notes.push(`${out}: is in no git repository with a remote, so bootstrap.yaml has no URL of it. Add it there.`);
  const writeSecret: SecretWriter = options.store
    ? async (secret, _file, annotate) =>
        contentOf(annotate(externalSecretOf(secret, options.store!, { project: stack.project, stack: stack.name })))
    : isEncrypted
      ? encryptedSecrets(ofFiles, out, options.recipients)
      : async () => undefined;
  const args = { project: stack.project, stack: stack.name, controller, source, writeSecret };
  const hasEncrypted = isEncrypted && objectsOf(resources).secrets.length > 0;
  const rendered = await gitOpsFiles(resources, { ...args, hasEncrypted, hasChecksums: ofChecksums !== undefined });
  if (hasEncrypted && ofFiles === undefined)
    notes.push(
      "The stack has no passphrase, so Secrets are encrypted again by each run, and pods are not restarted when they change. Keep the values of secrets in the stack file encrypted.",
    );
  const { removed } = writeFolder(rendered.files, out);
  const result: GitOpsResult = {
    files: [...rendered.files.keys()].map((file) => join(out, file)),
    removed: removed.map((file) => join(out, file)),
    bootstrap: join(out, rendered.bootstrap),
    secrets: rendered.secrets,
    images,
    notes,
  };
  if (artifact === undefined) return result;
  const { [rendered.bootstrap]: _, ...synced } = Object.fromEntries(rendered.files);
  const { repository, tag } = artifact;
  const answer = await pushArtifact(
    await artifactOf(new Map(Object.entries(synced)), controller, await provenanceOf(out)),
    repository,
    tag,
  );
  if (answer.problem !== undefined) throw new UserError(whyNotPushed(`oci://${repository}:${tag}`, answer));
  return { ...result, artifact: { reference: `oci://${repository}:${tag}`, digest: answer.digest } };
}

/** The resources of a stack with images that exist. */
async function withImages(stack: Stack, pushImages: boolean, uid?: string): Promise<{ resources: Registered[]; images: string[] }> {
  const register = () => (pushImages ? preparingAttestations(() => registrationsOf(stack, uid)) : registrationsOf(stack, uid));
  let resources = await register();
  const withDocker = builtWithDocker(resources);
  if (!pushImages)
    throwIfAny(
      withDocker.map(
        ({ name }) => `${name}: is built from a Dockerfile, so the digest of its image is known only after the push. Add --push-images.`,
      ),
      `Stack "${stack.name}" cannot be rendered:`,
    );
  const built = withDocker.length > 0 ? await buildWithDocker(resources) : {};
  if (withDocker.length > 0) resources = await withGivenImages(built, register);
  const pushed = pushImages ? await pushBuilt(resources) : [];
  await checkImages(resources);
  return { resources, images: [...Object.values(built), ...pushed].sort() };
}

/** Runs with images that a service or job gets instead of its own. */
async function withGivenImages<T>(images: Record<string, string>, run: () => Promise<T>): Promise<T> {
  const { SLIPWAY_IMAGES: before } = process.env;
  process.env["SLIPWAY_IMAGES"] = JSON.stringify({ ...JSON.parse(before || "{}"), ...images });
  try {
    return await run();
  } finally {
    if (before === undefined) delete process.env["SLIPWAY_IMAGES"];
    else process.env["SLIPWAY_IMAGES"] = before;
  }
}

function whyNotPushed(reference: string, { problem, message }: Extract<Answer, { problem: string }>): string {
  const [host] = reference.replace("oci://", "").split("/");
  const kept = "The files in the folder are written.";
  switch (problem) {
    case "unauthorized":
      return `${reference}: ${host} does not allow a push with these credentials. ${kept} Run slipway login ${host} as a user who may push.`;
    case "missing":
      return `${reference}: ${host} has no place for it. ${kept} Create the repository there, or correct --push.`;
    case "plainHttp":
      return `${reference}: ${host} answers without TLS. ${kept} Give it a certificate, or, if it is the stack's registry, set slipway:kubernetes.registryAccess.plainHttp to true.`;
    case "untrusted":
      return `${reference}: the certificate of ${host} is not signed for it by an authority that this machine trusts. ${kept} Trust it as Docker does, in /etc/docker/certs.d/${host}.`;
    case "unknownHost":
      return `${reference}: the host name ${host} is unknown. ${kept} Correct --push, or connect to its network.`;
    default:
      return `${reference}: the push failed (${message}). ${kept} Run the command again.`;
  }
}
