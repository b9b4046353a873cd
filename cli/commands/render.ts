import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const render = defineCommand({
  name: "render",
  group: CommandGroup.Review,
  summary: "Write the stack's Kubernetes objects as YAML files, for Argo CD, Flux or a scanner",
  description: "Secrets are left out, and named on standard error.",
  options: { stack: stackOption, out: { value: "folder", summary: "folder for the files", required: true }, json: jsonOption },
  examples: [{ command: "slipway render --stack prod --out manifests", summary: "write one file for each object" }],
  async run({ stack: name, out, json }) {
    const [path, { platformOf, readStack }, { registrationsOf }, { manifestsOf, writeManifests }, { UserError }] = await Promise.all([
      import("node:path"),
      import("../../config/stack-file.ts"),
      import("../../review/render/registrations.ts"),
      import("../../review/render/manifests.ts"),
      import("../../lib/user-error.ts"),
    ]);
    const stack = readStack(name);
    const manifests = manifestsOf(await registrationsOf(stack));
    if (manifests.files.size === 0)
      throw new UserError(
        `Stack "${name}" has no Kubernetes objects (its platform is ${platformOf(stack)}). Render a stack of the platform local or eks.`,
      );
    const { removed } = writeManifests(manifests, out);
    const files = [...manifests.files.keys()].map((file) => path.join(out, file));
    if (json)
      process.stdout.write(
        `${JSON.stringify({ files, removed: removed.map((file) => path.join(out, file)), secrets: manifests.secrets }, null, 2)}\n`,
      );
    else {
      for (const file of files) process.stdout.write(`${file}\n`);
      for (const file of removed) process.stdout.write(`${path.join(out, file)}  removed\n`);
    }
    for (const { name, keys } of manifests.secrets)
      process.stderr.write(`Secret ${name} is left out. Create it in the cluster by other means, with the keys ${keys.join(", ")}.\n`);
    return ExitCode.Success;
  },
});
