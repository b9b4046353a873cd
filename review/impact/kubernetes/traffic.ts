import type { Step } from "../../preview/step.ts";
import { Impact } from "../../../lib/impact.ts";
import { property, type ImpactRule } from "../rule.ts";
import { core } from "./kinds.ts";

const exposures = ["kubernetes:networking.k8s.io/*:Ingress", "kubernetes:gateway.networking.k8s.io/*:*"];
const filters = ["kubernetes:networking.k8s.io/*:NetworkPolicy", "kubernetes:traefik.io/*:Middleware"];
const isOpen = (step: Step) => ["LoadBalancer", "NodePort"].includes(String(property(step, "spec.type")));

/** Services, ingress and network policies. */
export const trafficRules: ImpactRule[] = [
  {
    id: "service-selector",
    types: [core("Service")],
    operations: ["update"],
    properties: ["spec.selector"],
    impact: Impact.Downtime,
    reason: "{changed}: requests go to other pods, and fail until those are ready",
  },
  {
    id: "service-opened",
    types: [core("Service")],
    operations: ["update"],
    properties: ["spec.type", "spec.loadBalancerSourceRanges", "spec.externalIPs", "spec.loadBalancerClass", "spec.externalTrafficPolicy"],
    impact: Impact.Access,
    reason: "{changed} ({before} → {after}): affects where the Service can be reached from",
  },
  {
    id: "service-ports",
    types: [core("Service")],
    operations: ["update"],
    properties: ["spec.ports"],
    impact: Impact.Downtime,
    reason: "{changed} ({before} → {after}): requests to the old port fail",
  },
  {
    id: "service-settings",
    types: [core("Service")],
    operations: ["update"],
    properties: ["spec.sessionAffinity", "spec.publishNotReadyAddresses", "spec.trafficDistribution", "spec.internalTrafficPolicy"],
    impact: Impact.Rolling,
    reason: "{changed}: requests are distributed differently",
  },
  {
    id: "service-gone",
    types: [core("Service")],
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: clients lose the Service's DNS name and cluster IP, and their requests fail",
  },
  {
    id: "service-open",
    types: [core("Service")],
    operations: ["create", "import"],
    when: isOpen,
    impact: Impact.Access,
    reason: "the Service can be reached from outside the cluster",
  },
  {
    id: "service-created",
    types: [core("Service")],
    operations: ["create", "import"],
    when: (step) => !isOpen(step),
    impact: Impact.Nothing,
    reason: "new: nothing depends on it yet",
  },
  {
    id: "exposure-settings",
    types: exposures,
    operations: ["update"],
    properties: ["metadata.annotations"],
    impact: Impact.Access,
    reason: "{changed}: the controller handles requests differently",
  },
  {
    id: "exposure-changed",
    types: exposures,
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Access,
    reason: "{changed} ({before} → {after}): affects which hosts and paths are exposed",
  },
  {
    id: "exposure-gone",
    types: exposures,
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: the {kind} no longer exposes its services",
  },
  {
    id: "exposure-created",
    types: exposures,
    operations: ["create", "import"],
    impact: Impact.Access,
    reason: "exposes {hosts}",
  },
  {
    id: "traffic-rule",
    types: filters,
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Access,
    reason: "{changed}: affects which requests are allowed",
  },
  {
    id: "traffic-rule-changed",
    types: filters,
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Access,
    reason: "{changed} ({before} → {after}): affects which requests are allowed",
  },
  {
    id: "ingress-class",
    types: ["kubernetes:networking.k8s.io/*:IngressClass", "kubernetes:eks.amazonaws.com/*:IngressClassParams"],
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Access,
    reason: "{changed}: affects how load balancers of this class are exposed",
  },
  {
    id: "ingress-class-gone",
    types: ["kubernetes:networking.k8s.io/*:IngressClass", "kubernetes:eks.amazonaws.com/*:IngressClassParams"],
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: load balancers of this class may be deleted",
  },
  {
    id: "ingress-class-created",
    types: ["kubernetes:networking.k8s.io/*:IngressClass", "kubernetes:eks.amazonaws.com/*:IngressClassParams"],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "new: no Ingress uses this class yet",
  },
];
