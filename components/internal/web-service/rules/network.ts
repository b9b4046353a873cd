import { isIPv4, isIPv6 } from "node:net";
import type { PeerArgs, WebServiceArgs } from "../../../web-service-args.ts";
import { problemWithName } from "../../../../lib/kubernetes-names.ts";
import { usualPeers } from "../network-policy.ts";
import { gatewayClassOf, type WebServiceSpec } from "../spec.ts";
import { checkAnnotations, checkLabels } from "./placement.ts";
import { ifKnown, problemWithNumber, type Report } from "../../../../lib/problem.ts";

export function checkNetwork({ network = {} }: WebServiceArgs, spec: WebServiceSpec, report: Report): void {
  const reachesPods = network.ingressController !== undefined || usualPeers(spec).length > 0 || network.ingressCidrs?.length;
  const controller =
    spec.expose === "gateway"
      ? `controller of the GatewayClass ${gatewayClassOf(spec)}`
      : `ingress controller of class ${spec.ingressClassName}`;
  report(
    ["network"],
    spec.expose !== "none" &&
      network.isolated !== false &&
      !reachesPods &&
      `blocks the ${controller}. Set ingressController (its pods) or ingressCidrs (its addresses)`,
  );
  for (const [i, { service, cidr, ports }] of (network.destinations ?? []).entries()) {
    const at = ["network", "destinations", i];
    report(at, (service === undefined) === (cidr === undefined) && "must have either service or cidr");
    report([...at, "service"], ifKnown(service, problemWithName));
    report([...at, "cidr"], ifKnown(cidr, problemWithCidr));
    report([...at, "ports"], ports?.length === 0 && "must not be empty. Remove it to allow all ports");
    for (const [j, port] of (ports ?? []).entries()) report([...at, "ports", j], problemWithNumber(port, 1, 65535));
  }
  for (const [i, cidr] of (network.ingressCidrs ?? []).entries()) report(["network", "ingressCidrs", i], problemWithCidr(cidr));
  for (const [i, caller] of (network.callers ?? []).entries()) report(["network", "callers", i], problemWithName(caller));
  for (const [i, peer] of (network.peers ?? []).entries()) checkPeer(["network", "peers", i], peer, report);
  if (network.ingressController) checkPeer(["network", "ingressController"], network.ingressController, report);
}

function checkPeer(at: (string | number)[], { namespace, podLabels }: PeerArgs, report: Report): void {
  report([...at, "namespace"], problemWithName(namespace));
  checkLabels([...at, "podLabels"], podLabels, report);
}

export function problemWithCidr(cidr: string): string | undefined {
  const [, address = "", bits = ""] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(cidr) ?? [];
  const isRange = (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128 && !address.includes("%"));
  return isRange ? undefined : `must be an IP range such as 10.1.0.0/16 (got "${cidr}")`;
}

export function checkAccount({ serviceAccount = {} }: WebServiceArgs, report: Report): void {
  checkAnnotations(["serviceAccount", "annotations"], serviceAccount.annotations, report);
  for (const [i, rule] of (serviceAccount.rules ?? []).entries())
    for (const key of ["apiGroups", "resources", "verbs"] as const)
      report(["serviceAccount", "rules", i, key], rule[key].length === 0 && 'must not be empty. "*" means all');
}
