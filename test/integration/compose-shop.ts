import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { pushImage } from "../../lib/docker-client.ts";
import { Checkout, docker, dockerPorts, eventually, get, objectsOf, otherPort, ports } from "./checkout.ts";
import { debianImage } from "./debian-images.ts";
import { startRegistry } from "./test-objects.ts";

/**
 * A Compose project of the usual kind (nginx on port 80, a Go service, PostgreSQL, a migration) on a platform, without changes by hand: from
 * `import` to HTTP 200, a failed migration, and an update that keeps the data. The images are by tag in a registry of this machine.
 */
export async function composeShop(platform: "local" | "docker" | "swarm"): Promise<void> {
  const stack = `compose-shop-${platform}`;
  const settings = platform === "local" ? { cluster: "own", ports } : { ports: dockerPorts };
  await using registry = await companyRegistry(`slipway-${stack}-company`);
  await using checkout = new Checkout(stack, platform);
  cpSync("test/fixtures/compose/shop", checkout.folder, { recursive: true });
  writeFileSync(join(checkout.folder, ".env"), `REGISTRY=${registry.address}\nDB_PASSWORD=Hunter22\n`);
  const visit = async () => (await get("web.localhost", "/", { port: settings.ports.http })).body;
  const count = async () => Number(/\d+/.exec(await visit())?.[0]);

  const imported = await checkout.run("import", {}, ["--platform", platform]);
  expect(imported.code).toBe(0);
  const file = join(checkout.folder, `stacks/Pulumi.${stack}.yaml`);
  expect(readFileSync(file, "utf8")).not.toContain("Hunter22");
  // Only the ports are set, so that a developer's stacks can run at the same time.
  writeFileSync(file, readFileSync(file, "utf8") + stringify({ [`slipway:${platform}`]: settings }).replace(/^(?=.)/gm, "  "));

  // Locks the tags, as at a developer's.
  const up = await checkout.run("up", { CI: "" });
  expect({ code: up.code, out: up.out }).toEqual({
    code: 0,
    out: expect.stringContaining(`web  http://web.localhost:${settings.ports.http}/  answers HTTP 200`),
  });
  expect(await visit()).toMatch(/^visit \d+\n$/);
  const lock = readFileSync(join(checkout.folder, `stacks/slipway-lock.${stack}.yaml`), "utf8");
  expect(lock).toContain(`image: ${registry.address}/postgres:16\n`);

  // The cache starts as root, because the Compose file says so, and continues as another user.
  const score = await checkout.run("score");
  expect(score.out).toMatch(/^ {2}exception {2}\w+ \S*cache\S*: (container-non-root|run-as-non-root): As in the Compose file$/m);

  // A migration that fails stops the update: the previous version serves on.
  const main = "api/main.go";
  checkout.edit(main, 'log.Print("migrated")', 'log.Fatal("column exists")');
  checkout.edit(main, '"visit %d\\n"', '"call %d\\n"');
  const failed = await checkout.run("up");
  expect(failed.code).toBe(1);
  expect(failed.out).toMatch(new RegExp(`\nThe job (slipway-${stack}/migrate|migrate of stack ${stack}) failed\n`));
  expect(failed.out).toMatch(/^ {2}log +\| .*column exists$/m);
  expect(failed.out).toMatch(/^ {2}rollback +not needed: what starts after the job was not changed\. /m);
  const before = await count();
  expect(await visit()).toBe(`visit ${before + 1}\n`);

  checkout.edit(main, 'log.Fatal("column exists")', 'log.Print("migrated")');
  if (platform !== "local") {
    // nginx looks the service up only when it starts, as the import says.
    expect(imported.out).toContain("services.web.volumes: has a configuration of nginx that names api");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace("        memory: 64Mi\n", "        memory: 65Mi\n"));
  }
  expect((await checkout.run("up")).code).toBe(0);
  await eventually(visit, (text) => text.startsWith("call "));
  expect(await count()).toBeGreaterThan(before + 1);
  expect(existsSync(join(checkout.folder, ".slipway/passphrase"))).toBe(true);
  expect((await checkout.run("down")).code).toBe(0);
  expect(await objectsOf(stack)).toEqual([]);
}

/** A registry apart from the stack's, as in a company, with images by tag. */
async function companyRegistry(name: string): Promise<AsyncDisposable & { address: string }> {
  const registry = await startRegistry(name, otherPort + 1);
  const { address } = registry;
  for (const [image, tag] of Object.entries({ nginx: "1.27", postgres: "16", redis: "7" } as const)) {
    const [repo, reference] = [`${address}/${image}`, `${address}/${image}:${tag}`];
    await docker.getImage(debianImage(image as "nginx")).tag({ repo, tag });
    await pushImage(docker, reference, {});
    // So that it can only come from the registry.
    await docker.getImage(reference).remove();
  }
  return registry;
}
