import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { stringify } from "yaml";
import { upComment } from "../../../cli/environments/comment.ts";
import { formatEnvironments, formatReaped } from "../../../cli/environments/format.ts";
import type { Environment } from "../../../cli/environments/environment.ts";
import { rejectSharedSecrets } from "../../../cli/environments/secrets.ts";
import { environmentWithId, openTemplate, timeToLiveMs } from "../../../cli/environments/template.ts";
import { newPassphraseKey, seal } from "../../../lib/secrets.ts";

const here = process.cwd();
const passphrase = process.env["PULUMI_CONFIG_PASSPHRASE"];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  mkdirSync(join(folder, "stacks"));
  process.chdir(folder);
  writeFileSync("Pulumi.yaml", "name: shop\nmain: index.ts\nruntime: nodejs\nstackConfigDir: stacks\n");
  process.env["PULUMI_CONFIG_PASSPHRASE"] = "of the template";
});

afterEach(() => {
  process.chdir(here);
  rmSync(folder, { recursive: true });
  delete process.env["PULUMI_CONFIG_PASSPHRASE"];
  if (passphrase !== undefined) process.env["PULUMI_CONFIG_PASSPHRASE"] = passphrase;
});

function writeStack(name: string, config: Record<string, unknown>, encryptionsalt?: string): void {
  writeFileSync(`stacks/Pulumi.${name}.yaml`, stringify({ ...(encryptionsalt && { encryptionsalt }), config }));
}

/** Writes a stack with one secret. */
function writeSecret(name: string, secret: string, withPassphrase: string): string {
  process.env["PULUMI_CONFIG_PASSPHRASE"] = withPassphrase;
  const { key, salt } = newPassphraseKey();
  const text = seal(key, secret);
  writeStack(name, { "slipway:services": { web: { secrets: { TOKEN: { secure: text } } } } }, salt);
  process.env["PULUMI_CONFIG_PASSPHRASE"] = "of the template";
  return text;
}

test("everything that keeps a stack from being a template is reported", async () => {
  writeStack("review", { "slipway:platform": "docker" });
  await expect(openTemplate("review")).rejects
    .toThrow(`Stack "review" cannot be a template of review environments. In stacks/Pulumi.review.yaml:
  - slipway:review: is missing. Add it, {} for the defaults
  - slipway:platform: must be kubernetes for a stack with slipway:review, because each environment is a namespace of a cluster that exists (got "docker")`);
  const kubernetes = { context: "nowhere", namespace: "team", state: "file" };
  writeStack("review", { "slipway:platform": "kubernetes", "slipway:review": {}, "slipway:kubernetes": kubernetes });
  await expect(openTemplate("review")).rejects.toThrow(`In stacks/Pulumi.review.yaml:
  - slipway:kubernetes.namespace: must not be set, because each environment has its own (got "team"). Remove it
  - slipway:kubernetes.state: must not be file, because the state of an environment is in its namespace. Remove it`);
  await expect(openTemplate("preview")).rejects.toThrow('There is no stack "preview"');
});

test.each(["", "Seven", "7/8", "-7", "a".repeat(31), "../x"])("the ID %j is rejected", (id) => {
  writeStack("review", { "slipway:review": {} });
  const message = `--id: must have only lower-case letters, digits and hyphens, at most 30, and start and end with a letter or a digit (got "${id}"). Use the number of the pull request.`;
  expect(() => environmentWithId("review", id)).toThrow(message);
});

test("an ID is rejected if a stack has that name, or its namespace would have none that is valid", () => {
  writeStack("review", { "slipway:review": {} });
  writeStack("review-eu", {});
  expect(environmentWithId("review", "7")).toEqual({ template: "review", id: "7" });
  expect(() => environmentWithId("review", "eu")).toThrow('There is a stack "review-eu" with a file of its own');
  writeFileSync("Pulumi.yaml", "name: Shop_EU\nmain: index.ts\nruntime: nodejs\nstackConfigDir: stacks\n");
  expect(() => environmentWithId("review", "7")).toThrow('The namespace of the environment would be "Shop_EU-review-7"');
});

