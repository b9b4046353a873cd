import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const keysRotate = defineCommand({
  name: "keys rotate",
  group: CommandGroup.Images,
  summary: "Replace a key pair; the old public key stays valid until a date",
  description:
    "Writes a new key pair in place of the old one. The old public key becomes keys/<name>-<date>.pub, and keys/trusted.yaml says until when signatures with it count. The old private key is deleted. The next up of a stack signs its images with the new key.",
  options: {
    name: { value: "name", summary: "name of the key", default: "slipway" },
    until: { value: "date", summary: "last day of the old public key, such as 2026-12-31; by default in 90 days" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway keys rotate", summary: "the old public key counts for 90 days" },
    { command: "slipway keys rotate --until 2026-12-31", summary: "until the end of that day" },
  ],
  async run({ name, until, json }) {
    const { rotateKeys } = await import("../keys/rotate.ts");
    const rotated = await rotateKeys(name, until);
    process.stdout.write(
      json
        ? `${JSON.stringify(rotated, null, 2)}\n`
        : `${rotated.privateKey}, ${rotated.publicKey}: the new key pair.\n${rotated.oldPublicKey}: the old public key, valid until ${rotated.until} (${rotated.trusted}).\nCommit both public keys and ${rotated.trusted}.\n`,
    );
    return ExitCode.Success;
  },
});
