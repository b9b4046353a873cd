import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const login = defineCommand({
  name: "login",
  group: CommandGroup.Images,
  summary: "Check credentials for a registry, and store them where Docker does",
  description:
    "Asks on a terminal for what is missing. The credentials are stored by the credential helper in Docker's configuration file, otherwise in that file ($DOCKER_CONFIG, or ~/.docker). Credentials that the registry rejects are not stored.",
  argument: { name: "registry", summary: "host of the registry, such as ghcr.io" },
  options: {
    username: { value: "name", summary: "user of the registry" },
    "password-stdin": { summary: "read the password or token from standard input" },
    ca: { value: "file", summary: "certificates of authorities in PEM form that signed the registry's certificate" },
    "plain-http": { summary: "send the credentials without TLS" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway login ghcr.io", summary: "asks for the user and the token" },
    { command: "slipway login ghcr.io --username ci --password-stdin <token.txt", summary: "in a pipeline" },
  ],
  async run({ username, "password-stdin": passwordStdin, ca, "plain-http": plainHttp, json }, registry) {
    const [{ askForLogin }, { loginTo }] = await Promise.all([import("../login/ask.ts"), import("../login/login.ts")]);
    const given = await askForLogin(registry, { username, passwordStdin });
    const result = await loginTo(registry, given, { ca, plainHttp });
    const unchecked = result.checked ? "" : " It asks for no credentials, so they were not checked.";
    process.stdout.write(
      json
        ? `${JSON.stringify({ registry, username: given.username, ...result }, null, 2)}\n`
        : `Logged in to ${registry} as ${given.username}.${unchecked} Stored in ${result.storedIn}.\n`,
    );
    return ExitCode.Success;
  },
});
