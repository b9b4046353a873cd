import type { WebServiceArgs } from "../../web-service-args.ts";
import type { Problem, Report } from "../problem.ts";
import { resolve } from "./defaults.ts";
import { checkConfiguration } from "./rules/configuration.ts";
import { checkExposure } from "./rules/exposure.ts";
import { checkIdentity } from "./rules/identity.ts";
import { checkLife } from "./rules/life.ts";
import { checkAccount, checkNetwork } from "./rules/network.ts";
import { checkPlacement } from "./rules/placement.ts";
import { checkPorts } from "./rules/ports.ts";
import { checkResources } from "./rules/resources.ts";
import { checkScaling } from "./rules/scaling.ts";
import { checkVolumes } from "./rules/volumes.ts";

export { routeKey } from "./rules/exposure.ts";

/**
 * What is wrong with the arguments of a WebService, as far as their values are known: the rules that a stack file and a
 * program are held to alike. They refuse what Kubernetes would refuse later, and what it would take and could not work.
 */
export function problemsWithWebService(name: string, args: WebServiceArgs): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message) => {
    if (message) problems.push({ path, message });
  };
  const spec = resolve(name, args);
  checkIdentity(name, args, report);
  checkPorts(spec, report);
  checkScaling(args, spec, report);
  checkLife(args, spec, report);
  checkResources(args, spec, report);
  checkPlacement(args, report);
  checkConfiguration(args, report);
  checkVolumes(args, spec, report);
  checkNetwork(args, spec, report);
  checkAccount(args, report);
  checkExposure(args, spec, report);
  return problems;
}
