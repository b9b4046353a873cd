import type { Step } from "../../preview/step.ts";
import { Impact } from "../../../lib/impact.ts";
import { property, type ImpactRule } from "../rule.ts";
import { core } from "./kinds.ts";

const exposures = ["kubernetes:networking.k8s.io/*:Ingress", "kubernetes:gateway.networking.k8s.io/*:*"];
const filters = ["kubernetes:networking.k8s.io/*:NetworkPolicy", "kubernetes:traefik.io/*:Middleware"];
const isOpen = (step: Step) => ["LoadBalancer", "NodePort"].includes(String(property(step, "spec.type")));

/** How requests get to pods. */
export const trafficRules: ImpactRule[] = [
  {
    id: "service-selector",
    types: [core("Service")],
    operations: ["update"],
    properties: ["spec.selector"],
    impact: Impact.Downtime,
    reason: "{changed}: requests go to other pods; until such are ready nobody answers",
  },
  {
    id: "service-opened",
    types: [core("Service")],
    operations: ["update"],
    properties: ["spec.type", "spec.loadBalancerSourceRanges", "spec.externalIPs", "spec.loadBalancerClass", "spec.externalTrafficPolicy"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: from where it is reached",
  },
  {
    id: "service-ports",
    types: [core("Service")],
    operations: ["update"],
    properties: ["spec.ports"],
    impact: Impact.Downtime,
    reason: "{changed}: {before} → {after}: callers of the old port get no answer",
  },
  {
    id: "service-settings",
    types: [core("Service")],
    operations: ["update"],
    properties: ["spec.sessionAffinity", "spec.publishNotReadyAddresses", "spec.trafficDistribution", "spec.internalTrafficPolicy"],
    impact: Impact.Rolling,
    reason: "{changed}: requests are spread in another way",
  },
  {
    id: "service-gone",
    types: [core("Service")],
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: the Service goes, with its name and address; who calls it gets no answer",
  },
  {
    id: "service-open",
    types: [core("Service")],
    operations: ["create", "import"],
    when: isOpen,
    impact: Impact.Access,
    reason: "a Service that is reached from outside the cluster",
  },
  {
    id: "service-created",
    types: [core("Service")],
    operations: ["create", "import"],
    when: (step) => !isOpen(step),
    impact: Impact.Nothing,
    reason: "it is new: nobody relies on it yet",
  },
  {
    id: "exposure-settings",
    types: exposures,
    operations: ["update"],
    properties: ["metadata.annotations"],
    impact: Impact.Access,
    reason: "{changed}: the controller treats requests in another way",
  },
  {
    id: "exposure-changed",
    types: exposures,
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: what is reached from outside, and by which name",
  },
  {
    id: "exposure-gone",
    types: exposures,
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: the {kind} goes; what it leads to is not reached from outside",
  },
  {
    id: "exposure-created",
    types: exposures,
    operations: ["create", "import"],
    impact: Impact.Access,
    reason: "a way in from outside: {hosts}",
  },
  {
    id: "traffic-rule",
    types: filters,
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Access,
    reason: "{changed}: which requests get through",
  },
  {
    id: "traffic-rule-changed",
    types: filters,
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: which requests get through",
  },
  {
    id: "ingress-class",
    types: ["kubernetes:networking.k8s.io/*:IngressClass", "kubernetes:eks.amazonaws.com/*:IngressClassParams"],
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Access,
    reason: "{changed}: how load balancers of the class are reached",
  },
  {
    id: "ingress-class-gone",
    types: ["kubernetes:networking.k8s.io/*:IngressClass", "kubernetes:eks.amazonaws.com/*:IngressClassParams"],
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: load balancers of the class may go with it",
  },
  {
    id: "ingress-class-created",
    types: ["kubernetes:networking.k8s.io/*:IngressClass", "kubernetes:eks.amazonaws.com/*:IngressClassParams"],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "it is new: no Ingress is of this class yet",
  },
];
