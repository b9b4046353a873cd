import { z } from "zod";
import { serviceSettings } from "../../../config/schema/service.ts";
import { Platform, settingsBelow, unwrapped } from "../../../config/schema/setting.ts";
import { dockerPlatforms, problemsWithSupport } from "../../../config/support.ts";
import { check } from "../check.ts";

test("every setting of a service has a definition, and its default and example are valid", () => {
  const all = settingsBelow(serviceSettings).filter(({ path }) => path.at(-1) !== "*" && path[0] !== "affinity");
  expect(all.filter(({ definition }) => definition === undefined).map(({ path }) => path.join("."))).toEqual([]);
  const invalid = all.flatMap(({ path, schema, definition }) =>
    [definition!.default, definition!.example]
      .filter((value) => value !== undefined && !unwrapped(schema).safeParse(value).success)
      .map((value) => `${path.join(".")}: ${JSON.stringify(value)}`),
  );
  expect(invalid).toEqual([]);
});

test("every optional setting documents its default or its effect when omitted, except groups and alternatives", () => {
  const mute = settingsBelow(serviceSettings).filter(({ schema, definition }) => {
    const isGroup = unwrapped(schema) instanceof z.ZodObject;
    const says = definition?.default !== undefined || definition?.without !== undefined;
    return schema instanceof z.ZodOptional && definition !== undefined && !isGroup && !says;
  });
  expect(mute.map(({ path }) => path.join("."))).toEqual([
    "source",
    "image",
    "network.destinations.*.service",
    "network.destinations.*.cidr",
  ]);
});

test("an unsupported setting is rejected with the platforms that support it and a remedy", async () => {
  const service = {
    source: "app",
    host: "web.localhost",
    autoscaling: { maxReplicas: 3 },
    nodeSelector: { disk: "ssd" },
    network: { destinations: [{ cidr: "0.0.0.0/0" }, { cidr: "10.0.0.0/8", ports: [443] }] },
    tls: { secretName: "web-tls" },
    volumes: { data: { kind: "persistent", mountPath: "/data", size: "1Gi", storageClass: "fast", accessMode: "ReadWriteMany" } },
  };
  const { problems } = await check({ platform: "docker", services: { web: service } });
  expect(problems).toEqual([
    "services.web.network.destinations[1].cidr: is not supported on docker (supported on local, kubernetes, eks): egress is to any address or to none. Set 0.0.0.0/0 or ::/0.",
    "services.web.network.destinations[1].ports: is not supported on docker (supported on local, kubernetes, eks): Docker networks do not distinguish ports. Remove it.",
    "services.web.tls.secretName: is not supported on docker (supported on local, kubernetes, eks): there are no Kubernetes Secrets. Put certificates into docker.certificates.",
    "services.web.autoscaling: is not supported on docker (supported on local, kubernetes, eks): Docker has no autoscaling. Set replicas.",
    "services.web.nodeSelector: is not supported on docker (supported on local, swarm, kubernetes, eks): there is one machine. Remove it.",
    "services.web.volumes.data.storageClass: is not supported on docker (supported on local, kubernetes, eks): there are no StorageClasses. Set a driver in docker.volumes.",
  ]);
});

test("AWS permissions are only supported on eks", async () => {
  const aws = { policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"] };
  for (const platform of [Platform.Local, ...dockerPlatforms])
    expect((await check({ platform, services: { web: { source: "app", aws } } })).problems).toEqual([
      `services.web.aws: is not supported on ${platform} (supported on eks): it needs AWS. Remove it.`,
    ]);
});

test("an unsupported setting is accepted if its value is what the platform always does", () => {
  const service = { topologySpread: "preferred", ingressClassName: "traefik", expose: "ingress", network: { isolated: false } };
  for (const platform of dockerPlatforms) expect(problemsWithSupport(platform, "services", { web: service })).toEqual([]);
});

test.each(dockerPlatforms)("invalid ports, services, volumes, registry and host of %s are rejected", async (platform) => {
  const web = { source: "app", volumes: { cache: { kind: "emptyDir", mountPath: "/cache", size: "1Mi" } } };
  const settings = {
    host: "ssh://deploy@host.example",
    ports: { http: 80, https: 80 },
    networks: { lan: { services: ["web", "nobody"] } },
    volumes: { "web.cache": {} },
  };
  const { problems } = await check({ platform, services: { web }, [platform]: settings });
  expect(problems).toEqual([
    `${platform}.ports.https: http and https must be different ports (got 80).`,
    `${platform}.networks.lan.services[1]: must be a service of the stack (got "nobody"). Known services: web.`,
    `${platform}.registry: is required, because the Docker host is another machine (ssh://deploy@host.example). Set a registry that both machines can reach.`,
    `${platform}.volumes["web.cache"]: must be <service>.<volume> of a persistent volume. Known volumes: none.`,
  ]);
  expect((await check({ platform, services: { web }, [platform]: { host: "host.example" } })).problems).toEqual([
    `${platform}.host: must be the endpoint of a Docker daemon such as "ssh://deploy@host.example" (got "host.example").`,
  ]);
});
