import { Impact } from "../../../lib/impact.ts";
import type { StepImpact } from "../../../review/impact/step-impact.ts";
import type { Step } from "../../../review/preview/step.ts";
import { diagramOf } from "../../../review/report/diagram.ts";
import type { Review } from "../../../review/review.ts";
import { stepOf } from "./preview-steps.ts";

type Resource = Review["resources"][number];

const resource = (type: string, name: string, parent?: Resource, inputs: object = {}): Resource => ({
  urn: `${parent ? `${parent.urn}/` : ""}${type}::${name}`,
  type,
  name,
  parent: parent?.urn,
  inputs,
});
const image = (name: string, parent?: Resource) => resource("slipway:index:GoImage", name, parent);
const registry = (name: string) => resource("slipway:index:EcrRepository", name);
const service = (name: string) => resource("slipway:index:WebService", name);
const hosts = (...names: (string | undefined)[]) => ({ spec: { rules: names.map((host) => ({ host })) } });
const ingress = (name: string, parent?: Resource, ...names: (string | undefined)[]) =>
  resource("kubernetes:networking.k8s.io/v1:Ingress", name, parent, hosts(...names));

/** The change of a resource. */
const changed = ({ urn, type, name, parent }: Resource, impact: Impact, more: Partial<Step> = {}): StepImpact => ({
  step: stepOf(type, "update", {}, {}, { urn, name, parent, ...more }),
  impact,
  findings: [{ impact, reason: "", changes: [] }],
});

function diagram(resources: Resource[], impacts: StepImpact[] = []) {
  const review: Review = {
    project: "slipway",
    stack: "prod",
    impacts,
    resources,
    verdict: { open: true, rejected: [], approved: [], problems: [], unusedApprovals: [] },
  };
  const { parts, arrows } = diagramOf(review);
  const labels = new Map(parts.map(({ id, kind, name }) => [id, `${kind} ${name}`]));
  return {
    parts: parts.map(({ kind, name, impact }) => (impact ? `${kind} ${name}: ${impact}` : `${kind} ${name}`)),
    arrows: arrows.map(([from, to]) => `${labels.get(from)} → ${labels.get(to)}`),
  };
}

test.each([
  ["slipway:index:GoImage", "web", "image"],
  ["slipway:index:EcrRepository", "web", "registry"],
  ["docker:index/container:Container", "slipway-one-registry", "registry"],
  ["slipway:index:Network", "net", "network"],
  ["slipway:index:EksCluster", "one", "cluster"],
  ["slipway:index:LocalCluster", "one", "cluster"],
  ["slipway:index:ContainerHost", "one", "Docker host"],
  ["slipway:index:SwarmHost", "one", "Docker host"],
  ["slipway:index:WebService", "web", "service"],
  ["slipway:index:ContainerService", "web", "service"],
  ["slipway:index:SwarmService", "web", "service"],
  ["pulumi-nodejs:dynamic/slipway:ProxyRoute", "one-web", "URL"],
  ["docker:index/serviceConfig:ServiceConfig", "one-routes-web", "URL"],
  ["kubernetes:networking.k8s.io/v1:Ingress", "web", "URL"],
  ["kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", "web", "URL"],
])("a %s %s is a part of the kind %s", (type, name, kind) => {
  expect(diagram([resource(type, name)])).toEqual({ parts: [`${kind} ${name}`], arrows: [] });
});

test.each([
  ["docker:index/container:Container", "slipway-one-node"],
  ["docker:index/volume:Volume", "slipway-one-registry"],
  ["pulumi-nodejs:dynamic/slipway:ProxyRoute", "one-certificates"],
  ["docker:index/serviceConfig:ServiceConfig", "one-files"],
  ["kubernetes:networking.k8s.io/v1:NetworkPolicy", "web"],
  ["slipway:index:EksClusterAddOn", "one"],
])("a %s %s is no part", (type, name) => {
  expect(diagram([resource(type, name)]).parts).toEqual([]);
});

test("images of Slipway itself are no parts", () => {
  const host = resource("slipway:index:ContainerHost", "one");
  const own = { ...image("helper"), urn: "urn:pulumi:one::slipway::slipway:index:ContainerHost$slipway:index:GoImage::helper" };
  expect(diagram([host, own]).parts).toEqual(["Docker host one"]);
});

test("an image goes into its own registry, or else into all of them", () => {
  expect(diagram([image("a"), image("b"), image("c"), registry("a"), registry("b")]).arrows).toEqual([
    "image a → registry a",
    "image b → registry b",
    "image c → registry a",
    "image c → registry b",
  ]);
});

