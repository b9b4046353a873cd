import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open, seal } from "../../../lib/secrets.ts";
import { projectAbove } from "../../../config/project.ts";
import { readStack, settingsIn } from "../../../config/stack-file.ts";

const here = process.cwd();
const passphrase = process.env["PULUMI_CONFIG_PASSPHRASE"];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  mkdirSync(join(folder, "stacks"));
  process.chdir(folder);
});

afterEach(() => {
  process.chdir(here);
  rmSync(folder, { recursive: true });
  delete process.env["PULUMI_CONFIG_PASSPHRASE"];
  if (passphrase !== undefined) process.env["PULUMI_CONFIG_PASSPHRASE"] = passphrase;
});

function write(project: string, stack: string): void {
  writeFileSync("Pulumi.yaml", project);
  writeFileSync("stacks/Pulumi.test.yaml", stack);
}

const project = "name: project\nmain: index.ts\nruntime: nodejs\nstackConfigDir: stacks\n";

/** Written by the Pulumi CLI 3.270.0 with the passphrase `correct horse`. */
const withSecrets = `encryptionsalt: v1:s5zBesccnns=:v1:WO/N9v+64Jm9gbOz:4QyZNXmPYYJYiB+mIhCLJGuxcuMw+w==
config:
  project:password:
    secure: v1:J11EqM+8xk9skK2r:cNVYQHDfoXMp0nNRGbwWvc71SFbQPA==
  project:services:
    web:
      token:
        secure: v1:WMJEJsGytIeZrmNN:WbOlN7h9x8wznWOaNulSxTCYOxs=
      port: 8080
`;

test("values are strings, objects are JSON, keys have their namespace, and the project's defaults apply", () => {
  write(
    `${project}config:\n  platform: { type: string, default: local }\n  size: { type: integer, default: 3 }\n`,
    "config:\n  size: 4\n  aws:region: x\n  project:map: { a: [1] }\n",
  );
  expect(readStack("test")).toEqual({
    project: "project",
    name: "test",
    main: "index.ts",
    folder: ".slipway/test",
    config: { "project:platform": "local", "project:size": "4", "aws:region": "x", "project:map": '{"a":[1]}' },
    secretKeys: [],
  });
});

test("settings of Slipway for all stacks are values with its namespace in Pulumi.yaml, and a stack file replaces them", () => {
  const declared = "config:\n  slipway:platform: { value: docker }\n  slipway:services: { value: { web: {} } }\n";
  write(project + declared, "config:\n  slipway:services: { api: {} }\n");
  expect(readStack("test").config).toEqual({ "slipway:platform": "docker", "slipway:services": '{"api":{}}' });
});

test("secrets written by the Pulumi CLI are decrypted, and their keys are marked as secret", () => {
  write(project, withSecrets);
  process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
  const { config, secretKeys } = readStack("test");
  expect(config).toEqual({ "project:password": "s3cret", "project:services": '{"web":{"token":"d33p","port":8080}}' });
  expect(secretKeys).toEqual(["project:password", "project:services"]);
});

test("a wrong passphrase is rejected", () => {
  write(project, withSecrets);
  process.env["PULUMI_CONFIG_PASSPHRASE"] = "wrong horse";
  expect(() => readStack("test")).toThrow(
    "stacks/Pulumi.test.yaml: PULUMI_CONFIG_PASSPHRASE is not the passphrase that its secrets were encrypted with. Set the right one.",
  );
});

test("secrets without a passphrase are rejected with the variables to set", () => {
  write(project, withSecrets);
  delete process.env["PULUMI_CONFIG_PASSPHRASE"];
  expect(() => readStack("test")).toThrow(
    "stacks/Pulumi.test.yaml: contains secrets. Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to decrypt them.",
  );
});

test("encrypted text is decrypted only with its key, and differs each time it is encrypted", () => {
  const key = Buffer.alloc(32, 1);
  const sealed = seal(key, "text");
  expect(open(key, sealed)).toBe("text");
  expect(seal(key, "text")).not.toBe(sealed);
  expect(() => open(Buffer.alloc(32, 2), sealed)).toThrow("unable to authenticate data");
});

test("the project of a folder is the nearest one with a Pulumi.yaml, also for a package that it installed", () => {
  write(project, "config: {}\n");
  const installed = join(folder, "node_modules/slipway/review/policy");
  mkdirSync(installed, { recursive: true });
  expect([projectAbove(installed), projectAbove(folder)]).toEqual([folder, folder]);
  rmSync("Pulumi.yaml");
  expect(projectAbove(installed)).toBe(undefined);
});

test("settings of a stack that are missing or no map are empty", () => {
  const config = { "slipway:docker": '{"host":"ssh://a"}', "slipway:services": "none", "slipway:jobs": "[1]" };
  const settings = ["docker", "services", "jobs", "eks"].map((key) => settingsIn({ config }, key));
  expect(settings).toEqual([{ host: "ssh://a" }, {}, {}, {}]);
});
