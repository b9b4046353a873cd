import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { Checkout, docker, dockerPorts, get, objectsOf } from "./checkout.ts";

const stack = "integration-compose";
const { http: port } = dockerPorts;

/** Based on Docker's getting-started example, but with a store that is built, so that no image is pulled, and with more keys. */
const compose = `services:
  web:
    build: ./web
    ports: ["8000:8080"]
    depends_on: [store]
    environment: { GREETING: from Compose }
    configs: [{ source: note, target: /etc/web/note }]
    tmpfs: [/tmp]
    deploy: { replicas: 2, resources: { limits: { memory: 64M } } }
  store:
    build: ./web
    ports: ["9000:8080"]
    environment: { GREETING: "the store" }
    volumes: ["data:/data"]
configs: { note: { content: "a note" } }
volumes: { data: {} }
`;

const ask = async (path: string, body?: string, host = "web.localhost") => (await get(host, path, { port, body })).body;

test("an imported Compose file runs on Docker: names, replicas, files, memory limits, and a volume that survives an update", async () => {
  await using checkout = new Checkout(stack, "docker");
  cpSync("test/integration/probe-app", join(checkout.folder, "web"), { recursive: true });
  writeFileSync(join(checkout.folder, "compose.yaml"), compose);
  const imported = await checkout.run("import", {}, ["--platform", "docker"]);
  expect(imported.code).toBe(0);
  expect(imported.out).toContain(`stacks/Pulumi.${stack}.yaml: created with store, web from compose.yaml.`);
  const file = join(checkout.folder, `stacks/Pulumi.${stack}.yaml`);
  // With ports that a developer's stacks do not use.
  const moved = readFileSync(file, "utf8") + stringify({ "slipway:docker": { ports: dockerPorts } }).replace(/^/gm, "  ");
  writeFileSync(file, moved);

  const { code, out } = await checkout.run("up");
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`web  http://web.localhost:${port}/  answers HTTP 200`) });
  expect(await ask("/")).toBe("from Compose");
  expect(await ask("/fetch?url=http://store:8080/")).toBe("the store");
  expect(await ask("/file/etc/web/note")).toBe("444 a note");
  expect(await ask("/file/tmp/x", "x")).toBe("written");
  const filters = { label: [`dev.slipway.stack=${stack}`, "dev.slipway.service=web"] };
  const replicas = await docker.listContainers({ filters });
  const limits = await Promise.all(replicas.map(async ({ Id }) => (await docker.getContainer(Id).inspect()).HostConfig.Memory));
  // 64 MiB, and the tmpfs /tmp.
  expect(limits).toEqual([128 * 2 ** 20, 128 * 2 ** 20]);

  expect(await ask("/file/data/x", "kept", "store.localhost")).toBe("written");
  writeFileSync(file, moved.replace("the store", "the new store"));
  expect((await checkout.run("up")).code).toBe(0);
  expect(await ask("/fetch?url=http://store:8080/")).toBe("the new store");
  expect(await ask("/fetch?url=http://store:8080/file/data/x")).toBe("644 kept");
  expect((await objectsOf(stack)).filter((object) => object.includes("data"))).toEqual([`volume slipway-${stack}-store-data`]);
  expect((await checkout.run("down")).code).toBe(0);
  expect(await objectsOf(stack)).toEqual([]);
});
