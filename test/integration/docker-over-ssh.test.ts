import { cpSync } from "node:fs";
import { join } from "node:path";
import { proxyImageName } from "../../setup/proxy-image.ts";
import { Checkout, get, objectsOf } from "./checkout.ts";
import { hasSshServer, SshServer } from "./ssh-server.ts";
import { startRegistry } from "./test-objects.ts";

const stack = "integration-ssh";
const [http, registryPort, sshPort] = [32480, 32401, 32422];
const hasServer = await hasSshServer();
const here = hasServer ? test : test.skip;
let checkout: Checkout;
let server: SshServer;
let registry: Awaited<ReturnType<typeof startRegistry>>;

/** A registry that both machines reach, as a remote Docker host requires. */
beforeAll(async () => {
  if (!hasServer) return;
  checkout = new Checkout(stack, "docker");
  cpSync("test/integration/probe-app", join(checkout.folder, "probe-app"), { recursive: true });
  server = new SshServer(sshPort);
  registry = await startRegistry(`slipway-${stack}-shared-registry`, registryPort);
});
afterAll(async () => {
  await checkout?.[Symbol.asyncDispose]();
  server?.[Symbol.dispose]();
  await registry?.[Symbol.asyncDispose]();
});

here("a Docker host over SSH: a failed connection is reported; up, an unchanged up and down share a few connections", async () => {
  checkout.configure(
    { app: { source: "probe-app", host: "app.localhost", replicas: 2, env: { GREETING: "Hello" } } },
    {
      host: server.host,
      address: "127.0.0.1",
      ports: { http, https: 32443 },
      registry: { repository: `127.0.0.1:${registryPort}` },
      proxyImage: await proxyImageName(),
    },
  );
  const run = (command: string) => checkout.run(command, server.env);
  const unreachable = await run("up");
  expect(unreachable.code).toBe(1);
  expect(unreachable.out).toMatch(
    /slipway:docker\.host: cannot connect to the Docker daemon at ssh:\/\/\S+@127\.0\.0\.1:32422 \(ssh 127\.0\.0\.1: .*Connection refused\)\. Check that `docker -H ssh:\/\/\S+ info` works\./,
  );
  expect(await objectsOf(stack)).toEqual([]);

  await server.start();
  const up = await run("up");
  expect(up).toEqual({ code: 0, out: expect.stringContaining(`app  http://app.localhost:${http}/  answers HTTP 200`) });
  expect((await get("app.localhost", "/", { port: http })).body).toBe("Hello");
  const before = server.logins();
  expect((await run("up")).out).toMatch(/^\d+ unchanged \(time\)$/m);
  // Without connection reuse, each request would log in.
  expect(server.logins() - before).toBeLessThan(20);
  expect((await run("down")).code).toBe(0);
  expect(await objectsOf(stack)).toEqual([]);
});
