import { join } from "node:path";
import { command } from "./command.ts";
import { goProgram } from "./go-program.ts";

/** The oldest version that encrypts standard input: https://github.com/getsops/sops/releases/tag/v3.10.0. */
const oldest = [3, 10];

/** Path of SOPS: the one on the PATH, if it is new enough, otherwise one that is built once. */
export async function sopsProgram(): Promise<string> {
  const printed = await command("sops", ["--version", "--check-for-updates=false"]).catch(() => "");
  const [, major, minor] = /^sops (\d+)\.(\d+)\./.exec(printed) ?? [];
  const isNewEnough = Number(major) > oldest[0]! || (Number(major) === oldest[0] && Number(minor) >= oldest[1]!);
  return isNewEnough ? "sops" : goProgram(join(import.meta.dirname, "sops"));
}

/**
 * Encrypts the values of a Secret. The text reaches SOPS by standard input only.
 *
 * @param file Path of the file that the Secret is for. Creation rules in .sops.yaml are chosen by it.
 * @param recipients Recipients for age. @default - those of the creation rules
 * @throws UserError with what SOPS says.
 */
export async function encryptSecret(text: string, file: string, recipients: string[]): Promise<string> {
  const args = ["encrypt", "--filename-override", file, "--input-type", "yaml", "--output-type", "yaml"];
  const keys = recipients.length > 0 ? ["--age", recipients.join(",")] : [];
  return command(await sopsProgram(), [...args, "--encrypted-regex", "^(data|stringData)$", ...keys], { input: text });
}