test("a time to live is in minutes, hours or days", () => {
  expect(["30m", "72h", "7d"].map((text) => timeToLiveMs(text, "--ttl") / 60_000)).toEqual([30, 72 * 60, 7 * 24 * 60]);
  const message = '--ttl: must be a number of minutes, hours or days, such as 30m, 72h or 7d (got "soon").';
  expect(() => timeToLiveMs("soon", "--ttl")).toThrow(message);
});

describe("secrets of other stacks", () => {
  const template = (sharesSecretsWith?: string[]) => ({
    name: "review",
    file: "stacks/Pulumi.review.yaml",
    settings: sharesSecretsWith ? { sharesSecretsWith } : {},
  });
  const headline =
    "stacks/Pulumi.review.yaml: environments must have secrets of their own, because whoever can change their code can read them. Use other secrets and another passphrase, or add the stack to slipway:review.sharesSecretsWith:";

  test("a passphrase that opens them is rejected, and another one is not", async () => {
    writeSecret("review", "test", "of the template");
    writeSecret("prod", "real", "of prod");
    await rejectSharedSecrets(template());
    writeSecret("staging", "real", "of the template");
    await expect(rejectSharedSecrets(template())).rejects.toThrow(
      `${headline}\n  - the passphrase also opens the secrets of the stack staging (stacks/Pulumi.staging.yaml)`,
    );
    await rejectSharedSecrets(template(["staging"]));
  });

  test("a copied one is rejected, even if nobody here can read it", async () => {
    const secret = writeSecret("prod", "real", "of prod");
    writeStack("review", { "slipway:services": { web: { secrets: { TOKEN: { secure: secret } } } } });
    await expect(rejectSharedSecrets(template())).rejects.toThrow(
      `${headline}\n  - slipway:services.web.secrets.TOKEN: is a secret of the stack prod`,
    );
  });
});

const now = Date.parse("2026-12-01T12:00:00Z");
const environment = (id: string, more: Partial<Environment>): Environment => ({
  template: "review",
  id,
  namespace: {},
  created: "2026-12-01T09:00:00Z",
  expires: "2026-12-04T10:00:00Z",
  isClosed: false,
  isReady: true,
  urls: { web: `http://pr-${id}.example.org/` },
  commit: "0123456789ab",
  ...more,
});

test("environments are listed with their state, their age, how long they stay, the commit and the URLs", () => {
  const all = [
    environment("7", {}),
    environment("12", { isReady: false, urls: {}, commit: undefined }),
    environment("13", { expires: "2026-12-01T11:59:00Z" }),
    environment("x", { isClosed: true, expires: undefined, urls: {} }),
  ];
  expect(stripVTControlCharacters(formatEnvironments(all, now))).toBe(`ID  STATE     AGE  STAYS    COMMIT        URL
7   up        3h   2d       0123456789ab  http://pr-7.example.org/
12  not up    3h   2d
13  expired   3h            0123456789ab  http://pr-13.example.org/
x   deleting  3h   unknown  0123456789ab
`);
});

test("what was deleted is listed with the reason, and how many environments stay", () => {
  const reaped = [
    { id: "7", reason: "expired", result: "deleted" },
    { id: "12", reason: "closed", result: "failed", problem: "the API does not answer" },
  ] as const;
  expect(formatReaped([...reaped], [environment("13", {})])).toBe(`7   expired, deleted
12  closed, failed: the API does not answer
1 environment stays (13)
`);
});

test("the comment on a pull request has the URLs, their answers, the commit and until when they stay", () => {
  const services = {
    web: { image: "web@sha256:0", url: "http://pr-7.example.org/", answer: 200 },
    api: { image: "api@sha256:0", url: "http://pr-7.api.example.org/", answer: "connection refused" },
    worker: { image: "worker@sha256:0" },
  };
  const deployed = { id: "7", succeeded: true, commit: "0123456789ab", expires: "2026-12-04T10:00:00Z", services };
  expect(upComment(deployed)).toBe(`### Review environment 7

| Service | URL | Answer |
| --- | --- | --- |
| web | http://pr-7.example.org/ | HTTP 200 |
| api | http://pr-7.api.example.org/ | connection refused |

The deployment of 0123456789ab stays until 2026-12-04T10:00:00Z. A push renews it.
`);
  expect(upComment({ ...deployed, succeeded: false, commit: undefined, services: {} })).toBe(
    "### Review environment 7: the deployment failed\n\nThe log of the pipeline says why. What ran before still runs, if there was something.\n",
  );
});
