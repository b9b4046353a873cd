import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const keysCreate = defineCommand({
  name: "keys create",
  group: CommandGroup.Images,
  summary: "Create a key pair with which images are signed",
  description:
    "Writes keys/<name>.key, which only its owner can read and which is encrypted with a passphrase, and keys/<name>.pub. The passphrase is $SLIPWAY_KEY_PASSPHRASE; on a terminal it is asked for. Commit the public key. An existing key is never overwritten.",
  options: {
    name: { value: "name", summary: "name of the key", default: "slipway" },
    json: jsonOption,
  },
  examples: [{ command: "slipway keys create", summary: "create keys/slipway.key and keys/slipway.pub" }],
  async run({ name, json }) {
    const { createKeys } = await import("../keys/create.ts");
    const created = await createKeys(name);
    process.stdout.write(
      json
        ? `${JSON.stringify(created, null, 2)}\n`
        : `${created.privateKey}: the private key, encrypted with the passphrase. Commit it only if a pipeline signs with it.\n${created.publicKey}: the public key. Commit it.\nTo sign with it, add to a stack file:\n\n  slipway:supplyChain:\n    sign:\n      key: ${created.privateKey}\n`,
    );
    return ExitCode.Success;
  },
});
