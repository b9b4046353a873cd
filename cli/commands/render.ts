import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const render = defineCommand({
  name: "render",
  group: CommandGroup.Review,
  summary: "Write the stack's Kubernetes objects as YAML files, for Flux, Argo CD or a scanner",
  description:
    "Without --for, each object is one file, for a scanner. With it, the files are for a controller that deploys them instead of slipway up: they have the order in which it applies them, and every image must exist. Secrets are left out, and named on standard error, unless --secrets says otherwise. No file has the value of a secret.",
  options: {
    stack: stackOption,
    out: { value: "folder", summary: "folder for the files", required: true },
    for: { value: "controller", summary: "what applies the files: flux or argocd" },
    push: { value: "artifact", summary: "also push the files as an OCI artifact, such as oci://ghcr.io/acme/shop-manifests:prod" },
    "push-images": { summary: "build images that their registry does not have, and push them" },
    secrets: {
      value: "mode",
      summary: "what becomes of Secrets: omit, external (ExternalSecret objects) or sops (encrypted, for Flux)",
      default: "omit",
    },
    "secret-store": { value: "kind/name", summary: "store of --secrets external, such as ClusterSecretStore/vault" },
    "secret-key": {
      value: "pattern",
      summary: "name of an entry in the store, which has the Secret's keys as properties",
      default: "{project}/{stack}/{secret}",
    },
    age: {
      value: "recipient",
      summary: "recipient of --secrets sops instead of the rules in .sops.yaml; may be repeated",
      repeatable: true,
    },
    json: jsonOption,
  },
  examples: [
    { command: "slipway render --stack prod --out manifests", summary: "write one file for each object" },
    {
      command: "slipway render --stack prod --out manifests --for flux --push oci://ghcr.io/acme/shop-manifests:prod",
      summary: "write the files for Flux, and push them",
    },
  ],
  async run({ stack: name, out, json, ...given }) {
    const [{ readStack }, { readOptions }] = await Promise.all([import("../../config/stack-file.ts"), import("../render/options.ts")]);
    const options = readOptions(given, readStack(name, { withoutSecrets: true }));
    const { secrets, notes, ...result } = options
      ? await (await import("../render/gitops.ts")).renderForController(readStack(name), out, options)
      : await (await import("../render/plain.ts")).renderPlain(readStack(name, { withoutSecrets: true }), out);
    if (json) process.stdout.write(`${JSON.stringify({ ...result, secrets }, null, 2)}\n`);
    else {
      const { files, removed, bootstrap, images = [], artifact } = result;
      for (const file of files) process.stdout.write(`${file}\n`);
      for (const file of removed) process.stdout.write(`${file}  removed\n`);
      for (const image of images) process.stdout.write(`${image}  pushed\n`);
      if (artifact) process.stdout.write(`${artifact.reference}  ${artifact.digest}\n`);
      if (bootstrap) process.stdout.write(`\nOnce for each cluster: kubectl apply -f ${bootstrap}\n`);
    }
    for (const note of notes) process.stderr.write(`${note}\n`);
    for (const { name: secret, keys } of secrets)
      process.stderr.write(`Secret ${secret} is left out. Create it in the cluster by other means, with the keys ${keys.join(", ")}.\n`);
    return ExitCode.Success;
  },
});
