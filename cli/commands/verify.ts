import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const verify = defineCommand({
  name: "verify",
  group: CommandGroup.Images,
  summary: "Check that an image is intact, and has what it must have, signed by somebody who is trusted",
  description:
    "Downloads the image and compares every part with its digest. Then it reads what refers to the image, and checks signature, provenance and bill of materials. Trusted are the keys in keys/trusted.yaml, or those that are given. An image that was changed, or lacks something, is rejected with exit code 1.",
  argument: { name: "image", summary: "image by digest or by tag, such as registry.example/web@sha256:…" },
  options: {
    key: { value: "file", summary: "trusted public key, instead of those in keys/trusted.yaml; may be repeated", repeatable: true },
    identity: { value: "subject", summary: "trusted identity of a CI job, such as the URL of its workflow" },
    issuer: { value: "url", summary: "who vouches for the identity, such as https://token.actions.githubusercontent.com" },
    "trusted-root": { value: "file", summary: "certificates and logs of Sigstore, for --identity" },
    require: {
      value: "what",
      summary: "signature, provenance, sbom or vulnerabilities; by default the first three; may be repeated",
      repeatable: true,
    },
    json: jsonOption,
  },
  examples: [
    { command: "slipway verify registry.example/web@sha256:6e04…", summary: "with the keys of the project" },
    { command: "slipway verify registry.example/web:1 --key web.pub --require signature", summary: "the image of somebody else" },
  ],
  async run({ key, identity, issuer, "trusted-root": trustedRoot, require, json }, image) {
    const [{ verifyImage }, { formatVerified }] = await Promise.all([import("../verify/verify.ts"), import("../verify/format.ts")]);
    const result = await verifyImage(image, { key, identity, issuer, trustedRoot, require });
    process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : formatVerified(result));
    return result.problems.length === 0 ? ExitCode.Success : ExitCode.Failed;
  },
});
