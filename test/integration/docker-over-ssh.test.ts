import { cpSync } from "node:fs";
import { join } from "node:path";
import { registryImageName } from "../../setup/registry-image.ts";
import { proxyImageName } from "../../setup/proxy-image.ts";
import { Checkout, docker, get, objectsOf } from "./checkout.ts";
import { hasSshServer, SshServer } from "./ssh-server.ts";

const stack = "integration-ssh";
const [http, registryPort, sshPort] = [32480, 32401, 32422];
const isHere = await hasSshServer();
const here = isHere ? test : test.skip;
let checkout: Checkout;
let server: SshServer;
let registry: Awaited<ReturnType<typeof docker.createContainer>>;

/** A registry that both reach, as an engine elsewhere needs. */
beforeAll(async () => {
  if (!isHere) return;
  checkout = new Checkout(stack, "docker");
  cpSync("test/integration/probe-app", join(checkout.folder, "probe-app"), { recursive: true });
  server = new SshServer(sshPort);
  registry = await docker.createContainer({
    name: `slipway-${stack}-shared-registry`,
    Image: await registryImageName(),
    ExposedPorts: { "5000/tcp": {} },
    HostConfig: { PortBindings: { "5000/tcp": [{ HostIp: "127.0.0.1", HostPort: String(registryPort) }] } },
  });
  await registry.start();
});
afterAll(async () => {
  await checkout?.[Symbol.asyncDispose]();
  server?.[Symbol.dispose]();
  await registry?.remove({ force: true, v: true });
});

here("an engine over SSH: what is wrong with the way there is said; then up, unchanged, down, over few connections", async () => {
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
  const away = await run("up");
  expect(away.code).toBe(1);
  expect(away.out).toMatch(
    /slipway:docker\.host: no Docker engine answers at ssh:\/\/\S+@127\.0\.0\.1:32422 \(ssh 127\.0\.0\.1: .*Connection refused\)\. See that `docker -H ssh:\/\/\S+ info` works/,
  );
  expect(await objectsOf(stack)).toEqual([]);

  await server.start();
  const up = await run("up");
  expect(up).toEqual({ code: 0, out: expect.stringContaining(`app  http://app.localhost:${http}/  answers HTTP 200`) });
  expect((await get("app.localhost", "/", { port: http })).body).toBe("Hello");
  const before = server.logins();
  expect((await run("up")).out).toMatch(/^\d+ unchanged \(time\)$/m);
  // Without connections that are kept it would be one for every question.
  expect(server.logins() - before).toBeLessThan(20);
  expect((await run("down")).code).toBe(0);
  expect(await objectsOf(stack)).toEqual([]);
});
