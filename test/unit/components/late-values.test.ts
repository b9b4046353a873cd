import * as pulumi from "@pulumi/pulumi";
import outputModule from "@pulumi/pulumi/output.js";
import { ContainerService } from "../../../components/container-service.ts";
import { SwarmHost } from "../../../components/swarm-host.ts";
import { SwarmService } from "../../../components/swarm-service.ts";
import { WebService, type WebServiceArgs } from "../../../components/web-service.ts";
import { image } from "../docker-inputs.ts";
import { record } from "../harness.ts";

// Arguments that other resources compute: what is created of them, and that they meet the same rules as plain ones.

const later = <T>(value: T) => pulumi.output(new Promise<T>((done) => setTimeout(done, 5, value)));

async function resourcesOf(args: () => Partial<WebServiceArgs>) {
  const { resources } = await record(() => void new WebService("web", { image, namespace: "shop", ...args() }));
  return resources;
}

describe("a WebService", () => {
  test("with values that are known later has the same resources as with plain ones", async () => {
    const args = {
      host: "web.example.org",
      routes: [{ host: "www.example.org", path: "/shop" }],
      ingressClassName: "traefik",
      env: { MODE: "fast" },
      replicas: 3,
      port: 3000,
      args: ["serve"],
      ingressAnnotations: { "example.org/team": "shop" },
    };
    const late = () => ({
      ...args,
      image: later(image),
      namespace: later("shop"),
      host: later(args.host),
      routes: [{ host: later("www.example.org"), path: "/shop" }],
      env: { MODE: later("fast") },
      replicas: later(3),
      port: later(3000),
      args: [later("serve")],
      ingressAnnotations: { "example.org/team": later("shop") },
    });
    const byName = (all: Awaited<ReturnType<typeof resourcesOf>>) =>
      Object.fromEntries(all.map(({ type, name, inputs }) => [`${type} ${name}`, inputs]));
    expect(byName(await resourcesOf(late))).toEqual(byName(await resourcesOf(() => args)));
  });

  test("in a preview does not check what is not known yet, and previews the rest", async () => {
    const unknown = () => pulumi.output((outputModule as unknown as { unknown: string }).unknown);
    const args = () => ({ image, namespace: "shop", host: unknown(), ingressClassName: "traefik", env: { MODE: later("fast") } });
    const { resources } = await record(() => void new WebService("web", args()), { preview: true });
    const { spec } = resources.find(({ type }) => type.endsWith(":Deployment"))!.inputs;
    expect(spec.template.spec.containers[0].env).toContainEqual({ name: "MODE", value: "fast" });
    expect(resources.map(({ type }) => type.split(":").at(-1))).toContain("Ingress");
  });
});

describe("on Docker and Swarm", () => {
  const on = { proxy: "proxy", helper: "helper" };
  const routesIn = async (args: () => object) => {
    const { resources } = await record(() => void new ContainerService("web", { image, on, ...args() }));
    return resources.find(({ type }) => type.endsWith(":ProxyRoute"))!.inputs["content"];
  };

  test("a host that is known later has the same route as a plain one", async () => {
    expect(await routesIn(() => ({ host: later("web.localhost") }))).toBe(await routesIn(() => ({ host: "web.localhost" })));
  });

  test("what decides how many containers there are must be plain", async () => {
    const why = (what: string) => `must be known when the program runs, because ${what} depend on it (got an output). Pass a plain value.`;
    const task = { image, network: "net", on: { helper: "helper" } };
    await record(() => {
      const late = { replicas: later(2) as never, port: later(80) as never, probes: { readiness: { path: later("/") } } };
      expect(() => new ContainerService("web", { image, on, ...late })).toThrow(
        `ContainerService "web":\n  - replicas: ${why("containers")}\n  - port: ${why("containers")}\n  - probes.readiness.path: ${why("containers")}`,
      );
      expect(() => new SwarmService("web", { ...task, replicas: later(2) as never })).toThrow(
        `SwarmService "web":\n  - replicas: ${why("tasks")}`,
      );
      const routes = { web: { host: later("web.localhost") } };
      expect(() => new SwarmHost("prod", { repository: "registry.example/team", routes })).toThrow(
        `SwarmHost "prod":\n  - routes.web.host: ${why("the names of the proxy's configs")}`,
      );
    });
  });
});