test("without a host, services get their images from the registry", () => {
  expect(diagram([registry("a"), service("web"), service("api")]).arrows).toEqual(["registry a → service web", "registry a → service api"]);
  expect(diagram([registry("a"), service("web"), resource("slipway:index:EksCluster", "one")]).arrows).toEqual([
    "registry a → cluster one",
    "cluster one → service web",
  ]);
});

test("a URL belongs to the service above it, at any depth", () => {
  const [web, api] = [service("web"), service("api")];
  const group = resource("acme:index:Group", "group", api);
  expect(diagram([web, api, group, ingress("api", group, "api.org"), ingress("web", web, "web.org"), ingress("alone")])).toEqual({
    parts: ["service web", "service api", "URL api.org", "URL web.org", "URL alone"],
    arrows: ["service api → URL api.org", "service web → URL web.org"],
  });
});

test("a URL without a service belongs to no other part", () => {
  const host = resource("slipway:index:SwarmHost", "one");
  const alone = [ingress("alone"), ingress("below", host)];
  expect(diagram([host, ...alone], [changed(resource("a:b:C", "a"), Impact.Cost)])).toEqual({
    parts: ["Docker host one", "URL alone", "URL below", "other 1 other resource: cost change"],
    arrows: [],
  });
});

test("on Swarm, a URL belongs to the service in its name", () => {
  const host = resource("slipway:index:SwarmHost", "one");
  const services = ["web", "api"].map((name) => resource("slipway:index:SwarmService", name));
  const routes = ["api", "web"].map((name) =>
    resource("docker:index/serviceConfig:ServiceConfig", `slipway-one-routes-${name}`, host, { data: `Host(\`${name}.org\`)` }),
  );
  expect(diagram([host, ...services, ...routes]).arrows.slice(2)).toEqual(["service api → URL api.org", "service web → URL web.org"]);
});

test("a URL is named by its hosts, once each, and by itself if it serves any host", () => {
  const names = (...of: (string | undefined)[]) => diagram([ingress("web", undefined, ...of)]).parts;
  expect(names("a.org", "b.org", "a.org")).toEqual(["URL a.org, b.org"]);
  expect(names(undefined, "a.org")).toEqual(["URL a.org"]);
  expect(names(undefined)).toEqual(["URL web"]);
  expect(diagram([{ ...service("web"), inputs: hosts("a.org") }]).parts).toEqual(["service web"]);
});

test("a part has the worst impact on it and on everything below it", () => {
  const web = service("web");
  const pod = resource("kubernetes:core/v1:Pod", "web", web);
  const inside = resource("kubernetes:core/v1:Secret", "in", pod);
  const unseen = resource("kubernetes:core/v1:Secret", "unseen", web);
  const impacts = [changed(web, Impact.Metadata), changed(inside, Impact.Downtime), changed(unseen, Impact.Cost)];
  expect(diagram([web, pod, inside], impacts).parts).toEqual(["service web: restart with downtime"]);
  expect(diagram([web, pod, inside], [impacts[2]!]).parts).toEqual(["service web: cost change"]);
});

test("changes elsewhere are one part with the worst of their impacts; unchanged resources are none", () => {
  const unknownParent = changed(resource("a:b:C", "a"), Impact.Cost, {
    parent: "urn:pulumi:prod::slipway::pulumi:pulumi:Stack::slipway-prod",
  });
  const second = changed(resource("a:b:C", "b"), Impact.DataLoss);
  const same = { ...changed(resource("a:b:C", "c"), Impact.Nothing), findings: [] };
  expect(diagram([], [unknownParent, same]).parts).toEqual(["other 1 other resource: cost change"]);
  expect(diagram([service("web")], [unknownParent, second]).parts).toEqual(["service web", "other 2 other resources: data loss"]);
});

test("a URL that only the preview has is named by its hosts after the change, or before its deletion", () => {
  const [before, after] = [hosts("old.org"), hosts("new.org")];
  const url = (more: Partial<Step>) => diagram([], [changed(ingress("web"), Impact.Downtime, more)]).parts;
  expect(url({ before, after })).toEqual(["URL new.org: restart with downtime"]);
  expect(url({ before })).toEqual(["URL old.org: restart with downtime"]);
  expect(diagram([ingress("web", undefined, "now.org")], [changed(ingress("web"), Impact.Cost, { before, after })]).parts).toEqual([
    "URL now.org: cost change",
  ]);
});
