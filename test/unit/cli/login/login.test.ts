import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { askForLogin } from "../../../../cli/login/ask.ts";
import { loginTo } from "../../../../cli/login/login.ts";
import { Answer, HttpApi } from "../../http-api.ts";

let folder: string;
let registry: HttpApi;
let host: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-login-"));
  vi.stubEnv("DOCKER_CONFIG", folder);
  registry = await new HttpApi().open("tcp");
  host = registry.host.replace("http://", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  registry.close();
  rmSync(folder, { recursive: true });
});

const config = () => join(folder, "config.json");
const encoded = Buffer.from("ci:s3cret").toString("base64");
const given = { username: "ci", password: "s3cret" };
const usual = { ca: undefined, plainHttp: false };

/** A registry with basic authentication, for the user ci. */
const basic = ({ authorization }: { authorization?: string }) =>
  authorization === `Basic ${encoded}` ? new Answer(200, "{}") : new Answer(401, "{}", { "www-authenticate": 'Basic realm="test"' });

describe("a login", () => {
  test("adds the credentials to Docker's configuration file, and leaves everything else in it", async () => {
    registry.answers = { "GET /v2/": basic };
    writeFileSync(config(), JSON.stringify({ auths: { "other.example": { auth: "YTpi" } }, psFormat: "table" }));
    expect(await loginTo(host, given, usual)).toEqual({ checked: true, storedIn: config() });
    expect(JSON.parse(readFileSync(config(), "utf8"))).toEqual({
      auths: { [host]: { auth: encoded }, "other.example": { auth: "YTpi" } },
      psFormat: "table",
    });
  });

  test("that the registry rejects stores nothing, and shows no password", async () => {
    registry.answers = { "GET /v2/": basic };
    const error = await loginTo(host, { ...given, password: "wr0ng" }, usual).catch((error: Error) => error.message);
    expect(error).toBe(
      `${host}: the registry rejects the user or the password. Enter them again; some registries want a token in place of the password. Nothing was stored.`,
    );
    expect(existsSync(config())).toBe(false);
  });

  test("at a registry that asks for no credentials is stored unchecked", async () => {
    registry.answers = { "GET /v2/": {} };
    expect(await loginTo(host, given, usual)).toEqual({ checked: false, storedIn: config() });
  });

  test("that cannot be stored is an error", async () => {
    registry.answers = { "GET /v2/": basic };
    writeFileSync(config(), "no JSON");
    await expect(loginTo(host, given, usual)).rejects.toThrow(
      /^127\.0\.0\.1:\d+: the credentials were accepted, but cannot be stored \(.*\)\. Correct Docker's configuration\. Nothing was stored\.$/,
    );
  });

  test("is kept by the credential helper of the configuration file", async () => {
    registry.answers = { "GET /v2/": basic };
    const store = join(folder, "store.json");
    writeFileSync(join(folder, "docker-credential-test"), `#!/bin/sh\n[ "$1" = store ] && cat >"${store}"\n`);
    chmodSync(join(folder, "docker-credential-test"), 0o755);
    vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
    writeFileSync(config(), JSON.stringify({ credsStore: "test" }));
    expect(await loginTo(host, given, usual)).toEqual({ checked: true, storedIn: "docker-credential-test" });
    expect(JSON.parse(readFileSync(store, "utf8"))).toEqual({ ServerURL: host, Username: "ci", Secret: "s3cret" });
    expect(readFileSync(config(), "utf8")).not.toContain(encoded);
  });

  test.each([
    [
      "https://ghcr.io",
      {},
      'The registry must be a host such as ghcr.io, without a scheme and a path (got "https://ghcr.io"). Correct it.',
    ],
    ["ghcr.io/acme", {}, 'The registry must be a host such as ghcr.io, without a scheme and a path (got "ghcr.io/acme"). Correct it.'],
    ["ghcr.io", { ca: "missing.pem" }, '--ca: must be a file with certificates in PEM form (got "missing.pem"). Correct the path.'],
    [
      "registry.invalid",
      {},
      "registry.invalid: the host name is unknown. Correct it, or connect to its network or VPN. Nothing was stored.",
    ],
  ])("to %s with %o is an error", async (wrong, options, message) => {
    await expect(loginTo(wrong, given, { ...usual, ...options })).rejects.toThrow(message);
  });
});

describe("the user and the password", () => {
  const terminal = (typed: string, isTTY = true) => {
    const input = Object.assign(new PassThrough(), { isTTY });
    const output = new PassThrough();
    input.end(typed);
    return { input, output };
  };

  test("are asked for on a terminal, which does not show the password", async () => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const output = new PassThrough();
    const asked = askForLogin("ghcr.io", { username: undefined, passwordStdin: false }, { input, output });
    input.write("ci\n");
    await new Promise((next) => setTimeout(next, 50));
    input.write("s3cret\n");
    expect(await asked).toEqual(given);
    output.end();
    const shown = await text(output);
    expect(shown).toContain("User of ghcr.io: ");
    expect(shown).toContain("Password or token: ");
    expect(shown).not.toContain("s3cret");
  });

  test("come from an option and standard input, without the end of the line", async () => {
    const options = { username: "ci", passwordStdin: true };
    expect(await askForLogin("ghcr.io", options, terminal("s3cret\n", false))).toEqual(given);
    expect(await askForLogin("ghcr.io", options, terminal("s3cret", false))).toEqual(given);
  });

  test("must be there", async () => {
    const ask = (username: string | undefined, passwordStdin: boolean, isTTY: boolean) =>
      askForLogin("ghcr.io", { username, passwordStdin }, terminal("", isTTY)).catch((error: Error) => error.message);
    expect(await ask(undefined, true, false)).toBe("--username: is required together with --password-stdin.");
    expect(await ask("ci", true, false)).toBe("The password is empty. Write it to standard input.");
    expect(await ask("ci", false, false)).toBe(
      "There is no terminal to ask for the login to ghcr.io. Use --username, and --password-stdin with the password on standard input.",
    );
    expect(await ask("ci", false, true)).toBe("Cancelled. Nothing was stored.");
  });
});
